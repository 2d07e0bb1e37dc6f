package export_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/irene-onnx/irene/cmd/irene/internal/export"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
)

// TestPprof: a sample per operator with its modules as stack, and sums that are those of the report.
func TestPprof(t *testing.T) {
	r := stack(t, 2)
	p, err := profile.ParseData(exported(t, r, "pprof"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, s := range p.SampleType {
		types = append(types, s.Type+"/"+s.Unit)
	}
	if got := strings.Join(types, " "); got != "energy/uJ time/nanoseconds flops/count bytes/bytes" || p.DefaultSampleType != "energy" {
		t.Errorf("samples of %s, by default %s", got, p.DefaultSampleType)
	}
	if len(p.Sample) != len(r.Operators) {
		t.Errorf("%d samples of %d operators", len(p.Sample), len(r.Operators))
	}
	var names []string
	for _, l := range p.Sample[2].Location {
		names = append(names, l.Line[0].Function.Name)
	}
	if got := strings.Join(names, " < "); got != "/encoder/layer.0/dense/MatMul < encoder.layer.0.dense < encoder.layer.0 < encoder < model" {
		t.Errorf("stack %s", got)
	}
	if l := p.Sample[2].Label; l["op"][0] != "MatMul" || l["dtype"][0] != "float32" || l["class"][0] != "gemm" {
		t.Errorf("labels %v", l)
	}
	var sum [4]int64
	for _, s := range p.Sample {
		for i, v := range s.Value {
			sum[i] += v
		}
	}
	flops, _ := r.Tree.Metrics.FLOPs.Const()
	half := float64(len(p.Sample)) / 2 // of a unit each may be rounded by
	if math.Abs(float64(sum[0])-float64(r.Tree.Metrics.Energy)*1e6) > half || math.Abs(float64(sum[1])-float64(r.Tree.Metrics.Time)*1e9) > half || sum[2] != flops {
		t.Errorf("sums %v, the report has %v, %v and %d FLOPs", sum, r.Tree.Metrics.Energy, r.Tree.Metrics.Time, flops)
	}
}

type nodeData map[string]struct {
	Results  map[string]struct{ Value float64 }
	Gradient []struct {
		Stop    float64
		BgColor string
	}
}

// TestOverlay: values stand on nodes of the main graph, calls of functions and subgraphs as sums.
func TestOverlay(t *testing.T) {
	branch := func(name string) onnxtest.Subgraph {
		return onnxtest.Graph(name, onnxtest.Node("Relu", "x", name), onnxtest.Out(name, graph.Float32, 2))
	}
	r := reportOf(t, onnxtest.Opset("", 17), onnxtest.Opset("f", 1), onnxtest.GraphName("g"),
		onnxtest.Function("f", "Twice", "a", "b", onnxtest.Node("Add", "a a", "h"), onnxtest.Node("Abs", "h", "b")),
		onnxtest.In("x", graph.Float32, 2), onnxtest.In("c", graph.Bool),
		onnxtest.Node("If", "c", "s", onnxtest.Name("choice"), onnxtest.Attr("then_branch", branch("p")), onnxtest.Attr("else_branch", branch("q"))),
		onnxtest.Node("Twice", "s", "t", onnxtest.Name("call"), onnxtest.Domain("f")),
		onnxtest.Node("Neg", "t", "y"), onnxtest.Out("y", graph.Float32, 2))
	var data nodeData
	if err := json.Unmarshal(exported(t, r, "model-explorer"), &data); err != nil {
		t.Fatal(err)
	}
	got, total := data["g"], 0.0
	for _, v := range got.Results {
		total += v.Value
	}
	if len(data) != 1 || len(got.Results) != 3 || got.Results["choice"].Value <= 0 || got.Results["y"].Value <= 0 ||
		math.Abs(got.Results["call"].Value-2*got.Results["y"].Value) > 1e-5*got.Results["call"].Value || math.Abs(total-float64(r.Tree.Metrics.Energy)) > 1e-9 {
		t.Errorf("%+v", data)
	}
	if n := len(got.Gradient); n < 2 || got.Gradient[0].Stop != 0 || got.Gradient[n-1].Stop != 1 {
		t.Errorf("gradient %v", got.Gradient)
	}
}

// TestExportModels: every format writes every model, twice the same bytes.
func TestExportModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := reporttest.Fixture(t, name)
			r, again := reporttest.Build(t, g, false), reporttest.Build(t, g, false)
			for _, f := range export.Formats() {
				if drawnBy(f.Name) == "" && !bytes.Equal(exported(t, r, f.Name), exported(t, again, f.Name)) {
					t.Errorf("%s differs from run to run", f.Name)
				}
			}
			var data nodeData
			if err := json.Unmarshal(exported(t, r, "model-explorer"), &data); err != nil {
				t.Fatal(err)
			}
			total := 0.0
			for _, v := range data[g.Main.Name].Results {
				total += v.Value
			}
			if want := float64(r.Tree.Metrics.Energy); math.Abs(total-want) > 1e-6*want {
				t.Errorf("the overlay sums to %v J, the model has %v", total, want)
			}
			sum := 0.0
			for _, a := range export.ByOrdinal(r) {
				sum += float64(a.Metrics.Energy)
			}
			if want := float64(r.Tree.Metrics.Energy); math.Abs(sum-want) > 1e-6*want {
				t.Errorf("the nodes of the file sum to %v J, the model has %v", sum, want)
			}
		})
	}
}

// drawnBy is what a file begins with that Graphviz draws; "" for those that it does not.
func drawnBy(format string) string {
	return map[string]string{"svg": "<?xml ", "pdf": "%PDF-", "png": "\x89PNG\r\n"}[format]
}

// TestDrawn: what Graphviz draws is what the extension says, and the same a second later.
func TestDrawn(t *testing.T) {
	if _, err := exec.LookPath("dot"); err != nil {
		t.Skip("needs Graphviz")
	}
	r := stack(t, 2)
	first := map[string][]byte{}
	for _, f := range export.Formats() {
		if begin := drawnBy(f.Name); begin != "" {
			if first[f.Name] = exported(t, r, f.Name); !bytes.HasPrefix(first[f.Name], []byte(begin)) {
				t.Errorf("%s begins with %.20q", f.Name, first[f.Name])
			}
		}
	}
	time.Sleep(1100 * time.Millisecond)
	for name, data := range first {
		if !bytes.Equal(data, exported(t, r, name)) {
			t.Errorf("%s differs from run to run", name)
		}
	}
	if len(first) != 3 {
		t.Errorf("%d formats are drawn", len(first))
	}
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]string{
		"a.dot": "dot", "A.SVG": "svg", "x/a.pb.gz": "pprof", "a.json": "json", "a.overlay.json": "model-explorer", "a.md": "markdown", "a.pb": "", "dot": "", "a.gz": "",
	} {
		f, ok := render.FormatOf(export.Formats(), file)
		if f.Name != want || ok != (want != "") {
			t.Errorf("%s: %q", file, f.Name)
		}
	}
}
