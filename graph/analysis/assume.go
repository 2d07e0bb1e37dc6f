package analysis

import (
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// assumption finds sizes for the dims that nobody gave.
type assumption struct {
	declared []string
	roles    map[string]dimRole
	cache    bool
	solved   []map[string]graph.Dim // dims that equalities of the graph express by others; of two the first holds
	equal    []equality             // all that is known to be equal
}

// equality is a pair of dims that the graph needs to be equal.
type equality struct{ a, b graph.Dim }

// newAssumption takes up the equalities of inferences with dims left open.
func newAssumption(g *graph.Graph, open ...*ops.Inference) *assumption {
	s := &assumption{declared: Declared(g)}
	s.roles, s.cache = dimRoles(g)
	for _, inf := range open {
		s.solved = append(s.solved, inf.Solved)
		for _, name := range slices.Sorted(maps.Keys(inf.Solved)) {
			s.equal = append(s.equal, equality{graph.Symbol(name), inf.Solved[name]})
		}
		for _, c := range inf.Constraints {
			if !c.Broadcast {
				s.equal = append(s.equal, equality{c.A, c.B})
			}
		}
	}
	return s
}

// complete gives numbers to the dims that have none: those that equalities solve for, forwards or backwards, and to the
// others what their role is assumed to be. It returns the names of the latter.
func (s *assumption) complete(given map[string]int64) (dims map[string]int64, assumed []string) {
	dims = maps.Clone(given)
	for {
		var open, free []string // no equality solves them yet, or ever
		progress := false
		for _, name := range s.declared {
			if _, ok := dims[name]; ok {
				continue
			}
			v, state := solution(name, s.solved, lookup(dims))
			switch {
			case state == hasValue:
				dims[name], progress = v, true
				continue
			case state == hasNone:
				free = append(free, name)
			}
			open = append(open, name)
		}
		if !progress {
			var some []string
			some, progress = s.backwards(dims)
			assumed = append(assumed, some...)
		}
		switch {
		case progress:
			continue
		case len(open) == 0:
			slices.Sort(assumed)
			return dims, assumed
		}
		names := s.next(open, free, dims)
		for _, name := range names {
			dims[name] = s.roles[name].size(s.cache)
		}
		assumed = append(assumed, names...)
	}
}

// next is the dims to assume: those that no equality holds. Where a sum or product of open dims has a value already, only
// the one of them that is assumed least, such as the new tokens behind a cache: the others follow.
func (s *assumption) next(open, free []string, dims map[string]int64) []string {
	least := ""
	for _, e := range s.equal {
		if _, known := s.value(e.a, dims); !known {
			continue
		}
		for _, name := range e.b.Symbols() {
			if _, has := dims[name]; !has && slices.Contains(open, name) && (least == "" || s.roles[name].size(s.cache) < s.roles[least].size(s.cache)) {
				least = name
			}
		}
	}
	switch {
	case least != "":
		return []string{least}
	case len(free) > 0:
		return free
	}
	return open[:1] // equalities that wait for each other
}

func (s *assumption) value(d graph.Dim, dims map[string]int64) (int64, bool) {
	return d.Eval(lookup(dims))
}

// backwards solves equalities whose one side has a value for the only dim of the other side that has none, or for both
// sides of an image whose patches it counts. It names those that other sizes would do for as well.
func (s *assumption) backwards(dims map[string]int64) (chosen []string, solved bool) {
	for _, e := range s.equal {
		for _, side := range []equality{e, {e.b, e.a}} {
			n, known := s.value(side.a, dims)
			if !known {
				continue
			}
			open := s.openIn(side.b, dims)
			pixels := !slices.ContainsFunc(open, func(name string) bool { return s.roles[name] != countsPixels })
			if len(open) == 0 || len(open) > 1 && (!pixels || side.b.Degree() < len(open)) {
				continue
			}
			at := func(x int64) (int64, bool) {
				return side.b.Eval(func(name string) (int64, bool) {
					if v, ok := dims[name]; ok {
						return v, true
					}
					return x, slices.Contains(open, name)
				})
			}
			x, only, ok := argument(at, n, s.roles[open[0]].size(s.cache))
			if !ok {
				continue
			}
			for _, name := range open {
				dims[name], solved = x, true
			}
			if !only || len(open) > 1 {
				chosen = append(chosen, open...)
			}
		}
	}
	return chosen, solved
}

// openIn lists the symbols of an expression that have no number; nil where one is not declared.
func (s *assumption) openIn(d graph.Dim, dims map[string]int64) []string {
	var out []string
	for _, name := range d.Symbols() {
		if _, ok := dims[name]; ok {
			continue
		}
		if !slices.Contains(s.declared, name) {
			return nil
		}
		out = append(out, name)
	}
	return out
}

// argument finds a size at which a function that does not fall, or does not rise, has a value. Of several the roundest is
// taken, 224 where 223 and 224 make the same number of patches, and of those from the least on the largest: all of a table.
// What every size from some on does for, as min(4, n) = 4, says little: the usual size is taken where it is among them.
func argument(f func(int64) (int64, bool), want, usual int64) (x int64, only, ok bool) {
	zero, ok := f(0)
	one, ok2 := f(MaxDim)
	if !ok || !ok2 {
		return 0, false, false
	}
	sign := int64(1)
	if one < zero {
		sign = -1
	}
	from := func(n int64) int64 { // the first size at which the function has reached n
		lo, hi := int64(0), int64(MaxDim)+1
		for lo < hi {
			mid := lo + (hi-lo)/2
			if v, ok := f(mid); ok && sign*v >= n {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		return lo
	}
	first, behind := from(sign*want), from(sign*want+1)
	if v, ok := f(first); !ok || v != want || first > MaxDim {
		return 0, false, false
	}
	switch {
	case behind > MaxDim:
		return max(first, usual), false, true
	case first <= 1:
		return behind - 1, first == behind-1, true
	}
	for step := int64(1) << 30; step > 1; step /= 2 {
		if x := (first + step - 1) / step * step; x < behind {
			return x, first == behind-1, true
		}
	}
	return first, first == behind-1, true
}

// What equalities say of a dim.
const (
	hasNone  = iota // nothing
	hasExpr         // an expression in dims that have no value yet
	hasValue        // a number
)

// solution evaluates the first equality for a dim that can be.
func solution(name string, equalities []map[string]graph.Dim, env func(string) (int64, bool)) (int64, int) {
	state := hasNone
	for _, eq := range equalities {
		d, ok := eq[name]
		if !ok {
			continue
		}
		if v, ok := d.Eval(env); ok && v >= 0 {
			return v, hasValue
		}
		state = hasExpr
	}
	return 0, state
}

// hasCache reports whether a graph takes a key/value cache, by the names of inputs and of their dims.
func hasCache(g *graph.Graph) bool {
	for _, v := range g.Main.Inputs {
		if hasWord(strings.ToLower(v.Name), "past", "cache") {
			return true
		}
		for _, d := range v.Type.Shape {
			if name, ok := d.IsSymbol(); ok && strings.Contains(strings.ToLower(name), "past") {
				return true
			}
		}
	}
	return false
}

// leading are the dims that are the first of an input wherever they occur in one.
func leading(g *graph.Graph) map[string]bool {
	first := map[string]bool{}
	for _, v := range g.Main.Inputs {
		for i, d := range declaredShape(v) {
			if s, ok := d.IsSymbol(); ok {
				before, seen := first[s]
				first[s] = i == 0 && (before || !seen)
			}
		}
	}
	return first
}
