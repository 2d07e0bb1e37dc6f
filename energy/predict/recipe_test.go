package predict

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
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
		for _, id := range []string{coefficients.TreesDevice, "t4"} {
			c, dev := deviceOf(t, id)
			p, err := Target{Coefficients: c, Device: dev}.Bind(sym)
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Recipe()
			if err != nil {
				t.Fatal(err)
			}
			for range 4 {
				a, err := analysis.Run(g, analysis.Options{Dims: randomDims(rng, g, sym.Inference.Solved)})
				if err != nil {
					t.Fatal(err)
				}
				compareRecipe(t, r, a, predicted(t, a, c, dev))
			}
		}
	})
}

func compareRecipe(t *testing.T, r *Recipe, a *analysis.Analysis, res *Result) {
	t.Helper()
	var made []*graph.Node
	for i := range r.Steps {
		k := &r.Steps[i]
		made = append(append(made, k.Node), k.Members...)
		joules, seconds, known := follow(r, k, a)
		want := res.Kernels[i]
		if known != want.Known && !k.IsCall() {
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
func follow(r *Recipe, k *Step, a *analysis.Analysis) (energy.Joules, energy.Seconds, bool) {
	known := k.Cost.Known
	num := func(d graph.Dim) float64 {
		n, ok := a.Eval(d)
		known = known && ok
		return float64(n)
	}
	bytes := num(k.Bytes())
	share := 0.0
	if r.Hidden > 0 {
		share = max(0, 1-bytes/r.Hidden)
	}
	joules, seconds := energy.Joules(share)*r.Host.Energy, energy.Seconds(share)*r.Host.Time
	if k.IsCall() {
		return joules, seconds, known
	}
	flops := 2 * num(k.Cost.MACs)
	x := [coefficients.NumTerms]float64{coefficients.FLOPs: flops, coefficients.Bytes: bytes, coefficients.Launches: 1}
	rules := Rules()
	for i, name := range rules.Terms {
		tile, ok := rules.Tiles[name]
		if ok && len(k.Cost.Products) == 0 {
			x[i] = flops
		}
		for _, p := range k.Cost.Products {
			if ok {
				x[i] += waves(&rules, float64(r.Device.SMs), num(p.Batch), num(p.M), num(p.N), num(p.K), tile)
			}
		}
	}
	rate := r.Rate(k.Cost.Class, k.Cost.DType)
	for i, v := range x {
		joules += energy.Joules(rate.Energy[i] * v)
		seconds += energy.Seconds(rate.Time[i] * v)
	}
	return joules, seconds, known
}

// waves is the operations of a product in whole waves of tiles.
func waves(rules *RecipeRules, sms, batch, rows, cols, depth float64, tile [2]float64) float64 {
	side := func(n, full float64) float64 {
		if n < float64(rules.VectorRows) {
			return max(n, 1)
		}
		return full
	}
	tm, tn := side(rows, tile[0]), side(cols, tile[1])
	return 2 * math.Ceil(batch*math.Ceil(rows/tm)*math.Ceil(cols/tn)/sms) * sms * tm * tn * depth
}
