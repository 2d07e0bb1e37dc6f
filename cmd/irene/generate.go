package main

import (
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/generate"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

func generateCommand() command {
	return command{
		name:    "generate",
		summary: "energy and time of generating text with a decoder and its key/value cache",
		args:    "DECODER|FOLDER",
		min:     1,
		max:     1,
		details: generateDetails,
		flags:   generateFlags,
		run:     runGenerate,
	}
}

const generateDetails = `DECODER is a decode step with a key/value cache, or a decoder merged of two, with a branch for the first run and one
   for those after it. FOLDER holds the parts of a model as Optimum, transformers.js or ONNX Runtime GenAI leave them. The energy of every step is summed, from a cache of the prompt's
   length on. Prompts are read by the decoder itself where it takes several tokens, by the file of --prefill-model or
   --encoder, or else estimated from the decode step. Batch, cache and new tokens are found by names and shapes of the
   inputs; flags may name their dims.

     irene generate llama.onnx --batch 8 --prompt 512 --tokens 256 --device h100-sxm --runtime vllm
     irene generate decoder.onnx --encoder encoder.onnx --prompt 128 --tokens 64 --price 0.30EUR/kWh --carbon 400g/kWh
     irene generate whisper-tiny/ --variant fp16 --prompt 1500 --tokens 64
     irene generate llama.onnx --batch 32 --lengths 200:300=3,2000:150=1 --rate 2.5

   --trace has a JSON object a line: prompt and tokens (lengths), and perhaps arrival_s, which gives the rate.`

func generateFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.Int64Flag{Name: "batch", Value: 1, Usage: "`N` sequences at once"},
		&cli.Int64Flag{Name: "prompt", Value: 128, Usage: "`N` tokens before the first generated one"},
		&cli.Int64Flag{Name: "tokens", Value: 128, Usage: "`N` tokens to generate for each sequence"},
		&cli.StringFlag{Name: "prefill-model", TakesFile: true, Usage: "the decoder's export that reads prompts, or behind an encoder the first token, in `FILE`"},
		&cli.StringFlag{Name: "encoder", TakesFile: true, Usage: "the encoder, in `FILE`; --prompt is the length it reads"},
		&cli.StringFlag{Name: "variant", DefaultText: "that without a name, or the only one", Usage: "of a folder the parts in this precision, `NAME` as in fp16 or q4"},
	}, predictionFlags(deviceFlag("")), bindingFlags("bind a dim that has no part in generation, `NAME=N` (repeatable)", ""), []cli.Flag{
		precisionFlag(),
		&cli.StringFlag{Name: "batch-dim", Usage: "the dim `NAME` of the batch, where it is not found"},
		&cli.StringFlag{Name: "past-dim", Usage: "the dim `NAME` of the tokens in the cache"},
		&cli.StringFlag{Name: "sequence-dim", Usage: "the dim `NAME` of the new tokens"},
		&cli.StringFlag{Name: "trace", TakesFile: true, Usage: "requests in `FILE` of JSON lines, for energy per request"},
		&cli.StringFlag{Name: "lengths", Usage: "the same as a histogram, `PROMPT:TOKENS=COUNT,…`"},
		&cli.Float64Flag{Name: "rate", DefaultText: "that of the trace", Usage: "`N` requests per second, for energy per month"},
	}, tariffFlags(), outputFlags(render.FormatNames(report.GenerationFormats()), ""))
}

// runGenerate finds the cache, compiles the decode step, sums the steps, and renders.
func runGenerate(env *environment, ctx *cli.Context) error {
	want, err := parseGenerate(env, ctx)
	if err != nil {
		return err
	}
	input, err := want.input(env, ctx.Args().First())
	if err != nil {
		return dimError(err, want.told != analysis.DecoderNames{})
	}
	generator, err := generate.New(*input)
	if err != nil {
		return dimError(err, len(want.options.Dims) > 0)
	}
	generator.Warnings = append(generator.Warnings, want.files.left...)
	p := startProgress(env, "generate", 0)
	r, err := want.predict(input, generator)
	p.stop()
	if err != nil {
		return err
	}
	r.View.Screen = env.screen
	return writeFormat(env, want.output, want.format.Write, r)
}

// generateRequest is what the flags of generate ask for.
type generateRequest struct {
	modelRequest
	batch, prompt, tokens int64
	files                 generationFiles
	variant               string // of the parts in a folder
	told                  analysis.DecoderNames
	requests              []generate.Request
	rate                  float64
	format                render.Format[*report.Generation]
}

// maxSteps bounds the decode steps of a run.
const maxSteps = 10_000_000

func parseGenerate(env *environment, ctx *cli.Context) (*generateRequest, error) {
	q := &generateRequest{
		batch: ctx.Int64("batch"), prompt: ctx.Int64("prompt"), tokens: ctx.Int64("tokens"), variant: ctx.String("variant"),
		files: generationFiles{prompts: ctx.String("prefill-model"), encoder: ctx.String("encoder")},
		told:  analysis.DecoderNames{Batch: ctx.String("batch-dim"), Past: ctx.String("past-dim"), Sequence: ctx.String("sequence-dim")},
		rate:  ctx.Float64("rate"),
	}
	for _, n := range []struct {
		flag      string
		n, lowest int64
	}{{"batch", q.batch, 1}, {"prompt", q.prompt, 0}, {"tokens", q.tokens, 1}} {
		if n.n < n.lowest || n.n > maxSteps {
			return nil, usagef("--%s %d: want a number between %d and %d", n.flag, n.n, n.lowest, maxSteps)
		}
	}
	var err error
	if q.modelRequest, err = parseModel(ctx); err != nil {
		return nil, err
	}
	if q.prediction.none {
		return nil, refuseNone(ctx)
	}
	if q.format, err = chooseFormat(report.GenerationFormats(), ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	return q, q.parseServing(env, ctx)
}

// input finds the files, the cache and the device.
func (q *generateRequest) input(env *environment, path string) (*generate.Input, error) {
	d, err := q.decoder(env, path)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{d.Batch, d.Past, d.Sequence, d.Source} {
		if _, bound := q.options.Dims[name]; bound && name != "" {
			return nil, usagef("--dim %s: generation sets it: --batch, --prompt and --tokens say how large", name)
		}
	}
	if s := d.Switch; s != nil {
		if v, given := q.options.Values[s.Input]; given && !slices.Equal(v, []float64{s.On}) {
			return nil, usagef("--value %s: generation sets it: the first run reads no cache, and those after it do", s.Input)
		}
	}
	if q.files.encoder != "" && !d.Encoder {
		return nil, usagef("--encoder %s: the decoder has no input from an encoder; --prefill-model reads prompts", q.files.encoder)
	}
	t, err := q.prediction.target(env)
	if err != nil {
		return nil, err
	}
	in := &generate.Input{Decoder: d, Options: q.options, Batch: q.batch, Prompt: q.prompt, Tokens: q.tokens, Target: t}
	for _, r := range q.requests {
		in.Prompt, in.Tokens = max(in.Prompt, r.Prompt), max(in.Tokens, r.Tokens)
	}
	for _, f := range []struct {
		file string
		to   **graph.Graph
	}{{q.files.encoder, &in.Encoder}, {q.files.prompts, &in.Prompts}, {q.files.embeddings, &in.Embeddings}} {
		if f.file == "" {
			continue
		}
		if *f.to, err = decodeModel(env, f.file); err != nil {
			return nil, err
		}
	}
	return in, q.shareBindings(in)
}

// shareBindings leaves the decoder those of --dim and --value that no other file has alone.
func (q *generateRequest) shareBindings(in *generate.Input) error {
	in.PartDims = q.options.Dims
	in.Options.Dims = maps.Clone(q.options.Dims)
	own := maps.Clone(q.options.Values)
	for _, p := range []*graph.Graph{in.Encoder, in.Prompts, in.Embeddings} {
		if p == nil {
			continue
		}
		maps.DeleteFunc(in.Options.Dims, func(name string, _ int64) bool { return has(p, name) && !has(in.Decoder.Graph, name) })
		maps.DeleteFunc(own, func(name string, _ []float64) bool { return hasInput(p, name) && !hasInput(in.Decoder.Graph, name) })
	}
	return checkInputs(in.Decoder.Graph, own)
}

// predict sums the steps.
func (q *generateRequest) predict(in *generate.Input, generator *generate.Generator) (*report.Generation, error) {
	sum, err := generator.Generate(q.prompt, q.tokens)
	if err != nil {
		return nil, err
	}
	example := generator.Step.Open.Example
	step, err := in.Target.Run(example)
	if err != nil {
		return nil, err
	}
	r := &report.Generation{
		Report:     q.build(example, step),
		Generation: sum, Generator: generator, Prompts: q.files.reader(in.Decoder), Files: q.files.list,
		Memory: -1,
	}
	if r.Low, r.High, err = generator.Interval(q.prompt, q.tokens); err != nil {
		return nil, err
	}
	if m, cache, ok := generator.Memory(q.prompt, q.tokens); ok {
		r.Memory, r.Cache = m.WeightBytes+m.PeakBytes, cache
	}
	r.Steps, r.Reading = generator.Work(q.prompt+(q.tokens-1)/2, q.prompt)
	if len(q.requests) > 0 {
		if r.Serving, err = generator.Serve(q.requests, q.rate); err != nil {
			return nil, err
		}
	}
	if generator.Basis().NoEnergy {
		r.ForgetEnergy()
	}
	return r, nil
}
