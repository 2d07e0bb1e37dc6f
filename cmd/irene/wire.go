package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
)

// predictionRequest says for which device, by which coefficients and under which runtime profile to predict.
type predictionRequest struct {
	device       *energy.Device // nil: that of the coefficients
	coefficients string         // file; "" for the embedded ones
	runtime      string         // "": that of the coefficients
	none         bool           // nothing is to be predicted
	measured     string         // file of measurements of this model on the device; "" for none
	mode         predict.Mode
	host         *energy.Watts // of the host, for devices nobody measured
}

// noDevice is the --device that predicts nothing.
const noDevice = "none"

func parsePrediction(ctx *cli.Context) (predictionRequest, error) {
	q := predictionRequest{coefficients: ctx.String("coefficients"), runtime: ctx.String("runtime")}
	if q.runtime != "" {
		if err := oneOf("runtime", q.runtime, runtimes()); err != nil {
			return q, err
		}
	}
	if err := parseMeasured(ctx, &q); err != nil {
		return q, err
	}
	switch id := ctx.String("device"); {
	case id == noDevice:
		q.none = true
	case ctx.IsSet("device"):
		d, err := findDevice(id, q.coefficients)
		if err != nil {
			return q, err
		}
		q.device = &d
	}
	return q, nil
}

// findDevice finds a device in the table, or else as the one that a file of coefficients has the row of.
func findDevice(id, coefficients string) (energy.Device, error) {
	d, unknown := energy.LookupDevice(id)
	if unknown == nil {
		return d, nil
	}
	if coefficients != "" && coefficients != "-" {
		if c, err := loadCoefficients(&environment{}, coefficients); err == nil && c.DeviceRow != nil && c.DeviceRow.Is(id) {
			return *c.DeviceRow, nil
		}
	}
	return d, usagef("%v", unknown)
}

// parseMeasured reads the flags that say what a prediction may rest on beside the file.
func parseMeasured(ctx *cli.Context, q *predictionRequest) error {
	q.measured, q.mode = ctx.String("measured"), predict.ModeSpec
	if q.measured != "" {
		q.mode = predict.ModeTimes
	}
	if m := ctx.String("mode"); m != "" {
		if err := oneOf("mode", m, modeNames()); err != nil {
			return err
		}
		q.mode = predict.Mode(m)
	}
	if (q.mode == predict.ModeSpec) != (q.measured == "") {
		return usagef("--mode %s: the modes runtime and measured need --measured FILE, the mode spec takes none", q.mode)
	}
	return parseHostWatts(ctx, q)
}

func parseHostWatts(ctx *cli.Context, q *predictionRequest) error {
	if ctx.IsSet("host-watts") {
		w := energy.Watts(ctx.Float64("host-watts"))
		if !(w >= 0 && w <= 1e5) { // NaN neither
			return usagef("--host-watts %v: want a power between 0 and 100000 W", float64(w))
		}
		q.host = &w
	}
	return nil
}

// predictEnergy predicts every operator and module; nil where the analysis is symbolic or nothing is to be predicted.
func predictEnergy(env *environment, a *analysis.Analysis, q predictionRequest) (*predict.Result, error) {
	if q.none {
		return nil, nil
	}
	c, err := chooseCoefficients(env, q)
	if err != nil || a.Symbolic {
		return nil, err
	}
	if q.device == nil {
		d, err := c.Row()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.coefficients, err)
		}
		q.device = &d
	}
	r, err := predict.Run(a, c, *q.device, predict.Options{Profile: q.runtime, HostWatts: q.host})
	if err != nil {
		return nil, err
	}
	return r, applyMeasured(env, a, r, c, q)
}

// chooseCoefficients takes those of the file, or the embedded ones of the device.
func chooseCoefficients(env *environment, q predictionRequest) (*coefficients.Coefficients, error) {
	switch {
	case q.coefficients != "":
		return loadCoefficients(env, q.coefficients)
	case q.device != nil:
		return coefficients.ForRuntime(q.device.ID, q.runtime)
	}
	return coefficients.ForRuntime("", q.runtime)
}

func loadCoefficients(env *environment, path string) (*coefficients.Coefficients, error) {
	in, err := openInput(env, path)
	if err != nil {
		return nil, err
	}
	c, err := coefficients.Load(in, path)
	return c, errors.Join(err, in.Close())
}

// measuredDevices says of which devices there are coefficients of their own.
func measuredDevices() map[string]string {
	out := map[string]string{}
	for _, id := range coefficients.Embedded() {
		out[id] = predict.OriginFitted
	}
	return out
}
