package main

import (
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/urfave/cli/v2"
)

type predictionRequest struct{ device, coefficients, runtime string }

func parsePrediction(ctx *cli.Context) (predictionRequest, error) {
	return predictionRequest{}, nil
}

func predictEnergy(env *environment, a *analysis.Analysis, q predictionRequest) (*predict.Result, error) {
	return nil, nil
}
func trainCommand() command { c := versionCommand(); c.name = "train"; return c }
func measuredDevices() map[string]string { return nil }
func isFree(ops.Op) bool { return false }
