package model

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// smallestSingular is the singular value, relative to the largest, below which a direction counts as not varied.
const smallestSingular = 1e-10

// regression is the linear model of one type of operator: P(n) = w · x(n) + b with x standardised.
type regression struct {
	scaler
	Coefficients []float64 `json:"coefficients"`
	Intercept    float64   `json:"intercept"`
}

// predict evaluates r on a row of features; scratch is as long as the row.
func (r *regression) predict(row, scratch []float64) float64 {
	r.apply(scratch, row)
	return floats.Dot(r.Coefficients, scratch) + r.Intercept
}

// sample is one distinct leaf and how many nodes it stands for.
type sample struct {
	row         int32
	groundTruth float64
}

// fitLeaves fits a regression for each type of operator among the measured leaves of some plans.
func fitLeaves(d *dataset, plans []*plan) (map[string]*regression, error) {
	byKind := map[string]map[sample]float64{}
	for _, p := range plans {
		for i := range p.nodes {
			n := &p.nodes[i]
			if !n.leaf() || n.groundTruth == 0 {
				continue
			}
			if byKind[n.kind] == nil {
				byKind[n.kind] = map[sample]float64{}
			}
			byKind[n.kind][sample{n.row, n.groundTruth}] += n.count
		}
	}
	leaves := map[string]*regression{}
	for kind, counted := range byKind {
		samples := slices.SortedFunc(maps.Keys(counted), func(a, b sample) int {
			return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.groundTruth, b.groundTruth))
		})
		rows, groundTruth, counts := make([][]float64, len(samples)), make([]float64, len(samples)), make([]float64, len(samples))
		for i, s := range samples {
			rows[i], groundTruth[i], counts[i] = d.rows[s.row], s.groundTruth, counted[s]
		}
		r, err := fitRegression(rows, groundTruth, counts)
		if err != nil {
			return nil, fmt.Errorf("operators of type %s: %w", kind, err)
		}
		leaves[kind] = r
	}
	return leaves, nil
}

// fitRegression is the least-squares regression of measured energies on standardised rows, each taken counts times. Of all solutions
// where features depend on each other, it is the one with the smallest coefficients.
func fitRegression(rows [][]float64, groundTruth, counts []float64) (*regression, error) {
	k := len(rows[0])
	r := &regression{scaler: fitScaler(rows, counts, k), Coefficients: make([]float64, k)}
	r.Intercept = floats.Dot(groundTruth, counts) / floats.Sum(counts)
	a, y := mat.NewDense(len(rows), k, nil), make([]float64, len(rows))
	for i, row := range rows {
		root := math.Sqrt(counts[i])
		r.apply(a.RawRowView(i), row)
		floats.Scale(root, a.RawRowView(i))
		y[i] = root * (groundTruth[i] - r.Intercept)
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return nil, errors.New("the regression does not converge")
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	singular := svd.Values(nil)
	for j, s := range singular {
		if s <= smallestSingular*singular[0] {
			break
		}
		along := mat.Dot(u.ColView(j), mat.NewVecDense(len(y), y)) / s
		for f := range r.Coefficients {
			r.Coefficients[f] += along * v.At(f, j)
		}
	}
	return r, nil
}

// UnknownTypeError says that a model has no regression for a type of operator.
type UnknownTypeError struct {
	Scope string   // of a leaf of that type
	Type  string   // in lower case
	Known []string // sorted
}

// Error names the leaf, its type and the types that the model knows.
func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("%s: no operator of type %s was trained on (known: %s)", e.Scope, e.Type, list(e.Known))
}

// leafEnergies predicts the leaves of a plan, by node; other nodes are zero.
func (m *Model) leafEnergies(rows [][]float64, p *plan) ([]float64, error) {
	energies := make([]float64, len(p.nodes))
	scratch := make([]float64, len(m.features))
	for i := range p.nodes {
		n := &p.nodes[i]
		if !n.leaf() {
			continue
		}
		r, known := m.leaves[n.kind]
		if !known {
			return nil, &UnknownTypeError{n.source.Scope, n.kind, slices.Sorted(maps.Keys(m.leaves))}
		}
		energies[i] = r.predict(rows[n.row], scratch)
	}
	return energies, nil
}
