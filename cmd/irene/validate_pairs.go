package main

import (
	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/validation"
	"github.com/irene-onnx/irene/energy/validate"
)

// pairsFlag asks for ratios of models.
const pairsFlag = "pairs"

// validatePairs compares the models of measurements two by two, and prints how the ratios hold.
func validatePairs(env *environment, ctx *cli.Context) error {
	for _, flag := range []string{"split", "method", "target", "output"} {
		if ctx.IsSet(flag) {
			return usagef("--%s: ratios of models are predicted with their families left out, and printed of both quantities; no --%s", pairsFlag, flag)
		}
	}
	in, err := validationInput(env, ctx)
	if err != nil {
		return err
	}
	if len(in.Data) > 1 {
		return usagef("--%s: ratios are those of one device's models, the data are of %d devices", pairsFlag, len(in.Data))
	}
	p := startProgress(env, "validate", 0)
	v, err := validate.RunPairs(in.Data[0], p.set)
	p.stop()
	if err != nil {
		return err
	}
	return writeSheet(env, ctx, validation.Pairs(v))
}
