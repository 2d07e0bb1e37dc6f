package page

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

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
