package page_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// htmlData is what the page's program reads, as far as the tests look at it.
type htmlData struct {
	Models []struct {
		Title string
		Dims  []struct {
			Name, Symbol string
			Assumed      bool
		}
		Limits      []struct{ Expr, Rows int }
		Expressions []string
		Modules     []struct {
			Parent int
			Path   string
		}
		Operators []struct {
			Name         string
			Module, Role int
		}
		Types []struct {
			As              string
			Forms, Profiles []int
		}
		Profiles []string
		Forms    []struct{ MACs, FLOPs, Read, Written int }
		Plans    []struct {
			Type, Profile int
			Rates         bool
			Work, Kernel  []int
		}
		Works   []struct{ Rate, MACs, Bytes int }
		Devices []struct {
			ID, Origin string
			Laws       []int
			Rates      []*struct{ Energy, Time []float64 }
		}
	}
	Rows []struct {
		Parent  int
		Modules []int
	}
}

// pageOf is a page that opens on one of the table's devices and offers all; "" predicts nothing.
func pageOf(tb testing.TB, g *graph.Graph, device string) page.Page {
	tb.Helper()
	var q page.Request
	if device != "" {
		t := reporttest.Target(tb, device)
		q.Target = &t
	}
	p, err := page.New(reporttest.Build(tb, g, false), q)
	if err != nil {
		tb.Fatal(err)
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
			first := html(t, pageOf(t, reporttest.Fixture(t, name), "gtx-1070"))
			if !bytes.Equal(first, html(t, pageOf(t, reporttest.Fixture(t, name), "gtx-1070"))) {
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
		within("role", x.Role, len(m.Types[0].Forms))
	}
	for _, x := range m.Forms {
		for _, e := range []int{x.MACs, x.FLOPs, x.Read, x.Written} {
			within("expression", e, len(m.Expressions))
		}
	}
	for _, x := range m.Types {
		for _, f := range x.Forms {
			within("form", f, len(m.Forms))
		}
		if len(x.Profiles) != len(m.Devices) {
			t.Errorf("as %q: profiles of %d of %d devices", x.As, len(x.Profiles), len(m.Devices))
		}
	}
	if len(m.Types) != 1+len(analysis.Precisions()) || len(m.Plans) != 2*len(m.Types)*len(m.Profiles) {
		t.Errorf("%d types, %d profiles, %d plans", len(m.Types), len(m.Profiles), len(m.Plans))
	}
	roles := len(m.Types[0].Forms)
	for _, p := range m.Plans {
		if len(p.Work) != roles || len(p.Kernel) != roles {
			t.Errorf("%d and %d of %d roles are in the plan", len(p.Work), len(p.Kernel), roles)
		}
		for _, w := range p.Work {
			within("work", w, len(m.Works))
			if p.Rates && w >= 0 {
				within("rate", m.Works[w].Rate, len(m.Devices[0].Rates))
			}
		}
	}
	if len(m.Devices) != len(energy.Devices()) || m.Devices[0].ID != "gtx-1070" || m.Devices[0].Origin != "fitted" {
		t.Errorf("%d devices, the first %+v", len(m.Devices), m.Devices[0].ID)
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
	text := html(t, pageOf(t, g, ""))
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

// TestDefault: the page of a model of which nobody said anything opens on the default device, at sizes that are assumed.
func TestDefault(t *testing.T) {
	p, err := page.Default(reporttest.Fixture(t, fixtures.Models()[0]))
	if err != nil {
		t.Fatal(err)
	}
	d := parsed(t, html(t, p))
	if got := d.Models[0].Devices[0].ID; got != energy.DefaultDevice {
		t.Errorf("it opens on %s", got)
	}
	if len(d.Models[0].Devices) != len(energy.Devices()) {
		t.Errorf("%d devices of %d", len(d.Models[0].Devices), len(energy.Devices()))
	}
	for _, of := range d.Models[0].Dims {
		if !of.Assumed {
			t.Errorf("%s is not assumed", of.Name)
		}
	}
	if len(d.Models[0].Dims) == 0 {
		t.Error("no dims")
	}
}
