package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/graph"
)

func predictCommand() command {
	return command{
		name:    "predict",
		summary: "time and energy of single operators given by shape, no model needed",
		args:    "[ROWS.jsonl]",
		max:     1,
		details: `ROWS has one JSON object a line, compressed with gzip or not: op, its sizes, and perhaps dtype (float32 if not) and
   device. Products have B M N K (B products of M×K by K×N; of a linear the weights are shared), a linear perhaps quant;
   attention has phase (prefill, decode, encoder) B heads kv_heads head_dim S_q S_kv, perhaps causal window kv_dtype
   attn_dtype; moe has tokens hidden inter topk experts, perhaps tp ep distribution quant; other operators have B rows
   of H. Every row is copied with time_s and energy_j (null where the coefficients cannot say), power_w, origin (fitted,
   estimated, stand-in), scaled and extrapolated added; rows of unknown operators or sizes get nulls. An energy_j that a
   row brings is a measured one and becomes measured_energy_j.

     irene predict rows.jsonl --device a100-pcie-40gb -o out.jsonl
     irene predict rows.jsonl --device b300-sxm --power-limit 450W
     irene predict --op linear --m 512 --n 3072 --k 768 --dtype bf16 --quant fp8 --device h100-sxm

   One operator's sizes are --b --m --n --k --h.
   Known: ` + strings.Join(operator.Names(), " "),
		flags: predictFlags,
		run:   runPredictRows,
	}
}

func predictFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "device", DefaultText: "each row's, or that of the coefficients", Usage: "predict for this GPU, by `ID` (irene devices lists them)"},
		coefficientsFlag(),
		runtimeFlag("runtime `PROFILE` of the operators"),
		powerLimitFlag(false),
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all (- is standard output)"},
		suggestFlag(cli.StringFlag{Name: "op", Usage: "predict this one operator instead of a file's, by `NAME`"}, operator.Names()),
	}
	for _, size := range sizeFlags() {
		flags = append(flags, &cli.GenericFlag{Name: size, Value: new(sizeFlag), Hidden: true}) // -h would read as help: the details speak of them
	}
	return append(flags,
		&cli.StringFlag{Name: "dtype", Value: graph.Float32.String(), Usage: "element `TYPE` of --op"},
		suggestFlag(cli.StringFlag{Name: "quant", Usage: "quantisation of --op linear, by `NAME`: " + strings.Join(operator.Quantisations(), " ")}, operator.Quantisations()),
		tableFormatFlag(" of --op"))
}

func sizeFlags() []string { return []string{"b", "m", "n", "k", "h"} }

// sizeFlag is the value of a flag that is a size.
type sizeFlag int64

// Set reads a size as the flag parser reads other numbers.
func (s *sizeFlag) Set(text string) error {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return errors.New("parse error")
	}
	*s = sizeFlag(n)
	return nil
}

// String is no boolean, ever: the flag parser would take --h 1 for -h, a request for help.
func (s *sizeFlag) String() string { return fmt.Sprintf("size %d", *s) }

// runPredictRows predicts the rows of a file, or the one that flags describe.
func runPredictRows(env *environment, ctx *cli.Context) error {
	q, err := parsePrediction(ctx)
	if err != nil {
		return err
	}
	if q.none {
		return usagef("predict needs a device; --device none predicts nothing")
	}
	if !ctx.IsSet("device") && ctx.NArg() > 0 { // rows name theirs
		q.fallback, q.device = q.device, nil
	}
	t := &rowPredictor{env: env, request: q, devices: map[string]*operator.Predictor{}, notes: newRowNotes()}
	t.options.PowerLimit = energy.Watts(quantityOf(ctx, "power-limit"))
	if ctx.IsSet("op") {
		if ctx.NArg() > 0 {
			return usagef("predict takes --op or a file of rows, got both")
		}
		return t.one(ctx)
	}
	for _, flag := range append(sizeFlags(), "dtype", "quant", "format") {
		if ctx.IsSet(flag) {
			return usagef("--%s describes the operator of --op", flag)
		}
	}
	if ctx.NArg() == 0 {
		return usagef("predict needs ROWS.jsonl or --op NAME (irene predict --help)")
	}
	word := ctx.Args().First()
	if _, err := os.Stat(word); err != nil && slices.Contains(operator.Names(), strings.ToLower(word)) {
		return usagef("%s is no file; did you mean --op %s?", word, strings.ToLower(word))
	}
	return t.file(word, ctx.String("output"))
}
