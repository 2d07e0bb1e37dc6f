package fit

import (
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
)

// sharedEnergy is the share of two models' operator energy that must lie in operators of the same kind for them to be
// of one family: leaving one of them out leaves its sibling in.
const sharedEnergy = 0.5

// Families groups measured models that share most of their operators, by the kinds of operators (Linear, Conv1D,
// LayerNorm …) that their energy goes to. Groups and the names in them are sorted.
func (d *Data) Families() [][]string {
	shares := kindShares(d.equations())
	names := slices.Sorted(maps.Keys(shares))
	group := map[string]int{}
	var out [][]string
	for _, name := range names {
		at := -1
		for _, other := range names {
			if g, ok := group[other]; ok && Overlap(shares[name], shares[other]) >= sharedEnergy {
				at = g
				break
			}
		}
		if at < 0 {
			at = len(out)
			out = append(out, nil)
		}
		group[name] = at
		out[at] = append(out[at], name)
	}
	return out
}

// kindShares is the share of each kind of operator in the energy of a group's operators.
func kindShares(eqs []*equation) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for _, e := range eqs {
		if e.Level != energy.LevelOperator {
			continue
		}
		m := out[e.Group]
		if m == nil {
			m = map[string]float64{}
			out[e.Group] = m
		}
		m[e.Kind] += float64(e.energy)
	}
	for _, m := range out {
		sum := 0.0
		for _, k := range slices.Sorted(maps.Keys(m)) {
			sum += m[k]
		}
		for k := range m {
			m[k] /= sum
		}
	}
	return out
}

// Overlap is how much two distributions over the same words have in common, from 0 to 1.
func Overlap(a, b map[string]float64) float64 {
	sum := 0.0
	for _, k := range slices.Sorted(maps.Keys(a)) {
		sum += min(a[k], b[k])
	}
	return sum
}
