package validate

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
)

// made is an outcome of a made-up measurement.
func made(model, level, class string, measured, predicted float64) outcome {
	return outcome{
		Item:     &fit.Item{Model: model, Batch: 8, Sequence: 32, Type: level, Kind: class, Class: class, Energy: energy.Joules(measured)},
		estimate: estimate{answered: true, energy: number{predicted, true}},
	}
}

func wantNumber(t *testing.T, what string, got stats.Number, want float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(float64(got)) || math.Abs(float64(got)-want) > 1e-12 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestFigures: layers that share a measurement count once among the distinct ones, with their mean error.
func TestFigures(t *testing.T) {
	all := []outcome{
		made("a", irene.TypeML, "Linear", 10, 11),    // +10 %
		made("a", irene.TypeML, "Linear", 10, 13),    // the same measurement: +30 %
		made("a", irene.TypeML, "LayerNorm", 10, 9),  // another class: -10 %
		made("b", irene.TypeML, "Linear", 10, 8),     // the same measurement again: -20 %
		made("b", irene.TypeML, "Linear", 20, 20.08), // +0.4 %
	}
	var list []*outcome
	for i := range all {
		list = append(list, &all[i])
	}
	errs := figures(list, TargetEnergy, 1)
	distinct, rows := errs.Distinct, errs.Rows
	if distinct.N != 3 || rows.N != 5 {
		t.Errorf("%d distinct of %d, want 3 of 5", distinct.N, rows.N)
	}
	wantNumber(t, "distinct mean", distinct.Mean, (0.2+0.1+0.004)/3)
	wantNumber(t, "distinct median", distinct.Median, 0.1)
	wantNumber(t, "distinct p90", distinct.P90, 0.18)
	wantNumber(t, "distinct bias", distinct.Bias, (0.2/3-0.1+0.004)/3)
	wantNumber(t, "mean over rows", rows.Mean, (0.1+0.3+0.1+0.2+0.004)/5)
	wantNumber(t, "median over rows", rows.Median, 0.1)
	wantNumber(t, "bias over rows", rows.Bias, (0.1+0.3-0.1-0.2+0.004)/5)
	if errs := figures(slices.Concat(list, list), TargetEnergy, 2); errs.Rows.N != 5 {
		t.Errorf("%d rows of two seeds, want 5", errs.Rows.N)
	}
}

// TestChoose counts by hand.
func TestChoose(t *testing.T) {
	options := []option{
		{"x", 100, 10}, {"x", 105, 9}, {"x", 200, 30}, // 100 against 105: wrong; both against 200: right
		{"y", 50, 7}, {"y", 54, 7}, // a tie of the predictions
		{"z", 80, 1}, {"z", 80, 2}, // equal measurements: nothing to choose
	}
	got := choices(options)
	for _, c := range []struct {
		name string
		c    Choice
		want Choice
	}{
		{"all", got.All, Choice{Pairs: 4, Right: 2.5 / 4, Regret: (0.05 + 0.04) / 4, RegretWrong: 0.05, RegretMost: 0.05, Tau: 0.25}},
		{"close", got.Close, Choice{Pairs: 2, Right: 0.25, Regret: (0.05 + 0.04) / 2, RegretWrong: 0.05, RegretMost: 0.05, Tau: -0.5}},
		{"right", choose(options[1:3], 1), Choice{Pairs: 1, Right: 1, RegretWrong: stats.Number(math.NaN()), Tau: 1}},
	} {
		if c.c.Pairs != c.want.Pairs {
			t.Errorf("%s: %d pairs, want %d", c.name, c.c.Pairs, c.want.Pairs)
		}
		g, w := reflect.ValueOf(c.c), reflect.ValueOf(c.want)
		for i := 1; i < g.NumField(); i++ {
			wantNumber(t, c.name+" "+g.Type().Field(i).Name, g.Field(i).Interface().(stats.Number), w.Field(i).Float())
		}
	}
	if none := choose(options[:1], 1); none.Pairs != 0 || !math.IsNaN(float64(none.Right)) {
		t.Errorf("one option alone: %+v", none)
	}
}

// TestDecide: batch sizes are compared per item, seeds apart.
func TestDecide(t *testing.T) {
	at := func(model string, batch int64, measured, predicted float64) outcome {
		o := made(model, irene.TypeModel, "Model", measured, predicted)
		o.Batch = batch
		return o
	}
	right := []outcome{at("a", 8, 80, 80), at("b", 8, 100, 100), at("a", 16, 144, 144), made("a", irene.TypeML, "Linear", 1, 1)}
	wrong := []outcome{at("a", 8, 80, 80), at("b", 8, 100, 70), at("a", 16, 144, 176)}
	d := decide([][]outcome{right, wrong}, TargetEnergy)
	if d.Models.All.Pairs != 1 || d.Batches.All.Pairs != 1 {
		t.Fatalf("%d pairs of models, %d of batches, want one each", d.Models.All.Pairs, d.Batches.All.Pairs)
	}
	wantNumber(t, "models right", d.Models.All.Right, 0.5)
	wantNumber(t, "regret of the wrong model", d.Models.All.RegretWrong, 0.25)
	wantNumber(t, "batches right", d.Batches.All.Right, 0.5)
	wantNumber(t, "regret of the wrong batch", d.Batches.All.RegretWrong, 10.0/9-1)
}

func TestCoverageOf(t *testing.T) {
	banded := func(class string, gold, value, half, ninety float64) outcome {
		o := made("a", irene.TypeModule, class, gold, value)
		o.banded, o.half, o.ninety = true, coefficients.Range{Low: value - half, High: value + half}, coefficients.Range{Low: value - ninety, High: value + ninety}
		return o
	}
	all := []outcome{
		banded("A", 10, 10, 1, 3),                    // within both
		banded("B", 12, 10, 1, 3),                    // within 90 %
		banded("C", 20, 10, 1, 3),                    // outside
		banded("D", 10, 10, 1, 3),                    // one measurement, twice: within both,
		banded("D", 10, 14, 2, 2.8),                  // outside
		made("a", irene.TypeModule, "without", 1, 1), // has no interval
		made("a", irene.TypeML, "another level", 1, 1),
	}
	_, lists := (&summary{kind: measured.KindTrees, all: all}).labelled(func(o *outcome) Label { return Label{Level: o.Type} })
	modules := lists[Label{Level: irene.TypeModule}]
	c, ok := coverageOf(modules)
	if !ok || c.N != 4 {
		t.Fatalf("%+v, %v; want 4 measurements", c, ok)
	}
	wantNumber(t, "half", c.Half, 1.5/4)
	wantNumber(t, "ninety", c.Ninety, 2.5/4)
	wantNumber(t, "width", c.Width50, 0.1)
	wantNumber(t, "width of 90 %", c.Width90, 0.3)
	if _, ok := coverageOf(modules[5:]); ok {
		t.Error("coverage without intervals")
	}
}

func TestResidues(t *testing.T) {
	all := []outcome{
		made("a", irene.TypeModel, "A", 100, 100), made("b", irene.TypeModel, "B", 10, 10),
		made("a", irene.TypeML, "Linear", 50, 52), made("a", irene.TypeML, "Embedding", 2, 1), made("b", irene.TypeML, "Embedding", 1, 1.2),
	}
	want := []Residue{{"b", irene.TypeML, "Embedding", 0.1, 0.2}, {"a", irene.TypeML, "Embedding", 0.02, -0.5}}
	got := residuesOf(all, TargetEnergy)
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, r := range got {
		if r.Model != want[i].Model || r.Class != want[i].Class || math.Abs(float64(r.Bias-want[i].Bias)) > 1e-12 || r.Share != want[i].Share {
			t.Errorf("%+v, want %+v", r, want[i])
		}
	}
}

func TestNumberJSON(t *testing.T) {
	b, err := json.Marshal([]stats.Number{0.123456789, stats.Number(math.NaN()), stats.Number(math.Inf(1)), 0, -2})
	if err != nil || string(b) != "[0.123457,null,null,0,-2]" {
		t.Errorf("%s, %v", b, err)
	}
}

// TestValidateSynthetic: what follows the model is predicted well.
func TestValidateSynthetic(t *testing.T) {
	train, _ := synthetic(t)
	for _, tree := range train.Trees {
		tree.Root.Walk(func(n *irene.Node) { n.GPUEnergy = n.Energy / 2 })
	}
	in := Input{Data: []*fit.Data{treeData(t, train)}}
	v, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "one family of models: a, b") {
		t.Errorf("warnings %q", v.Warnings)
	}
	var splits []string
	for _, s := range v.Splits {
		splits = append(splits, s.Split)
		for _, m := range s.Methods {
			switch {
			case m.Method == "copy": // the two models were measured at different shapes
				if m.Missing == "" {
					t.Errorf("%s: copies of nothing: %+v", s.Split, m.Levels)
				}
			case m.Missing != "":
				t.Errorf("%s: %s: %s", s.Split, m.Method, m.Missing)
			case s.Split == SplitModel && (m.Method == MethodAdditive || m.Method == "measured-affine"):
				for _, g := range m.Levels {
					if !(g.Errors[TargetEnergy].Distinct.Mean < 0.02) {
						t.Errorf("%s: %s: %s: error %v", s.Split, m.Method, g.Level, g.Errors[TargetEnergy].Distinct.Mean)
					}
				}
				if r := m.Decision.Batches.All; r.Pairs == 0 || r.Right < 0.9 || r.Tau < 0.8 || r.Regret > 0.01 {
					t.Errorf("%s: %s: %+v", s.Split, m.Method, r)
				}
			}
		}
	}
	if want := []string{"model", "small-to-large", "large-to-small"}; !slices.Equal(splits, want) {
		t.Errorf("splits %q, want %q", splits, want)
	}
	again, err := Run(in)
	if a, b := mustJSON(t, v), mustJSON(t, again); err != nil || a != b {
		t.Errorf("another result the second time (%v)", err)
	}
	in.Target = TargetTime
	if v, err = Run(in); err != nil {
		t.Fatal(err)
	}
	for _, m := range v.Splits[0].Methods {
		if known := m.Missing == ""; known != slices.Contains([]string{"additive", "plain-sum", "flops"}, m.Method) || m.Coverage != nil {
			t.Errorf("time by %s: %q, coverage %v", m.Method, m.Missing, m.Coverage)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestValidateDevices leaves out one of two devices.
func TestValidateDevices(t *testing.T) {
	train, _ := synthetic(t)
	other := energytest.Device(t, "gtx-1080-ti")
	there := train
	there.Device = other
	in := Input{
		Data:   []*fit.Data{treeData(t, train), treeData(t, there)},
		Splits: []string{SplitDevice}, Methods: []string{MethodAdditive, "copy", "flops"},
	}
	v, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Splits) != 2 || v.Splits[0].Parts[0].From != other.ID || v.Splits[1].Device != other.ID {
		t.Fatalf("splits %+v", v.Splits)
	}
	for _, s := range v.Splits {
		for _, m := range s.Methods {
			if e := m.Levels[0].Errors[TargetEnergy].Distinct.Mean; m.Missing != "" || m.Method == "copy" && e > 1e-12 || m.Method == MethodAdditive && !(e > 0.01 && e < 2) {
				t.Errorf("%s: %s: error %v %s", s.Device, m.Method, e, m.Missing)
			}
		}
	}
}

func TestValidateErrors(t *testing.T) {
	train, _ := synthetic(t)
	train.Trees = slices.DeleteFunc(slices.Clone(train.Trees), func(tree *irene.Tree) bool { return tree.Model != "a" })
	one := treeData(t, train)
	size := one.Select(func(it *fit.Item) bool { return it.Run == 0 })
	for _, c := range []struct {
		name string
		in   Input
		want string
	}{
		{"one model", Input{Splits: []string{SplitFamily, SplitModel}}, "the data of gtx-1070 are one family of models: a; split model: the data of gtx-1070 are one model: a"},
		{"one device", Input{Splits: []string{SplitDevice}}, "the data are of one device, gtx-1070"},
		{"one size", Input{Data: []*fit.Data{size}}, "the data of gtx-1070 have one size only"},
		{"no such split", Input{Splits: []string{"familly"}}, `no split "familly"`},
		{"no such method", Input{Methods: []string{"magic"}}, `no method "magic"`},
		{"a method of records", Input{Methods: []string{"roofline"}}, `no method "roofline"`},
		{"no trees", Input{Data: []*fit.Data{one.Select(func(*fit.Item) bool { return false })}}, "gtx-1070: no measurements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.in.Data == nil {
				c.in.Data = []*fit.Data{one}
			}
			if _, err := Run(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// treeData is the data of trees.
func treeData(t testing.TB, in fit.Trees) *fit.Data {
	t.Helper()
	d, err := fit.FromTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// publishedInput is IrEne's published measurements with the models they are of.
func publishedInput(t testing.TB) Input {
	t.Helper()
	file := fixtures.Corpus(t, "irene", "irene_device_1.jsonl.gz")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	trees, err := irene.Read(f, file)
	if err != nil {
		t.Fatal(err)
	}
	in := fit.Trees{Trees: trees, Device: energytest.Device(t, "gtx-1070"), Models: map[string]*graph.Graph{}}
	for name, file := range map[string]string{
		"bert-base-uncased": "bert-base", "distilbert-base-uncased": "distilbert-base", "roberta-base": "roberta-base",
		"gpt2": "gpt2", "distilgpt2": "distilgpt2", "openai-gpt": "openai-gpt",
	} {
		in.Models[name] = energytest.Shared(t, file)
	}
	return Input{Data: []*fit.Data{treeData(t, in)}}
}

// TestValidatePublished bounds the errors on the published measurements, from the models' files alone and a family left
// out, and holds the baselines to their known figures.
func TestValidatePublished(t *testing.T) {
	v, err := Run(publishedInput(t))
	if err != nil {
		t.Fatal(err)
	}
	if d := v.Data[0]; d.Trees != 166 || len(d.Families) != 2 || d.Distinct != 2440 {
		t.Errorf("%d trees, families %v, %d distinct", d.Trees, d.Families, d.Distinct)
	}
	for _, c := range []struct {
		split, method, level string
		n                    int
		low, high            float64 // per cent
	}{
		{SplitFamily, MethodAdditive, irene.TypeModel, 166, 0.5, 3},
		{SplitFamily, MethodAdditive, irene.TypeModule, 890, 1, 5.5},
		{SplitFamily, MethodAdditive, irene.TypeML, 1052, 1, 12},
		{SplitFamily, MethodAdditive, irene.TypeMLNoParam, 332, 1, 6},
		{SplitFamily, "copy", irene.TypeModel, 166, 13, 16},
		{SplitFamily, "measured-affine", irene.TypeModel, 166, 0.3, 0.7},
		{SplitModel, "copy", irene.TypeModel, 166, 0.6, 1.2},
		{SplitModel, "irene", irene.TypeModel, 166, 5, 9},
		{SplitModel, "irene", irene.TypeModule, 890, 9, 11},
		{"small-to-large", MethodAdditive, irene.TypeModel, 70, 0.3, 3},
		{"large-to-small", MethodAdditive, irene.TypeModel, 96, 0.3, 5},
	} {
		g := groupOf(v, c.split, c.method, c.level)
		if g == nil {
			t.Errorf("%s, %s: no figures for level %s", c.split, c.method, c.level)
			continue
		}
		if e := 100 * float64(g.Errors[TargetEnergy].Distinct.Mean); g.Errors[TargetEnergy].Distinct.N != c.n || e < c.low || e > c.high {
			t.Errorf("%s, %s, %s: %.2f %% over %d, want %g to %g over %d", c.split, c.method, c.level, e, g.Errors[TargetEnergy].Distinct.N, c.low, c.high, c.n)
		}
	}
}

func groupOf(v *Validation, split, method, level string) *Group {
	for _, s := range v.Splits {
		for _, m := range s.Methods {
			for i := range m.Levels {
				if s.Split == split && m.Method == method && m.Levels[i].Level == level {
					return &m.Levels[i]
				}
			}
		}
	}
	return nil
}

func BenchmarkValidate(b *testing.B) {
	in := publishedInput(b)
	for b.Loop() {
		if _, err := Run(in); err != nil {
			b.Fatal(err)
		}
	}
}

// synthetic are measurements of the small model under two names, as training reads them.
func synthetic(t *testing.T) (fit.Trees, *graph.Graph) {
	t.Helper()
	trees, g := predicttest.Synthetic(t)
	return fit.Trees{
		Trees: trees, Device: energytest.Device(t, "gtx-1070"), Files: []string{"/somewhere/synthetic.jsonl"}, Models: map[string]*graph.Graph{"a": g, "b": g},
	}, g
}
