package predict

import (
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
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
	Profile  string
	Warnings []string
	Idle     energy.Watts // power that the meter sees while nothing runs

	Kernels []RecipeKernel // and calls without a kernel, in graph order
	Rates   []Rate         // that kernels speak of
	Host    law.Share      // a launch or call that no work hides
	Hidden  float64        // bytes whose move hides one
	SMs     int            // multiprocessors, which tiles fill in waves

	Residuals coefficients.Residuals
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
	Energy, Time coefficients.TermValues
	StandIn      bool
	Why          string
	Range        map[string]coefficients.Range // of a kernel's bytes, flops and k where it was fitted
}

// RecipeRules are the constants of the model that every recipe is read with.
type RecipeRules struct {
	Terms      []string              // the order of the terms in rates
	Tiles      map[string][2]float64 // sides, by the term that counts their waves
	VectorRows int                   // sides below run without tiles
	SmallTime  energy.Seconds        // nodes that take less have residuals of their own
	// Factors of intervals, and the least half-width of those around stand-ins.
	WiderStandIn, WiderExtrapolated, LeastStandIn, UnknownResidual float64
}

// Rules returns the constants of the model.
func Rules() RecipeRules {
	r := RecipeRules{
		Terms: slices.Clone(coefficients.TermNames[:]), Tiles: map[string][2]float64{}, VectorRows: law.VectorRows, SmallTime: coefficients.SmallTime,
		WiderStandIn: coefficients.WiderStandIn, WiderExtrapolated: coefficients.WiderExtrapolated, LeastStandIn: coefficients.LeastStandIn, UnknownResidual: coefficients.UnknownResidual,
	}
	for t, size := range coefficients.Tiles {
		r.Tiles[t.String()] = size
	}
	return r
}

// NewRecipe makes the recipe of a symbolic analysis on a device.
func NewRecipe(a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device, opts Options) (*Recipe, error) {
	b, res, err := Prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	p, plan := b.Additive, b.Plan
	out := &Recipe{
		Device: dev, Boundary: res.Boundary, Origin: res.Origin, Profile: res.Profile, Warnings: res.Warnings, Idle: p.IdlePower(),
		Hidden: p.Machine.Hidden, SMs: dev.SMs, Residuals: c.Residuals,
	}
	j, s := p.Host(1)
	out.Host = law.Share{Energy: j, Time: s}
	calls := map[*graph.Node]bool{}
	for _, n := range plan.Calls {
		calls[n] = true
	}
	index := map[coefficients.Key]int{}
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
func (r *Recipe) add(p *law.Additive, k *kernel.Kernel, index map[coefficients.Key]int) {
	key := coefficients.Key{Class: k.Cost.Class, DType: coefficients.ClassType(k.Cost.Class, k.Cost.DType)}
	i, ok := index[key]
	if !ok {
		i = len(r.Rates)
		index[key] = i
		ch := p.Choose(key)
		r.Rates = append(r.Rates, Rate{
			Class: key.Class, DType: key.DType, Energy: ch.Energy, Time: ch.Time, StandIn: ch.StandIn, Why: ch.Why, Range: ch.Ranges,
		})
	}
	r.Kernels = append(r.Kernels, RecipeKernel{
		Node: k.Node, Members: k.Members, Rate: i, Class: k.Cost.Class, Known: k.Cost.Known,
		MACs: k.Cost.MACs, Bytes: k.Cost.Read.Add(k.Cost.Written), Products: k.Cost.Products,
	})
}
