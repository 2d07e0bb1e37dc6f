package fit

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// leastSquares collects the normal equations of a weighted linear least-squares problem, one equation at a time.
type leastSquares struct {
	n    int
	gram []float64 // n×n, row major
	rhs  []float64
	rows int
}

func newLeastSquares(n int) *leastSquares {
	return &leastSquares{n: n, gram: make([]float64, n*n), rhs: make([]float64, n)}
}

// add adds the equation Σ coef[k]·x[col[k]] = b with a weight on its square.
func (ls *leastSquares) add(col []int, coef []float64, b, weight float64) {
	ls.rows++
	for i, c := range col {
		w := weight * coef[i]
		row := ls.gram[c*ls.n : (c+1)*ls.n]
		for j, d := range col {
			row[d] += w * coef[j]
		}
		ls.rhs[c] += w * b
	}
}

// errNoConvergence is returned where the active-set method does not end.
var errNoConvergence = errors.New("non-negative least squares did not converge")

// solve returns the non-negative x that minimises the sum of squares, by Lawson and Hanson's active-set method on the
// normal equations (Solving Least Squares Problems, 1974, chapter 23; in the form of Bro and De Jong, 1997). Columns
// are scaled to unit norm first; a column without a single entry stays zero.
func (ls *leastSquares) solve() ([]float64, error) {
	n := ls.n
	scale := make([]float64, n)
	for i := range scale {
		if d := ls.gram[i*n+i]; d > 0 {
			scale[i] = 1 / math.Sqrt(d)
		}
	}
	g := make([]float64, n*n)
	h := make([]float64, n)
	for i := range n {
		h[i] = ls.rhs[i] * scale[i]
		for j := range n {
			g[i*n+j] = ls.gram[i*n+j] * scale[i] * scale[j]
		}
	}
	x, err := activeSet(g, h, n)
	for i := range x {
		x[i] *= scale[i]
	}
	return x, err
}

// solveAbove returns the x ≥ floor that minimises the sum of squares.
func (ls *leastSquares) solveAbove(floor []float64) ([]float64, error) {
	shifted := &leastSquares{n: ls.n, gram: ls.gram, rhs: slices.Clone(ls.rhs), rows: ls.rows}
	for i := range ls.n {
		for j, f := range floor {
			shifted.rhs[i] -= ls.gram[i*ls.n+j] * f
		}
	}
	x, err := shifted.solve()
	for i := range x {
		x[i] += floor[i]
	}
	return x, err
}

func activeSet(g, h []float64, n int) ([]float64, error) {
	x := make([]float64, n)
	passive := make([]bool, n)
	for range 10 * (n + 10) {
		best, at := 1e-10, -1
		for i := range n {
			if passive[i] || g[i*n+i] == 0 {
				continue
			}
			w := h[i]
			for j := range n {
				w -= g[i*n+j] * x[j]
			}
			if w > best {
				best, at = w, i
			}
		}
		if at < 0 {
			return x, nil
		}
		passive[at] = true
		for {
			z, err := solvePassive(g, h, passive, n)
			if err != nil {
				return x, err
			}
			if step, ok := boundary(x, z, passive); ok {
				for i := range x {
					if passive[i] {
						x[i] += step * (z[i] - x[i])
						if x[i] <= 1e-14 {
							x[i], passive[i] = 0, false
						}
					}
				}
				if !passive[at] && x[at] == 0 && step == 0 { // the new column cannot enter: leave it out for good
					g[at*n+at] = 0
				}
				continue
			}
			x = z
			break
		}
	}
	return x, errNoConvergence
}

// boundary returns the largest step from x towards z that keeps the passive variables non-negative; false where the
// whole step does.
func boundary(x, z []float64, passive []bool) (float64, bool) {
	step, hit := 1.0, false
	for i, p := range passive {
		if p && z[i] <= 0 {
			if s := x[i] / (x[i] - z[i]); s < step || !hit {
				step, hit = min(step, s), true
			}
		}
	}
	return step, hit
}

// solvePassive solves the normal equations of the passive columns, the others held at zero.
func solvePassive(g, h []float64, passive []bool, n int) ([]float64, error) {
	var idx []int
	for i, p := range passive {
		if p {
			idx = append(idx, i)
		}
	}
	sub := mat.NewSymDense(len(idx), nil)
	rhs := mat.NewVecDense(len(idx), nil)
	for a, i := range idx {
		rhs.SetVec(a, h[i])
		for b := a; b < len(idx); b++ {
			v := g[i*n+idx[b]]
			if a == b {
				v += 1e-11
			}
			sub.SetSym(a, b, v)
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(sub) {
		return nil, errors.New("the equations do not determine the coefficients")
	}
	var z mat.VecDense
	if err := chol.SolveVecTo(&z, rhs); err != nil {
		var cond mat.Condition
		if !errors.As(err, &cond) { // ill-conditioned is still usable
			return nil, err
		}
	}
	out := make([]float64, n)
	for a, i := range idx {
		out[i] = z.AtVec(a)
	}
	return out, nil
}
