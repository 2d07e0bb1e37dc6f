package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
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

// rowPredictor predicts rows, for one device or for that of each row.
type rowPredictor struct {
	env     *environment
	request predictionRequest
	options operator.Options
	loaded  *coefficients.Coefficients     // of the request's file
	devices map[string]*operator.Predictor // by the device as rows write it; "" is the request's
	notes   *rowNotes
}

// file streams rows from a file to the output.
func (t *rowPredictor) file(path, output string) error {
	in, err := openInput(t.env, path)
	if err != nil {
		return err
	}
	defer in.Close()
	if t.request.device != nil || t.request.coefficients != "" { // what is wrong with them is no row's fault
		if _, err := t.on(""); err != nil {
			return err
		}
	}
	err = streamOutput(t.env, output, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		rows := 0
		err := operator.ReadRows(in, path, func(row operator.Row) error {
			rows++
			line, err := t.row(&row)
			if err == nil {
				_, err = out.Write(line)
			}
			return err
		})
		if err == nil && rows == 0 {
			err = fmt.Errorf("%s: no rows", path)
		}
		err = in.misread(err, path, ofRows)
		if err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		return err
	}
	t.notes.say(t.env)
	return nil
}

// row predicts one row and returns its line of output.
func (t *rowPredictor) row(row *operator.Row) ([]byte, error) {
	if t.request.device != nil && row.Device != "" {
		if !t.request.device.Is(row.Device) {
			t.notes.rows[fmt.Sprintf("rows name the device %s, predicted is %s", row.Device, t.request.device.ID)]++
		}
	}
	if row.Unknown != "" {
		t.notes.at(row, row.Unknown+": null")
		return appendRow(row.Members, &law.Prediction{}), nil
	}
	o, err := t.on(row.Device)
	if err != nil {
		return nil, err
	}
	pr, err := o.Predict(&row.Operator)
	if err != nil {
		return nil, err
	}
	t.note(o, &pr)
	return appendRow(row.Members, &pr), nil
}

func (t *rowPredictor) note(o *operator.Predictor, pr *law.Prediction) {
	if pr.Origin == law.OriginEstimated && o.Warning != "" {
		t.notes.rows[o.Warning]++
	}
	if pr.Why != "" {
		t.notes.rows[pr.Why]++
	}
	if pr.Time == 0 && pr.Energy == 0 {
		return
	}
	if pr.Energy == 0 {
		t.notes.rows["energy_j is null: the coefficients were trained on times alone"]++
	}
	if pr.Time == 0 {
		t.notes.rows["time_s is null: the coefficients were trained on energies alone"]++
	}
}

// on prepares predictions on the device asked for, or else on the one that a row names, or else on that of the
// coefficients.
func (t *rowPredictor) on(name string) (*operator.Predictor, error) {
	if t.request.device != nil {
		name = ""
	}
	if o := t.devices[name]; o != nil {
		return o, nil
	}
	q := t.request
	if name != "" {
		d, err := findDevice(name, q.coefficients)
		if err != nil {
			return nil, errors.New(err.Error()) // of a row, not of the command line
		}
		q.device = &d
	}
	if q.device == nil && q.coefficients == "" {
		q.device = q.fallback
	}
	c := t.loaded
	if c == nil {
		var err error
		if c, err = q.load(t.env); err != nil {
			return nil, err
		}
		if q.coefficients != "" {
			t.loaded = c
		}
	}
	if q.settings.Profile != "" && q.settings.Profile != c.Profile {
		t.notes.rows[fmt.Sprintf("the coefficients were measured under the runtime profile %s, not %s", c.Profile, q.settings.Profile)]++
	}
	if q.device == nil {
		d, err := c.Row()
		if err != nil {
			return nil, err
		}
		q.device = &d
	}
	o, err := operator.New(c, *q.device, t.options)
	if err != nil {
		return nil, err
	}
	t.devices[name] = o
	return o, nil
}

// Members of rows that are told apart.
const (
	keyTime     = "time_s"
	keyEnergy   = "energy_j"
	keyMeasured = "measured_energy_j"
)

func addedKeys() []string {
	return []string{keyTime, keyEnergy, "power_w", "origin", "scaled", "extrapolated"}
}

// appendRow writes a row's members as they came, and the prediction after them. Members of an earlier prediction give
// way to the new one; an energy that no prediction made is kept as measured.
func appendRow(members []operator.Member, pr *law.Prediction) []byte {
	predicted := slices.ContainsFunc(members, func(m operator.Member) bool { return m.Key == keyTime })
	b := []byte{'{'}
	for _, m := range members {
		key := m.Key
		if key == keyEnergy && !predicted {
			key = keyMeasured
		}
		if slices.Contains(addedKeys(), key) {
			continue
		}
		name, _ := json.Marshal(key) // a string has no way to fail
		b = append(append(append(b, name...), ": "...), m.Value...)
		b = append(b, ", "...)
	}
	p := predictedMembers{
		Time: nineDigits(float64(pr.Time)), Energy: nineDigits(float64(pr.Energy)), Origin: render.Text(pr.Origin), StandIn: pr.StandIn, Extrapolated: pr.Extrapolated,
	}
	if pr.Time > 0 {
		p.Power = nineDigits(float64(pr.Energy) / float64(pr.Time))
	} else {
		p.Power = nineDigits(0)
	}
	return append(b, render.JSON(&p)[1:]...)
}

// predictedMembers are what predictions add to rows.
type predictedMembers struct {
	Time         render.Number `json:"time_s"`       // seconds
	Energy       render.Number `json:"energy_j"`     // joules
	Power        render.Number `json:"power_w"`      // watts
	Origin       render.Text   `json:"origin"`       // fitted, estimated or stand-in
	StandIn      bool          `json:"scaled"`       // the prediction borrows another class or element type
	Extrapolated bool          `json:"extrapolated"` // the sizes lie outside what was measured
}

// nineDigits rounds a prediction; zero is none.
func nineDigits(v float64) render.Number {
	if v == 0 {
		v = math.NaN()
	}
	return render.Number(published(v))
}

// one predicts the operator that flags describe.
func (t *rowPredictor) one(ctx *cli.Context) error {
	op := operator.Operator{Op: ctx.String("op"), Quant: ctx.String("quant")}
	if op.Op == "attention" || op.Op == "moe" {
		return usagef("--op %s: it has more sizes than there are flags; give it as a row of a file (irene predict --help)", op.Op)
	}
	var ok bool
	if op.DType, ok = operator.ParseDType(ctx.String("dtype")); !ok {
		return usagef("--dtype %s: no such element type", ctx.String("dtype"))
	}
	sizes := []*int64{&op.B, &op.M, &op.N, &op.K, &op.H}
	members := []operator.Member{{Key: "op", Value: quoted(op.Op)}}
	for i, flag := range sizeFlags() {
		if !ctx.IsSet(flag) {
			continue
		}
		if *sizes[i] = int64(*ctx.Generic(flag).(*sizeFlag)); *sizes[i] < 1 {
			return usagef("--%s %d: sizes are at least 1", flag, *sizes[i])
		}
		members = append(members, operator.Member{Key: strings.ToUpper(flag), Value: strconv.AppendInt(nil, *sizes[i], 10)})
	}
	if err := op.Check(); err != nil {
		return usagef("--op %v", err)
	}
	o, err := t.on("")
	if err != nil {
		return err
	}
	pr, err := o.Predict(&op)
	if err != nil {
		return err
	}
	dev := o.Device
	members = append(members, operator.Member{Key: "dtype", Value: quoted(op.DType.String())})
	if op.Quant != "" {
		members = append(members, operator.Member{Key: "quant", Value: quoted(op.Quant)})
	}
	members = append(members, operator.Member{Key: "device", Value: quoted(dev.ID)})
	text := appendRow(members, &pr)
	if ctx.String("format") == "text" {
		text = []byte(oneText(&op, dev, &pr))
		if o.Warning != "" {
			fmt.Fprintf(t.env.stderr, "irene: %s\n", o.Warning)
		}
	}
	return writeOutput(t.env, ctx.String("output"), text)
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string has no way to fail
	return b
}

// oneText is a prediction for people.
func oneText(op *operator.Operator, dev energy.Device, pr *law.Prediction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v on %s\n", op, dev.ID)
	if pr.Time != 0 {
		fmt.Fprintf(&b, "time    %v\n", pr.Time)
	} else {
		b.WriteString("time    unknown: the coefficients were trained on energies alone\n")
	}
	if pr.Energy != 0 {
		fmt.Fprintf(&b, "energy  %v\n", pr.Energy)
	} else {
		b.WriteString("energy  unknown: the coefficients were trained on times alone\n")
	}
	if pr.Time != 0 && pr.Energy != 0 {
		fmt.Fprintf(&b, "power   %v\n", energy.Watts(float64(pr.Energy)/float64(pr.Time)))
	}
	if pr.Origin != "" {
		fmt.Fprintf(&b, "origin  %s\n", pr.Origin)
	}
	if pr.Why != "" {
		fmt.Fprintf(&b, "note    %s\n", pr.Why)
	}
	return b.String()
}
