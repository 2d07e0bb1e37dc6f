package predict

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
)

// truth are the coefficients behind the synthetic measurements, in the range of real ones.
func truth() *Coefficients {
	const perByte = 5e-12
	return coefficientsOf(
		row("gemm", graph.Float32, 2e-13, perByte, 2e-5), row("bmm", graph.Float32, 3e-13, 6e-12, 8e-6), row("softmax", graph.Float32, 0, 7e-12, 5e-6),
		row("norm", graph.Float32, 0, 9e-12, 6e-6), row("elementwise", graph.Float32, 0, perByte, 3e-6), row("activation", graph.Float32, 0, perByte, 4e-6),
		row("move", graph.Float32, 0, 8e-12, 2e-6), row("gather", graph.Float32, 0, 4e-12, 9e-6), row(hostClass, graph.Float32, 0, 0, 1e-5),
	)
}

// synthetic are measurements of the small model under two names, without any noise.
func synthetic(t *testing.T) (TrainInput, *graph.Graph) {
	t.Helper()
	g := encoder(t)
	in := TrainInput{Device: device(t, "gtx-1070"), Data: []string{"/somewhere/synthetic.jsonl"}, Models: map[string]*graph.Graph{"a": g, "b": g}}
	for i, batch := range []int64{1, 2, 3, 8, 16, 32} {
		for _, sequence := range []int64{16, 50, 128, 256} {
			a := analyzed(t, g, map[string]int64{"batch": batch, "sequence": sequence})
			in.Trees = append(in.Trees, treeOf(a, predicted(t, a, truth(), in.Device), []string{"a", "b"}[i%2], batch, sequence))
		}
	}
	return in, g
}

// TestRecovery: trained on what known coefficients predict, the model predicts the same, but for what the fit holds to
// the data sheet.
func TestRecovery(t *testing.T) {
	in, g := synthetic(t)
	c, report, err := Train(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Warnings) > 0 || report.Equations < 100 {
		t.Errorf("%d equations, warnings %q", report.Equations, report.Warnings)
	}
	for level, e := range report.InSample {
		if e.MAPE > 0.006 || report.Time[level].MAPE > 0.006 || report.HeldOut[level].MAPE > 0.01 {
			t.Errorf("%s: errors %.3g of energy, %.3g of time, %.3g held out", level, e.MAPE, report.Time[level].MAPE, report.HeldOut[level].MAPE)
		}
	}
	for _, dims := range []map[string]int64{{"batch": 8, "sequence": 128}, {"batch": 5, "sequence": 100}} {
		a := analyzed(t, g, dims)
		got, want := predicted(t, a, c, in.Device), predicted(t, a, truth(), in.Device)
		for m, s := range got.Modules {
			w := want.Modules[m]
			if relative(float64(s.Energy), float64(w.Energy)) > 0.015 || relative(float64(s.Time), float64(w.Time)) > 0.015 {
				t.Errorf("%v: %q: %v in %v, want %v in %v", dims, m.Path, s.Energy, s.Time, w.Energy, w.Time)
			}
		}
	}
	p := c.Provenance
	if !slices.Equal(p.Data, []string{"synthetic.jsonl"}) || !slices.Equal(p.Models, []string{"a", "b"}) || p.Batch != [2]int64{1, 32} || p.Sequence != [2]int64{16, 256} {
		t.Errorf("provenance %+v", p)
	}
	checkPower(t, c, 1e-9)
}

// TestReportOneModel: what cannot be left out has no error, rather than none at all.
func TestReportOneModel(t *testing.T) {
	in, _ := synthetic(t)
	in.Trees = slices.DeleteFunc(in.Trees, func(tree *irene.Tree) bool { return tree.Model != "a" })
	_, report, err := Train(in)
	if err != nil {
		t.Fatal(err)
	}
	if text := report.String(); strings.Contains(text, "0.00 %  (p90") || !strings.Contains(text, "held out: needs two models") {
		t.Errorf("report:\n%s", text)
	}
}

// checkPower: the power of every term of every class lies in the range of the fit.
func checkPower(t *testing.T, c *Coefficients, tolerance float64) {
	t.Helper()
	for _, k := range c.Classes {
		for i := range k.Energy {
			if k.Energy[i] == 0 && k.Time[i] == 0 {
				continue
			}
			w := k.Energy[i] / k.Time[i]
			if !(w >= float64(c.Power.Low)*(1-tolerance)) || !(w <= float64(c.Power.High)*(1+tolerance)) {
				t.Errorf("%s in %s: %v has %.4g W, outside %v … %v", k.Class, k.DType, Term(i), w, c.Power.Low, c.Power.High)
			}
		}
	}
}

// TestEmbedded: what comes with the program can be read, belongs to known devices, and is within its power range.
func TestEmbedded(t *testing.T) {
	ids := Embedded()
	if !slices.IsSorted(ids) || !slices.Contains(ids, DefaultDevice) {
		t.Errorf("embedded %q", ids)
	}
	for _, id := range ids {
		c, err := ForDevice(id)
		if err != nil {
			t.Fatal(err)
		}
		if dev := device(t, id); c.Device != id || c.Device != dev.ID {
			t.Errorf("%s holds the coefficients of %s", id, c.Device)
		}
		checkPower(t, c, 1e-4) // six digits are written
		again, err := Load(bytes.NewReader(written(t, c)), id)
		if err != nil || !bytes.Equal(written(t, again), written(t, c)) {
			t.Errorf("%s: other bytes when written, read and written again (%v)", id, err)
		}
	}
	if c, err := ForDevice("h200"); err != nil || c.Device == "" {
		t.Errorf("a device that was not measured: %v", err)
	}
}

// TestDeterministic: the same measurements give the same bytes.
func TestDeterministic(t *testing.T) {
	var first []byte
	for range 2 {
		in, _ := synthetic(t)
		c, report, err := Train(in)
		if err != nil {
			t.Fatal(err)
		}
		got := append(written(t, c), report.String()...)
		if first != nil && !bytes.Equal(got, first) {
			t.Error("other bytes the second time")
		}
		first = got
	}
}

func TestTrainErrors(t *testing.T) {
	in, g := synthetic(t)
	missing := in
	missing.Models = map[string]*graph.Graph{"a": g}
	nothing := in
	nothing.Exclude = []string{"a", "b"}
	profile := in
	profile.Runtime = "lazy"
	for name, c := range map[string]struct {
		in   TrainInput
		want string
	}{
		"a model without a file": {missing, `no model file for "b"`},
		"all left out":           {nothing, "no measurement"},
		"an unknown profile":     {profile, "lazy"},
	} {
		if _, _, err := Train(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	one := in
	one.Exclude = []string{"b"}
	c, report, err := Train(one)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Provenance.Models, []string{"a"}) || report.InSample[energy.LevelModel].N != len(in.Trees)/2 {
		t.Errorf("without b: models %q, %d trees", c.Provenance.Models, report.InSample[energy.LevelModel].N)
	}
	odd := in
	odd.Trees = slices.Clone(in.Trees)
	changed := *odd.Trees[0]
	root := *changed.Root
	root.Children = slices.Clone(root.Children)
	lost := *root.Children[0]
	lost.Scope = "root.nowhere"
	root.Children[0], changed.Root, odd.Trees[0] = &lost, &root, &changed
	if _, report, err = Train(odd); err != nil || report.Missing["a"] == 0 || len(report.Warnings) == 0 {
		t.Errorf("a measured module that the file does not have: missing %v, warnings %q, %v", report.Missing, report.Warnings, err)
	}
}
