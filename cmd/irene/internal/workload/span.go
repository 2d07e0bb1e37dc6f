package workload

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// ones is what integers are that nothing is known of: a mask that masks nothing, a count of one.
var ones = span{1, 2}

// maxHops bounds the nodes that an index is followed through.
const maxHops = 16

// spanOf is the integers that every reader of a value accepts: rows of the tables that they index.
func spanOf(a *analysis.Analysis, v *graph.Value) span {
	s := spans{a: a, visited: map[*graph.Value]bool{}}
	s.follow(v, maxHops)
	if s.found {
		return span{s.low, max(s.high, s.low+1)}
	}
	return ones
}

// spans is one search.
type spans struct {
	a       *analysis.Analysis
	visited map[*graph.Value]bool
	found   bool
	span
}

// narrow adds what one reader accepts.
func (s *spans) narrow(low, high int64) {
	if !s.found {
		s.found, s.span = true, span{low, high}
		return
	}
	s.low, s.high = max(s.low, low), min(s.high, high)
}

// passing hand the elements of their first inputs on, or a part of them.
var passing = []string{
	"Cast", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Expand", "Transpose", "Slice", "Concat", "Tile", "Split",
	"MemcpyFromHost", "MemcpyToHost", "Clip", "Min", "Where",
}

func (s *spans) follow(v *graph.Value, hops int) {
	if v == nil || s.visited[v] || hops == 0 {
		return
	}
	s.visited[v] = true
	for _, u := range v.Consumers {
		if low, high, ok := s.accepts(u); ok {
			s.narrow(low, high)
			continue
		}
		through := slices.Contains(passing, u.Node.Op) || (u.Node.Op == "Gather" && u.Slot == 0)
		if !through || u.Node.Domain != "" {
			continue
		}
		for _, out := range u.Node.Outputs {
			s.follow(out, hops-1)
		}
	}
}

// tables lists the inputs that hold row numbers of a table: the slot of the numbers, and of the table, whose first axis
// they count.
var tables = map[string][][2]int{
	"com.microsoft:EmbedLayerNormalization": {{0, 2}, {1, 4}, {8, 3}},
	"com.microsoft:RotaryEmbedding":         {{1, 2}},
	"com.microsoft:GatherBlockQuantized":    {{1, 0}},
	"RotaryEmbedding":                       {{3, 1}},
}

// accepts is the range of indices that one reader takes.
func (s *spans) accepts(u graph.Use) (low, high int64, ok bool) {
	n := u.Node
	switch n.Kind() {
	case "Gather", "GatherElements", "ScatterElements":
		if u.Slot == 1 {
			high, ok = s.size(n.Input(0), int(n.Int("axis", 0)))
		}
		return 0, high, ok
	case "GatherND", "ScatterND":
		if u.Slot == 1 {
			high, ok = s.least(n.Input(0))
		}
		return 0, high, ok
	case "com.microsoft:GroupQueryAttention":
		return s.lengths(n, u.Slot)
	}
	for _, t := range tables[n.Kind()] {
		if t[0] == u.Slot {
			high, ok = s.size(n.Input(t[1]), 0)
			return 0, high, ok
		}
	}
	return 0, 0, false
}

// lengths are the scalars by which grouped-query attention is told the length of its cache: seqlens_k, the last position,
// and total_sequence_length.
func (s *spans) lengths(n *graph.Node, slot int) (low, high int64, ok bool) {
	seq, okS := s.size(n.Input(0), 1)
	past, okP := s.size(n.Input(3), 2)
	if !okP {
		past = 0
	}
	total := past + seq
	switch {
	case !okS || (slot != 5 && slot != 6):
		return 0, 0, false
	case slot == 5:
		return total - 1, total, true
	}
	return total, total + 1, true
}

// size is one dim of a value.
func (s *spans) size(v *graph.Value, axis int) (int64, bool) {
	if v == nil {
		return 0, false
	}
	shape := s.a.Inference.Facts[v.ID].Shape
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return 0, false
	}
	return s.a.Eval(shape[axis])
}

// least is the smallest dim of a value.
func (s *spans) least(v *graph.Value) (least int64, ok bool) {
	if v == nil {
		return 0, false
	}
	for i := range s.a.Inference.Facts[v.ID].Shape {
		n, known := s.size(v, i)
		if known && (!ok || n < least) {
			least, ok = n, true
		}
	}
	return least, ok
}

// wantsPositive reports whether a reader of a value is undefined, or overflows, for numbers about zero.
func wantsPositive(v *graph.Value) bool {
	return slices.ContainsFunc(v.Consumers, func(u graph.Use) bool {
		switch u.Node.Op {
		case "Sqrt", "Log", "Reciprocal":
			return true
		case "Pow":
			return u.Slot == 0
		case "Div", "Mod":
			return u.Slot == 1
		}
		return false
	})
}
