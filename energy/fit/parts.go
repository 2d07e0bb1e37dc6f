package fit

import (
	"slices"

	"github.com/irene-onnx/irene/energy/stats"
)

// part is equations that are predicted from a fit to the others, by index.
type part struct{ train, test []int }

// partOf leaves those equations out that are in.
func partOf(eqs []*equation, in func(*equation) bool) part {
	var p part
	for i, e := range eqs {
		if in(e) {
			p.test = append(p.test, i)
		} else {
			p.train = append(p.train, i)
		}
	}
	return p
}

// Partition names what is left out of fits in turn.
type Partition string

// The partitions.
const (
	ByNothing      Partition = ""
	ByModel        Partition = "models"
	ByFamily       Partition = "families"         // of models; where there is one only, models and the halves of the token counts
	ByModelOrShape Partition = "models or shapes" // shapes where there is one model only, fifths where there is one shape only
	ByDevice       Partition = "devices"          // fifths where there is one only
)

// of forms the parts of a partition, and says what they are: "model", "shape" …; "" where nothing can be left out.
func (p Partition) of(eqs []*equation) (parts []part, what string) {
	switch p {
	case ByModel:
		return byGroup(eqs), "model"
	case ByFamily:
		return byFamily(eqs)
	case ByModelOrShape:
		return byModelOrShape(eqs)
	case ByDevice:
		return byDevice(eqs)
	}
	return nil, ""
}

// groupNames lists the groups, sorted; equations of none are never left out with one.
func groupNames(eqs []*equation) []string {
	seen, out := map[string]bool{"": true}, []string{}
	for _, e := range eqs {
		if !seen[e.Group] {
			seen[e.Group] = true
			out = append(out, e.Group)
		}
	}
	slices.Sort(out)
	return out
}

// byGroup leaves out each group.
func byGroup(eqs []*equation) (parts []part) {
	for _, name := range groupNames(eqs) {
		parts = append(parts, partOf(eqs, func(e *equation) bool { return e.Group == name }))
	}
	return parts
}

// byDevice leaves out each device of operators, or each part of the operators of one.
func byDevice(eqs []*equation) ([]part, string) {
	if len(eqs) > 0 && slices.ContainsFunc(eqs, func(e *equation) bool { return e.Device.ID != eqs[0].Device.ID }) {
		return byGroup(eqs), "device"
	}
	return byGroup(eqs), "part"
}

// byFamily leaves out each family of models, which is stricter than each model. Where there is one only, it leaves out
// each model, and, so that sizes count too, the larger half of the token counts and the smaller one.
func byFamily(eqs []*equation) ([]part, string) {
	var parts []part
	if groups := families(eqs); len(groups) > 1 {
		for _, g := range groups {
			parts = append(parts, partOf(eqs, func(e *equation) bool { return slices.Contains(g, e.Group) }))
		}
		return parts, "family"
	}
	middle := medianTokens(eqs)
	return append(byGroup(eqs),
		partOf(eqs, func(e *equation) bool { return e.Tokens() > middle }),
		partOf(eqs, func(e *equation) bool { return e.Tokens() <= middle })), "model"
}

// MaxParts bounds the fits that leaving out shapes takes.
const MaxParts = 16

// byModelOrShape leaves out each model, or where there is one only, each of its shapes, or where there is one only, a
// fifth of the equations.
func byModelOrShape(eqs []*equation) (parts []part, what string) {
	if len(groupNames(eqs)) > 1 {
		return byGroup(eqs), "model"
	}
	var shapes []string
	for _, e := range eqs {
		if e.Shape != "" && !slices.Contains(shapes, e.Shape) {
			shapes = append(shapes, e.Shape)
		}
	}
	slices.Sort(shapes)
	if len(shapes) > 1 {
		n := min(len(shapes), MaxParts)
		for i := range n {
			parts = append(parts, partOf(eqs, func(e *equation) bool {
				k, ok := slices.BinarySearch(shapes, e.Shape)
				return ok && k%n == i
			}))
		}
		return parts, "shape"
	}
	if len(eqs) < 2*folds {
		return nil, ""
	}
	at := map[*equation]int{}
	for i, e := range eqs {
		at[e] = i
	}
	for i := range folds {
		parts = append(parts, partOf(eqs, func(e *equation) bool { return at[e]%folds == i }))
	}
	return parts, "part"
}

func medianTokens(eqs []*equation) int64 {
	all := make([]float64, len(eqs))
	for i, e := range eqs {
		all[i] = float64(e.Tokens())
	}
	return int64(stats.Median(all))
}

// MedianTokens is the median of batch size times sequence length over distinct measurements that have dims.
func (d *Data) MedianTokens() int64 {
	return medianTokens(slices.DeleteFunc(d.equations(), func(e *equation) bool { return e.Shape == "" }))
}
