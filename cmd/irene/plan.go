package main

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

func planCommand() command {
	return command{
		name:    "plan",
		summary: "which few operators to measure on a device, for irene train --from",
		args:    "MODEL|ROWS.jsonl",
		min:     1,
		max:     1,
		details: `Of the operators of a model, or of the rows of a file that ends in .jsonl or .jsonl.gz, the N that tell the most of the
   others on a device that was never measured: every class, at sizes that stand for the rest of it.

     irene plan bert.onnx --dim batch=8 --device t4 --count 10 -o rows.jsonl
     # measure them: replace each row's latency_ms null, or energy_j null, or both
     irene train --operators rows.jsonl --from gtx-1070 --device t4 -o t4.json

   It pays where the coefficients are of one other device. Those of several miss about as much with any ten operators.`,
		flags: func() []cli.Flag {
			return []cli.Flag{
				&cli.StringFlag{Name: "device", Usage: "the GPU to measure on, by `ID` (irene devices lists them)"},
				suggestFlag(cli.StringFlag{Name: "from", TakesFile: true, Value: coefficients.TreesDevice, Usage: "adapt the coefficients of the device `ID`, or those in a file"}, deviceIDs()),
				&cli.IntFlag{Name: "count", Value: 10, Usage: "choose `N` operators"},
				&cli.StringSliceFlag{Name: "dim", Usage: "bind a dim of the model, `NAME=N` (repeatable)"},
				runtimeFlag("which nodes of the model run as one kernel, by `PROFILE`"),
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the rows to `FILE`, to be filled in (- is standard output, the table then goes to standard error)"},
			}
		},
		run: runPlan,
	}
}

// runPlan lists the operators to measure as a table, and as rows where asked.
func runPlan(env *environment, ctx *cli.Context) error {
	dev, base, err := planInput(env, ctx)
	if err != nil {
		return err
	}
	rows, err := planRows(env, ctx, base)
	if err != nil {
		return err
	}
	chosen, err := fit.Plan(base, dev, rows, ctx.Int("count"))
	if err != nil {
		return err
	}
	table, err := planTable(base, dev, rows, chosen)
	if err != nil {
		return err
	}
	output := ctx.String("output")
	if output == "-" {
		fmt.Fprint(env.stderr, table)
	} else if _, err := fmt.Fprint(env.stdout, table); err != nil {
		return err
	}
	if output == "" {
		return nil
	}
	var b bytes.Buffer
	for _, i := range chosen {
		o, none := &rows[i], render.Number(math.NaN())
		b.Write(render.JSON(&planRow{o.Op, o.B, o.M, o.N, o.K, o.H, o.DType, dev.ID, none, none}))
	}
	return writeOutput(env, output, b.Bytes())
}

// planInput is the device to measure on and the coefficients to be adapted.
func planInput(env *environment, ctx *cli.Context) (energy.Device, *coefficients.Coefficients, error) {
	if ctx.String("device") == "" {
		return energy.Device{}, nil, usagef("plan needs --device ID: the GPU to measure on")
	}
	dev, err := lookupDevice(ctx.String("device"))
	if err != nil {
		return dev, nil, err
	}
	if n := ctx.Int("count"); n < 1 {
		return dev, nil, usagef("--count %d: want at least 1", n)
	}
	base, err := baseCoefficients(env, ctx.String("from"))
	return dev, base, err
}

// planRows are the candidates: the rows of a file, or the kernels of a model.
func planRows(env *environment, ctx *cli.Context, base *coefficients.Coefficients) ([]operator.Operator, error) {
	path := ctx.Args().First()
	if name := strings.TrimSuffix(path, ".gz"); strings.HasSuffix(name, ".jsonl") {
		if len(ctx.StringSlice("dim")) > 0 || ctx.IsSet("runtime") {
			return nil, usagef("--dim and --runtime are of a model; %s holds rows", path)
		}
		return planFile(env, path)
	}
	dims, err := parseDims("dim", ctx.StringSlice("dim"))
	if err != nil {
		return nil, err
	}
	g, err := decodeModel(env, path)
	if err != nil {
		return nil, err
	}
	a, err := analysis.Run(g, analysis.Options{Dims: dims})
	if err != nil {
		return nil, dimError(err, len(dims) > 0)
	}
	runtime := ctx.String("runtime")
	if runtime == "" {
		runtime = base.Profile
	}
	rows, without, err := operator.OfModel(a, runtime)
	if err != nil {
		return nil, err
	}
	for _, class := range slices.Sorted(maps.Keys(without)) {
		fmt.Fprintf(env.stderr, "irene: %s of class %q cannot be given as rows\n", render.Plural(without[class], "kernel"), class)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no operator that can be given by its shape", path)
	}
	return rows, nil
}

// planFile reads the candidates of a file.
func planFile(env *environment, path string) ([]operator.Operator, error) {
	rows, err := readRows(env, path)
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("%s: no rows", path)
	}
	return rows, err
}

// planRow is a row to be filled in.
type planRow struct {
	Op      string        `json:"op"`
	B       int64         `json:"B,omitzero"`
	M       int64         `json:"M,omitzero"`
	N       int64         `json:"N,omitzero"`
	K       int64         `json:"K,omitzero"`
	H       int64         `json:"H,omitzero"`
	DType   graph.DType   `json:"dtype"`
	Device  string        `json:"device"`
	Latency render.Number `json:"latency_ms"`
	Energy  render.Number `json:"energy_j"`
}

// planTable shows the choice with what each operator is predicted to take.
func planTable(base *coefficients.Coefficients, dev energy.Device, rows []operator.Operator, chosen []int) (string, error) {
	o, err := operator.New(base, dev, operator.Options{})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d operators to measure on %s, to adapt the coefficients of %s\n\n", len(chosen), len(rows), dev.ID, base.Device)
	fmt.Fprintf(&b, "%3s  %-44s  %10s  %10s\n", "", "operator", "time", "energy")
	for n, i := range chosen {
		pr, err := o.Predict(&rows[i])
		if err != nil {
			return "", err
		}
		time, joules := "?", "?"
		if pr.Time != 0 {
			time = fmt.Sprint(pr.Time)
		}
		if pr.Energy != 0 {
			joules = fmt.Sprint(pr.Energy)
		}
		fmt.Fprintf(&b, "%3d  %-44s  %10s  %10s\n", n+1, rows[i].String(), time, joules)
	}
	return b.String(), nil
}
