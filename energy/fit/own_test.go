package fit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// shipped are the constants that come with the program.
func shipped(t testing.TB, device string) *coefficients.Overlap {
	t.Helper()
	c, err := coefficients.OfDevice(energytest.Device(t, device))
	if err != nil {
		t.Fatal(err)
	}
	return c.Overlap
}

// board is a device that follows the law with constants of its own.
type board struct {
	law    *law.Overlap
	device string
	noise  float64 // standard deviation of logarithms
	random *rand.Rand
}

// newBoard moves constants of the shipped law by factors, by name.
func newBoard(t testing.TB, device string, noise float64, move map[string]float64) *board {
	t.Helper()
	l, err := law.OverlapUnder(shipped(t, device), energytest.Device(t, device), law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var kernels []*law.Kernel
	for _, r := range encoder(128, 768) {
		for i := range r {
			k, _ := kernelOf(&r[i])
			kernels = append(kernels, &k)
		}
	}
	moved := map[string]bool{}
	for _, s := range l.OwnSlots(kernels) {
		if by, ok := move[s.Name]; ok {
			*s.Value *= by
			moved[s.Name] = true
		}
	}
	if len(moved) != len(move) {
		t.Fatalf("moved %v of %v", moved, move)
	}
	return &board{law: l, device: device, noise: noise, random: rand.New(rand.NewPCG(1, 2))}
}

// encoder is the kernels of a layer in 16 bit, each a list.
func encoder(tokens, hidden int64) [][]energy.Work {
	product := func(class string, batch, m, n, k int64) []energy.Work {
		return []energy.Work{{
			Class: class, DType: "float16", Count: 1, MACs: batch * m * n * k, Read: 2 * batch * (m*k + k*n), Written: 2 * batch * m * n,
			Products: []energy.Product{{Batch: batch, M: m, N: n, K: k, Weight: class == "gemm"}},
		}}
	}
	rows := func(class string, n int64) []energy.Work {
		return []energy.Work{{Class: class, DType: "float16", Count: 1, Read: 2 * n, Written: 2 * n}}
	}
	heads := hidden / 64
	sequence := min(tokens, 128)
	return [][]energy.Work{
		product("gemm", 1, tokens, 3*hidden, hidden), product("bmm", heads*tokens/sequence, sequence, sequence, 64), rows("softmax", heads*tokens*sequence),
		product("bmm", heads*tokens/sequence, sequence, 64, sequence), product("gemm", 1, tokens, hidden, hidden), rows("elementwise", tokens*hidden),
		rows("norm", tokens*hidden), product("gemm", 1, tokens, 4*hidden, hidden), rows("activation", 4*tokens*hidden), product("gemm", 1, tokens, hidden, 4*hidden),
	}
}

// record is what the board takes for kernels, one after the other.
func (b *board) record(level energy.Level, model string, tokens int64, work ...energy.Work) energy.Record {
	var s, j float64
	for i := range work {
		k, _ := kernelOf(&work[i])
		ks, kj := b.law.TimeAndEnergy(&k)
		s, j = s+float64(work[i].Count)*ks, j+float64(work[i].Count)*kj
	}
	time := energy.Seconds(s * math.Exp(b.noise*b.random.NormFloat64()))
	joules := energy.Joules(j * math.Exp(b.noise*b.random.NormFloat64()))
	return energy.Record{
		Schema: energy.RecordSchema, Device: energy.RecordDevice{ID: b.device}, Method: energy.MethodCounter, Boundary: energy.BoundaryBoard, Level: level,
		Model: model, Dims: map[string]int64{"batch": 1, "sequence": tokens}, Work: work, Op: work[0].Class, Class: work[0].Class,
		Signature: fmt.Sprint(level, model, tokens, work), Runtime: energy.Runtime{Name: "onnxruntime", Profile: "eager"}, Time: &time, Energy: &joules,
	}
}

// models are the records of models of several widths: each operator, and twelve layers of them.
func (b *board) models(hidden ...int64) (out []energy.Record) {
	for _, h := range hidden {
		name := fmt.Sprint("encoder-", h)
		for _, tokens := range []int64{32, 128, 512, 4096} {
			var all []energy.Work
			for _, work := range encoder(tokens, h) {
				out = append(out, b.record(energy.LevelOperator, name, tokens, work...))
				all = append(all, work...)
			}
			for i := range all {
				all[i].Count = 12
			}
			out = append(out, b.record(energy.LevelModel, name, tokens, all...))
		}
	}
	return out
}

func ownData(t testing.TB, records []energy.Record) *Data {
	t.Helper()
	d, err := FromRecords(Records{Records: records, Files: []string{"/somewhere/r.jsonl"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// slower is a board that is off the shipped law by more than any of those that were fitted.
func slower() map[string]float64 {
	return map[string]float64{"own.time": 1.3, "own.energy": 0.8, "own.awake": 1.15, "product.latency": 1.4, "product.bandwidth": 0.9, "row.floor": 1.5}
}

// Records of a board that follows the law with other constants make the law that board's: models of a width that was left
// out are told about as well as repeated measurements agree, and the errors that are reported are those.
func TestFitOwn(t *testing.T) {
	const noise = 0.03
	b := newBoard(t, "l4", noise, slower())
	d := ownData(t, b.models(512, 768, 1024, 1536))
	own, report, err := FitOwn(shipped(t, "l4"), d, OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	if own.LeftOut != string(ByFamily) || own.Device != "l4" {
		t.Errorf("left out %q on %q", own.LeftOut, own.Device)
	}
	for i := range report.Levels {
		for name, e := range map[string]OwnErrors{"time": report.Levels[i].Time, "energy": report.Levels[i].Energy} {
			if !(e.HeldOut.MAPE < 2*noise) || !(e.Fitted.MAPE <= e.HeldOut.MAPE*1.05) || !(e.Before.MAPE > 3*e.HeldOut.MAPE) {
				t.Errorf("%s of %ss: before %.3f, fitted %.3f, held out %.3f", name, report.Levels[i].Level, e.Before.MAPE, e.Fitted.MAPE, e.HeldOut.MAPE)
			}
		}
	}
	checkHeldOut(t, d, report)
	unseen := newBoard(t, "l4", 0, slower())
	with := shipped(t, "l4").WithOwn(own)
	l, err := law.OverlapUnder(with, energytest.Device(t, "l4"), law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range encoder(2048, 1280) {
		k, _ := kernelOf(&work[0])
		got, want := l.Kernel(&k), unseen.law.Time(&k)
		if off := errorOf(float64(got.Time), want); off > 0.05 {
			t.Errorf("%s of an unseen size is off by %.1f %%", k.Class, 100*off)
		}
		if got.Origin != law.OriginFitted {
			t.Errorf("%s is %s: %s", k.Class, got.Origin, got.Why)
		}
	}
	unmeasured := law.Kernel{Class: "gather", DType: graph.Float16, Known: true, Bytes: 1e6}
	if got := l.Kernel(&unmeasured); got.Origin == law.OriginFitted {
		t.Error("a class without a record is fitted")
	}
	other, err := law.OverlapUnder(with, energytest.Device(t, "h200-sxm"), law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	as, _ := law.OverlapUnder(shipped(t, "l4"), energytest.Device(t, "h200-sxm"), law.Options{})
	k, _ := kernelOf(&encoder(128, 768)[0][0])
	if got := other.Kernel(&k); got.Time != as.Kernel(&k).Time {
		t.Error("what is one device's own changes another's")
	}
}

// checkHeldOut holds the errors that are reported of families left out to fits of data that never had them.
func checkHeldOut(t *testing.T, d *Data, report *OwnReport) {
	t.Helper()
	var held []ownHeld
	for _, model := range d.Models() {
		of := func(it *Item) bool { return it.Model == model }
		own, _, err := FitOwn(shipped(t, "l4"), d.Select(func(it *Item) bool { return !of(it) }), OptionsFor(d.Kind))
		if err != nil {
			t.Fatal(err)
		}
		more, err := predictOwn(shipped(t, "l4").WithOwn(own), d.Device, d.Select(of).Items)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, more...)
	}
	for i := range report.Levels {
		l := &report.Levels[i]
		if want := ownSummary(held, l.Level, timeOf); l.Time.HeldOut.N != want.N || errorOf(l.Time.HeldOut.MAPE, want.MAPE) > 1e-9 {
			t.Errorf("%ss: reported are %.4f of %d, found %.4f of %d", l.Level, l.Time.HeldOut.MAPE, l.Time.HeldOut.N, want.MAPE, want.N)
		}
	}
}

// Ten operators of one width, two of a kind, adapt the law: models of other widths are off by less than half of what they
// were.
func TestFitOwnFewRows(t *testing.T) {
	b := newBoard(t, "l4", 0.03, slower())
	var few []energy.Record
	for _, tokens := range []int64{64, 1024} {
		layer := encoder(tokens, 896)
		for _, i := range []int{0, 1, 2, 6, 7} {
			few = append(few, b.record(energy.LevelOperator, "few", tokens, layer[i]...))
		}
	}
	d := ownData(t, few)
	base := shipped(t, "l4")
	own, report, err := FitOwn(base, d, OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	all := ownData(t, newBoard(t, "l4", 0, slower()).models(512, 1024, 1536))
	before, _ := predictOwn(base, d.Device, all.Items)
	after, _ := predictOwn(base.WithOwn(own), d.Device, all.Items)
	for quantity, name := range map[int]string{timeOf: "time", energyOf: "energy"} {
		was, is := ownSummary(before, energy.LevelModel, quantity).MAPE, ownSummary(after, energy.LevelModel, quantity).MAPE
		t.Logf("%s of models: %.1f %% with the shipped constants, %.1f %% adapted", name, 100*was, 100*is)
		if !(is < was/2) {
			t.Errorf("%s of models: %.1f %% before, %.1f %% adapted", name, 100*was, 100*is)
		}
	}
	if slices.ContainsFunc(own.Groups, func(g coefficients.Group) bool { return g.Time.N > 0 && g.Time.N < 100 }) {
		t.Errorf("intervals of few rows: %+v", own.Groups)
	}
}

// A later fit of one group leaves what an earlier one says of the others.
func TestFitOwnAgain(t *testing.T) {
	b := newBoard(t, "l4", 0.01, slower())
	d := ownData(t, b.models(512, 1024))
	base := shipped(t, "l4")
	first, _, err := FitOwn(base, d, OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	faster := newBoard(t, "l4", 0.01, map[string]float64{"own.time": 0.9})
	var products []energy.Record
	for _, tokens := range []int64{64, 300, 2000} {
		products = append(products, faster.record(energy.LevelOperator, "again", tokens, encoder(tokens, 768)[0]...))
	}
	again := ownData(t, products)
	second, _, err := FitOwn(base.WithOwn(first), again, OptionsFor(again.Kind))
	if err != nil {
		t.Fatal(err)
	}
	both, ok := base.WithOwn(first).WithOwn(second).OwnOf("l4")
	if !ok || len(both.Groups) != len(first.Groups) {
		t.Fatalf("%d groups, %d before", len(both.Groups), len(first.Groups))
	}
	l := func(o *coefficients.Overlap) *law.Overlap {
		l, err := law.OverlapUnder(o, energytest.Device(t, "l4"), law.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	was, is := l(base.WithOwn(first)), l(base.WithOwn(first).WithOwn(second))
	layer := encoder(512, 768)
	product, _ := kernelOf(&layer[0][0])
	if ratio := is.Time(&product) / was.Time(&product); !(ratio < 0.95) {
		t.Errorf("products take %.3f of what they took", ratio)
	}
	norm, _ := kernelOf(&layer[6][0])
	if got := is.Kernel(&norm); errorOf(float64(got.Time), was.Time(&norm)) > 0.02 || got.Origin != law.OriginFitted {
		t.Errorf("a norm takes %v (%s), before %.3g s", got.Time, got.Origin, was.Time(&norm))
	}
}

// Nothing is fitted where the law is not the device's, or the meter not the law's.
func TestWhyNoOwn(t *testing.T) {
	old := ownData(t, energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw)))
	if why := old.WhyNoOwn(); !strings.Contains(why, "gtx-1070") {
		t.Errorf("on a GTX 1070: %q", why)
	}
	records := newBoard(t, "l4", 0, nil).models(512)
	for i := range records {
		records[i].Boundary = energy.BoundaryWall
	}
	if why := ownData(t, records).WhyNoOwn(); !strings.Contains(why, "board") {
		t.Errorf("at the plug: %q", why)
	}
}

// What a power limit costs is the law's to say, not the device's own: records under one leave constants as they are.
func TestFitOwnUnderPowerLimit(t *testing.T) {
	const limit = 50
	b := newBoard(t, "l4", 0, nil)
	if err := b.law.Limit(limit); err != nil {
		t.Fatal(err)
	}
	records := b.models(768, 1536)
	for i := range records {
		records[i].Device.PowerLimit = new(energy.Watts(limit))
	}
	d := ownData(t, records)
	own, report, err := FitOwn(shipped(t, "l4"), d, OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range own.Constants {
		if (c.Name == "own.time" || c.Name == "own.energy") && errorOf(c.Value, 1) > 0.01 {
			t.Errorf("%s of %s: %.3f", c.Name, c.Of, c.Value)
		}
	}
	if e := report.Levels[0].Time.Before; !(e.MAPE < 0.001) || e.N == 0 {
		t.Errorf("before: %.3f of %d", e.MAPE, e.N)
	}
}

// Models that waited for the host say what a launch takes it, and nothing of the kernels.
func TestFitOwnHost(t *testing.T) {
	const launch = 9e-6
	b := newBoard(t, "l4", 0, nil)
	records := b.models(512, 1024)
	bound := 0
	for i := range records {
		r := &records[i]
		if host := energy.Seconds(launch * 12 * float64(len(r.Work))); r.Level == energy.LevelModel && host > *r.Time {
			*r.Energy += b.law.Idle().Times(host - *r.Time)
			*r.Time = host
			r.Flags = []string{energy.FlagHostBound}
			bound++
		}
	}
	d := ownData(t, records)
	base := shipped(t, "l4")
	own, _, err := FitOwn(base, d, OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	if errorOf(float64(own.Launch), launch) > 1e-6 || bound == 0 {
		t.Errorf("a launch takes %v by %d models, want %v", own.Launch, bound, launch)
	}
	held, err := predictOwn(base.WithOwn(own), d.Device, d.Items)
	if err != nil {
		t.Fatal(err)
	}
	for quantity := range 2 {
		if e := ownSummary(held, energy.LevelModel, quantity); !(e.Max < 0.01) {
			t.Errorf("quantity %d of models is off by up to %.3f", quantity, e.Max)
		}
	}
}
