package fit

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
)

// TestRecovery: trained on what known coefficients predict, the model predicts the same, but for what the fit holds to
// the data sheet.
func TestRecovery(t *testing.T) {
	in, g := synthetic(t)
	c, report, err := trainTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Missing) > 0 || report.Used < 100 {
		t.Errorf("%d measurements, missing %v", report.Used, report.Missing)
	}
	for _, g := range report.Groups {
		if g.Energy.Fitted.MAPE > 0.006 || g.Time.Fitted.MAPE > 0.006 || g.Energy.HeldOut.MAPE > 0.01 {
			t.Errorf("%s: errors %.3g of energy, %.3g of time, %.3g held out", g.Level, g.Energy.Fitted.MAPE, g.Time.Fitted.MAPE, g.Energy.HeldOut.MAPE)
		}
	}
	for _, dims := range []map[string]int64{{"batch": 8, "sequence": 128}, {"batch": 5, "sequence": 100}} {
		a := energytest.Analyzed(t, g, dims)
		got, want := predicttest.Predicted(t, a, c, in.Device), predicttest.Predicted(t, a, energytest.Truth(), in.Device)
		for m, s := range got.Modules {
			w := want.Modules[m]
			if energytest.Relative(float64(s.Energy), float64(w.Energy)) > 0.015 || energytest.Relative(float64(s.Time), float64(w.Time)) > 0.015 {
				t.Errorf("%v: %q: %v in %v, want %v in %v", dims, m.Path, s.Energy, s.Time, w.Energy, w.Time)
			}
		}
	}
	p := c.Provenance
	if !slices.Equal(p.Data, []string{"synthetic.jsonl"}) || !slices.Equal(p.Models, []string{"a", "b"}) || p.Batch != [2]int64{1, 32} || p.Sequence != [2]int64{16, 256} {
		t.Errorf("provenance %+v", p)
	}
	energytest.CheckPower(t, c, 1e-9)
}

// TestReportOneModel: what cannot be left out has no error, rather than none at all.
func TestReportOneModel(t *testing.T) {
	in, _ := synthetic(t)
	in.Trees = slices.DeleteFunc(in.Trees, func(tree *irene.Tree) bool { return tree.Model != "a" })
	_, report, err := trainTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	if text := report.String(); strings.Contains(text, "0.00 %  (p90") || !strings.Contains(text, "held out: needs two models") {
		t.Errorf("report:\n%s", text)
	}
}

// TestEmbedded: what comes with the program can be read, belongs to known devices, and is within its power range.
func TestEmbedded(t *testing.T) {
	ids := coefficients.Embedded()
	if !slices.IsSorted(ids) || !slices.Contains(ids, coefficients.TreesDevice) {
		t.Errorf("embedded %q", ids)
	}
	for _, id := range ids {
		c, err := coefficients.OfDevice(energytest.Device(t, id))
		if err != nil {
			t.Fatal(err)
		}
		if dev := energytest.Device(t, id); c.Device != id || c.Device != dev.ID {
			t.Errorf("%s holds the coefficients of %s", id, c.Device)
		}
		energytest.CheckPower(t, c, 1e-4) // six digits are written
		again, err := coefficients.Load(bytes.NewReader(energytest.Written(t, c)), id)
		if err != nil || !bytes.Equal(energytest.Written(t, again), energytest.Written(t, c)) {
			t.Errorf("%s: other bytes when written, read and written again (%v)", id, err)
		}
	}
}

// TestDeterministic: the same measurements give the same bytes.
func TestDeterministic(t *testing.T) {
	var first []byte
	for range 2 {
		in, _ := synthetic(t)
		c, report, err := trainTrees(in)
		if err != nil {
			t.Fatal(err)
		}
		got := append(energytest.Written(t, c), report.String()...)
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
	profile.Profile = "lazy"
	for name, c := range map[string]struct {
		in   Trees
		want string
	}{
		"a model without a file": {missing, `no model file for "b"`},
		"all left out":           {nothing, "no measurement"},
		"an unknown profile":     {profile, "lazy"},
	} {
		if _, _, err := trainTrees(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	one := in
	one.Exclude = []string{"b"}
	c, report, err := trainTrees(one)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Provenance.Models, []string{"a"}) || report.Groups[0].N != len(in.Trees)/2 {
		t.Errorf("without b: models %q, %d trees", c.Provenance.Models, report.Groups[0].N)
	}
	odd := in
	odd.Trees = slices.Clone(in.Trees)
	changed := *odd.Trees[0]
	root := *changed.Root
	root.Children = slices.Clone(root.Children)
	lost := *root.Children[0]
	lost.Scope = "root.nowhere"
	root.Children[0], changed.Root, odd.Trees[0] = &lost, &root, &changed
	if _, report, err = trainTrees(odd); err != nil || report.Missing["a"] == 0 || len(report.Warnings) == 0 {
		t.Errorf("a measured module that the file does not have: missing %v, warnings %q, %v", report.Missing, report.Warnings, err)
	}
}

// trainTrees fits coefficients to trees.
func trainTrees(in Trees) (*coefficients.Coefficients, *Report, error) {
	d, err := FromTrees(in)
	if err != nil {
		return nil, nil, err
	}
	return Fit(d, OptionsFor(d.Kind))
}

// synthetic are measurements of the small model under two names, as training reads them.
func synthetic(t *testing.T) (Trees, *graph.Graph) {
	t.Helper()
	trees, g := predicttest.Synthetic(t)
	return Trees{
		Trees: trees, Device: energytest.Device(t, "gtx-1070"), Files: []string{"/somewhere/synthetic.jsonl"}, Models: map[string]*graph.Graph{"a": g, "b": g},
	}, g
}
