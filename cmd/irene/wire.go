package main

import (
	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
)

// predictionRequest says for which device, by which coefficients and under which runtime profile to predict.
type predictionRequest struct {
	device       *energy.Device // nil: that of the coefficients
	coefficients string         // file; "" for the embedded ones
	runtime      string         // "": that of the coefficients
}

func parsePrediction(ctx *cli.Context) (predictionRequest, error) {
	q := predictionRequest{coefficients: ctx.String("coefficients"), runtime: ctx.String("runtime")}
	if q.runtime != "" {
		if err := oneOf("runtime", q.runtime, runtimes()); err != nil {
			return q, err
		}
	}
	if id := ctx.String("device"); ctx.IsSet("device") {
		d, err := energy.LookupDevice(id)
		if err != nil {
			return q, usagef("%v", err)
		}
		q.device = &d
	}
	return q, nil
}

// predictEnergy predicts every operator and module; nil where the analysis is symbolic.
func predictEnergy(env *environment, a *analysis.Analysis, q predictionRequest) (*predict.Result, error) {
	return nil, nil
}

// measuredDevices says of which devices there are embedded coefficients, and how they were measured.
func measuredDevices() map[string]string { return nil }
