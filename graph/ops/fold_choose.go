package ops

import (
	"cmp"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

func foldNonZero(c *Context) {
	in, ok := c.array(0)
	if !ok || len(in.dims) == 0 {
		return
	}
	var found [][]int
	for k, d := range in.data {
		switch {
		case d.Is(0):
		case d.NotEqual(graph.Const(0)):
			found = append(found, in.index(k))
		default:
			return
		}
	}
	var data []graph.Dim
	for axis := range in.dims {
		for _, at := range found {
			data = append(data, graph.Const(int64(at[axis])))
		}
	}
	c.Set(0, graph.Int64, graph.Consts(int64(len(in.dims)), int64(len(found))))
	c.SetData(0, data)
}

func foldCompress(c *Context) {
	in, ok := c.array(0)
	keep, okKeep := c.Ints(1)
	out, okOut := c.folded()
	if !ok || !okKeep || !okOut {
		return
	}
	axis, flat := 0, true
	if _, given := c.Node.Attr("axis"); given {
		a, err := c.Axis(c.Node.Int("axis", 0), len(in.dims))
		if err != nil {
			return
		}
		axis, flat = a, false
	}
	if flat {
		in.dims = []int{len(in.data)}
	}
	var data []graph.Dim
	for k, d := range in.data {
		if i := in.index(k)[axis]; i < len(keep) && keep[i] != 0 {
			data = append(data, d)
		}
	}
	if len(data) == len(out.data) {
		c.SetData(0, data)
	}
}

// foldUnique: the distinct elements of a flat tensor of numbers, where each stands first, which of them each is, and how
// often it occurs.
func foldUnique(c *Context) {
	in, ok := c.Ints(0)
	if _, axis := c.Node.Attr("axis"); !ok || axis || len(in) > maxData {
		return
	}
	var distinct []int64
	first, count := map[int64]int64{}, map[int64]int64{}
	for i, x := range in {
		if count[x] == 0 {
			distinct, first[x] = append(distinct, x), int64(i)
		}
		count[x]++
	}
	if c.Node.Int("sorted", 1) != 0 {
		slices.Sort(distinct)
	}
	var firsts, which, counts []int64
	for _, x := range distinct {
		firsts, counts = append(firsts, first[x]), append(counts, count[x])
	}
	for _, x := range in {
		which = append(which, int64(slices.Index(distinct, x)))
	}
	for i, list := range [][]int64{distinct, firsts, which, counts} {
		t := graph.Int64
		if i == 0 {
			t = c.DType(0)
		}
		c.Set(i, t, graph.Consts(int64(len(list))))
		c.SetData(i, graph.Consts(list...))
	}
}

// ranks are the elements of a small input as numbers that stand in an order.
func (c *Context) ranks(i int) ([]float64, bool) {
	if n, ok := c.Ints(i); ok {
		out := make([]float64, len(n))
		for k, x := range n {
			out[k] = float64(x)
		}
		return out, len(n) <= maxData
	}
	r, ok := c.Reals(i)
	return r, ok && len(r) <= maxData
}

// foldTopK: the largest or smallest elements of a vector and their places; of equal ones the first comes first.
func foldTopK(c *Context) {
	x, ok := c.ranks(0)
	k, okK := dimOf(c.Out(0).Shape, 0).Const()
	if !ok || !okK || len(c.Shape(0)) != 1 || k < 0 || k > int64(len(x)) {
		return
	}
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	sign := 1
	if c.Node.Int("largest", 1) != 0 {
		sign = -1
	}
	slices.SortStableFunc(order, func(a, b int) int { return sign * cmp.Compare(x[a], x[b]) })
	values, places := make([]float64, k), make([]graph.Dim, k)
	for i := range values {
		values[i], places[i] = x[order[i]], graph.Const(int64(order[i]))
	}
	if c.DType(0).IsFloat() {
		c.SetReals(0, values)
	}
	c.SetData(0, integers(values))
	c.SetData(1, places)
}

// foldArg: the place of the largest (1) or smallest (-1) element of a vector.
func foldArg(sign int) FoldRule {
	return func(c *Context) {
		x, ok := c.ranks(0)
		if !ok || len(c.Shape(0)) != 1 || len(x) == 0 {
			return
		}
		best := 0
		for i := range x {
			d := sign * cmp.Compare(x[i], x[best])
			if d > 0 || d == 0 && c.isSet("select_last_index") {
				best = i
			}
		}
		c.SetData(0, []graph.Dim{graph.Const(int64(best))})
	}
}
