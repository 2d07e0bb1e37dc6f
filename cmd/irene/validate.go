package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/validate"
	"github.com/irene-onnx/irene/graph"
)

func validateCommand() command {
	return command{
		name:    "validate",
		summary: "say how far predictions are off on measurements that were left out of training",
		details: `Data and models are given as to irene train. Whole families of models, single models, sizes or devices are left out
   of training in turn and predicted; several methods are compared:

` + methodList() + `
   A method marked † is told what was measured while the left-out model ran (times, utilisation, the board's energy).

   Of records, models, shapes, or all but single operators are left out (--split model,shapes,operators), energy and time
   are both predicted unless --target says one, and the methods are

` + recordMethodList() + `
     irene validate --data records.jsonl --split operators
     irene validate --data device_1.jsonl.gz --model bert-base-uncased=bert-base.onnx --model gpt2=gpt2.onnx -o plot.svg
     irene validate --data a.jsonl=gtx-1070 --data b.jsonl=gtx-1080-ti --split device --model bert-base-uncased=bert-base.onnx`,
		flags: func() []cli.Flag {
			return []cli.Flag{
				&cli.StringSliceFlag{Name: "data", Usage: "measurements in `FILE`, or FILE=DEVICE where several devices were measured (repeatable; - is standard input)"},
				&cli.StringSliceFlag{Name: "model", Usage: "the file of a measured model, `NAME=FILE` (repeatable)"},
				&cli.StringSliceFlag{Name: "exclude", Usage: "leave out the measurements of the model `NAME` altogether (repeatable)"},
				&cli.StringFlag{Name: "device", Value: coefficients.DefaultDevice, Usage: "the GPU that was measured, by `ID`"},
				&cli.StringFlag{Name: "runtime", Value: defaultRuntime(), Usage: "runtime `PROFILE` of the measurements: " + strings.Join(runtimes(), ", ")},
				&cli.StringFlag{Name: "split", Usage: "what is left out, a `LIST` of " + strings.Join(validate.SplitNames(), ", ") + "; of records " + strings.Join(validate.RecordSplits(), ", ") + " (default: all that the data allow)"},
				scopeFlag(),
				&cli.StringFlag{Name: "method", Usage: "what is compared, a `LIST` of " + strings.Join(validate.MethodNames(), ", ") + "; of records " + strings.Join(recordMethods(), ", ") + " (default: all)"},
				&cli.StringFlag{Name: "target", Value: string(validate.TargetEnergy), Usage: "the `QUANTITY` predicted (of records, both unless one is given): energy, time"},
				&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the report: " + strings.Join(validationFormats(), ", ")},
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "draw predicted over measured values into `FILE`: " + strings.Join(plotFormats(), ", ")},
			}
		},
		run: runValidate,
	}
}

func methodList() string {
	var b strings.Builder
	for _, name := range validate.MethodNames() {
		help, measured := validate.MethodHelp(name)
		fmt.Fprintf(&b, "     %s: %s\n", marked(name, measured), help)
	}
	return b.String()
}

// marked is the name of a method, with a dagger where it is told measurements of what it predicts.
func marked(name string, measured bool) string {
	if measured {
		return name + " †"
	}
	return name
}

func validationFormats() []string { return []string{"text", "json", "markdown"} }

// validationRequest is the command line of irene validate.
type validationRequest struct {
	in       validate.ValidateInput
	data     []dataFile
	models   map[string]string
	exclude  []string
	format   string
	plot     string
	plotType string
}

// dataFile is a file of measurements of one device.
type dataFile struct {
	path   string
	device energy.Device
}

// validate reads data and models, cross-validates, and prints the errors.
func runValidate(env *environment, ctx *cli.Context) error {
	records, env, err := holdRecords(env, ctx.StringSlice("data"))
	switch {
	case err != nil:
		return err
	case records:
		return runValidateRecords(env, ctx)
	case ctx.IsSet("scope"):
		return usagef("--scope is of records; IrEne's trees are of the plug")
	}
	q, err := parseValidation(ctx)
	if err != nil {
		return err
	}
	if err := q.read(env); err != nil {
		return err
	}
	p := startProgress(env, "validate", 0)
	q.in.Progress = p.set
	v, err := validate.Validate(q.in)
	p.stop()
	if err != nil {
		return err
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(env.stderr, "warning: %s\n", w)
	}
	if q.plot != "" {
		picture, err := drawValidation(v, q.plotType)
		if err != nil {
			return err
		}
		if err := writeOutput(env, q.plot, picture); err != nil {
			return err
		}
	}
	text, err := renderValidation(v, q.format)
	if err != nil {
		return err
	}
	return writeOutput(env, "", text)
}

func parseValidation(ctx *cli.Context) (q validationRequest, err error) {
	q.exclude, q.format, q.plot = ctx.StringSlice("exclude"), ctx.String("format"), ctx.String("output")
	q.in.Profile, q.in.Target = ctx.String("runtime"), validate.Target(ctx.String("target"))
	if len(ctx.StringSlice("data")) == 0 {
		return q, usagef("validate needs --data FILE")
	}
	if q.models, err = parseModels(ctx.StringSlice("model")); err != nil {
		return q, err
	}
	if q.in.Splits, err = parseList("split", ctx.String("split"), validate.SplitNames()); err != nil {
		return q, err
	}
	if q.in.Methods, err = parseList("method", ctx.String("method"), validate.MethodNames()); err != nil {
		return q, err
	}
	for _, word := range []struct {
		flag, value string
		words       []string
	}{
		{"runtime", q.in.Profile, runtimes()},
		{"target", string(q.in.Target), []string{string(validate.TargetEnergy), string(validate.TargetTime)}},
		{"format", q.format, validationFormats()},
	} {
		if err := oneOf(word.flag, word.value, word.words); err != nil {
			return q, err
		}
	}
	if q.plot != "" {
		q.plotType = strings.ToLower(filepath.Ext(q.plot))
		if !slices.Contains(plotFormats(), q.plotType) {
			return q, usagef("--output %s: plots are written as %s", q.plot, strings.Join(plotFormats(), ", "))
		}
	}
	q.data, err = parseData(ctx.StringSlice("data"), ctx.String("device"), ctx.IsSet("device"))
	return q, err
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
func parseData(flags []string, device string, deviceSet bool) ([]dataFile, error) {
	common, err := energy.LookupDevice(device)
	if err != nil {
		return nil, usagef("%v", err)
	}
	var files []dataFile
	named := 0
	for _, f := range flags {
		d := dataFile{path: f, device: common}
		if i := strings.LastIndexByte(f, '='); i > 0 && !strings.ContainsAny(f[i:], `./\`) {
			if d.device, err = energy.LookupDevice(f[i+1:]); err != nil {
				return nil, usagef("--data %s: %v", f, err)
			}
			d.path = f[:i]
			named++
		}
		files = append(files, d)
	}
	switch {
	case named > 0 && named < len(flags):
		return nil, usagef("--data: either every file names its device (FILE=DEVICE) or none does")
	case named > 0 && deviceSet:
		return nil, usagef("--device %s: the files of --data name their devices", device)
	}
	return files, nil
}

// read reads the measurements, joins those of one device, and reads the models.
func (q *validationRequest) read(env *environment) error {
	var all []*irene.Tree
	sets := map[string]int{}
	for _, f := range q.data {
		trees, err := readTrees(env, []string{f.path})
		if err != nil {
			return err
		}
		all = append(all, trees...)
		i, ok := sets[f.device.ID]
		if !ok {
			i = len(q.in.Sets)
			sets[f.device.ID] = i
			q.in.Sets = append(q.in.Sets, validate.ValidationSet{Device: f.device})
		}
		for _, t := range trees {
			if !slices.Contains(q.exclude, t.Model) {
				q.in.Sets[i].Trees = append(q.in.Sets[i].Trees, t)
			}
		}
	}
	if err := checkNames(all, q.models, q.exclude); err != nil {
		return err
	}
	var err error
	q.in.Models, err = decodeModels(env, fit.TrainInput{Trees: all, Exclude: q.exclude, Models: map[string]*graph.Graph{}}, q.models)
	return err
}

// renderValidation writes a report in a format.
func renderValidation(v *validate.Validation, format string) ([]byte, error) {
	switch format {
	case "json":
		b, err := json.MarshalIndent(v, "", " ")
		return append(b, '\n'), err
	case "markdown":
		return []byte(validationSheet(v).markdown()), nil
	}
	return []byte(validationSheet(v).text()), nil
}
