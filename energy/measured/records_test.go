package measured_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// joinedAt measures the small model at one size, and analyzes it there.
func joinedAt(t *testing.T) (*energytest.Lab, *graph.Graph) {
	t.Helper()
	l := energytest.NewLab(energytest.LinearLaw)
	l.Device = energy.RecordDevice{Name: "Box 7"}
	g := energytest.Encoder(t)
	l.Model(t, "a", energytest.Analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16}))
	return l, g
}

// TestFromRecords: every kernel, of one node or of several, every module and its equals are found, of a device that no
// table has.
func TestFromRecords(t *testing.T) {
	l, g := joinedAt(t)
	a := energytest.Analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16})
	m, err := measured.FromRecords(a, l.Records, "box-7")
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Missing) != 0 || m.Boundary != energy.BoundaryBoard {
		t.Errorf("missing %q, scope %q", m.Missing, m.Boundary)
	}
	several := 0
	for _, k := range m.Kernels {
		var ops []string
		for _, n := range k.Nodes {
			ops = append(ops, n.Op)
		}
		if slices.Equal(ops, []string{"Div", "Erf", "Add", "Mul", "Mul"}) { // GELU, in each of two layers
			several++
		}
	}
	if several != 2 {
		t.Errorf("%d kernels of GELU, want 2", several)
	}
	// layer.1 equals layer.0, of which alone there is a record
	for _, path := range []string{"layer.0", "layer.1"} {
		found := false
		for mod, x := range m.Modules {
			found = found || mod.Path == path && x.Time > 0 && x.Energy > 0
		}
		if !found {
			t.Errorf("no measurement of %s", path)
		}
	}
	if n := slices.IndexFunc(l.Records, func(r energy.Record) bool { return r.Path == "layer.1" && r.Level == energy.LevelModule }); n >= 0 {
		t.Error("there is a record of layer.1: the test shows nothing")
	}
	c := trained(t, fit.Records{Records: l.Records})
	for _, mode := range []predict.Mode{predict.ModeTimes, predict.ModeMetered} {
		r := predicttest.Predicted(t, a, c, *c.DeviceRow)
		if err := measured.Apply(r, a, m, mode, c); err != nil {
			t.Fatal(err)
		}
		whole := l.Records[slices.IndexFunc(l.Records, func(r energy.Record) bool { return r.Level == energy.LevelModel })]
		if got := r.Modules[a.Tree.Root]; mode == predict.ModeMetered && (energytest.Relative(float64(got.Time), float64(*whole.Time)) > 1e-9 || energytest.Relative(float64(got.Energy), float64(*whole.Energy)) > 1e-9) {
			t.Errorf("%s: %v in %v, measured %v in %v", mode, got.Energy, got.Time, *whole.Energy, *whole.Time)
		}
	}
}

// TestFromRecordsPassesOver: what is no measurement of the graph's kernels alone, at these dims, changes nothing.
func TestFromRecordsPassesOver(t *testing.T) {
	l, g := joinedAt(t)
	a := energytest.Analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16})
	clean := slices.Clone(l.Records)
	spoil := func(change func(*energy.Record)) {
		r := clean[0]
		s, j := *r.Time*100, *r.Energy*100
		r.Time, r.Energy = &s, &j
		change(&r)
		l.Records = append(l.Records, r)
	}
	spoil(func(r *energy.Record) { r.Flags = []string{energy.FlagThrottled} })
	spoil(func(r *energy.Record) { r.Context = energy.ContextModel })
	spoil(func(r *energy.Record) { r.Dims = map[string]int64{"batch": 3} })
	spoil(func(r *energy.Record) { r.Flags = []string{energy.FlagHostBound} })
	want, err := measured.FromRecords(a, clean, "box-7")
	if err != nil {
		t.Fatal(err)
	}
	got, err := measured.FromRecords(a, l.Records, "box-7")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Nodes) != len(want.Nodes) || len(got.Kernels) != len(want.Kernels) {
		t.Fatalf("%d and %d operators, want %d and %d", len(got.Nodes), len(got.Kernels), len(want.Nodes), len(want.Kernels))
	}
	for n, x := range want.Nodes {
		if got.Nodes[n] != x {
			t.Errorf("%s: %v, want %v", n.Name, got.Nodes[n], x)
		}
	}
	if _, err := measured.FromRecords(a, clean, "gtx-1070"); err == nil || !strings.Contains(err.Error(), "record 1 is of box-7, the prediction of gtx-1070") {
		t.Errorf("another device: %v", err)
	}
}

// TestFromRecordsOtherModel: of several models in a file, modules are taken from the one that multiplies as much as the
// graph, operators from all.
func TestFromRecordsOtherModel(t *testing.T) {
	l, g := joinedAt(t)
	a := energytest.Analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16})
	w := energy.Work{Class: "gemm", DType: "float32", Count: 1, MACs: 1 << 40, Read: 1 << 30, Written: 1 << 20}
	for _, r := range []energy.Record{l.Record(energy.LevelModel, "b", map[string]int64{"batch": 2, "sequence": 16}, w), l.Record(energy.LevelModule, "b", nil, w)} {
		if r.Level == energy.LevelModule {
			r.Path = "layer.0.up"
		}
		l.Records = append(l.Records, r)
	}
	m, err := measured.FromRecords(a, l.Records, "box-7")
	if err != nil {
		t.Fatal(err)
	}
	for mod, x := range m.Modules {
		if x.Time > 1 {
			t.Errorf("%q has %v of the other model", mod.Path, x.Time)
		}
	}
	if len(m.Modules) == 0 {
		t.Error("no module is left")
	}
	alone, err := measured.FromRecords(a, l.Records[len(l.Records)-2:len(l.Records)-1], "box-7")
	if err != nil || len(alone.Modules) != 0 || len(alone.Missing) != 1 {
		t.Errorf("another model alone: %v, %d modules, missing %q", err, len(alone.Modules), alone.Missing)
	}
}

func trained(t testing.TB, in fit.Records) *coefficients.Coefficients {
	t.Helper()
	d, err := fit.FromRecords(in)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := fit.Fit(d, fit.OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
