package compare

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Comparison is what the formats of compare read: the same models at one or more points, their modules side by side.
type Comparison struct {
	Version   string
	Names     []string // of the models: "A", "B" …
	Points    []Point
	Root      *Row
	Crossings []Crossing
	Notes     []string
	View      View
	Per       report.Per // what of a run numbers are told of

	ratios []*ratios   // by point
	shares [][]float64 // by point and model: how many of Per a run is

	rankings map[int]*ranking // by point, those that were asked for
}

// Point is what one choice of dims gives, a report per model.
type Point struct {
	Label   string // of the dims that vary; "" where none does
	Reports []*report.Report
}

// Row is one module of each model, as far as it has one.
type Row struct {
	Reason   align.Reason
	Children []*Row
	modules  [][]*report.Module // by point and model; nil where it has none
}

// View says what part of a comparison formats show.
type View struct {
	Metrics []string // by name, the first decides orders
	Depth   int      // negative: the format chooses
	Top     int      // negative: the format chooses
	ByDiff  bool     // biggest differences first
	Expand  bool
	Verbose bool // every doubt with its reason
	render.Screen
	Modules []*Row // asked for; nil: all
}

// Format is one way to write a comparison.
type Format = render.Format[*Comparison]

// Formats is the table of formats for comparisons, the default first.
func Formats() []Format {
	return []Format{
		{Name: "text", Help: "tables for people", Write: writeText},
		{Name: "json", Help: "everything, schema 2", Ext: []string{".json"}, Write: writeJSON},
		{Name: "csv", Help: "a line per row and point", Ext: []string{".csv"}, Write: writeCSV},
		{Name: "markdown", Help: "tables for pull requests", Ext: []string{".md", ".markdown"}, Write: writeMarkdown},
	}
}

// Compared is one model at one point.
type Compared struct {
	Analysis *analysis.Analysis
	Report   *report.Report
}

// Build aligns the models at the first point, and finds their modules at the others. Numbers are told of a share of a run,
// which a model may not have: that is an error.
func Build(points [][]Compared, labels []string, per report.Per) (*Comparison, error) {
	c := &Comparison{View: View{Depth: -1, Top: -1, Metrics: []string{"energy"}}, Per: per, rankings: map[int]*ranking{}}
	trees := make([]align.Tree, len(points[0]))
	for k, m := range points[0] {
		c.Names = append(c.Names, string(rune('A'+k)))
		of := byModule(m.Report)
		trees[k] = align.Tree{Root: m.Report.Tree.Module, Weigh: func(g *graph.Module) align.Weight { return Weight(&of[g].Metrics) }}
	}
	finders := make([][]func(*graph.Module) *report.Module, len(points))
	for p, models := range points {
		point := Point{Label: labels[p]}
		var shares []float64
		for _, m := range models {
			n, ok := m.Report.Work.Count(per)
			if !ok {
				return nil, &ShareError{File: m.Report.Model.File, Per: per}
			}
			shares = append(shares, n)
			point.Reports = append(point.Reports, m.Report)
			finders[p] = append(finders[p], finder(m.Report, p == 0))
		}
		c.Points, c.shares = append(c.Points, point), append(c.shares, shares)
		c.ratios = append(c.ratios, newRatios(point.Reports))
	}
	c.Version = c.Points[0].Reports[0].Version
	c.Root = rowOf(align.Align(trees...), finders)
	return c, nil
}

// ShareError says that a model has nothing of what numbers were to be told of.
type ShareError struct {
	File string
	Per  report.Per
}

// Error names the model.
func (e *ShareError) Error() string {
	return fmt.Sprintf("%s has no input that counts %ss", e.File, e.Per)
}

// Weight is what alignment asks of a module. Work is energy where it was predicted.
func Weight(m *report.Metrics) align.Weight {
	number := func(d graph.Dim) float64 { n, _ := d.Const(); return float64(n) }
	w := align.Weight{Params: number(m.Params), MACs: number(m.MACs), Work: float64(m.Energy)}
	if m.NoEnergy {
		w.Work = float64(m.Time)
	}
	if !m.Predicted {
		w.Work = 0.1*number(m.FLOPs) + number(m.Read) + number(m.Written)
	}
	return w
}

// byModule finds a report's module by the graph's.
func byModule(r *report.Report) map[*graph.Module]*report.Module {
	out := map[*graph.Module]*report.Module{}
	r.Tree.Walk(func(m *report.Module) { out[m.Module] = m })
	return out
}

// finder finds the module of a report that a module of the aligned tree is: itself at the first point, by path at others,
// where a branch may have been taken that the first point did not.
func finder(r *report.Report, first bool) func(*graph.Module) *report.Module {
	if first {
		of := byModule(r)
		return func(g *graph.Module) *report.Module { return of[g] }
	}
	byPath := map[string]*report.Module{}
	r.Tree.Walk(func(m *report.Module) { byPath[m.Path] = m })
	return func(g *graph.Module) *report.Module { return byPath[g.Path] }
}

func rowOf(r *align.Row, find [][]func(*graph.Module) *report.Module) *Row {
	out := &Row{Reason: r.Reason}
	for p := range find {
		list := make([]*report.Module, len(r.Modules))
		for k, m := range r.Modules {
			if m != nil {
				list[k] = find[p][k](m)
			}
		}
		out.modules = append(out.modules, list)
	}
	for _, c := range r.Children {
		out.Children = append(out.Children, rowOf(c, find))
	}
	return out
}

// Walk visits r and everything below it, parents first.
func (r *Row) Walk(visit func(*Row)) {
	visit(r)
	for _, c := range r.Children {
		c.Walk(visit)
	}
}

// Metrics are the numbers of a model's module at a point; nil where it has none.
func (r *Row) Metrics(point, model int) *report.Metrics {
	if m := r.modules[point][model]; m != nil {
		return &m.Metrics
	}
	return nil
}

// Path is that of a model's module; false where it has none.
func (r *Row) Path(model int) (string, bool) {
	for _, list := range r.modules {
		if list[model] != nil {
			return list[model].Path, true
		}
	}
	return "", false
}

// joined reports whether at least two models have a module in the row.
func (r *Row) joined() bool {
	n := 0
	for k := range r.modules[0] {
		if _, ok := r.Path(k); ok {
			n++
		}
	}
	return n > 1
}

// whole reports whether nothing below a row answers to anything: its modules can only be compared as wholes.
func (r *Row) whole() bool {
	for _, c := range r.Children {
		if c.joined() || !c.whole() {
			return false
		}
	}
	return true
}

// Find returns the rows of which some path matches a pattern.
func (c *Comparison) Find(pattern string) []*Row {
	var out []*Row
	c.Root.Walk(func(r *Row) {
		for k := range c.Names {
			m := r.modules[0][k]
			if m != nil && (report.MatchPath(pattern, m.Path) || report.MatchPath(pattern, m.Canonical)) {
				out = append(out, r)
				return
			}
		}
	})
	return out
}

// Paths lists the module paths of all models.
func (c *Comparison) Paths() []string {
	var out []string
	c.Root.Walk(func(r *Row) {
		for k := range c.Names {
			if p, ok := r.Path(k); ok && p != "" && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	})
	return out
}

// Base is the model that the others are held against: of two the first, of more the best at the first point. The view
// says by which metric.
func (c *Comparison) Base() int {
	if c.ranked() {
		return c.ranking(0).list[0].place
	}
	return 0
}

// Share is how many shares a metric of a model's run is divided by at a point; metrics go by their keys.
func (c *Comparison) Share(metric string, point, model int) float64 {
	return c.share(report.FindMetric(metric), point, model)
}

// Module is a model's module at a point; nil where it has none.
func (r *Row) Module(point, model int) *report.Module { return r.modules[point][model] }
