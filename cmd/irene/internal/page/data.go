package page

import (
	"bytes"
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
	"github.com/irene-onnx/irene/energy/paired"
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
	Normals []float64   `json:"normals,omitzero" lines:"before"`   // what errors are drawn from, of several models
	Ratios  *ratios     `json:"ratios,omitzero" lines:"before"`    // of two models as the page opens; null where nothing is predicted
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

// ratios are what the second of two models takes over what the first does, with the 90 % interval; null is what is not known.
type ratios struct {
	Energy [3]render.Number `json:"energy"`
	Time   [3]render.Number `json:"time"`
}

// row says which modules of the models answer to each other, as a row of a tree, parents first.
type row struct {
	Parent  int          `json:"parent"`
	By      align.Reason `json:"by"`
	Modules []int        `json:"modules"` // by number; -1 where a model has none
}

// model is one model. Everything that repeats (expressions, forms of operators, work of kernels, notes) stands in it once
// and is spoken of by its number, -1 where there is none.
type model struct {
	File        string           `json:"file"`
	Title       string           `json:"title"`
	About       string           `json:"about"`
	Mode        string           `json:"mode"`
	Convention  graph.Convention `json:"flops"`
	Flags       string           `json:"flags"`
	Settings    []setting        `json:"settings"`
	Dims        []dim            `json:"dims" lines:"before"`
	Derived     []derived        `json:"derived"`
	Limits      []limit          `json:"limits"`
	Equal       [][2]int         `json:"equal"` // expressions that the graph needs to be equal
	Coverage    string           `json:"coverage"`
	Unknown     []string         `json:"unknown"`
	Tokens      int              `json:"tokens"`                        // that a run works on; -1 where it has none
	Items       int              `json:"items"`                         // members of the batch; -1 where no input tells
	Modules     []module         `json:"modules" lines:"before,each"`   // parents first
	Operators   []operator       `json:"operators" lines:"before,each"` // in graph order
	Types       []typeData       `json:"types" lines:"before,each"`     // the one that the page opens in first
	Profiles    []string         `json:"profiles"`
	Runtime     string           `json:"runtime"` // profile that was asked for; "" is what devices and types say
	Plans       []plan           `json:"plans" lines:"before,each"`
	Works       []work           `json:"works" lines:"before,each"`
	Lives       []lives          `json:"lives" lines:"before,each"`
	Devices     []device         `json:"devices" lines:"before,each"`
	Forms       []form           `json:"forms" lines:"before,each"`
	Expressions []string         `json:"expressions" lines:"before"`
	Notes       []string         `json:"notes" lines:"before,each"`
}

// setting is a flag of the opening device or its host.
type setting struct {
	Key        string `json:"key"`
	Flag       string `json:"flag"`
	Everywhere bool   `json:"everywhere"`
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
	Role   int    `json:"role"`
}

// htmlData is the data of a page, as JSON that may stand inside an element.
func htmlData(pages []Page) ([]byte, error) {
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
		m, err := newPageBuilder(&pages[i], laws).model()
		if err != nil {
			return nil, err
		}
		data.Models = append(data.Models, m)
	}
	if len(laws.Laws) > 0 {
		data.Overlap = laws
	}
	if len(pages) > 1 {
		data.Rows, data.Normals = rows(pages), paired.Normals()
	}
	if len(pages) == 2 {
		data.Ratios = openingRatios(pages)
	}
	return bytes.ReplaceAll(render.JSON(&data), []byte("<"), []byte(`\u003c`)), nil
}

// openingRatios are those of the reports, as irene compare has them.
func openingRatios(pages []Page) *ratios {
	draws := paired.NewDraws()
	var sums [2]*paired.Sum
	for k := range sums {
		r := pages[k].report
		if r.Prediction == nil {
			return nil
		}
		sums[k] = r.Prediction.Paired(draws, r.Tree.Module)[r.Tree.Module]
	}
	of := func(quantity int) [3]render.Number {
		r := draws.Ratio(sums[0], sums[1], quantity)
		return [3]render.Number{render.Number(r.Value), render.Number(r.Low), render.Number(r.High)}
	}
	return &ratios{of(paired.Energy), of(paired.Time)}
}

// rows aligns the models.
func rows(pages []Page) []row {
	trees := make([]align.Tree, len(pages))
	number := make([]map[*graph.Module]int, len(pages))
	for k := range pages {
		byPath := map[string]*report.Metrics{}
		pages[k].report.Tree.Walk(func(m *report.Module) { byPath[m.Path] = &m.Metrics })
		trees[k] = align.Tree{Root: pages[k].open().Tree.Root, Weigh: func(m *graph.Module) align.Weight {
			if of := byPath[m.Path]; of != nil {
				return compare.Weight(of)
			}
			return align.Weight{}
		}}
		number[k] = places(pages[k].open().Tree.Root)
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
	works     *numbered[work]
	single    map[planKind][]int // among works
	lives     *numbered[lives]
	notes     *numbered[string]
	operators []*graph.Node // of the tree, in graph order
	index     []int         // in operators, by Node.ID; -1 for others
	roles     roles
}

// numbered numbers distinct values.
type numbered[T any] struct {
	text func([]byte, *T) []byte
	key  []byte // room for what text says
	ids  map[string]int
	list []T
}

func newNumbered[T any]() *numbered[T] {
	return &numbered[T]{text: render.Appender[T](), ids: map[string]int{}}
}

func (t *numbered[T]) id(v T) int {
	t.key = t.text(t.key[:0], &v)
	n, ok := t.ids[string(t.key)]
	if !ok {
		n = len(t.list)
		t.ids[string(t.key)] = n
		t.list = append(t.list, v)
	}
	return n
}

func newPageBuilder(p *Page, laws *law.Sheets) *pageBuilder {
	b := &pageBuilder{
		page: p, laws: laws, names: map[string]string{}, taken: map[string]bool{}, single: map[planKind][]int{},
		exprs: newNumbered[string](), forms: newNumbered[form](), works: newNumbered[work](), lives: newNumbered[lives](), notes: newNumbered[string](),
	}
	for _, n := range p.open().Graph.Nodes {
		b.index = append(b.index, -1)
		if p.open().Tree.Of[n.ID] != nil {
			b.index[n.ID] = len(b.operators)
			b.operators = append(b.operators, n)
		}
	}
	return b
}

func (b *pageBuilder) model() (model, error) {
	r := b.page.report
	out := model{
		File: r.Model.File, Title: shortFile(r.Model.File), About: r.AboutModel(), Mode: report.ModeText(r.Mode), Convention: r.Convention, Flags: b.page.request.Flags,
		Dims: b.dims(), Derived: b.derived(), Limits: b.limits(), Equal: b.equal(), Coverage: b.coverage(), Unknown: b.unknown(), Tokens: b.shares(report.PerToken), Items: b.shares(report.PerItem),
		Profiles: b.page.profiles,
	}
	for _, s := range b.page.request.Setting {
		out.Settings = append(out.Settings, setting(s))
	}
	if t := b.page.request.Target; t != nil {
		out.Runtime = t.Options.Profile
	}
	for i := range b.page.types {
		out.Types = append(out.Types, b.precision(&b.page.types[i]))
	}
	if err := b.devices(&out); err != nil {
		return out, err
	}
	out.Modules, out.Operators = b.tree()
	b.roles.fill(out.Types, out.Plans)
	out.Forms, out.Works, out.Lives, out.Expressions, out.Notes = b.forms.list, b.works.list, b.lives.list, b.exprs.list, b.notes.list
	return out, nil
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
		if w := b.symbol(s); w != s {
			return graph.Symbol(w), true
		}
		return graph.Dim{}, false
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
	a, r := b.page.open(), b.page.report
	declared, batches := analysis.Declared(a.Graph), analysis.Batches(a.Graph)
	var out []dim
	for _, d := range r.Dims {
		if _, solved := a.Inference.Solved[d.Name]; solved || !slices.Contains(declared, d.Name) {
			continue
		}
		x := dim{Name: d.Name, Symbol: b.symbol(d.Name), Value: d.Value, Assumed: d.Assumed, Batch: slices.Contains(batches, d.Name)}
		if graph.Symbol(d.Name).Positive() {
			x.Least = 1
		}
		out = append(out, x)
	}
	return out
}

func (b *pageBuilder) derived() []derived {
	a := b.page.open()
	declared := map[string]bool{}
	for _, s := range analysis.Declared(a.Graph) {
		declared[s] = true
	}
	var out []derived
	for _, s := range slices.Sorted(maps.Keys(a.Inference.Solved)) {
		if declared[s] {
			out = append(out, derived{s, b.expr(a.Inference.Solved[s])})
		}
	}
	return out
}

func (b *pageBuilder) limits() []limit {
	seen := map[string]bool{}
	var out []limit
	for _, c := range b.page.open().Inference.Constraints {
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

// equal are the equalities that sizes can break. Those that a file breaks at any sizes are no news.
func (b *pageBuilder) equal() [][2]int {
	inf := b.page.open().Inference
	broken := map[*graph.Node]bool{}
	for _, c := range inf.Conflicts {
		broken[c.Node] = true
	}
	var out [][2]int
	for _, c := range inf.Constraints {
		if c.Broadcast || broken[c.Node] || c.A.IsUnknown() || c.B.IsUnknown() {
			continue
		}
		if pair := [2]int{b.expr(c.A), b.expr(c.B)}; !slices.Contains(out, pair) {
			out = append(out, pair)
		}
	}
	return out
}

// coverage says which source placed what part of the nodes.
func (b *pageBuilder) coverage() string {
	var list []string
	for _, s := range b.page.report.Coverage {
		list = append(list, fmt.Sprintf("%s by %s", render.Percent(s.Share), s.Source))
	}
	return strings.Join(list, ", ")
}

// unknown are the operators whose costs are in no sum.
func (b *pageBuilder) unknown() (list []string) {
	for _, n := range report.UnknownNotes(b.page.report.Unknown) {
		list = append(list, n.Text)
	}
	return list
}

// shares numbers how many tokens or items a run is; -1 where that is not known.
func (b *pageBuilder) shares(per report.Per) int {
	if n, ok := report.SharesOf(b.page.open(), per); ok {
		return b.expr(n)
	}
	return -1
}

// tree lists the modules, parents first, and the operators in graph order.
func (b *pageBuilder) tree() (modules []module, operators []operator) {
	number := places(b.page.open().Tree.Root)
	calls := map[string]int{}
	b.page.open().Tree.Root.Walk(func(m *graph.Module) { calls[m.Canonical]++ })
	b.page.open().Tree.Root.Walk(func(m *graph.Module) {
		x := module{Parent: number[m.Parent], Name: m.Name, Path: m.Path, Class: m.Class, Params: b.page.open().Params.Module(m)}
		if m.Canonical != m.Path {
			x.Canonical = &m.Canonical
		}
		if n := calls[m.Canonical]; n > 1 {
			x.Calls = n
		}
		modules = append(modules, x)
	})
	for i, n := range b.operators {
		operators = append(operators, operator{n.Name, number[b.page.open().Tree.Of[n.ID]], b.roles.of(i)})
	}
	return modules, operators
}
