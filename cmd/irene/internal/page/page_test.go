package page_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// htmlData is what the page's program reads, as far as the tests look at it.
type htmlData struct {
	Models []struct {
		Title       string
		Dims        []struct{ Name, Symbol string }
		Limits      []struct{ Expr, Rows int }
		Expressions []string
		Modules     []struct {
			Parent int
			Path   string
		}
		Operators []struct {
			Name         string
			Module, Form int
		}
		Forms []struct{ MACs, FLOPs, Read, Written int }
		Plans []struct {
			Works        []struct{ Rate, MACs, Bytes int }
			Work, Kernel []int
		}
		Devices []struct {
			ID, Origin string
			Plan       int
			Rates      []struct{ Energy, Time []float64 }
		}
	}
	Rows []struct {
		Parent  int
		Modules []int
	}
}

func pageOf(tb testing.TB, g *graph.Graph, devices ...string) page.Page {
	tb.Helper()
	open, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		tb.Fatal(err)
	}
	p := page.Page{Report: reporttest.Build(tb, g, false), Open: open}
	for _, id := range devices {
		program, err := reporttest.Target(tb, id).Bind(open)
		if err != nil {
			tb.Fatal(err)
		}
		r, err := program.Recipe()
		if err != nil {
			tb.Fatal(err)
		}
		p.Recipes = append(p.Recipes, r)
	}
	return p
}

func html(tb testing.TB, pages ...page.Page) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, pages); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

var dataElement = regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)

func parsed(tb testing.TB, text []byte) *htmlData {
	tb.Helper()
	m := dataElement.FindSubmatch(text)
	if m == nil {
		tb.Fatal("no data in the page")
	}
	var d htmlData
	if err := json.Unmarshal(m[1], &d); err != nil {
		tb.Fatal(err)
	}
	return &d
}

// TestHTML holds pages of fixtures: the same bytes every time, every number points at something, nothing from elsewhere.
func TestHTML(t *testing.T) {
	for _, name := range fixtures.Models() {
		t.Run(name, func(t *testing.T) {
			first := html(t, pageOf(t, reporttest.Fixture(t, name), "gtx-1070", "h100-sxm"))
			if !bytes.Equal(first, html(t, pageOf(t, reporttest.Fixture(t, name), "gtx-1070", "h100-sxm"))) {
				t.Error("not the same page twice")
			}
			if len(first) > 1<<20 {
				t.Errorf("%d bytes", len(first))
			}
			for _, foreign := range []string{"http://", "https://", "src=", "@import", "url("} {
				if bytes.Contains(first, []byte(foreign)) {
					t.Errorf("the page has %q", foreign)
				}
			}
			checkPage(t, parsed(t, first))
		})
	}
}

func checkPage(t *testing.T, d *htmlData) {
	t.Helper()
	m := &d.Models[0]
	within := func(what string, i, n int) {
		t.Helper()
		if i < -1 || i >= n {
			t.Errorf("%s %d of %d", what, i, n)
		}
	}
	for i, x := range m.Modules {
		within("parent", x.Parent, i) // parents first
	}
	for _, x := range m.Operators {
		within("module", x.Module, len(m.Modules))
		within("form", x.Form, len(m.Forms))
	}
	for _, x := range m.Forms {
		for _, e := range []int{x.MACs, x.FLOPs, x.Read, x.Written} {
			within("expression", e, len(m.Expressions))
		}
	}
	for _, p := range m.Plans {
		if len(p.Work) != len(m.Operators) || len(p.Kernel) != len(m.Operators) {
			t.Errorf("%d and %d of %d operators are in the plan", len(p.Work), len(p.Kernel), len(m.Operators))
		}
		for _, w := range p.Work {
			within("work", w, len(p.Works))
		}
	}
	if len(m.Devices) != 2 || m.Devices[0].Origin != "fitted" || m.Devices[1].Origin != "fitted" {
		t.Errorf("devices %+v", m.Devices)
	}
	for _, dev := range m.Devices {
		for _, w := range m.Plans[dev.Plan].Works {
			within("rate", w.Rate, len(dev.Rates))
		}
	}
}

// TestHTMLNames is about names that a page has to be careful with: of dims, which become identifiers, and of nodes.
func TestHTMLNames(t *testing.T) {
	g, err := onnx.DecodeBytes(Model(
		In("x", graph.Float32, "batch-size", "lambda", 8), Node("Relu", "x", "y", Name("</script><script>alert(1)</script>")), Out("y", graph.Float32, NoShape),
	).Bytes(), "a<b>.onnx", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := html(t, pageOf(t, g))
	d := parsed(t, text)
	m := &d.Models[0]
	if got := m.Operators[0].Name; got != "</script><script>alert(1)</script>" {
		t.Errorf("the node's name is %q", got)
	}
	if bytes.Contains(text, []byte("<script>alert")) || bytes.Contains(text, []byte("a<b>")) {
		t.Error("names reach the page as markup")
	}
	if len(m.Dims) != 2 || m.Dims[0].Symbol != "batch_size" || m.Dims[1].Symbol != "lambda_" {
		t.Errorf("dims %+v", m.Dims)
	}
	if all := strings.Join(m.Expressions, " "); !strings.Contains(all, "batch_size") || strings.Contains(all, "batch-size") {
		t.Errorf("expressions %q", m.Expressions)
	}
	if len(m.Devices) != 0 {
		t.Errorf("%d devices, want none", len(m.Devices))
	}
}

// TestHTMLCompare is about two models in one page: rows that say which modules answer to each other.
func TestHTMLCompare(t *testing.T) {
	text := html(t, pageOf(t, reporttest.Fixture(t, "bert-base"), "gtx-1070"), pageOf(t, reporttest.Fixture(t, "distilbert-base"), "gtx-1070"))
	d := parsed(t, text)
	if len(d.Models) != 2 || len(d.Rows) == 0 || d.Rows[0].Parent != -1 {
		t.Fatalf("%d models, %d rows", len(d.Models), len(d.Rows))
	}
	pairs := map[string]string{}
	for i, r := range d.Rows {
		if r.Parent >= i {
			t.Errorf("row %d hangs below row %d", i, r.Parent)
		}
		if r.Modules[0] >= 0 && r.Modules[1] >= 0 {
			pairs[d.Models[0].Modules[r.Modules[0]].Path] = d.Models[1].Modules[r.Modules[1]].Path
		}
	}
	if got := pairs["encoder.layer.3"]; got != "transformer.layer.3" {
		t.Errorf("encoder.layer.3 answers to %q", got)
	}
	limits := d.Models[0].Limits
	if len(limits) != 1 || limits[0].Rows != 512 || d.Models[0].Expressions[limits[0].Expr] != "sequence" {
		t.Errorf("limits %+v", limits)
	}
}
