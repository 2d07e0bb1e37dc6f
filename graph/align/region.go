package align

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// region is what lies below a module, without what lies in its lists of layers.
type region struct {
	root     *unit
	total    Weight
	singles  []*unit
	families []*family
	byRole   [activates + 1][]*unit // singles in the order of execution
	order    map[*unit]float64      // place in the order of execution, in [0, 1]
	path     map[*unit][]string     // words of the names from the region down
}

// fewLayers is the most that a list holds which stands for the parts of one layer, where the other tree has no list.
const fewLayers = 3

// family is a list of layers.
type family struct {
	members  []*unit
	index    []int
	numbered bool // the indices tell the members apart
	words    []string
	work     float64
}

// newRegion collects what is below a module. Lists in flat are none.
func newRegion(root *unit, flat map[*unit]bool) *region {
	r := &region{root: root, total: root.weight, order: map[*unit]float64{}, path: map[*unit][]string{}}
	r.collect(root, flat)
	for _, list := range r.byRole {
		slices.SortStableFunc(list, func(x, y *unit) int { return cmp.Compare(x.end, y.end) })
	}
	r.setOrder()
	return r
}

// setOrder places singles by their number in their role; those whose role has multiplications near it also by how many
// of these are done before: fused modules then do not shift those behind them.
func (r *region) setOrder() {
	var all []*unit
	for _, list := range r.byRole {
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(x, y *unit) int { return cmp.Or(cmp.Compare(x.end, y.end), cmp.Compare(x.id, y.id)) })
	done := map[*unit]float64{}
	sum := 0.0
	for _, u := range all {
		done[u] = (sum + u.own.MACs/2) / max(r.total.MACs, tiny)
		sum += u.own.MACs
	}
	for role, list := range r.byRole {
		for i, u := range list {
			r.order[u] = 0.5
			if len(list) > 1 {
				r.order[u] = float64(i) / float64(len(list)-1)
			}
			switch {
			case r.total.MACs <= 0 || sum <= 0:
			case role == int(attends), role == int(multiplies), role == int(activates):
				r.order[u] = 0.2*r.order[u] + 0.8*done[u]
			}
		}
	}
}

// after reports whether u comes after the first layer of the region.
func (r *region) after(u *unit) bool {
	return len(r.families) > 0 && u.end > r.families[0].members[0].end
}

// collect sorts the modules below u into singles and lists.
func (r *region) collect(u *unit, flat map[*unit]bool) {
	lists := u.lists()
	for _, c := range u.children {
		base, ok := cutIndex(c.m.Name)
		if list := lists[base]; ok && isFamily(base, list) && !flat[list[0]] {
			if c == list[0] {
				r.families = append(r.families, newFamily(r, base, list))
			}
			continue
		}
		r.singles = append(r.singles, c)
		r.byRole[c.role] = append(r.byRole[c.role], c)
		r.path[c] = sortedSet(append(slices.Clone(r.path[u]), c.words...))
		r.collect(c, flat)
	}
}

// isFamily tells a list of layers from modules whose names happen to end in numbers: lists have a dot before the
// number, or at least three members that hold others. A list of one that holds a list is a wrapper.
func isFamily(base string, list []*unit) bool {
	if !strings.HasSuffix(base, ".") {
		return base == "" || len(list) > 2 && len(list[0].children) > 0
	}
	return len(list) > 1 || !hasList(list[0])
}

func hasList(u *unit) bool {
	for _, c := range u.children {
		if base, ok := cutIndex(c.m.Name); ok && (base == "" || strings.HasSuffix(base, ".")) || hasList(c) {
			return true
		}
	}
	return false
}

func newFamily(r *region, base string, list []*unit) *family {
	f := &family{members: list, words: sortedSet(append(slices.Clone(r.path[list[0].parent]), words(base)...)), numbered: true}
	seen := map[int]bool{}
	for _, u := range list {
		f.work += u.weight.Work
		i, ok := indexOf(u.m.Name, base)
		f.numbered = f.numbered && ok && !seen[i]
		seen[i] = true
		f.index = append(f.index, i)
	}
	return f
}

// cutIndex splits the number off a name: "layer." of "layer.11", "block_" of "block_3". A further call's number goes with
// it ("layer.0_1").
func cutIndex(name string) (base string, ok bool) {
	end := len(name)
	digits := func() bool {
		i := end
		for i > 0 && name[i-1] >= '0' && name[i-1] <= '9' {
			i--
		}
		some := i < end
		end = i
		return some
	}
	if !digits() {
		return "", false
	}
	if end > 1 && name[end-1] == '_' && name[end-2] >= '0' && name[end-2] <= '9' {
		end--
		digits()
	}
	return name[:end], true
}

// indexOf is the number behind a base; false where it is that of a further call.
func indexOf(name, base string) (int, bool) {
	i, err := strconv.Atoi(strings.TrimPrefix(name, base))
	return i, err == nil
}
