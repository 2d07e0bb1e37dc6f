package predict

import (
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Recipe is what Run would do, with the sizes left open: the kernels of a graph as expressions in the dims, and all that
// makes energy and time of their values. Whoever has it can predict at any sizes without this package; reports with
// sliders do. Its numbers are those of Run.
type Recipe struct {
	Device   energy.Device
	Boundary energy.Boundary
	Origin   string
	Runtime  string
	Warnings []string
	Idle     energy.Watts // power that the meter sees while nothing runs

	Kernels []RecipeKernel // and calls without a kernel, in graph order
	Rates   []Rate         // that kernels speak of
	Host    Share          // a launch or call that no work hides
	Hidden  float64        // bytes whose move hides one
	SMs     int            // multiprocessors, which tiles fill in waves

	Residuals Residuals
}

// RecipeKernel is one kernel, or one call without a kernel.
type RecipeKernel struct {
	Node    *graph.Node   // that the prediction stands on
	Members []*graph.Node // of the kernel; nil for a call
	Rate    int           // index into Rates; -1 for a call
	Class   string
	MACs    graph.Dim
	Bytes   graph.Dim // read and written, or those that hide a call
	// Known is false where no rule says what the kernel costs. Unknown sizes have unknown expressions.
	Known    bool
	Products []graph.Product
}

// Rate is what a unit of each term takes, of one class in one element type.
type Rate struct {
	Class        string
	DType        graph.DType
	Energy, Time TermValues
	Scaled       bool
	Why          string
	Range        map[string]Range // of a kernel's bytes, flops and k where it was fitted
}

// RecipeRules are the constants of the model that every recipe is read with.
type RecipeRules struct {
	Terms      []string              // the order of the terms in rates
	Tiles      map[string][2]float64 // sides, by the term that counts their waves
	VectorRows int                   // sides below run without tiles
	SmallTime  energy.Seconds        // nodes that take less have residuals of their own
	// Factors of intervals, and the least half-width of those around stand-ins.
	WiderScaled, WiderExtrapolated, LeastScaled, UnknownResidual float64
}

// Rules returns the constants of the model.
func Rules() RecipeRules {
	r := RecipeRules{
		Terms: slices.Clone(termNames[:]), Tiles: map[string][2]float64{}, VectorRows: vectorRows, SmallTime: smallTime,
		WiderScaled: widerScaled, WiderExtrapolated: widerExtrapolated, LeastScaled: leastScaled, UnknownResidual: unknownResidual,
	}
	for t, size := range tiles {
		r.Tiles[t.String()] = size
	}
	return r
}

// NewRecipe makes the recipe of a symbolic analysis on a device.
func NewRecipe(a *analysis.Analysis, c *Coefficients, dev energy.Device, opts Options) (*Recipe, error) {
	b, res, err := prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	p, plan := b.predictor, b.plan
	out := &Recipe{
		Device: dev, Boundary: res.Boundary, Origin: res.Origin, Runtime: res.Runtime, Warnings: res.Warnings, Idle: p.idlePower(),
		Hidden: p.machine.hidden, SMs: dev.SMs, Residuals: c.Residuals,
	}
	j, s := p.host(1)
	out.Host = Share{j, s}
	calls := map[*graph.Node]bool{}
	for _, n := range plan.Calls {
		calls[n] = true
	}
	index := map[classKey]int{}
	for _, n := range a.Graph.Nodes {
		if i := plan.Of[n.ID]; i >= 0 && plan.Kernels[i].Node == n {
			out.add(p, &plan.Kernels[i], index)
		} else if calls[n] {
			bytes := a.Inference.Facts[n.Outputs[0].ID].Bytes().MulInt(2)
			out.Kernels = append(out.Kernels, RecipeKernel{Node: n, Rate: -1, Class: "view", Known: !bytes.IsUnknown(), Bytes: bytes})
		}
	}
	return out, nil
}

// add adds a kernel, and its rate where it is the first of its kind.
func (r *Recipe) add(p *predictor, k *kernel.Kernel, index map[classKey]int) {
	key := classKey{k.Cost.Class, classType(k.Cost.Class, k.Cost.DType)}
	i, ok := index[key]
	if !ok {
		i = len(r.Rates)
		index[key] = i
		ch := p.choose(key)
		r.Rates = append(r.Rates, Rate{
			Class: key.Class, DType: key.DType, Energy: ch.energy, Time: ch.time, Scaled: ch.scaled, Why: ch.why, Range: ch.ranges,
		})
	}
	r.Kernels = append(r.Kernels, RecipeKernel{
		Node: k.Node, Members: k.Members, Rate: i, Class: k.Cost.Class, Known: k.Cost.Known,
		MACs: k.Cost.MACs, Bytes: k.Cost.Read.Add(k.Cost.Written), Products: k.Cost.Products,
	})
}
