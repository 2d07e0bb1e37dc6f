package validate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/graph"
)

// TestValidateRecords: where a module takes what its operators take, sums are additive, models are predicted from
// operators, and an operator that takes twice as much within its model is said to.
func TestValidateRecords(t *testing.T) {
	records := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	in := 0
	for _, r := range records {
		if r.Level == energy.LevelOperator && r.Class == "softmax" {
			s, j := *r.Time*2, *r.Energy*3
			r.Time, r.Energy, r.Context = &s, &j, energy.ContextModel
			records = append(records, r)
			in++
		}
	}
	v, err := Run(Input{Data: recordData(t, records)})
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
			if s.Split == SplitOperators && g.Level == string(energy.LevelOperator) {
				t.Error("operators are both fitted and predicted")
			}
			if most := stats.Number(0.06); s.Split != "small-to-large" && s.Split != "large-to-small" && (!(g.Errors[TargetEnergy].Distinct.Mean < most) || !(g.Errors[TargetTime].Distinct.Mean < most)) {
				t.Errorf("%s, %s: energy %.3g, time %.3g", s.Split, g.Level, g.Errors[TargetEnergy].Distinct.Mean, g.Errors[TargetTime].Distinct.Mean)
			}
		}
		for _, m := range s.Methods[1:] {
			if m.Missing != "" || !(m.Levels[0].Errors[TargetTime].Distinct.Mean > s.Methods[0].Levels[0].Errors[TargetTime].Distinct.Mean) {
				t.Errorf("%s: %s is no worse (%s)", s.Split, m.Method, m.Missing)
			}
		}
	}
	if want := []string{SplitModel, "shape", "small-to-large", "large-to-small", SplitOperators}; !slices.Equal(splits, want) {
		t.Errorf("splits %q, want %q", splits, want)
	}
	if len(v.Context) != 2 || v.Context[1].Class != "softmax" || v.Context[0].Time.N != in || energytest.Relative(float64(v.Context[1].Time.Median), 2) > 1e-9 || energytest.Relative(float64(v.Context[1].Energy.High), 3) > 1e-9 {
		t.Errorf("context %+v, %d measured", v.Context, in)
	}
	for _, a := range v.Additivity {
		if energytest.Relative(float64(a.Covered), 1) > 1e-9 || energytest.Relative(float64(a.Time), 1) > 1e-9 || energytest.Relative(float64(a.Energy), 1) > 1e-9 {
			t.Errorf("%s %s %s: covered %v, energy %v, time %v", a.Level, a.Model, a.Path, a.Covered, a.Energy, a.Time)
		}
	}
	if len(v.Additivity) < 10 {
		t.Errorf("%d sums", len(v.Additivity))
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
	if _, err := Run(Input{Data: recordData(t, records), Methods: []string{"overlap"}, Splits: []string{SplitModel}}); err != nil {
		t.Error(err) // the method has no figures, and says why
	}
}

// layer is the kernels of a feed-forward layer in 16 bit.
func layer(tokens, hidden int64) []energy.Work {
	product := func(n, k int64) energy.Work {
		return energy.Work{
			Class: "gemm", DType: "float16", Count: 1, MACs: tokens * n * k, Read: 2 * (tokens*k + k*n), Written: 2 * tokens * n,
			Products: []energy.Product{{Batch: 1, M: tokens, N: n, K: k, Weight: true}},
		}
	}
	rows := func(class string, n int64) energy.Work {
		return energy.Work{Class: class, DType: "float16", Count: 1, Read: 2 * n, Written: 2 * n}
	}
	return []energy.Work{product(4*hidden, hidden), rows("activation", 4*tokens*hidden), product(hidden, 4*hidden), rows("norm", tokens*hidden)}
}

// TestValidateRecordsOverlap: models of other widths than the others are families of their own, and on a board that takes a
// fixed share more of everything than the law of overlapping kernels says, constants of its own say so of a family that
// was left out.
func TestValidateRecordsOverlap(t *testing.T) {
	shared, err := coefficients.OfDevice(energytest.Device(t, "l40s"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := law.OverlapUnder(shared.Overlap, energytest.Device(t, "l40s"), law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lab := energytest.NewLab(func(w *energy.Work) (energy.Seconds, energy.Joules) {
		k := law.Kernel{Class: w.Class, DType: graph.Float16, Known: true, MACs: float64(w.MACs), Bytes: float64(w.Read + w.Written)}
		for _, p := range w.Products {
			k.Products = append(k.Products, law.Product{Batch: float64(p.Batch), M: float64(p.M), N: float64(p.N), K: float64(p.K)})
		}
		s, j := l.TimeAndEnergy(&k)
		return energy.Seconds(1.4 * s), energy.Joules(1.4 * j)
	})
	lab.Device = energy.RecordDevice{ID: "l40s"}
	for i, hidden := range []int64{512, 512, 768, 1024} {
		name := []string{"a", "a-deep", "b", "c"}[i]
		for _, tokens := range []int64{16, 100, 600, 3000} {
			dims := map[string]int64{"sequence": tokens}
			all := layer(tokens, hidden)
			for _, w := range all {
				r := lab.Record(energy.LevelOperator, name, dims, w)
				r.Op, r.Class, r.Signature = w.Class, w.Class, fmt.Sprint(w)
				lab.Records = append(lab.Records, r)
			}
			for j := range all {
				all[j].Count = int64(3 + 3*i)
			}
			lab.Records = append(lab.Records, lab.Record(energy.LevelModel, name, dims, all...))
		}
	}
	v, err := Run(Input{Data: recordData(t, lab.Records), Splits: []string{SplitFamily}})
	if err != nil {
		t.Fatal(err)
	}
	var left [][]string
	for _, p := range v.Splits[0].Parts {
		left = append(left, p.Left)
	}
	if want := [][]string{{"a", "a-deep"}, {"b"}, {"c"}}; !slices.EqualFunc(left, want, slices.Equal[[]string]) {
		t.Fatalf("left out %q, want %q", left, want)
	}
	found := 0
	for _, m := range v.Splits[0].Methods {
		limits, ok := map[string][2]stats.Number{"overlap": {0, 0.03}, "overlap-shipped": {0.25, 0.3}}[m.Method]
		if !ok {
			continue
		}
		found++
		for _, g := range m.Levels {
			if off := g.Errors[TargetTime].Distinct.Mean; off < limits[0] || off > limits[1] {
				t.Errorf("%s, %s: time off by %.3f, want %v", m.Method, g.Level, float64(off), limits)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d methods of the law", found)
	}
}

// TestValidateRecordsOneModel: what cannot be left out is said; asked for alone, it is an error.
func TestValidateRecordsOneModel(t *testing.T) {
	l := energytest.NewLab(energytest.LinearLaw)
	l.Products("a")
	for i := range l.Records {
		l.Records[i].Energy, l.Records[i].Boundary = nil, ""
	}
	v, err := Run(Input{Data: recordData(t, l.Records)})
	if err != nil || len(v.Splits) != 0 || len(v.Warnings) != 4 {
		t.Errorf("%v: %d splits, warnings %q", err, len(v.Splits), v.Warnings)
	}
	if _, err := Run(Input{Data: recordData(t, l.Records), Splits: []string{SplitModel}}); err == nil || !strings.Contains(err.Error(), "one model: a") {
		t.Errorf("error %v", err)
	}
}

// recordData is the data of records.
func recordData(t *testing.T, records []energy.Record) []*fit.Data {
	t.Helper()
	d, err := fit.FromRecords(fit.Records{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	return []*fit.Data{d}
}

// TestReportAgrees: the errors that a fit reports of models left out are those of a validation with the same split.
func TestReportAgrees(t *testing.T) {
	d := recordData(t, energytest.MeasuredRecords(t, energytest.NewLab(energytest.Rooflined)))
	_, report, err := fit.Fit(d[0], fit.OptionsFor(d[0].Kind))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Run(Input{Data: d, Splits: []string{SplitModel}, Methods: []string{MethodAdditive}})
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, g := range report.Groups {
		for _, l := range v.Splits[0].Methods[0].Levels {
			if l.Level != string(g.Level) {
				continue
			}
			compared++
			for target, e := range map[Target]fit.FitErrors{TargetEnergy: g.Energy, TargetTime: g.Time} {
				if f := l.Errors[target].Distinct; f.N != e.HeldOut.N || energytest.Relative(float64(f.Mean), e.HeldOut.MAPE) > 1e-9 || energytest.Relative(float64(f.P90), e.HeldOut.P90) > 1e-9 {
					t.Errorf("%s of %ss: %.4g over %d, the fit reports %.4g over %d", target, g.Level, float64(f.Mean), f.N, e.HeldOut.MAPE, e.HeldOut.N)
				}
			}
		}
	}
	if compared != 3 {
		t.Errorf("%d levels compared, want 3", compared)
	}
}
