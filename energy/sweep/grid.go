package sweep

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Grid gives the totals of a graph at any sizes of its open dims, through closed forms where it has them.
type Grid struct {
	Open     *analysis.Open
	Programs []*predict.Program // of the targets, in the open dims
	Tokens   bool               // items are tokens, not members of a batch
	Warnings []string           // each once
	Unknown  int                // operators whose cost is not known, at the points that closed forms are held against
	// Direct says why every point is analyzed of its own, which is slow; "" for closed forms.
	Direct string

	targets    []predict.Target
	options    analysis.Options
	convention graph.Convention
	work       *graph.Program            // FLOPs, bytes, items
	pass       []func([]int64) law.Share // by target
	memory     func([]int64) analysis.Memory
	unknown    []int // of a point, by target, where closed forms hold
}

// Point is the totals at one point. Numbers that are not known are not a number.
type Point struct {
	FLOPs, Bytes, Items float64
	Memory              analysis.Memory
	Energy              []energy.Joules // by target
	Time                []energy.Seconds
	Unknown             []int // operators whose cost is not known: all else but items and memory is without them
}

// NewGrid compiles the closed forms of a graph in the named dims and holds them against the analysis itself at the given
// points, the first of which is the example that dims nobody gave are solved for. Where they do not hold, or are none,
// every point is analyzed.
func NewGrid(g *graph.Graph, opts analysis.Options, names []string, points [][]int64, targets []predict.Target, conv graph.Convention) (*Grid, error) {
	open, err := analysis.NewOpen(g, opts, names, points[0])
	if err != nil {
		return nil, err
	}
	out := &Grid{Open: open, targets: targets, options: opts, convention: conv}
	_, out.Tokens, _ = out.items()
	if out.Programs, err = predict.BindAll(open.Analysis, targets); err != nil {
		return nil, err
	}
	if err := out.compile(); err != nil {
		out.Direct = err.Error()
	}
	seen := map[string]bool{}
	for _, at := range points {
		if err := out.check(at, seen); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// items is what one run works on, as an expression in the open dims.
func (g *Grid) items() (graph.Dim, bool, bool) {
	return analysis.Items(g.Open.Graph, func(v *graph.Value) graph.Shape { return g.Open.Inference.Facts[v.ID].Shape })
}

func (g *Grid) compile() error {
	total := g.Open.ModuleMetrics()[g.Open.Tree.Root]
	items, _, ok := g.items()
	if !ok {
		items = graph.Const(1)
	}
	var err error
	if g.work, err = graph.CompileDims(g.Open.Names, []graph.Dim{total.FLOPs(g.convention), total.Read.Add(total.Written), items}); err != nil {
		return err
	}
	if g.memory, err = g.Open.CompileMemory(g.Open.Names); err != nil {
		known := g.Open.Example.Memory
		if known.Known {
			return err
		}
		g.memory = func([]int64) analysis.Memory { return known }
	}
	g.pass, err = predict.CompileAll(g.Programs, g.Open.Names)
	return err
}

// At fills p with the totals at a point. It may be called by several goroutines, with a GridPoint each.
func (g *Grid) At(values []int64, p *Point) error {
	if err := g.Open.Contradiction(values); err != nil {
		return err
	}
	if g.Direct != "" {
		_, err := g.analyze(values, p)
		return err
	}
	var out [3]float64
	g.work.Eval(values, out[:])
	p.FLOPs, p.Bytes, p.Items = out[0], out[1], out[2]
	p.Memory = g.memory(values)
	p.reset()
	for i := range g.Programs {
		s := g.pass[i](values)
		p.Energy, p.Time = append(p.Energy, s.Energy), append(p.Time, s.Time)
	}
	p.Unknown = append(p.Unknown, g.unknown...)
	return nil
}

func (p *Point) reset() { p.Energy, p.Time, p.Unknown = p.Energy[:0], p.Time[:0], p.Unknown[:0] }

// closeness is how far closed forms may be from the analysis: what sums in another order differ by.
const closeness = 1e-9

// check holds the closed forms against the analysis at one point and takes its warnings over.
func (g *Grid) check(values []int64, seen map[string]bool) error {
	var want Point
	warnings, err := g.analyze(values, &want)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		if !seen[w] {
			seen[w] = true
			g.Warnings = append(g.Warnings, w)
		}
	}
	for _, n := range want.Unknown {
		g.Unknown = max(g.Unknown, n)
	}
	if g.Direct != "" {
		return nil
	}
	if g.unknown == nil {
		g.unknown = want.Unknown
	}
	var got Point
	if err := g.At(values, &got); err != nil {
		return err
	}
	pairs := [][2]float64{{got.FLOPs, want.FLOPs}, {got.Bytes, want.Bytes}, {got.Items, want.Items}, {float64(got.Memory.PeakBytes), float64(want.Memory.PeakBytes)}}
	for i := range g.Programs {
		pairs = append(
			pairs, [2]float64{float64(got.Energy[i]), float64(want.Energy[i])}, [2]float64{float64(got.Time[i]), float64(want.Time[i])},
			[2]float64{float64(got.Unknown[i]), float64(want.Unknown[i])},
		)
	}
	for _, p := range pairs {
		if math.IsNaN(p[0]) && math.IsNaN(p[1]) {
			continue
		}
		if !(math.Abs(p[0]-p[1]) <= closeness*math.Abs(p[1])) {
			g.Direct = fmt.Sprintf("the model's closed forms do not hold at %s", g.point(values))
			return nil
		}
	}
	return nil
}

func (g *Grid) point(values []int64) string {
	s := ""
	for i, name := range g.Open.Names {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s=%d", name, values[i])
	}
	return s
}

// analyze analyzes the graph at one point and predicts for every target.
func (g *Grid) analyze(values []int64, p *Point) (warnings []string, err error) {
	a, err := g.Bound(values)
	if err != nil {
		return nil, err
	}
	total := a.ModuleMetrics()[a.Tree.Root]
	number := func(d graph.Dim) float64 {
		v, ok := a.Eval(d)
		if !ok {
			return math.NaN()
		}
		return float64(v)
	}
	p.FLOPs, p.Bytes, p.Items, p.Memory = number(total.FLOPs(g.convention)), number(total.Read.Add(total.Written)), 1, a.Memory
	if d, _, ok := analysis.Items(a.Graph, func(v *graph.Value) graph.Shape { return a.Inference.Facts[v.ID].Shape }); ok {
		p.Items = number(d)
	}
	warnings = slices.Clone(a.Warnings)
	p.reset()
	programs, err := predict.BindAll(a, g.targets)
	if err != nil {
		return nil, err
	}
	for _, bound := range programs {
		r := bound.At(a.Eval)
		sum := r.Modules[a.Tree.Root]
		if r.NoEnergy {
			sum.Energy = energy.Joules(math.NaN())
		}
		p.Energy, p.Time, p.Unknown = append(p.Energy, sum.Energy), append(p.Time, sum.Time), append(p.Unknown, max(total.Unknown, sum.Unknown))
		warnings = append(warnings, r.Warnings...)
	}
	return warnings, nil
}

// Bound analyzes the graph at one point.
func (g *Grid) Bound(values []int64) (*analysis.Analysis, error) {
	if len(values) != len(g.Open.Names) {
		return nil, errors.New("a point has a value for every open dim")
	}
	opts := g.options
	opts.Ties, opts.Symbolic = nil, false
	opts.Dims = maps.Clone(g.Open.Dims) // given and assumed
	if opts.Dims == nil {
		opts.Dims = map[string]int64{}
	}
	for i, name := range g.Open.Names {
		opts.Dims[name] = values[i]
	}
	for name, d := range g.options.Ties {
		if v, ok := d.Eval(func(s string) (int64, bool) { v, ok := opts.Dims[s]; return v, ok }); ok {
			opts.Dims[name] = v
		}
	}
	return analysis.Run(g.Open.Graph, opts)
}
