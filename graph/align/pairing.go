package align

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// pairing is what answers to what in two trees, both ways.
type pairing struct {
	a, b   *side
	match  map[*unit]*unit
	reason map[*unit]Reason // of units of a
}

// join matches two modules; those that are matched stay so, and those in stages answer to such alone.
func (p *pairing) join(x, y *unit, why Reason) bool {
	if p.match[x] != nil || p.match[y] != nil || x.stages != y.stages {
		return false
	}
	p.match[x], p.match[y], p.reason[x] = y, x, why
	return true
}

// byPath matches equal paths, below the wrappers that make most paths equal.
func (p *pairing) byPath() {
	bestX, bestY, most := "", "", -1
	for _, x := range wrappers(p.a.root()) {
		for _, y := range wrappers(p.b.root()) {
			if n := len(p.samePaths(x, y)); n > most {
				bestX, bestY, most = x, y, n
			}
		}
	}
	for _, xy := range p.samePaths(bestX, bestY) {
		p.join(xy[0], xy[1], ByPath)
	}
}

// wrappers are the root's path and those of modules that hold all that is not a single module, from the root down.
func wrappers(root *unit) []string {
	out := []string{root.m.Path}
	for u := root; len(out) < mostLevels; {
		var inner []*unit
		for _, c := range u.children {
			if len(c.children) > 0 {
				inner = append(inner, c)
			}
		}
		if len(inner) != 1 {
			return out
		}
		if _, indexed := cutIndex(inner[0].m.Name); indexed {
			return out
		}
		u = inner[0]
		out = append(out, u.m.Path)
	}
	return out
}

// samePaths are the modules below two wrappers that have equal paths in them, and those beside the wrappers that have
// equal paths as they are.
func (p *pairing) samePaths(wrapA, wrapB string) [][2]*unit {
	inB := map[string]*unit{}
	p.b.eachPath(wrapB, func(path string, v *unit) {
		if inB[path] == nil {
			inB[path] = v
		}
	})
	var out [][2]*unit
	p.a.eachPath(wrapA, func(path string, u *unit) {
		if v := inB[path]; v != nil {
			out = append(out, [2]*unit{u, v})
			delete(inB, path)
		}
	})
	return out
}

// eachPath visits what is below a wrapper by its path there, then what is beside it by its own.
func (s *side) eachPath(wrapper string, visit func(path string, u *unit)) {
	for _, inside := range []bool{true, false} {
		for _, u := range s.units[1:] {
			if rest, ok := below(u.m.Path, wrapper); ok == inside {
				if !ok {
					rest = u.m.Path
				}
				visit(rest, u)
			}
		}
	}
}

// below is what of a path follows a wrapper's; false for the wrapper itself and what is not in it.
func below(path, wrapper string) (string, bool) {
	if wrapper == "" {
		return path, path != ""
	}
	return strings.CutPrefix(path, wrapper+".")
}

// byModule matches equal calls of equal canonical paths.
func (p *pairing) byModule() {
	type call struct {
		module string
		call   int
	}
	inB := map[call]*unit{}
	for _, v := range p.b.units {
		inB[call{v.m.Canonical, v.m.Call}] = v
	}
	for _, u := range p.a.units {
		if v := inB[call{u.m.Canonical, u.m.Call}]; v != nil && u.m.Canonical != "" {
			p.join(u, v, ByModule)
		}
	}
}

// region matches what is below two modules that answer to each other, then goes into each pair of layers.
func (p *pairing) region(x, y *unit) {
	rx, ry, families := p.lists(x, y)
	p.singles(rx, ry)
	p.holders(rx, ry, families)
	p.names(rx, ry)
	for _, f := range rx.families {
		for _, u := range f.members {
			if v := p.match[u]; v != nil {
				p.region(u, v)
			}
		}
	}
}

// lists finds the layers of both regions and matches them. Short lists that nothing answers to are taken apart: they stand
// for the parts of a layer.
func (p *pairing) lists(x, y *unit) (rx, ry *region, matched [][2]*family) {
	flat := map[*unit]bool{}
	for {
		rx, ry = newRegion(x, flat), newRegion(y, flat)
		matched = p.families(rx, ry)
		known := map[*family]bool{}
		for _, fg := range matched {
			known[fg[0]], known[fg[1]] = true, true
		}
		more := false
		for _, f := range slices.Concat(rx.families, ry.families) {
			if len(f.members) <= fewLayers && !known[f] {
				flat[f.members[0]], more = true, true
			}
		}
		if !more {
			return rx, ry, matched
		}
	}
}

// candidate is a possible match.
type candidate struct {
	x, y  int
	score float64
}

// greedy takes the best candidates first, each side once. Of equal ones it takes the first.
func greedy(list []candidate, take func(x, y int) bool) {
	slices.SortFunc(list, func(p, q candidate) int {
		return cmp.Or(cmp.Compare(q.score, p.score), cmp.Compare(p.x, q.x), cmp.Compare(p.y, q.y))
	})
	usedX, usedY := map[int]bool{}, map[int]bool{}
	for _, c := range list {
		if !usedX[c.x] && !usedY[c.y] && take(c.x, c.y) {
			usedX[c.x], usedY[c.y] = true, true
		}
	}
}

// families matches lists of layers, and layer i of one with layer i of the other.
func (p *pairing) families(rx, ry *region) [][2]*family {
	var list []candidate
	window := neighbours(len(rx.families), len(ry.families))
	for i, f := range rx.families {
		for j, g := range ry.families {
			if j < i-window || j > i+window || f.members[0].stages != g.members[0].stages {
				continue
			}
			s := 0.3*overlap(f.words, g.words) + 0.4*f.members[0].kinds.similarity(&g.members[0].kinds) + 0.3*ratio(f.work/max(rx.total.Work, tiny), g.work/max(ry.total.Work, tiny))
			for k, u := range f.members {
				if k < len(g.members) && p.match[u] != nil && p.match[u].within(g.members[0].parent) {
					s++ // the path said so
					break
				}
			}
			if s >= leastFamily {
				list = append(list, candidate{i, j, s})
			}
		}
	}
	var out [][2]*family
	greedy(list, func(i, j int) bool {
		f, g := rx.families[i], ry.families[j]
		out = append(out, [2]*family{f, g})
		for _, uv := range layers(f, g) {
			p.join(uv[0], uv[1], ByRole)
		}
		return true
	})
	return out
}

// layers pairs the members of two lists: by their numbers where both are numbered from the same one, else by place.
func layers(f, g *family) [][2]*unit {
	var out [][2]*unit
	if f.numbered && g.numbered && f.index[0] == g.index[0] {
		byIndex := map[int]*unit{}
		for k, i := range g.index {
			byIndex[i] = g.members[k]
		}
		for k, i := range f.index {
			if v := byIndex[i]; v != nil {
				out = append(out, [2]*unit{f.members[k], v})
			}
		}
		return out
	}
	for k := range min(len(f.members), len(g.members)) {
		out = append(out, [2]*unit{f.members[k], g.members[k]})
	}
	return out
}

// What a score must reach for a match.
const (
	leastFamily = 0.45
	leastSingle = 0.5
	leastHeld   = 0.7
	leastAlike  = 0.5

	tiny = 1e-30
)

// mostLevels bounds the modules in one another that are looked at for wrappers, and for what holds a module.
const mostLevels = 16

// mostPairs bounds the pairs of modules that one region compares; beyond it only neighbours in order are.
const mostPairs = 1 << 18

// neighbours is how far apart in order the modules of two lists may be that are compared.
func neighbours(n, m int) int {
	if n*m <= mostPairs {
		return n + m
	}
	return max(1, mostPairs/(n+m))
}

// singles matches modules that do work of their own.
func (p *pairing) singles(rx, ry *region) {
	var list []candidate
	for r := attends; r <= activates; r++ {
		xs, ys := p.unmatched(rx.byRole[r]), p.unmatched(ry.byRole[r])
		window := neighbours(len(xs), len(ys))
		for i, u := range xs {
			mid := i * len(ys) / len(xs)
			for j := max(0, mid-window); j < min(len(ys), mid+window+1); j++ {
				v := ys[j]
				if s := p.similar(rx, ry, u, v); s >= leastSingle {
					list = append(list, candidate{u.id, v.id, s})
				}
			}
		}
	}
	greedy(list, func(x, y int) bool { return p.join(p.a.units[x], p.b.units[y], ByRole) })
}

func (p *pairing) unmatched(list []*unit) []*unit {
	var out []*unit
	for _, u := range list {
		if p.match[u] == nil {
			out = append(out, u)
		}
	}
	return out
}

// similar scores two modules of one role in [0, 1] and a bit: names, part of the region, order, place.
func (p *pairing) similar(rx, ry *region, u, v *unit) float64 {
	name := 0.6*overlap(u.words, v.words) + 0.4*overlap(rx.path[u], ry.path[v])
	size := 0.75
	if u.role == embeds || u.role == multiplies { // others may hold what is fused into them
		size = parts(rx, ry, u, v)
	}
	order := 1 - math.Abs(rx.order[u]-ry.order[v])
	place := 0.5
	if p.match[p.anchor(u, rx.root)] == p.anchor(v, ry.root) {
		place = 1
	}
	s := 0.3*name + 0.3*size + 0.25*order + 0.15*place
	if u.m.Class != "" && u.m.Class == v.m.Class {
		s += 0.05
	}
	if len(u.words) > 0 && len(v.words) > 0 && overlap(u.words, v.words) == 0 && size < 0.5 {
		return 0 // neither the names nor the sizes agree: one of three products, and all three in one
	}
	if rx.after(u) != ry.after(v) {
		s -= 0.3
	}
	if len(rx.byRole[u.role]) == 1 && len(ry.byRole[v.role]) == 1 {
		s += 0.1
	}
	return s
}

// parts compares which parts of parameters and multiplications of their regions two modules are.
func parts(rx, ry *region, u, v *unit) float64 {
	sum, n := 0.0, 0.0
	add := func(x, ofX, y, ofY float64) {
		if x > 0 || y > 0 {
			sum += ratio(x/max(ofX, tiny), y/max(ofY, tiny))
			n++
		}
	}
	add(u.own.Params, rx.total.Params, v.own.Params, ry.total.Params)
	add(u.own.MACs, rx.total.MACs, v.own.MACs, ry.total.MACs)
	if n == 0 {
		return 0.75
	}
	return sum / n
}

// anchor is the nearest module above u that has an answer.
func (p *pairing) anchor(u, root *unit) *unit {
	for u = u.parent; u != root && u != nil && p.match[u] == nil; u = u.parent {
	}
	return u
}

// holders matches modules that only hold others, where most of what both hold answers to each other.
func (p *pairing) holders(rx, ry *region, families [][2]*family) {
	type held struct{ x, y float64 }
	votes := map[[2]*unit]*held{}
	vote := func(u, v *unit, wx, wy float64) {
		for _, x := range p.unmatchedAbove(u, rx.root) {
			for _, y := range p.unmatchedAbove(v, ry.root) {
				k := [2]*unit{x, y}
				if votes[k] == nil {
					votes[k] = &held{}
				}
				votes[k].x += wx
				votes[k].y += wy
			}
		}
	}
	for _, u := range rx.singles {
		if v := p.match[u]; v != nil && v.within(ry.root) {
			vote(u, v, u.own.Work, v.own.Work)
		}
	}
	for _, fg := range families {
		vote(fg[0].members[0].parent, fg[1].members[0].parent, fg[0].work, fg[1].work)
	}
	var list []candidate
	for xy, h := range votes {
		x, y := xy[0], xy[1]
		s := min(h.x/max(x.weight.Work, tiny), h.y/max(y.weight.Work, tiny))
		if s >= leastHeld {
			list = append(list, candidate{x.id, y.id, s + 0.1*overlap(x.words, y.words)})
		}
	}
	greedy(list, func(x, y int) bool { return p.join(p.a.units[x], p.b.units[y], ByRole) })
}

// unmatchedAbove are the nearest modules from u up to a region's root that nothing answers to.
func (p *pairing) unmatchedAbove(u, root *unit) []*unit {
	var out []*unit
	for level := 0; u != root && u != nil && level < mostLevels; u = u.parent {
		if p.match[u] == nil {
			out = append(out, u)
		}
		level++
	}
	return out
}

// names matches what is left: modules of one name, of about one part of the region, in modules that answer to each other.
// One may be fused where the other is not.
func (p *pairing) names(rx, ry *region) {
	type place struct {
		in   *unit
		name string
	}
	inB := map[place][]*unit{}
	for _, v := range p.unmatched(ry.singles) {
		k := place{p.anchor(v, ry.root), strings.Join(v.words, " ")}
		inB[k] = append(inB[k], v)
	}
	for _, u := range p.unmatched(rx.singles) {
		name := strings.Join(u.words, " ")
		in := p.match[p.anchor(u, rx.root)]
		if name == "" || in == nil {
			continue
		}
		for _, v := range inB[place{in, name}] {
			x, y := u.weight.Work/max(rx.total.Work, tiny), v.weight.Work/max(ry.total.Work, tiny)
			if (u.role == v.role || u.role == holds || v.role == holds) && ratio(x, y) >= leastAlike && p.join(u, v, ByRole) {
				break
			}
		}
	}
}

// ratio is the smaller over the larger of two numbers; 1 for two zeros.
func ratio(x, y float64) float64 {
	if x == y {
		return 1
	}
	return min(x, y) / max(x, y)
}
