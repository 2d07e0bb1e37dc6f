package compare

import (
	"bytes"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/graph"
)

// layered compares stacks of equal layers of 72 FLOPs each.
func layered(t *testing.T, layers ...int) *Comparison {
	t.Helper()
	var list []Compared
	for i, n := range layers {
		r := reporttest.Build(t, reporttest.Layers(t, string(rune('a'+i))+".onnx", n), false)
		list = append(list, Compared{Report: r})
	}
	c, err := Build([][]Compared{list}, []string{""}, report.PerRun)
	if err != nil {
		t.Fatal(err)
	}
	c.View.Metrics = []string{"flops"}
	return c
}

func TestMetric(t *testing.T) {
	x := report.FindMetric("flops")
	known := func(v float64) amount { return amount{value: v, known: true, some: true} }
	more := func(v float64) amount { return amount{value: v, known: true, some: true, more: true} }
	for _, tt := range []struct {
		a, b                amount
		ratio, gap, printed string
	}{
		{a: known(2e9), b: known(1e9), ratio: "0.50x", gap: "-1.000 GFLOP", printed: "1.000 GFLOP"},
		{a: known(1), b: known(1), ratio: "1x", gap: "0", printed: "1 FLOP"},
		{a: known(0), b: known(5), ratio: "", gap: "+5 FLOP", printed: "5 FLOP"},
		{a: known(1000), b: known(1001), ratio: "1.0010x", gap: "+1 FLOP", printed: "1.001 kFLOP"},
		{a: known(4), b: amount{some: true}, ratio: "", gap: "", printed: "?"},
		{a: known(4), b: amount{}, ratio: "", gap: "-4 FLOP", printed: "–"},
		{a: known(4), b: more(4), ratio: "≥ 1x", gap: "≥ 0", printed: "≥ 4 FLOP"},
		{a: more(2), b: known(4), ratio: "≤ 2.00x", gap: "≤ +2 FLOP", printed: "4 FLOP"},
		{a: more(4), b: more(2), ratio: "", gap: "", printed: "≥ 2 FLOP"},
		{a: known(4), b: more(0), ratio: "", gap: "≥ -4 FLOP", printed: "?"},
	} {
		if ratio, gap, printed := ratioText(tt.a, tt.b), difference(x, tt.a, tt.b), tt.b.printed(x); ratio != tt.ratio || gap != tt.gap || printed != tt.printed {
			t.Errorf("%+v and %+v: %q, %q, %q", tt.a, tt.b, ratio, gap, printed)
		}
	}
	for r, want := range map[float64]string{123.4: "123x", 12.34: "12.3x", 2: "2.00x", 0.001234: "0.0012x"} {
		if got := formatRatio(r); got != want {
			t.Errorf("%v is %q, want %q", r, got, want)
		}
	}
}

// TestDecision puts ratios in words; a bound alone names what keeps the other from being known.
func TestDecision(t *testing.T) {
	c := layered(t, 1, 2)
	nan := math.NaN()
	open, known := &report.Metrics{Unknown: 2}, &report.Metrics{}
	for _, tt := range []struct {
		r    paired.Ratio
		a, b *report.Metrics
		want string
	}{
		{paired.Ratio{Value: 0.5, Low: 0.45, High: 0.55}, known, known, "lower, with 90 % the ratio lies in 0.45x … 0.55x"},
		{paired.Ratio{Value: 1.1, Low: 0.9, High: 1.3}, known, known, "open, with 90 % the ratio lies in 0.90x … 1.30x"},
		{paired.Ratio{Value: 1, Low: 1, High: 1}, known, known, "the same work"},
		{paired.Ratio{Value: nan, Low: nan, High: 0.8}, open, known, "lower, with 95 % the ratio is below 0.80x; 2 operators of unknown cost in A"},
		{paired.Ratio{Value: nan, Low: 0.8, High: nan}, known, open, "unknown, with 95 % the ratio is above 0.80x; 2 operators of unknown cost in B"},
		{paired.Ratio{Value: nan, Low: nan, High: nan}, open, open, "unknown; 2 operators of unknown cost in A; 2 operators of unknown cost in B"},
	} {
		if got := c.decision(tt.r, tt.a, tt.b, 1); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.r, got, tt.want)
		}
	}
}

// TestPieces holds the parts of a difference against the whole of it: three layers more of 72 FLOPs each.
func TestPieces(t *testing.T) {
	c := layered(t, 2, 5)
	x := report.FindMetric("flops")
	sum, alone := 0.0, 0
	for _, p := range c.pieces(x, 0, 0, 1) {
		sum += p.b.value - p.a.value
		if p.alone() {
			alone += p.count
		}
	}
	if sum != 3*72 || alone != 3 {
		t.Errorf("pieces differ by %v, %d of them alone, want 216 and 3", sum, alone)
	}
	if c = layered(t, 4, 4); len(c.pieces(x, 0, 0, 1)) == 0 {
		t.Error("equal models have no pieces")
	}
	for _, p := range c.pieces(x, 0, 0, 1) {
		if p.gap() != 0 || p.alone() || p.beside != "" {
			t.Errorf("equal models differ in %+v", p)
		}
	}
}

// TestTree is about rows of equal layers: those of both models, and those of one.
func TestTree(t *testing.T) {
	c := layered(t, 2, 5)
	rows := map[string]*compared{}
	for _, x := range c.tree()[0].children {
		rows[x.label] = x
	}
	both, one := rows["layer.0…1"], rows["layer.2…4"]
	if len(rows) != 2 || both == nil || one == nil {
		t.Fatalf("rows %v", rows)
	}
	if both.state != beside || both.count != 2 || both.amounts[0][0][0].value != 144 || both.amounts[0][0][1].value != 144 {
		t.Errorf("layers of both: %+v", both)
	}
	if one.state != alone || one.count != 3 || one.amounts[0][0][0].some || one.amounts[0][0][1].value != 216 {
		t.Errorf("layers of one: %+v", one)
	}
	if gap := c.tree()[0].gap(); gap != 216 {
		t.Errorf("the models differ by %v", gap)
	}
}

// TestTreeChains: a model that is a single layer shares its row with it, one of several equal ones does not.
func TestTreeChains(t *testing.T) {
	if x := layered(t, 1, 1).tree()[0]; x.label != "model (layer.0)" || len(x.children) == 1 && !x.children[0].own {
		t.Errorf("one layer: %q with %d rows below", x.label, len(x.children))
	}
	if x := layered(t, 2, 2).tree()[0]; x.label != "model" || len(x.children) != 1 || x.children[0].label != "layer.0…1" {
		t.Errorf("two layers: %q with %d rows below", x.label, len(x.children))
	}
}

// TestFormats reads CSV back, and looks for the difference in what people read.
func TestFormats(t *testing.T) {
	c := layered(t, 1, 2)
	for _, f := range Formats() {
		var b bytes.Buffer
		if err := f.Write(&b, c); err != nil {
			t.Fatal(err)
		}
		switch f.Name {
		case "csv":
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			at := map[string]int{}
			for i, name := range rows[0] {
				at[name] = i
			}
			total := rows[1]
			if total[at["flops_A"]] != "72" || total[at["flops_B"]] != "144" || total[at["flops_B/A"]] != "2" || len(rows) != 4 {
				t.Errorf("%d rows, the first %v", len(rows), total)
			}
		case "text", "markdown":
			if text := b.String(); !strings.Contains(text, "B takes 2.00x the FLOPs of A (144 FLOP against 72 FLOP)") {
				t.Errorf("%s:\n%s", f.Name, text)
			}
		}
	}
}

// TestWeight is about what alignment goes by: energy, else time, else FLOPs with bytes.
func TestWeight(t *testing.T) {
	m := report.Metrics{Params: graph.Const(3), FLOPs: graph.Const(100), Read: graph.Const(7), Written: graph.Const(5)}
	if w := Weight(&m); w.Params != 3 || math.Abs(w.Work-22) > 1e-12 {
		t.Errorf("without a prediction %+v", w)
	}
	m.Predicted, m.Energy, m.Time = true, 8, 2
	if w := Weight(&m); w.Work != 8 {
		t.Errorf("predicted %+v", w)
	}
	if m.NoEnergy = true; Weight(&m).Work != 2 {
		t.Errorf("of times alone %+v", Weight(&m))
	}
}
