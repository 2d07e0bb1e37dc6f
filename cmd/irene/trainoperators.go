package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
)

// operatorFlags are the flags of train that speak of single operators.
func operatorFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "operators", Usage: "measured operators in `ROWS`, one JSON object a line: op, sizes, dtype, device, latency_ms and/or energy_j (repeatable)"},
		&cli.StringFlag{Name: "from", Usage: "adapt the coefficients of the device `ID`, or those in a file, to --device with the --operators given"},
	}
}

// trainOperators fits coefficients to single operators alone, or adapts others to them.
func trainOperators(env *environment, ctx *cli.Context, in fit.TrainInput) error {
	rows, err := readOperators(env, ctx.StringSlice("operators"))
	if err != nil {
		return err
	}
	var given *energy.Device
	if ctx.IsSet("device") {
		given = &in.Device
	}
	dev, err := fit.ReferenceDevice(rows, given)
	if err != nil {
		return err
	}
	input := fit.OperatorInput{Rows: rows, Device: dev, Profile: in.Profile, Data: ctx.StringSlice("operators")}
	var c *coefficients.Coefficients
	var report fmt.Stringer
	if from := ctx.String("from"); from != "" {
		var base *coefficients.Coefficients
		if base, err = baseCoefficients(env, from); err != nil {
			return err
		}
		if !ctx.IsSet("runtime") {
			input.Profile = base.Profile
		}
		c, report, err = fit.Adapt(base, input)
	} else {
		c, report, err = fit.TrainOperators(input)
	}
	if err != nil {
		return err
	}
	return writeCoefficients(env, ctx, c, report)
}

// baseCoefficients are those of --from: of a device whose coefficients come with the program, or in a file.
func baseCoefficients(env *environment, from string) (*coefficients.Coefficients, error) {
	_, err := energy.LookupDevice(from)
	if err != nil {
		if _, missing := os.Stat(from); from != "-" && errors.Is(missing, fs.ErrNotExist) {
			return nil, usagef("--from: %v, nor a file", err)
		}
		return loadCoefficients(env, from)
	}
	d, _ := energy.LookupDevice(from)
	c, err := coefficients.ForDevice(d.ID)
	if err != nil {
		return nil, err
	}
	if c.Device != d.ID {
		return nil, usagef("--from %s: it was never measured; there are coefficients of %s", from, strings.Join(coefficients.Embedded(), ", "))
	}
	return c, nil
}
