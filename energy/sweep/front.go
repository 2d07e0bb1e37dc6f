package sweep

import (
	"cmp"
	"math"
	"slices"
)

// markFronts marks the rows of each group that are on its front of energy against time.
func (s *Sweep) markFronts(rows []*Row) {
	groups := make([][]*Row, s.Groups)
	for _, r := range rows {
		if r.eligible() && !math.IsNaN(float64(r.PerItem())) {
			g := s.Settings[r.Setting].Group
			groups[g] = append(groups[g], r)
		}
	}
	for _, list := range groups {
		slices.SortStableFunc(list, func(a, b *Row) int { return cmp.Compare(a.Time, b.Time) })
		least := math.Inf(1)
		for len(list) > 0 {
			r, rest := cheapest(list)
			if less(float64(r.PerItem()), least) {
				least, r.Front = float64(r.PerItem()), true
			}
			list = rest
		}
	}
}

// cheapest is the first of those that take the least energy among the rows, of a list by time, that take as long as its
// first; rest are the others.
func cheapest(list []*Row) (out *Row, rest []*Row) {
	out, first := list[0], list[0]
	for rest = list[1:]; len(rest) > 0 && !less(float64(first.Time), float64(rest[0].Time)); rest = rest[1:] {
		if less(float64(rest[0].PerItem()), float64(out.PerItem())) {
			out = rest[0]
		}
	}
	return out, rest
}

// less reports whether a is smaller by more than what sums in another order differ by.
func less(a, b float64) bool { return a < b*(1-closeness) }
