package export

import (
	"slices"
)

// near leaves the boxes that are in the focus or at most the view's radius away from it.
func (p *picture) near() {
	if p.root == p.r.Tree {
		return
	}
	distance := map[*box]int{}
	var queue []*box
	for _, b := range p.boxes {
		if p.inFocus(b) {
			distance[b] = 0
			queue = append(queue, b)
		}
	}
	beside := map[*box][]*box{}
	for _, f := range p.flows {
		beside[f.from] = append(beside[f.from], f.to)
		beside[f.to] = append(beside[f.to], f.from)
	}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		if distance[b] == p.r.View.Radius {
			continue
		}
		for _, o := range beside[b] {
			if _, seen := distance[o]; !seen {
				distance[o] = distance[b] + 1
				queue = append(queue, o)
			}
		}
	}
	kept := func(b *box) bool { _, ok := distance[b]; return ok }
	p.flows = slices.DeleteFunc(p.flows, func(f *flow) bool { return !kept(f.from) || !kept(f.to) })
	p.boxes = slices.DeleteFunc(p.boxes, func(b *box) bool { return !kept(b) })
}

// inFocus reports whether a box is the root of the picture, or in it.
func (p *picture) inFocus(b *box) bool {
	if b.module == p.root {
		return true
	}
	for m := b.in; m != nil; m = p.parent[m] {
		if m == p.root {
			return true
		}
	}
	return false
}
