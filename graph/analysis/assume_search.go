package analysis

import (
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Inferences that look for sizes that fit: at most maxTries, of at most maxTried nodes together.
const (
	maxTries = 48
	maxTried = 400_000
)

// try is one choice of the assumed dims, and what it comes to.
type try struct {
	given map[string]int64 // what is chosen, and what the user gave
	dims  map[string]int64
	inf   *ops.Inference
	loss  [2]int // contradictions that the file has not at any sizes, values whose shape is not known
}

// search looks for sizes of the assumed dims at which nothing contradicts, where the assumed ones do not fit: sizes of
// tables and constants of the model, the like of what inputs of a kind have elsewhere. It keeps the best it finds.
func (a *Analysis) search(s *assumption, given map[string]int64, opts Options, symbolic *ops.Inference) {
	inFile := map[*graph.Node]bool{}
	for _, c := range symbolic.Conflicts {
		inFile[c.Node] = true
	}
	best := a.attempt(s, given, opts, inFile)
	assumed := slices.Clone(a.Assumed)
	tries := min(maxTries, 4+maxTried/(len(a.Graph.Nodes)+1))
	for improved := true; improved && best.loss[0] > 0; {
		improved = false
		for _, c := range s.candidates(a.Graph, best, assumed, symbolic) {
			if tries--; tries < 0 || best.loss[0] == 0 {
				break
			}
			chosen := maps.Clone(best.given)
			maps.Copy(chosen, c)
			if t := a.attempt(s, chosen, opts, inFile); slices.Compare(t.loss[:], best.loss[:]) < 0 {
				best, improved = t, true
				break
			}
		}
	}
	a.Dims, a.Inference = best.dims, best.inf
	a.Assumed = slices.DeleteFunc(slices.Sorted(maps.Keys(best.dims)), func(name string) bool {
		_, ok := given[name]
		_, chosen := best.given[name]
		return ok || !chosen && !slices.Contains(assumed, name)
	})
}

// attempt infers a graph at a choice of dims, the others completed.
func (a *Analysis) attempt(s *assumption, chosen map[string]int64, opts Options, inFile map[*graph.Node]bool) try {
	t := try{given: chosen}
	t.dims, _ = s.complete(chosen)
	t.inf = ops.Infer(a.Graph, ops.Options{Dims: consts(t.dims), Values: opts.Values})
	for _, c := range t.inf.Conflicts {
		if !inFile[c.Node] {
			t.loss[0]++
		}
	}
	for _, e := range s.equal {
		x, ok := s.value(e.a, t.dims)
		y, ok2 := s.value(e.b, t.dims)
		if ok && ok2 && x != y {
			t.loss[0]++
		}
	}
	for i := range t.inf.Facts {
		if f := &t.inf.Facts[i]; f.Kind != graph.KindSequence && !f.Shape.Resolved() {
			t.loss[1]++
		}
	}
	return t
}

// candidates are other sizes of assumed dims, the likeliest first: those at which an axis becomes as long as the table that
// it does not go with; sizes that are usual for what a dim counts; constants of the model.
func (s *assumption) candidates(g *graph.Graph, t try, assumed []string, symbolic *ops.Inference) []map[string]int64 {
	var out []map[string]int64
	add := func(c map[string]int64) {
		if len(c) > 0 && !slices.ContainsFunc(out, func(o map[string]int64) bool { return maps.Equal(o, c) }) {
			out = append(out, c)
		}
	}
	for _, c := range t.inf.Conflicts {
		for _, e := range facing(c.Node, symbolic) {
			add(s.fitting(e.a.Sub(e.b), 0, t.dims, assumed))
		}
	}
	constants := constantsOf(g)
	for i := range 12 {
		for _, name := range assumed {
			role := s.roles[name]
			if list := usual[role]; i < len(list) {
				add(s.alike(name, list[i], assumed))
			}
			if i < len(constants) && role != countsChannels {
				add(s.alike(name, constants[i], assumed))
			}
		}
	}
	return out
}

// usual are sizes that inputs have, by what they count.
var usual = map[dimRole][]int64{
	countsBatch:    {2, 4, 8, 16, 32},
	countsTokens:   {64, 77, 32, 16, 256, 512, 8, 4, 2, 1, 1024},
	countsOther:    {512, 16000, 64, 32, 16, 256, 1024, 8, 1, 3000, 2048, 4},
	countsPast:     {64, 32, 16, 127, 256, 8},
	countsTotal:    {128, 64, 32, 130, 256},
	countsSource:   {1500, 64, 32, 256, 512},
	countsPixels:   {256, 384, 512, 32, 64, 336, 448, 640, 96, 128, 16, 1024},
	countsChannels: {1, 4},
	countsSamples:  {512, 48000, 160000, 480000, 1024, 8000},
}

// alike gives a size to a dim, and to all that count pixels where it does.
func (s *assumption) alike(name string, n int64, assumed []string) map[string]int64 {
	out := map[string]int64{name: n}
	if s.roles[name] == countsPixels {
		for _, other := range assumed {
			if s.roles[other] == countsPixels {
				out[other] = n
			}
		}
	}
	return out
}

// fitting gives assumed dims the size that makes an expression a number.
func (s *assumption) fitting(d graph.Dim, n int64, dims map[string]int64, assumed []string) map[string]int64 {
	var free []string
	for _, name := range d.Symbols() {
		if slices.Contains(assumed, name) {
			free = append(free, name)
		}
	}
	if len(free) == 0 {
		return nil
	}
	x, _, ok := argument(func(x int64) (int64, bool) {
		return d.Eval(func(name string) (int64, bool) {
			if slices.Contains(free, name) {
				return x, true
			}
			v, ok := dims[name]
			return v, ok
		})
	}, n, dims[free[0]])
	if !ok {
		return nil
	}
	out := map[string]int64{}
	for _, name := range free {
		out[name] = x
	}
	return out
}

// facing are the dims of a node's inputs that stand at the same axis, counted from the last, and are not the same.
func facing(n *graph.Node, inf *ops.Inference) []equality {
	var out []equality
	for i, v := range n.Inputs {
		for _, w := range n.Inputs[:i] {
			if v == nil || w == nil {
				continue
			}
			x, y := inf.Facts[v.ID].Shape, inf.Facts[w.ID].Shape
			for k := 1; k <= min(len(x), len(y)); k++ {
				a, b := x[len(x)-k], y[len(y)-k]
				if !a.Equal(b) && !a.Is(1) && !b.Is(1) {
					out = append(out, equality{a, b})
				}
			}
		}
	}
	return out
}

// constantsOf lists numbers that shape something in a model: of small tensors of integers and of the first axes of tables,
// the most frequent first.
func constantsOf(g *graph.Graph) []int64 {
	const small = 8
	count := map[int64]int{}
	note := func(n int64) {
		if n > 1 && n < math.MaxInt32 {
			count[n]++
		}
	}
	for _, v := range g.Values {
		t := storedTensor(v)
		switch {
		case t == nil:
		case t.DType == graph.Int64 && t.Len() <= small:
			list, err := t.Elements(small)
			for _, n := range list {
				if err == nil {
					note(n)
				}
			}
		case len(t.Dims) == 2 || len(t.Dims) == 3 && t.Dims[0] == 1:
			note(t.Dims[len(t.Dims)-2])
		}
	}
	out := slices.Sorted(maps.Keys(count))
	slices.SortStableFunc(out, func(a, b int64) int { return count[b] - count[a] })
	return out
}
