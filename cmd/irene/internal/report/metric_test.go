package report_test

import (
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
)

// ofLayer is what a layer of reporttest.Layers counts, and of that its Relu: 2·4·4 products and sums, 8 maxima, 16 weights
// of 4 bytes beside activations of 8 values.
var ofLayer = map[string]struct{ layer, relu float64 }{
	"flops":         {2*32 + 8, 8},
	"macs":          {32, 0},
	"params":        {16, 0},
	"bytes":         {4 * (8 + 16 + 8 + 8 + 8), 4 * 16},
	"bytes_read":    {4 * (8 + 16 + 8), 4 * 8},
	"bytes_written": {4 * (8 + 8), 4 * 8},
	"operators":     {2, 1},
	"unknown":       {0, 0},
}

// TestMetrics holds every row of the table against what a layer counts, and against the sum of its operators.
func TestMetrics(t *testing.T) {
	const layers = 3
	r := reporttest.Build(t, reporttest.Layers(t, "m.onnx", layers), false)
	for _, x := range report.MetricTable(func(x *report.Metric) bool { return x.Count != nil || x.Number != nil }) {
		t.Run(x.Key, func(t *testing.T) {
			total, known := x.Of(&r.Tree.Metrics)
			if !known || report.FindMetric(x.Key) != x || x.Name != "" && report.FindMetric(x.Name) != x {
				t.Fatalf("%v, known %v", total, known)
			}
			if want, counted := ofLayer[x.Key]; counted {
				layer, _ := r.Metric(r.Find("layer.1")[0], x.Key)
				relu, _ := x.Of(r.Operators[1].Metrics)
				if layer != want.layer || relu != want.relu || total != layers*want.layer {
					t.Errorf("%v of a layer, %v of its Relu, %v in all, want %v, %v", layer, relu, total, want.layer, want.relu)
				}
			} else if x.Count != nil {
				t.Error("no number to hold it against")
			}
			if x.Key == "energy_low_j" || x.Key == "energy_high_j" { // of a sum they are closer than the sums of its parts'
				return
			}
			sum := 0.0
			for i := range r.Operators {
				v, _ := x.Of(r.Operators[i].Metrics)
				sum += v
			}
			if math.Abs(sum-total) > 1e-12*total {
				t.Errorf("operators sum to %v, the model has %v", sum, total)
			}
		})
	}
}

// TestMetricText is about how numbers are printed that are not known, or leave something out.
func TestMetricText(t *testing.T) {
	x := report.FindMetric("flops")
	for _, tt := range []struct {
		v           float64
		known, more bool
		want        string
	}{{12, true, false, "12 FLOP"}, {10.98e9, true, true, "≥ 10.98 GFLOP"}, {0, true, false, "0"}, {0, true, true, "?"}, {5, false, false, "?"}} {
		if got := x.Print(tt.v, tt.known, tt.more); got != tt.want {
			t.Errorf("%+v prints %q", tt, got)
		}
	}
	if report.FindMetric("") != nil || report.FindMetric("energi") != nil {
		t.Error("metrics without a name are found")
	}
}

// TestCSV reads the rows back: modules with the numbers of all below them, then operators.
func TestCSV(t *testing.T) {
	r := reporttest.Build(t, reporttest.Layers(t, "m.onnx", 2), false)
	rows, err := csv.NewReader(strings.NewReader(string(rendered(t, r, "csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const head = "kind,path,module,name,op,class,depth,calls,params,macs,flops,bytes_read,bytes_written,operators,unknown," +
		"time_s,energy_j,energy_low_j,energy_high_j,share,note"
	if got := strings.Join(rows[0], ","); got != head {
		t.Errorf("columns %s", got)
	}
	sums := map[string]float64{}
	for _, row := range rows[1:] {
		flops, err := strconv.ParseFloat(row[10], 64)
		if err != nil {
			t.Fatal(err)
		}
		share, err := strconv.ParseFloat(row[19], 64)
		if err != nil || share < 0 || share > 1 {
			t.Errorf("share %s", row[19])
		}
		sums[row[0]+row[6]] += flops
	}
	// The root, both layers and all operators hold the same 2·72 FLOPs; layers stand at depth 1.
	for _, of := range []string{"module0", "module1", "operator"} {
		if sums[of] != 144 {
			t.Errorf("%v FLOPs in rows %s of %v", sums[of], of, sums)
		}
	}
}

// TestMarkdown has names that are markup: every row of a table has as many cells as its head.
func TestMarkdown(t *testing.T) {
	text := string(rendered(t, reporttest.Build(t, reporttest.Layers(t, "a|b_*`<c>.onnx", 2), false), "markdown"))
	if !strings.HasPrefix(text, "### a\\|b\\_\\*\\`\\<c\\>.onnx") {
		t.Errorf("head %.40q", text)
	}
	cells := func(line string) int { return strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") }
	columns := 0
	for _, line := range strings.Split(text, "\n") {
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = cells(line)
		case cells(line) != columns:
			t.Errorf("%d of %d cells in %s", cells(line), columns, line)
		}
	}
}
