package page

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
	"github.com/irene-onnx/irene/graph/analysis"
)

// htmlData is what the page's program reads, as JSON that may stand inside an element.
func htmlData(pages []Page) []byte {
	j := &render.JSON{}
	j.Open('{')
	j.Key("schema")
	j.Int(report.Schema)
	j.Line()
	j.Key("rules")
	jsonRules(j, predict.Rules())
	j.Line()
	j.Key("metrics")
	jsonMetrics(j)
	j.Line()
	j.Key("models")
	j.Open('[')
	for i := range pages {
		j.Line()
		newPageBuilder(&pages[i], j).write()
	}
	j.Close(']')
	if len(pages) > 1 {
		j.Line()
		j.Key("rows")
		jsonRows(j, pages)
	}
	j.Close('}')
	j.End()
	return bytes.ReplaceAll(j.Bytes(), []byte("<"), []byte(`\u003c`))
}

// jsonRows writes which modules of the models answer to each other: rows of a tree, parents first, with the number of
// the module in every model; -1 where it has none.
func jsonRows(j *render.JSON, pages []Page) {
	trees := make([]align.Tree, len(pages))
	number := make([]map[*graph.Module]int, len(pages))
	for k := range pages {
		byPath := map[string]*report.Metrics{}
		pages[k].Report.Tree.Walk(func(m *report.Module) { byPath[m.Path] = &m.Metrics })
		trees[k] = align.Tree{Root: pages[k].Open.Tree.Root, Weigh: func(m *graph.Module) align.Weight {
			if of := byPath[m.Path]; of != nil {
				return compare.Weight(of)
			}
			return align.Weight{}
		}}
		number[k] = numbered(pages[k].Open.Tree.Root)
	}
	at := map[*align.Row]int{nil: -1}
	j.Open('[')
	align.Align(trees...).Walk(func(r *align.Row) {
		at[r] = len(at) - 1
		j.Line()
		j.Open('{')
		j.Key("parent")
		j.Int(int64(at[r.Parent]))
		j.Key("by")
		j.Str(string(r.Reason))
		j.Key("modules")
		j.Open('[')
		for k, m := range r.Modules {
			if m == nil {
				j.Int(-1)
				continue
			}
			j.Int(int64(number[k][m]))
		}
		j.Close(']')
		j.Close('}')
	})
	j.Close(']')
}

// jsonMetrics writes the metrics that the page offers: those with a column for people, under the names by which the
// page's program knows their numbers.
func jsonMetrics(j *render.JSON) {
	j.Open('[')
	for _, x := range report.MetricTable(func(x *report.Metric) bool { return x.Name != "" && x.Title != "" }) {
		j.Open('{')
		for _, kv := range [][2]string{{"key", x.Name}, {"name", strings.ToUpper(x.Title[:1]) + x.Title[1:]}, {"unit", x.Unit.Symbol}} {
			j.Key(kv[0])
			j.Str(kv[1])
		}
		j.Key("predicted")
		j.Bool(x.Closed != nil)
		j.Close('}')
	}
	j.Close(']')
}

func jsonRules(j *render.JSON, r predict.RecipeRules) {
	j.Open('{')
	j.Key("terms")
	j.Strs(r.Terms)
	j.Key("tiles")
	j.Open('{')
	for _, name := range slices.Sorted(maps.Keys(r.Tiles)) {
		j.Key(name)
		j.Floats([]float64{r.Tiles[name][0], r.Tiles[name][1]})
	}
	j.Close('}')
	for _, x := range []struct {
		key string
		v   float64
	}{
		{"vector_rows", float64(r.VectorRows)},
		{"small_time", float64(r.SmallTime)},
		{"wider_scaled", r.WiderStandIn},
		{"wider_extrapolated", r.WiderExtrapolated},
		{"least_scaled", r.LeastStandIn},
		{"unknown_residual", r.UnknownResidual},
	} {
		j.Key(x.key)
		j.Float(x.v)
	}
	j.Close('}')
}

// pageBuilder writes one model. Everything that repeats (expressions, kinds of operators, kernels of equal work) stands
// in the file once and is spoken of by its number.
type pageBuilder struct {
	*render.JSON
	page      *Page
	names     map[string]string
	taken     map[string]bool
	exprs     texts
	forms     texts
	operators []*graph.Node       // of the tree, in graph order
	index     map[*graph.Node]int // in operators
}

// texts numbers distinct texts.
type texts struct {
	ids  map[string]int
	list []string
}

func (t *texts) id(s string) int {
	if t.ids == nil {
		t.ids = map[string]int{}
	}
	n, ok := t.ids[s]
	if !ok {
		n = len(t.list)
		t.ids[s] = n
		t.list = append(t.list, s)
	}
	return n
}

func newPageBuilder(p *Page, j *render.JSON) *pageBuilder {
	b := &pageBuilder{
		JSON: j, page: p, names: map[string]string{}, taken: map[string]bool{}, index: map[*graph.Node]int{},
	}
	for _, n := range p.Open.Graph.Nodes {
		if p.Open.Tree.Of[n.ID] != nil {
			b.index[n] = len(b.operators)
			b.operators = append(b.operators, n)
		}
	}
	return b
}

func (b *pageBuilder) write() {
	r := b.page.Report
	b.Open('{')
	b.Key("file")
	b.Str(r.Model.File)
	b.Key("title")
	b.Str(shortFile(r.Model.File))
	b.Key("about")
	b.Str(r.AboutModel())
	b.Key("mode")
	b.Str(report.ModeText(r.Mode))
	b.Key("flops")
	b.Str(string(r.Convention))
	b.Key("flags")
	b.Str(b.page.Flags)
	b.dims()
	b.memory()
	b.notes()
	b.tree()
	b.devices()
	b.Line()
	b.Key("forms")
	b.Raw(b.forms.list)
	b.Line()
	b.Key("expressions")
	b.Strs(b.exprs.list)
	b.Close('}')
}

// expr numbers an expression; -1 where it is not known.
func (b *pageBuilder) expr(d graph.Dim) int {
	if d.IsUnknown() {
		return -1
	}
	return b.exprs.id(b.written(d).String())
}

// written renames the symbols of an expression to identifiers.
func (b *pageBuilder) written(d graph.Dim) graph.Dim {
	return d.Subst(func(s string) (graph.Dim, bool) {
		w := b.symbol(s)
		return graph.Symbol(w), w != s
	})
}

func (b *pageBuilder) symbol(name string) string {
	if w, ok := b.names[name]; ok {
		return w
	}
	w := report.Identifier(name)
	for b.taken[w] {
		w += "_"
	}
	b.names[name], b.taken[w] = w, true
	return w
}

// tableLimit reads what inference writes where a size cannot run beyond a table of positions.
var tableLimit = regexp.MustCompile(`^min\((\d+), (.*)\)$`)

// dims lists the open dims with the sizes that the page opens with, those that follow from them, and the tables that
// sizes may run beyond.
func (b *pageBuilder) dims() {
	a, r := b.page.Open, b.page.Report
	declared := analysis.Declared(a.Graph)
	b.Line()
	b.Key("dims")
	b.Open('[')
	for _, d := range r.Dims {
		if _, solved := a.Inference.Solved[d.Name]; solved || !slices.Contains(declared, d.Name) {
			continue
		}
		b.Open('{')
		b.Key("name")
		b.Str(d.Name)
		b.Key("symbol")
		b.Str(b.symbol(d.Name))
		b.Key("value")
		b.Int(d.Value)
		b.Key("assumed")
		b.Bool(d.Assumed)
		b.Key("least")
		if graph.Symbol(d.Name).Positive() {
			b.Int(1)
		} else {
			b.Int(0)
		}
		b.Key("batch")
		b.Bool(analysis.IsBatch(a.Graph, d.Name))
		b.Close('}')
	}
	b.Close(']')
	b.derived()
	b.limits()
}

// derived lists the declared dims that equalities of the graph give.
func (b *pageBuilder) derived() {
	a := b.page.Open
	declared := analysis.Declared(a.Graph)
	b.Key("derived")
	b.Open('[')
	for _, s := range slices.Sorted(maps.Keys(a.Inference.Solved)) {
		if slices.Contains(declared, s) {
			b.Open('{')
			b.Key("name")
			b.Str(s)
			b.Key("expr")
			b.Int(int64(b.expr(a.Inference.Solved[s])))
			b.Close('}')
		}
	}
	b.Close(']')
}

// limits are sizes beyond which a run would read past a table, as one of position embeddings.
func (b *pageBuilder) limits() {
	seen := map[string]bool{}
	b.Key("limits")
	b.Open('[')
	for _, c := range b.page.Open.Inference.Constraints {
		for _, pair := range [][2]graph.Dim{{c.A, c.B}, {c.B, c.A}} {
			m := tableLimit.FindStringSubmatch(pair[0].String())
			if m == nil || !c.Broadcast || m[2] != pair[1].String() || seen[m[0]] {
				continue
			}
			seen[m[0]] = true
			rows, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				continue
			}
			b.Open('{')
			b.Key("expr")
			b.Int(int64(b.expr(pair[1])))
			b.Key("rows")
			b.Int(rows)
			b.Close('}')
		}
	}
	b.Close(']')
}

func (b *pageBuilder) memory() {
	b.Line()
	b.Key("memory")
	b.page.Report.JSONMemory(b.JSON)
}

// notes are what to know beside the numbers.
func (b *pageBuilder) notes() {
	b.Key("coverage")
	var list []string
	for _, s := range b.page.Report.Coverage {
		list = append(list, fmt.Sprintf("%s by %s", render.Percent(s.Share), s.Source))
	}
	b.Str(strings.Join(list, ", "))
	b.Key("warnings")
	var warnings []string
	for _, k := range b.page.Report.Unknown {
		warnings = append(warnings, fmt.Sprintf("%s ×%d: %s; its cost is in no sum", k.Op, k.Count, k.Why))
	}
	b.Strs(append(warnings, b.page.Open.Warnings...))
}

// tree lists the modules, parents first, and the operators in graph order; what equal ones share is their form.
func (b *pageBuilder) tree() {
	number := numbered(b.page.Open.Tree.Root)
	calls := map[string]int{}
	for m := range number {
		calls[m.Canonical]++
	}
	b.Line()
	b.Key("modules")
	b.Open('[')
	b.page.Open.Tree.Root.Walk(func(m *graph.Module) { b.module(m, number, calls[m.Canonical]) })
	b.Close(']')
	b.Line()
	b.Key("operators")
	b.Open('[')
	for _, n := range b.operators {
		b.Line()
		b.Open('{')
		b.Key("name")
		b.Str(n.Name)
		b.Key("module")
		b.Int(int64(number[b.page.Open.Tree.Of[n.ID]]))
		b.Key("form")
		b.Int(int64(b.form(n)))
		b.Close('}')
	}
	b.Close(']')
}

// numbered counts modules in tree order.
func numbered(root *graph.Module) map[*graph.Module]int {
	number := map[*graph.Module]int{}
	root.Walk(func(m *graph.Module) { number[m] = len(number) })
	return number
}

func (b *pageBuilder) module(m *graph.Module, number map[*graph.Module]int, calls int) {
	b.Line()
	b.Open('{')
	b.Key("parent")
	if m.Parent == nil {
		b.Int(-1)
	} else {
		b.Int(int64(number[m.Parent]))
	}
	b.Key("name")
	b.Str(m.Name)
	b.Key("path")
	b.Str(m.Path)
	if m.Canonical != m.Path {
		b.Key("canonical")
		b.Str(m.Canonical)
	}
	if calls > 1 {
		b.Key("calls")
		b.Int(int64(calls))
	}
	b.Key("class")
	b.Str(m.Class)
	b.Key("params")
	b.Int(b.page.Open.Params.Module(m))
	b.Close('}')
}

// form is the number of an operator's form.
func (b *pageBuilder) form(n *graph.Node) int {
	cost, m := &b.page.Open.Costs[n.ID], report.OperatorMetrics(b.page.Open, b.page.Report.Convention, n)
	j := &render.JSON{}
	j.Open('{')
	j.Key("op")
	j.Str(n.Op)
	j.Key("domain")
	j.Str(n.Domain)
	j.Key("class")
	j.Str(cmp.Or(cost.Class, "view"))
	j.Key("dtype")
	report.JSONDType(j, cost.DType)
	j.Key("params")
	j.Dim(m.Params)
	for _, x := range []struct {
		key string
		dim graph.Dim
	}{{"macs", m.MACs}, {"flops", m.FLOPs}, {"read", m.Read}, {"written", m.Written}} {
		j.Key(x.key)
		j.Int(int64(b.expr(x.dim)))
	}
	j.Key("inputs")
	b.values(j, n.Inputs)
	j.Key("outputs")
	b.values(j, n.Outputs)
	j.Close('}')
	return b.forms.id(string(j.Bytes()))
}

// values writes element types and shapes; null stands for an absent value, a null shape for one of unknown rank.
func (b *pageBuilder) values(j *render.JSON, list []*graph.Value) {
	j.Open('[')
	for _, v := range list {
		if v == nil {
			j.Null()
			continue
		}
		f := &b.page.Open.Inference.Facts[v.ID]
		j.Open('[')
		report.JSONDType(j, f.DType)
		if f.Shape == nil {
			j.Null()
		} else {
			ids := make([]int, len(f.Shape))
			for i, d := range f.Shape {
				ids[i] = b.expr(d)
			}
			j.Ints(ids)
		}
		j.Bool(v.Init != nil)
		j.Close(']')
	}
	j.Close(']')
}
