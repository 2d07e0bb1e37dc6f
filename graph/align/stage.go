package align

import "slices"

// Stages are lists too, of parts of a model that hold lists of layers: those of Swin and ConvNeXt, or the levels of a U-Net.
// A stage answers to a stage, and what is in it to what is in one; layers answer to layers.

// What lists of layers make of a stage: their members do about the same, and most of what the stage does.
const (
	leastMembersAlike = 0.6
	leastWorkInLayers = 0.5
)

// markStages counts, for the modules below u, the stages that each is in, itself among them.
func (u *unit) markStages() {
	stages := u.listsOf(func(list []*unit) bool { return slices.ContainsFunc(list, (*unit).isStage) })
	for _, c := range u.children {
		if c.stages = u.stages; stages[c] {
			c.stages++
		}
		c.markStages()
	}
}

// listsOf are the members of those lists of children of which something holds.
func (u *unit) listsOf(holds func([]*unit) bool) map[*unit]bool {
	out := map[*unit]bool{}
	for base, list := range u.lists() {
		if isFamily(base, list) && holds(list) {
			for _, c := range list {
				out[c] = true
			}
		}
	}
	return out
}

// lists are the children whose names end in numbers, by what stands before these.
func (u *unit) lists() map[string][]*unit {
	out := map[string][]*unit{}
	for _, c := range u.children {
		if base, ok := cutIndex(c.m.Name); ok {
			out[base] = append(out[base], c)
		}
	}
	return out
}

// isStage reports whether a member of a list is a stage: layers in it do most of its work, all of its attention, and no fewer
// norms than what stands beside them. The experts and the parts of a layer leave attention or norms to others.
func (u *unit) isStage() bool {
	in := u.layersWithin(0)
	if in.work < leastWorkInLayers*u.weight.Work || in.work == 0 {
		return false
	}
	return in.kinds[attends] == u.kinds[attends] && 2*in.kinds[norms] >= u.kinds[norms]
}

// held is what lists of layers hold of a module.
type held struct {
	work  float64
	kinds kinds
}

// layersWithin sums the lists of modules below u whose members do about the same.
func (u *unit) layersWithin(level int) (out held) {
	if level == mostLevels {
		return out
	}
	layers := u.listsOf(alike)
	for _, c := range u.children {
		if layers[c] {
			out.work += c.weight.Work
			out.kinds.add(&c.kinds)
			continue
		}
		below := c.layersWithin(level + 1)
		out.work += below.work
		out.kinds.add(&below.kinds)
	}
	return out
}

// alike reports whether a list has several members, and all do about what the first does.
func alike(list []*unit) bool {
	if len(list) < 2 {
		return false
	}
	for _, c := range list[1:] {
		if list[0].kinds.similarity(&c.kinds) < leastMembersAlike || (list[0].kinds[attends] > 0) != (c.kinds[attends] > 0) {
			return false
		}
	}
	return true
}
