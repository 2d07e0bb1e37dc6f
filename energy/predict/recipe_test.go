package predict

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// TestRecipesAreExact follows recipes at random dims, and holds every operator against its prediction.
func TestRecipesAreExact(t *testing.T) {
	eachModel(t, func(t *testing.T, g *graph.Graph) {
		sym, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 4))
		for _, id := range []string{coefficients.DefaultDevice, "t4"} {
			c, dev := deviceOf(t, id)
			r, err := NewRecipe(sym, c, dev, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 4 {
				a, err := analysis.Run(g, analysis.Options{Dims: randomDims(rng, g, sym.Inference.Solved)})
				if err != nil {
					t.Fatal(err)
				}
				res, err := Run(a, c, dev, Options{})
				if err != nil {
					t.Fatal(err)
				}
				compareRecipe(t, r, a, res)
			}
		}
	})
}

func compareRecipe(t *testing.T, r *Recipe, a *analysis.Analysis, res *Result) {
	t.Helper()
	var made []*graph.Node
	for i := range r.Kernels {
		k := &r.Kernels[i]
		made = append(made, k.Node)
		joules, seconds, known := follow(r, k, a)
		want := res.Nodes[k.Node.ID]
		if known != want.Known && k.Rate >= 0 {
			t.Errorf("%v: %s: known is %v, predicted %v", a.Dims, k.Node.Label(), known, want.Known)
		}
		if known && (!near(float64(joules), float64(want.Energy), 1e-12) || !near(float64(seconds), float64(want.Time), 1e-12)) {
			t.Errorf("%v: %s: %v in %v by recipe, %v in %v by prediction", a.Dims, k.Node.Label(), joules, seconds, want.Energy, want.Time)
		}
	}
	for _, n := range a.Graph.Nodes {
		if res.Nodes[n.ID].Energy > 0 && !slices.Contains(made, n) {
			t.Errorf("%v: %s is in no recipe", a.Dims, n.Label())
		}
	}
}

// follow does what a reader of the recipe has to do.
func follow(r *Recipe, k *RecipeKernel, a *analysis.Analysis) (energy.Joules, energy.Seconds, bool) {
	known := k.Known
	num := func(d graph.Dim) float64 {
		n, ok := a.Eval(d)
		known = known && ok
		return float64(n)
	}
	m := law.Machine{Sms: float64(r.SMs), Hidden: r.Hidden}
	bytes := num(k.Bytes)
	share := m.Host(bytes)
	joules, seconds := energy.Joules(share)*r.Host.Energy, energy.Seconds(share)*r.Host.Time
	if k.Rate < 0 {
		return joules, seconds, known
	}
	var x [coefficients.NumTerms]float64
	x[coefficients.FLOPs], x[coefficients.Bytes], x[coefficients.Launches] = 2*num(k.MACs), bytes, 1
	rules := Rules()
	for i, name := range rules.Terms {
		tile, ok := rules.Tiles[name]
		if ok && len(k.Products) == 0 {
			x[i] = x[coefficients.FLOPs]
		}
		for _, p := range k.Products {
			if ok {
				x[i] += m.Waves(num(p.Batch), num(p.M), num(p.N), num(p.K), tile)
			}
		}
	}
	rate := &r.Rates[k.Rate]
	for i, v := range x {
		joules += energy.Joules(rate.Energy[i] * v)
		seconds += energy.Seconds(rate.Time[i] * v)
	}
	return joules, seconds, known
}
