package main

import (
	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/validation"
	"github.com/irene-onnx/irene/energy/validate"
)

// validateOperators leaves devices and kinds of multiprocessors out of measured operators, and prints the errors.
func validateOperators(env *environment, ctx *cli.Context) error {
	switch {
	case len(ctx.StringSlice("data")) > 0:
		return usagef("--operators: rows of operators are validated alone, without --data")
	case ctx.Bool(pairsFlag):
		return usagef("--%s: ratios are those of whole models; rows of operators are none", pairsFlag)
	case ctx.String("output") != "":
		return usagef("--output %s: plots are of IrEne's trees; of operators there are tables, on standard output", ctx.String("output"))
	}
	splits, err := parseList("split", ctx.String("split"), validate.OperatorSplits())
	if err != nil {
		return err
	}
	dev, err := lookupDevice(ctx.String("device"))
	if err != nil {
		return err
	}
	ops, err := readOperators(env, ctx.StringSlice("operators"))
	if err != nil {
		return err
	}
	p := startProgress(env, "validate", 0)
	v, err := validate.RunOperators(validate.OperatorInput{Operators: ops, Device: dev, Splits: splits, Thin: thinProducts, Progress: p.set})
	p.stop()
	if err != nil {
		return err
	}
	return writeSheet(env, ctx, validation.Operators(v))
}
