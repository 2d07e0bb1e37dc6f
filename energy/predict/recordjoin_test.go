package predict

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// joinedAt measures the small model at one size, and analyzes it there.
func joinedAt(t *testing.T) (*lab, *graph.Graph) {
	t.Helper()
	l := newLab(linearLaw)
	l.device = energy.RecordDevice{Name: "Box 7"}
	g := encoder(t)
	l.model(t, "a", analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16}))
	return l, g
}

// TestFromRecords: every kernel, of one node or of several, every module and its equals are found, of a device that no
// table has.
func TestFromRecords(t *testing.T) {
	l, g := joinedAt(t)
	a := analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16})
	m, err := FromRecords(a, l.records, "box-7")
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
	if n := slices.IndexFunc(l.records, func(r energy.Record) bool { return r.Path == "layer.1" && r.Level == energy.LevelModule }); n >= 0 {
		t.Error("there is a record of layer.1: the test shows nothing")
	}
	c, _ := trained(t, RecordInput{Records: l.records})
	for _, mode := range []Mode{ModeRuntime, ModeMeasured} {
		r := predicted(t, a, c, *c.DeviceRow)
		if err := Apply(r, a, m, mode, c); err != nil {
			t.Fatal(err)
		}
		whole := l.records[slices.IndexFunc(l.records, func(r energy.Record) bool { return r.Level == energy.LevelModel })]
		if got := r.Modules[a.Tree.Root]; mode == ModeMeasured && (relative(float64(got.Time), float64(*whole.Time)) > 1e-9 || relative(float64(got.Energy), float64(*whole.Energy)) > 1e-9) {
			t.Errorf("%s: %v in %v, measured %v in %v", mode, got.Energy, got.Time, *whole.Energy, *whole.Time)
		}
	}
}

// TestFromRecordsPassesOver: what is no measurement of the graph's kernels alone, at these dims, changes nothing.
func TestFromRecordsPassesOver(t *testing.T) {
	l, g := joinedAt(t)
	a := analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16})
	clean := slices.Clone(l.records)
	spoil := func(change func(*energy.Record)) {
		r := clean[0]
		s, j := *r.Time*100, *r.Energy*100
		r.Time, r.Energy = &s, &j
		change(&r)
		l.records = append(l.records, r)
	}
	spoil(func(r *energy.Record) { r.Flags = []string{energy.FlagThrottled} })
	spoil(func(r *energy.Record) { r.Context = energy.ContextModel })
	spoil(func(r *energy.Record) { r.Dims = map[string]int64{"batch": 3} })
	spoil(func(r *energy.Record) { r.Flags = []string{energy.FlagHostBound} })
	want, err := FromRecords(a, clean, "box-7")
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromRecords(a, l.records, "box-7")
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
	if _, err := FromRecords(a, clean, "gtx-1070"); err == nil || !strings.Contains(err.Error(), "record 1 is of box-7, the prediction of gtx-1070") {
		t.Errorf("another device: %v", err)
	}
}

// TestFromRecordsOtherModel: of several models in a file, modules are taken from the one that multiplies as much as the
// graph, operators from all.
func TestFromRecordsOtherModel(t *testing.T) {
	l, g := joinedAt(t)
	a := analyzed(t, g, map[string]int64{"batch": 2, "sequence": 16})
	w := energy.Work{Class: "gemm", DType: "float32", Count: 1, MACs: 1 << 40, Read: 1 << 30, Written: 1 << 20}
	for _, r := range []energy.Record{l.record(energy.LevelModel, "b", map[string]int64{"batch": 2, "sequence": 16}, w), l.record(energy.LevelModule, "b", nil, w)} {
		if r.Level == energy.LevelModule {
			r.Path = "layer.0.up"
		}
		l.records = append(l.records, r)
	}
	m, err := FromRecords(a, l.records, "box-7")
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
	alone, err := FromRecords(a, l.records[len(l.records)-2:len(l.records)-1], "box-7")
	if err != nil || len(alone.Modules) != 0 || len(alone.Missing) != 1 {
		t.Errorf("another model alone: %v, %d modules, missing %q", err, len(alone.Modules), alone.Missing)
	}
}

// TestValidateRecords: where a module takes what its operators take, sums are additive, models are predicted from
// operators, and an operator that takes twice as much within its model is said to.
func TestValidateRecords(t *testing.T) {
	records := measuredRecords(t, newLab(linearLaw))
	in := 0
	for _, r := range records {
		if r.Level == energy.LevelOperator && r.Class == "softmax" {
			s, j := *r.Time*2, *r.Energy*3
			r.Time, r.Energy, r.Context = &s, &j, energy.ContextModel
			records = append(records, r)
			in++
		}
	}
	v, err := ValidateRecords(RecordInput{Records: records}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var splits []string
	for _, s := range v.Splits {
		splits = append(splits, s.Split)
		if len(s.Methods) != 4 || s.Methods[0].Method != MethodAdditive {
			t.Fatalf("%s: methods %+v", s.Split, s.Methods)
		}
		for _, g := range s.Methods[0].Levels {
			if s.Split == SplitOperators && g.Level == energy.LevelOperator {
				t.Error("operators are both fitted and predicted")
			}
			if most := Number(0.06); s.Split != "small-to-large" && s.Split != "large-to-small" && (!(g.Energy.Mean < most) || !(g.Time.Mean < most)) {
				t.Errorf("%s, %s: energy %.3g, time %.3g", s.Split, g.Level, g.Energy.Mean, g.Time.Mean)
			}
		}
		for _, m := range s.Methods[1:] {
			if m.Missing != "" || !(m.Levels[0].Time.Mean > s.Methods[0].Levels[0].Time.Mean) {
				t.Errorf("%s: %s is no worse (%s)", s.Split, m.Method, m.Missing)
			}
		}
	}
	if want := []string{SplitModel, "shape", "small-to-large", "large-to-small", SplitOperators}; !slices.Equal(splits, want) {
		t.Errorf("splits %q, want %q", splits, want)
	}
	if len(v.Context) != 2 || v.Context[1].Class != "softmax" || v.Context[0].Time.N != in || relative(float64(v.Context[1].Time.Median), 2) > 1e-9 || relative(float64(v.Context[1].Energy.High), 3) > 1e-9 {
		t.Errorf("context %+v, %d measured", v.Context, in)
	}
	for _, a := range v.Additivity {
		if relative(float64(a.Covered), 1) > 1e-9 || relative(float64(a.Time), 1) > 1e-9 || relative(float64(a.Energy), 1) > 1e-9 {
			t.Errorf("%s %s %s: covered %v, energy %v, time %v", a.Level, a.Model, a.Path, a.Covered, a.Energy, a.Time)
		}
	}
	if len(v.Additivity) < 10 {
		t.Errorf("%d sums", len(v.Additivity))
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}

// TestValidateRecordsOneModel: what cannot be left out is said; asked for alone, it is an error.
func TestValidateRecordsOneModel(t *testing.T) {
	l := newLab(linearLaw)
	l.products("a")
	for i := range l.records {
		l.records[i].Energy, l.records[i].Boundary = nil, ""
	}
	v, err := ValidateRecords(RecordInput{Records: l.records}, nil, nil)
	if err != nil || len(v.Splits) != 0 || len(v.Warnings) != 3 {
		t.Errorf("%v: %d splits, warnings %q", err, len(v.Splits), v.Warnings)
	}
	if _, err := ValidateRecords(RecordInput{Records: l.records}, []string{SplitModel}, nil); err == nil || !strings.Contains(err.Error(), "one model only: a") {
		t.Errorf("error %v", err)
	}
}

// TestRoofline: the longer of arithmetic and memory, kernel by kernel, as often as each runs.
func TestRoofline(t *testing.T) {
	d := energy.Device{ID: "x", Bandwidth: 100, TDP: 7, Peaks: []energy.Peak{{DType: "float32", Rate: 1000}}}
	r := &energy.Record{Work: []energy.Work{
		{Class: "gemm", DType: "float32", Count: 2, MACs: 1000, Read: 50, Written: 50}, // 2 s of arithmetic, 1 s of memory
		{Class: "norm", DType: "float32", Count: 3, Read: 30, Written: 20},             // 0.5 s of memory
	}}
	j, s, ok := roofline(r, d)
	if !ok || math.Abs(float64(s)-5.5) > 1e-12 || math.Abs(float64(j)-38.5) > 1e-12 {
		t.Errorf("%v in %v (%v), want 38.5 J in 5.5 s", j, s, ok)
	}
	if _, _, ok := roofline(r, energy.Device{Bandwidth: 100}); ok {
		t.Error("no peak is known, and there is a roofline")
	}
}
