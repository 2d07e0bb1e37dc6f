package fit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// linearEquation is one equation Σ coef·x = b with a weight on its square.
type linearEquation struct {
	coef      []float64
	b, weight float64
}

func solved(t *testing.T, n int, eqs []linearEquation) []float64 {
	t.Helper()
	ls := newLeastSquares(n)
	for _, e := range eqs {
		var col []int
		var coef []float64
		for i, c := range e.coef {
			if c != 0 {
				col, coef = append(col, i), append(coef, c)
			}
		}
		ls.add(col, coef, e.b, e.weight)
	}
	x, err := ls.solve()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func close(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*max(1, math.Abs(b)) }

// TestNonNegative solves problems whose answers are found by hand.
func TestNonNegative(t *testing.T) {
	for _, c := range []struct {
		name string
		eqs  []linearEquation
		want []float64
	}{
		{"one unknown", []linearEquation{{[]float64{1}, 3, 1}}, []float64{3}},
		{"held at zero", []linearEquation{{[]float64{1}, -1, 1}}, []float64{0}},
		{"weighted mean", []linearEquation{{[]float64{1}, 1, 3}, {[]float64{1}, 2, 1}}, []float64{1.25}},
		{"inside", []linearEquation{{[]float64{1, 1}, 3, 1}, {[]float64{1, -1}, 1, 1}}, []float64{2, 1}},
		{"x + y = 2, x - y = 4: without y, x is 3", []linearEquation{{[]float64{1, 1}, 2, 1}, {[]float64{1, -1}, 4, 1}}, []float64{3, 0}},
		{"x + 2y = 4, 2x + y = 1: without x, 5y = 9", []linearEquation{{[]float64{1, 2}, 4, 1}, {[]float64{2, 1}, 1, 1}}, []float64{0, 1.8}},
		{"all held at zero", []linearEquation{{[]float64{1, 2}, -4, 1}, {[]float64{2, 1}, -1, 1}}, []float64{0, 0}},
		{"a column without entries", []linearEquation{{[]float64{2, 0}, 3, 1}}, []float64{1.5, 0}},
		{"scales far apart", []linearEquation{{[]float64{5e11, 1e-3}, 1.005, 1}, {[]float64{0, 0.2}, 1, 1}}, []float64{2e-12, 5}},
		{"nothing to solve", nil, []float64{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := solved(t, len(c.want), c.eqs)
			for i := range x {
				if math.Abs(x[i]-c.want[i]) > 1e-6*c.want[i] {
					t.Errorf("x = %v, want %v", x, c.want)
				}
			}
		})
	}
	x := solved(t, 2, []linearEquation{{[]float64{1, 1}, 2, 1}}) // any split of the sum will do
	if !close(x[0]+x[1], 2, 1e-6) || x[0] < 0 || x[1] < 0 {
		t.Errorf("x = %v, want a sum of 2", x)
	}
}

// TestNonNegativeRandom checks the conditions of Karush, Kuhn and Tucker on random problems, some without a unique
// solution: x ≥ 0, the gradient ≥ 0, and one of the two zero for every unknown.
func TestNonNegativeRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for trial := range 400 {
		n, rows := 1+random.IntN(12), 1+random.IntN(30)
		eqs := make([]linearEquation, rows)
		for i := range eqs {
			coef := make([]float64, n)
			for j := range coef {
				switch {
				case trial%3 == 0 && j > 0 && j%4 == 0:
					coef[j] = 2 * coef[j-1] // columns that say the same
				case random.IntN(4) > 0:
					coef[j] = random.NormFloat64() * math.Pow(10, float64(j%5))
				}
			}
			eqs[i] = linearEquation{coef, random.NormFloat64(), 0.1 + random.Float64()}
		}
		checkKKT(t, trial, eqs, solved(t, n, eqs))
	}
}

func checkKKT(t *testing.T, trial int, eqs []linearEquation, x []float64) {
	t.Helper()
	gradient, norm := make([]float64, len(x)), make([]float64, len(x))
	for _, e := range eqs {
		residual := -e.b
		for j, c := range e.coef {
			residual += c * x[j]
		}
		for j, c := range e.coef {
			gradient[j] += e.weight * c * residual
			norm[j] += e.weight * c * c
		}
	}
	for j := range x {
		scale := math.Sqrt(norm[j])
		if x[j] < 0 || gradient[j] < -1e-6*scale || x[j] > 0 && gradient[j] > 1e-6*scale {
			t.Errorf("problem %d: x[%d] = %g with the gradient %g at the scale %g", trial, j, x[j], gradient[j], scale)
		}
	}
}
