package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/plots"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/validation"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/validate"
)

func validateCommand() command {
	return command{
		name:    "validate",
		summary: "say how far predictions are off on measurements that were left out of training",
		details: `Data and models are given as to irene train. Whole families of models, single models, sizes or devices are left out
   of training in turn and predicted; several methods are compared:

` + methodList(measured.KindTrees) + `
   A method marked † is told what was measured while the left-out model ran (times, utilisation, the board's energy).

   Of records, families of models, models, shapes, or all but single operators are left out (--split
   family,model,shapes,operators), energy and time are both predicted unless --target says one, and the methods are

` + methodList(measured.KindRecords) + `
   Of single operators (--operators), devices or kinds of multiprocessors with all their devices are left out
   (--split device,kind), and the law is compared with the roofline and with the nearest device's time.

   With --pairs, whole models are compared two by two: how often the 90 % interval of a ratio holds the measured one, and
   how many pairs it decides.

     irene validate --data records.jsonl --split operators
     irene validate --operators rows.jsonl.gz --split device
     irene validate --data device_1.jsonl.gz --model bert-base-uncased=bert-base.onnx --model gpt2=gpt2.onnx -o plot.svg
     irene validate --data a.jsonl=gtx-1070 --data b.jsonl=gtx-1080-ti --split device --model bert-base-uncased=bert-base.onnx`,
		flags: func() []cli.Flag {
			trees, records := measured.KindTrees, measured.KindRecords
			return append(
				measurementFlags("measurements in `FILE`, or FILE=DEVICE where several devices were measured (repeatable; - is standard input)", " altogether"),
				listFlag("split", "what is left out, of operators "+strings.Join(validate.OperatorSplits(), ", ")+"; of trees", "all that the data allow", validate.SplitNames(trees), validate.SplitNames(records), validate.OperatorSplits()...),
				scopeFlag(),
				&cli.StringSliceFlag{Name: "operators", TakesFile: true, Usage: "validate on measured operators in `ROWS`, as irene train takes them (repeatable)"},
				&cli.BoolFlag{Name: pairsFlag, Usage: "say how ratios of two whole models hold, their families left out"},
				listFlag("method", "what is compared,", "all", validate.MethodNames(trees), validate.MethodNames(records)),
				oneOfFlag(cli.StringFlag{Name: "target", Value: string(validate.TargetEnergy), Usage: "the `QUANTITY` predicted (of records, both unless one is given): WORDS"}, spelled(validate.Targets())),
				oneOfFlag(cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the report: WORDS"}, render.FormatNames(validation.Formats())),
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "draw predicted over measured values into `FILE`: " + strings.Join(plots.Formats(), ", ")},
			)
		},
		run: runValidate,
	}
}

// listFlag takes a list of words of trees or of records, or of others that what tells.
func listFlag(name, what, otherwise string, trees, records []string, others ...string) cli.Flag {
	usage := fmt.Sprintf("%s a `LIST` of %s; of records %s (default: %s)", what, strings.Join(trees, ", "), strings.Join(records, ", "), otherwise)
	words := slices.Clone(trees)
	for _, w := range append(slices.Clone(records), others...) {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return suggestFlag(cli.StringFlag{Name: name, Usage: usage}, words)
}

// methodList says what data of a kind are predicted by.
func methodList(kind measured.Kind) string {
	var b strings.Builder
	for _, m := range validate.Methods(kind) {
		fmt.Fprintf(&b, "     %s: %s\n", validation.Marked(m.Name, m.Told), m.Help)
	}
	return b.String()
}

// runValidate reads measurements and models, cross-validates, and prints the errors.
func runValidate(env *environment, ctx *cli.Context) error {
	if len(ctx.StringSlice("operators")) > 0 {
		return validateOperators(env, ctx)
	}
	plotType, err := checkValidation(ctx)
	if err != nil {
		return err
	}
	if ctx.Bool(pairsFlag) {
		return validatePairs(env, ctx)
	}
	in, err := validationInput(env, ctx)
	if err != nil {
		return err
	}
	p := startProgress(env, "validate", 0)
	in.Progress = p.set
	v, err := validate.Run(in)
	p.stop()
	if err != nil {
		return err
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(env.stderr, "warning: %s\n", w)
	}
	if plotType != "" {
		picture, err := plots.Validation(v, plotType)
		if err != nil {
			return err
		}
		if err := writeOutput(env, ctx.String("output"), picture); err != nil {
			return err
		}
	}
	shown := validate.Targets()
	if ctx.IsSet("target") {
		shown = []validate.Target{validate.Target(ctx.String("target"))}
	}
	return writeSheet(env, ctx, validation.Of(v, shown))
}

// writeSheet prints figures in the format of the flags.
func writeSheet(env *environment, ctx *cli.Context, s *validation.Sheet) error {
	s.Screen = env.screen
	format, err := chooseFormat(validation.Formats(), ctx.String("format"), "")
	if err != nil {
		return err
	}
	return writeFormat(env, "", format.Write, s)
}

// checkValidation checks the flags whose words do not depend on the data, and returns the type of the plot.
func checkValidation(ctx *cli.Context) (plotType string, err error) {
	if len(ctx.StringSlice("data")) == 0 {
		return "", usagef("validate needs --data FILE or --operators ROWS")
	}
	if _, err := parseModels(ctx.StringSlice("model")); err != nil {
		return "", err
	}
	if plot := ctx.String("output"); plot != "" {
		plotType = strings.ToLower(filepath.Ext(plot))
		if !slices.Contains(plots.Formats(), plotType) {
			return "", usagef("--output %s: plots are written as %s", plot, strings.Join(plots.Formats(), ", "))
		}
	}
	return plotType, nil
}

// validationInput reads the measurements and what is to be done with them.
func validationInput(env *environment, ctx *cli.Context) (in validate.Input, err error) {
	paths, devices, err := parseData(ctx.StringSlice("data"))
	if err != nil {
		return in, err
	}
	files, err := readAllMeasurements(env, paths)
	if err != nil {
		return in, err
	}
	kind, err := commonKind(files)
	if err != nil {
		return in, err
	}
	if in.Splits, err = parseList("split", ctx.String("split"), validate.SplitNames(kind)); err != nil {
		return in, err
	}
	if in.Methods, err = parseList("method", ctx.String("method"), validate.MethodNames(kind)); err != nil {
		return in, err
	}
	if kind == measured.KindTrees {
		if devices, err = treeDevices(ctx, devices, len(files)); err != nil {
			return in, err
		}
		in.Target = validate.Target(ctx.String("target"))
		in.Data, err = treeData(env, ctx, files, devices)
		return in, err
	}
	switch plot := ctx.String("output"); {
	case plot != "":
		return in, usagef("--output %s: plots are of IrEne's trees; of records there are tables, on standard output", plot)
	case len(devices) > 0:
		return in, usagef("--data: records name their devices; --device chooses one")
	}
	d, err := recordData(env, ctx, files)
	in.Data = []*fit.Data{d}
	return in, err
}

// treeDevices are the devices of files of trees: those that the files name, or else the one of --device.
func treeDevices(ctx *cli.Context, named []energy.Device, files int) ([]energy.Device, error) {
	switch device := ctx.String("device"); {
	case len(named) == 0:
		common, err := lookupDevice(device)
		if err != nil {
			return nil, err
		}
		return slices.Repeat([]energy.Device{common}, files), nil
	case ctx.IsSet("device"):
		return nil, usagef("--device %s: the files of --data name their devices", device)
	}
	return named, nil
}

// parseList reads "family,model", each of which is one of words.
func parseList(flag, text string, words []string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var list []string
	for _, w := range strings.Split(text, ",") {
		w = strings.TrimSpace(w)
		if err := oneOf(flag, w, words); err != nil {
			return nil, err
		}
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list, nil
}

// parseData reads --data flags. A device stands after the last "=" of each of them or of none; what follows an "=" and
// has a dot or a slash belongs to the file's name.
func parseData(flags []string) (paths []string, devices []energy.Device, err error) {
	for _, f := range flags {
		if i := strings.LastIndexByte(f, '='); i > 0 && !strings.ContainsAny(f[i:], `./\`) {
			d, err := energy.LookupDevice(f[i+1:])
			if err != nil {
				return nil, nil, usagef("--data %s: %v", f, err)
			}
			devices, f = append(devices, d), f[:i]
		}
		paths = append(paths, f)
	}
	if len(devices) > 0 && len(devices) < len(flags) {
		return nil, nil, usagef("--data: either every file names its device (FILE=DEVICE) or none does")
	}
	return paths, devices, nil
}
