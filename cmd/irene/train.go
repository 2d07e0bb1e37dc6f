package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/operator"
)

func trainCommand() command {
	return command{
		name:    "train",
		summary: "fit the coefficients of a device to measurements",
		details: `Data are records, as irene profile writes them, or IrEne's published trees, one a line, compressed with gzip or
   not. Records hold the kernels of what they measured, and say on which device and under which runtime profile; where
   they are of several, --device, --runtime and --scope say which are meant. Every model measured in trees is named with
   its file, or excluded:

     irene train --data records.jsonl -o c.json
     irene train --data device_1.jsonl.gz --model bert-base-uncased=bert-base.onnx --exclude gpt2 -o c.json`,
		flags: func() []cli.Flag {
			return append(
				measurementFlags("measurements in `FILE` (repeatable; - is standard input)", ""),
				scopeFlag(),
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the coefficients to `FILE`, whole or not at all (- is standard output)"},
				&cli.StringSliceFlag{Name: "operators", TakesFile: true, Usage: "measured operators in `ROWS`, one JSON object a line: op, sizes, dtype, device, latency_ms and/or energy_j (repeatable)"},
				suggestFlag(cli.StringFlag{Name: "from", TakesFile: true, Usage: "adapt the coefficients of the device `ID`, or those in a file, to the few operators or records given"}, deviceIDs()),
			)
		},
		run: runTrain,
	}
}

// runTrain reads measurements, fits, and writes the coefficients; how well they fit goes to standard error.
func runTrain(env *environment, ctx *cli.Context) error {
	if err := checkTrain(ctx); err != nil {
		return err
	}
	if ctx.String("from") == "" && len(ctx.StringSlice("data")) == 0 {
		return trainOperators(env, ctx)
	}
	d, base, err := trainData(env, ctx)
	if err != nil {
		return err
	}
	var c *coefficients.Coefficients
	var reports []fmt.Stringer
	p := startProgress(env, "train", 0)
	if base != nil {
		c, reports, err = fit.TrainFrom(base, d)
	} else {
		c, reports, err = trainAnew(d)
	}
	p.stop()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	for _, report := range reports {
		fmt.Fprint(env.stderr, report)
	}
	return writeOutput(env, ctx.String("output"), b.Bytes())
}

// trainAnew fits the device of the data, beginning with the constants that come with the program where they are of its law.
func trainAnew(d *fit.Data) (*coefficients.Coefficients, []fmt.Stringer, error) {
	shared, err := coefficients.OfDevice(d.Device)
	if err != nil {
		return nil, nil, err
	}
	return fit.Train(d, shared.Overlap)
}

// checkTrain refuses flags that do not go together.
func checkTrain(ctx *cli.Context) error {
	data, operators, from := len(ctx.StringSlice("data")) > 0, len(ctx.StringSlice("operators")) > 0, ctx.String("from")
	switch {
	case !data && !operators:
		return usagef("train needs --data FILE or --operators ROWS")
	case from != "" && data && operators:
		return usagef("--from %s: adapting takes --operators ROWS or records, not both", from)
	case ctx.String("output") == "":
		return usagef("train needs --output FILE (- is standard output)")
	}
	return nil
}

// trainData reads what the command line names: records, trees with or without operators beside them, or operators alone,
// with the coefficients that are to be adapted to them, if any.
func trainData(env *environment, ctx *cli.Context) (*fit.Data, *coefficients.Coefficients, error) {
	files, err := readAllMeasurements(env, ctx.StringSlice("data"))
	if err != nil {
		return nil, nil, err
	}
	kind, err := commonKind(files)
	operators := ctx.StringSlice("operators")
	switch {
	case err != nil:
		return nil, nil, err
	case kind == measured.KindRecords && len(operators) > 0:
		return nil, nil, usagef("--operators: rows of operators stand beside IrEne's trees; records hold operators themselves")
	case kind == measured.KindRecords:
		d, err := recordData(env, ctx, files)
		if err != nil || ctx.String("from") == "" {
			return d, nil, err
		}
		base, err := ownBase(env, ctx.String("from"), &d.Device)
		return d, base, err
	case len(files) > 0 && ctx.String("from") != "":
		return nil, nil, usagef("--from %s: adapting takes --operators ROWS or records; trees are fitted by themselves", ctx.String("from"))
	}
	dev, err := lookupDevice(ctx.String("device"))
	if err != nil {
		return nil, nil, err
	}
	ops, err := readOperators(env, operators)
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		return operatorData(env, ctx, ops, dev)
	}
	sets, err := treeData(env, ctx, files, slices.Repeat([]energy.Device{dev}, len(files)))
	if err != nil {
		return nil, nil, err
	}
	return sets[0], nil, sets[0].AddOperators(ops, operators)
}

// operatorData is operators alone, in units of the device given or else of the one most of them were measured on.
func operatorData(env *environment, ctx *cli.Context, ops []operator.Operator, dev energy.Device) (*fit.Data, *coefficients.Coefficients, error) {
	var given *energy.Device
	if ctx.IsSet("device") {
		given = &dev
	}
	ref, err := fit.ReferenceDevice(ops, given)
	if err != nil {
		return nil, nil, err
	}
	profile := ctx.String("runtime")
	var base *coefficients.Coefficients
	if from := ctx.String("from"); from != "" {
		if base, err = ownBase(env, from, &ref); err != nil {
			return nil, nil, err
		}
		if !ctx.IsSet("runtime") {
			profile = base.Profile
		}
	}
	d, err := fit.FromOperators(ops, ref, profile, ctx.StringSlice("operators"))
	return d, base, err
}

// ownBase are the coefficients of --from that a device is adapted from. Those that come with the program for operators of
// many devices hold for each of them.
func ownBase(env *environment, from string, dev *energy.Device) (*coefficients.Coefficients, error) {
	if d, err := energy.LookupDevice(from); err == nil && d.ID == dev.ID && law.Overlaps(dev) {
		return coefficients.OfDevice(d)
	}
	return baseCoefficients(env, from)
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
	c, err := coefficients.OfTrees()
	if err != nil {
		return nil, err
	}
	if c.Device != d.ID {
		return nil, usagef("--from %s: it was never measured; there are coefficients of %s", from, strings.Join(coefficients.Embedded(), ", "))
	}
	return c, nil
}
