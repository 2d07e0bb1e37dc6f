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
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
	"github.com/irene-onnx/irene/graph/analysis"
)

// pageData is what the page's program reads.
type pageData struct {
	Schema  int         `json:"schema"`
	Rules   rulesData   `json:"rules" lines:"before"`
	Overlap *law.Sheets `json:"overlap" lines:"before"` // laws that devices speak of; null where none does
	Metrics []metric    `json:"metrics" lines:"before"`
	Models  []model     `json:"models" lines:"before,each"`
	Rows    []row       `json:"rows,omitzero" lines:"before,each"` // of several models
}

// rulesData are the constants of the model of energy.
type rulesData struct {
	Terms             []string                   `json:"terms"`
	Tiles             render.Members[[2]float64] `json:"tiles"`
	VectorRows        int                        `json:"vector_rows"`
	SmallTime         energy.Seconds             `json:"small_time"`
	WiderStandIn      float64                    `json:"wider_scaled"`
	WiderExtrapolated float64                    `json:"wider_extrapolated"`
	LeastStandIn      float64                    `json:"least_scaled"`
	UnknownResidual   float64                    `json:"unknown_residual"`
}

// metric is a number that the page offers, under the name by which its program knows it.
type metric struct {
	Key       string `json:"key"`
	Name      string `json:"name"`
	Unit      string `json:"unit"`
	Predicted bool   `json:"predicted"`
}

// row says which modules of the models answer to each other, as a row of a tree, parents first.
type row struct {
	Parent  int          `json:"parent"`
	By      align.Reason `json:"by"`
	Modules []int        `json:"modules"` // by number; -1 where a model has none
}

// model is one model. Everything that repeats (expressions, kinds of operators, kernels of equal work) stands in it once
// and is spoken of by its number, -1 where there is none.
type model struct {
	File        string            `json:"file"`
	Title       string            `json:"title"`
	About       string            `json:"about"`
	Mode        string            `json:"mode"`
	Convention  graph.Convention  `json:"flops"`
	Flags       string            `json:"flags"`
	Dims        []dim             `json:"dims" lines:"before"`
	Derived     []derived         `json:"derived"`
	Limits      []limit           `json:"limits"`
	Memory      report.MemoryJSON `json:"memory" lines:"before"`
	Coverage    string            `json:"coverage"`
	Warnings    []string          `json:"warnings"`
	Modules     []module          `json:"modules" lines:"before,each"`   // parents first
	Operators   []operator        `json:"operators" lines:"before,each"` // in graph order
	Plans       []plan            `json:"plans" lines:"before,each"`
	Devices     []device          `json:"devices" lines:"before,each"`
	Forms       []form            `json:"forms" lines:"before,each"`
	Expressions []string          `json:"expressions" lines:"before"`
}

// dim is an open dim with the size that the page opens with.
type dim struct {
	Name    string `json:"name"`
	Symbol  string `json:"symbol"` // in expressions
	Value   int64  `json:"value"`
	Assumed bool   `json:"assumed"`
	Least   int64  `json:"least"`
	Batch   bool   `json:"batch"`
}

// derived is a declared dim that an equality of the graph gives.
type derived struct {
	Name string `json:"name"`
	Expr int    `json:"expr"`
}

// limit is a size beyond which a run would read past a table, as one of position embeddings.
type limit struct {
	Expr int   `json:"expr"`
	Rows int64 `json:"rows"`
}

type module struct {
	Parent    int     `json:"parent"`
	Name      string  `json:"name"`
	Path      string  `json:"path"`
	Canonical *string `json:"canonical,omitzero"` // where it is not the path
	Calls     int     `json:"calls,omitzero"`     // where there are several
	Class     string  `json:"class"`
	Params    int64   `json:"params"`
}

type operator struct {
	Name   string `json:"name"`
	Module int    `json:"module"`
	Form   int    `json:"form"`
}

// form is what equal operators share.
type form struct {
	Op      string      `json:"op"`
	Domain  string      `json:"domain"`
	Class   string      `json:"class"`
	DType   graph.DType `json:"dtype"`
	Params  graph.Dim   `json:"params"`
	MACs    int         `json:"macs"`
	FLOPs   int         `json:"flops"`
	Read    int         `json:"read"`
	Written int         `json:"written"`
	Share   int         `json:"share"`  // in what a kernel of several operators takes
	Inputs  []*value    `json:"inputs"` // null for an absent one
	Outputs []*value    `json:"outputs"`
}

type value struct {
	render.Tuple
	DType  graph.DType `json:"dtype"`
	Shape  *[]int      `json:"shape"`  // null where not even the rank is known
	Weight bool        `json:"weight"` // it has data in the file
}

// htmlData is the data of a page, as JSON that may stand inside an element.
func htmlData(pages []Page) []byte {
	r := predict.Rules()
	data := pageData{Schema: report.Schema, Rules: rulesData{
		Terms: r.Terms, VectorRows: r.VectorRows, SmallTime: r.SmallTime, WiderStandIn: r.WiderStandIn,
		WiderExtrapolated: r.WiderExtrapolated, LeastStandIn: r.LeastStandIn, UnknownResidual: r.UnknownResidual,
	}}
	for _, name := range slices.Sorted(maps.Keys(r.Tiles)) {
		data.Rules.Tiles = append(data.Rules.Tiles, render.Member[[2]float64]{Name: name, Value: r.Tiles[name]})
	}
	for _, x := range report.MetricTable(func(x *report.Metric) bool { return x.Name != "" && x.Title != "" }) {
		data.Metrics = append(data.Metrics, metric{x.Name, strings.ToUpper(x.Title[:1]) + x.Title[1:], x.Unit.Symbol, x.Closed != nil})
	}
	laws := law.NewSheets()
	for i := range pages {
		data.Models = append(data.Models, newPageBuilder(&pages[i], laws).model())
	}
	if len(laws.Laws) > 0 {
		data.Overlap = laws
	}
	if len(pages) > 1 {
		data.Rows = rows(pages)
	}
	return bytes.ReplaceAll(render.JSON(&data), []byte("<"), []byte(`\u003c`))
}

// rows aligns the models.
func rows(pages []Page) []row {
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
		number[k] = places(pages[k].Open.Tree.Root)
	}
	var out []row
	at := map[*align.Row]int{nil: -1}
	align.Align(trees...).Walk(func(r *align.Row) {
		at[r] = len(out)
		x := row{Parent: at[r.Parent], By: r.Reason}
		for k, m := range r.Modules {
			x.Modules = append(x.Modules, number[k][m])
		}
		out = append(out, x)
	})
	return out
}

// places counts modules in tree order; none has -1.
func places(root *graph.Module) map[*graph.Module]int {
	number := map[*graph.Module]int{nil: -1}
	root.Walk(func(m *graph.Module) { number[m] = len(number) - 1 })
	return number
}

// pageBuilder gathers one model.
type pageBuilder struct {
	page      *Page
	laws      *law.Sheets // of all models
	names     map[string]string
	taken     map[string]bool
	exprs     *numbered[string]
	forms     *numbered[form]
	operators []*graph.Node       // of the tree, in graph order
	index     map[*graph.Node]int // in operators
}

// numbered numbers distinct values.
type numbered[T any] struct {
	text func([]byte, *T) []byte
	ids  map[string]int
	list []T
}

func newNumbered[T any]() *numbered[T] {
	return &numbered[T]{text: render.Appender[T](), ids: map[string]int{}}
}

func (t *numbered[T]) id(v T) int {
	key := string(t.text(nil, &v))
	n, ok := t.ids[key]
	if !ok {
		n = len(t.list)
		t.ids[key] = n
		t.list = append(t.list, v)
	}
	return n
}

func newPageBuilder(p *Page, laws *law.Sheets) *pageBuilder {
	b := &pageBuilder{
		page: p, laws: laws, names: map[string]string{}, taken: map[string]bool{}, index: map[*graph.Node]int{},
		exprs: newNumbered[string](), forms: newNumbered[form](),
	}
	for _, n := range p.Open.Graph.Nodes {
		if p.Open.Tree.Of[n.ID] != nil {
			b.index[n] = len(b.operators)
			b.operators = append(b.operators, n)
		}
	}
	return b
}

func (b *pageBuilder) model() model {
	r := b.page.Report
	out := model{
		File: r.Model.File, Title: shortFile(r.Model.File), About: r.AboutModel(), Mode: r.NumbersText(), Convention: r.Convention, Flags: b.page.Flags,
		Dims: b.dims(), Derived: b.derived(), Limits: b.limits(), Memory: r.MemoryJSON(), Coverage: b.coverage(), Warnings: b.warnings(),
	}
	out.Modules, out.Operators = b.tree()
	out.Plans, out.Devices = b.devices()
	out.Forms, out.Expressions = b.forms.list, b.exprs.list
	return out
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

func (b *pageBuilder) dims() []dim {
	a, r := b.page.Open, b.page.Report
	declared := analysis.Declared(a.Graph)
	var out []dim
	for _, d := range r.Dims {
		if _, solved := a.Inference.Solved[d.Name]; solved || !slices.Contains(declared, d.Name) {
			continue
		}
		x := dim{Name: d.Name, Symbol: b.symbol(d.Name), Value: d.Value, Assumed: d.Assumed, Batch: analysis.IsBatch(a.Graph, d.Name)}
		if graph.Symbol(d.Name).Positive() {
			x.Least = 1
		}
		out = append(out, x)
	}
	return out
}

func (b *pageBuilder) derived() []derived {
	a := b.page.Open
	declared := analysis.Declared(a.Graph)
	var out []derived
	for _, s := range slices.Sorted(maps.Keys(a.Inference.Solved)) {
		if slices.Contains(declared, s) {
			out = append(out, derived{s, b.expr(a.Inference.Solved[s])})
		}
	}
	return out
}

func (b *pageBuilder) limits() []limit {
	seen := map[string]bool{}
	var out []limit
	for _, c := range b.page.Open.Inference.Constraints {
		for _, pair := range [][2]graph.Dim{{c.A, c.B}, {c.B, c.A}} {
			m := tableLimit.FindStringSubmatch(pair[0].String())
			if m == nil || !c.Broadcast || m[2] != pair[1].String() || seen[m[0]] {
				continue
			}
			seen[m[0]] = true
			if rows, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				out = append(out, limit{b.expr(pair[1]), rows})
			}
		}
	}
	return out
}

// coverage says which source placed what part of the nodes.
func (b *pageBuilder) coverage() string {
	var list []string
	for _, s := range b.page.Report.Coverage {
		list = append(list, fmt.Sprintf("%s by %s", render.Percent(s.Share), s.Source))
	}
	return strings.Join(list, ", ")
}

// warnings are what to know beside the numbers.
func (b *pageBuilder) warnings() []string {
	var warnings []string
	for _, k := range b.page.Report.Unknown {
		warnings = append(warnings, fmt.Sprintf("%s ×%d: %s; its cost is in no sum", k.Op, k.Count, k.Why))
	}
	return append(warnings, b.page.Open.Warnings...)
}

// tree lists the modules, parents first, and the operators in graph order.
func (b *pageBuilder) tree() (modules []module, operators []operator) {
	number := places(b.page.Open.Tree.Root)
	calls := map[string]int{}
	b.page.Open.Tree.Root.Walk(func(m *graph.Module) { calls[m.Canonical]++ })
	b.page.Open.Tree.Root.Walk(func(m *graph.Module) {
		x := module{Parent: number[m.Parent], Name: m.Name, Path: m.Path, Class: m.Class, Params: b.page.Open.Params.Module(m)}
		if m.Canonical != m.Path {
			x.Canonical = &m.Canonical
		}
		if n := calls[m.Canonical]; n > 1 {
			x.Calls = n
		}
		modules = append(modules, x)
	})
	for _, n := range b.operators {
		operators = append(operators, operator{n.Name, number[b.page.Open.Tree.Of[n.ID]], b.forms.id(b.form(n))})
	}
	return modules, operators
}

func (b *pageBuilder) form(n *graph.Node) form {
	cost, m := &b.page.Open.Costs[n.ID], report.OperatorMetrics(b.page.Open, b.page.Report.Convention, n)
	class := cost.Class
	if i := b.index[n]; i < len(b.page.Report.Operators) {
		class = b.page.Report.Operators[i].Class // both list the operators of the tree in graph order
	}
	return form{
		Op: n.Op, Domain: n.Domain, Class: cmp.Or(class, "view"), DType: cost.DType, Params: m.Params,
		MACs: b.expr(m.MACs), FLOPs: b.expr(m.FLOPs), Read: b.expr(m.Read), Written: b.expr(m.Written), Share: b.share(cost),
		Inputs: b.values(n.Inputs), Outputs: b.values(n.Outputs),
	}
}

// share numbers the FLOPs by which operators share their kernel; -1 where they are not known.
func (b *pageBuilder) share(c *graph.Cost) int {
	if !c.Known {
		return -1
	}
	return b.expr(c.FLOPs(graph.TwoMACPlusElementwise))
}

func (b *pageBuilder) values(list []*graph.Value) []*value {
	out := make([]*value, len(list))
	for i, v := range list {
		if v == nil {
			continue
		}
		f := &b.page.Open.Inference.Facts[v.ID]
		out[i] = &value{DType: f.DType, Weight: v.Init != nil}
		if f.Shape == nil {
			continue
		}
		ids := make([]int, len(f.Shape))
		for k, d := range f.Shape {
			ids[k] = b.expr(d)
		}
		out[i].Shape = &ids
	}
	return out
}
