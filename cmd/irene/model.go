package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/folder"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// modelRequest is what the commands that predict a model have in common: its sizes, the device, what counts as FLOPs.
type modelRequest struct {
	options    analysis.Options
	prediction predictionRequest
	convention graph.Convention
	tariff     report.Tariff
	values     bool // lists the values of the graph
	output     string
	alone      bool // the report is held against no other, whose kernels it would need
}

// modelFlags are what parseModel reads: those of bindingFlags, predictionFlags, --as, and --flops.
func modelFlags(bindings, prediction []cli.Flag) []cli.Flag {
	return append(append(bindings, precisionFlag()), append(prediction, conventionFlag())...)
}

// precisionFlag says in which element types a model is costed.
func precisionFlag() cli.Flag {
	return oneOfFlag(cli.StringFlag{Name: "as", DefaultText: "what the file holds", Usage: "cost the model in `TYPE`, fp8 and narrower for the weights of products, all else in bfloat16: WORDS"}, analysis.PrecisionNames())
}

// precisionsFlag is precisionFlag where several are taken.
func precisionsFlag() cli.Flag {
	return suggestFlag(cli.StringFlag{Name: "as", DefaultText: "what the file holds", Usage: "cost the model in each of these types, `TYPE,…`: WORDS"}, analysis.PrecisionNames())
}

// parsePrecisions reads precisionsFlag: a single "" where it is not given.
func parsePrecisions(ctx *cli.Context) ([]string, error) {
	var out []string
	for _, word := range strings.Split(ctx.String("as"), ",") {
		word = strings.TrimSpace(word)
		if ctx.IsSet("as") {
			if err := oneOf("as", word, analysis.PrecisionNames()); err != nil {
				return nil, err
			}
		}
		if slices.Contains(out, word) {
			return nil, usagef("--as %s: given twice", word)
		}
		out = append(out, word)
	}
	return out, nil
}

// symbolicFlag leaves dims open.
func symbolicFlag() cli.Flag {
	return &cli.BoolFlag{Name: "symbolic", Usage: "assume nothing: metrics are expressions in the dims left open"}
}

func conventionFlag() cli.Flag {
	return oneOfFlag(cli.StringFlag{Name: "flops", Value: string(graph.TwoMACPlusElementwise), Usage: "what counts as FLOPs, by `CONVENTION`: WORDS"}, spelled(graph.Conventions()))
}

// parseModel reads modelFlags, and one size for each --dim.
func parseModel(ctx *cli.Context) (q modelRequest, err error) {
	if q, err = parseUnsized(ctx); err != nil {
		return q, err
	}
	if q.prediction, err = parsePrediction(ctx); err != nil {
		return q, err
	}
	if q.options.As != "" && q.prediction.measured != "" {
		return q, usagef("--as %s: --measured is of the model as the file holds it", q.options.As)
	}
	q.options.Dims, err = parseDims("dim", ctx.StringSlice("dim"))
	return q, err
}

// parseUnsized reads modelFlags but for sizes and device, which some commands take several of.
func parseUnsized(ctx *cli.Context) (q modelRequest, err error) {
	q.output, q.convention = ctx.String("output"), graph.Convention(ctx.String("flops"))
	q.options.Symbolic, q.options.As = ctx.Bool("symbolic"), ctx.String("as")
	if q.tariff, err = parseTariff(ctx); err != nil {
		return q, err
	}
	q.options.Values, err = parseValues(ctx.StringSlice("value"))
	return q, err
}

// open are the options of an analysis with all dims open.
func (q *modelRequest) open() analysis.Options {
	return analysis.Options{Symbolic: true, Values: q.options.Values, As: q.options.As}
}

// report derives everything of a graph, predicts, and builds the report.
func (q *modelRequest) report(env *environment, g *graph.Graph) (*analysis.Analysis, *report.Report, error) {
	tidy()
	a, err := derive(g, q.options)
	if err != nil {
		return nil, nil, err
	}
	tidy()
	result, err := q.prediction.predict(env, a)
	if err != nil {
		return nil, nil, err
	}
	if result != nil && q.alone {
		result.Kernels = nil
	}
	tidy()
	return a, q.build(a, result), nil
}

// build makes the report of an analysis and its prediction.
func (q *modelRequest) build(a *analysis.Analysis, result *predict.Result) *report.Report {
	return report.Build(a, result, report.Options{
		Version: report.Version(), Mode: q.prediction.mode, Convention: q.convention, Values: q.values, Tariff: q.tariff, DefaultDevice: q.prediction.byDefault(), DefaultProfile: q.prediction.settings.Profile == "",
	})
}

// derive analyzes a graph; what is wrong with the flags that bind its dims and inputs is a usage error.
func derive(g *graph.Graph, options analysis.Options) (*analysis.Analysis, error) {
	if err := checkInputs(g, options.Values); err != nil {
		return nil, err
	}
	a, err := analysis.Run(g, options)
	if err != nil {
		return nil, dimError(err, len(options.Dims) > 0)
	}
	return a, nil
}

// decodeModel reads a model file, or standard input.
func decodeModel(env *environment, path string) (*graph.Graph, error) {
	var g *graph.Graph
	var err error
	switch {
	case path == "-":
		g, err = onnx.DecodeReader(env.stdin, "standard input", onnx.Options{})
	case folder.IsFolder(path):
		err = folder.NoFile(path)
	default:
		g, err = onnx.Decode(path, onnx.Options{})
	}
	if err == nil {
		err = keepModel(env, g, path)
	}
	if err != nil {
		return nil, noModel(env, path, err)
	}
	return g, nil
}

// noModel says more of a model that could not be read: what it is, or what may have been meant.
func noModel(env *environment, path string, err error) error {
	switch {
	case path == "-":
	case errors.Is(err, onnx.ErrNotONNX):
		in, opened := openInput(env, path)
		if opened != nil {
			return err
		}
		defer in.Close()
		begin := make([]byte, 1<<16)
		n, _ := io.ReadFull(in, begin)
		if h, known := heldBy(path, begin[:n]); known && h != ofModel {
			return fmt.Errorf("%s: %w: it holds %s; %s", path, onnx.ErrNotONNX, h.what, h.takes)
		}
	default:
		return absentModel(path, err)
	}
	return err
}

// tidy collects what a step of the way left behind, where it is worth it.
func tidy() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	if metrics.Read(heap); heap[0].Value.Uint64() > 128<<20 {
		runtime.GC()
	}
}
