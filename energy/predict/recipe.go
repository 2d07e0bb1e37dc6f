package predict

import (
	"errors"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// Recipe is what [Program.At] would do: the steps of a graph as expressions in the dims, and all that makes energy and
// time of their values. Whoever has it can predict at any sizes without this package; the HTML report does.
type Recipe struct {
	Basis
	Steps     []Step       // kernels and calls, in graph order
	Overlap   *law.Overlap // that predicts kernels; nil where rates do
	Host      law.Share    // a launch or call that no work hides
	Hidden    float64      // bytes whose move hides one
	Residuals *coefficients.Residuals

	linear linear
}

// linear is a law whose kernels take a rate times each of their terms.
type linear interface {
	Rate(c *graph.Cost) *coefficients.Rate
	Launch() (share law.Share, hidden float64)
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
		slices.Clone(coefficients.TermNames[:]),
		map[string][2]float64{},
		law.VectorRows, coefficients.SmallTime,
		coefficients.WiderStandIn, coefficients.WiderExtrapolated, coefficients.LeastStandIn, coefficients.UnknownResidual,
	}
	for t, size := range coefficients.Tiles {
		r.Tiles[t.String()] = size
	}
	return r
}

// Recipe writes the program down for another reader. It fails where nobody else knows the law.
func (p *Program) Recipe() (*Recipe, error) {
	out := &Recipe{Basis: p.Basis, Residuals: p.residuals, Steps: p.Steps}
	switch l := p.law.(type) {
	case *law.Overlap:
		out.Overlap = l
	case linear:
		out.linear = l
		out.Host, out.Hidden = l.Launch()
	default:
		return nil, errors.New("a page cannot calculate with the law of these coefficients")
	}
	return out, nil
}

// Rate is what a kernel of a class in an element type goes by; nil where the law has no rates.
func (r *Recipe) Rate(class string, dtype graph.DType) *coefficients.Rate {
	if r.linear == nil {
		return nil
	}
	return r.linear.Rate(&graph.Cost{Class: class, DType: dtype})
}
