package ops

import (
	"cmp"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// FoldRule computes the elements of outputs whose types and shapes are set, where those of small inputs are known: they may
// shape something. What it cannot compute it leaves alone.
type FoldRule func(*Context)

// folds are the fold rules of operators that move, pick and compare elements, by name. Rules of shape compute those whose
// elements follow from their shapes.
func folds() map[string]FoldRule {
	return map[string]FoldRule{
		"OneHot":          foldOneHot,
		"GatherElements":  foldGatherElements,
		"GatherND":        foldGatherND,
		"Scatter":         foldScatterElements,
		"ScatterElements": foldScatterElements,
		"ScatterND":       foldScatterND,
		"NonZero":         foldNonZero,
		"Compress":        foldCompress,
		"Unique":          foldUnique,
		"TopK":            foldTopK,
		"ArgMax":          foldArg(1),
		"ArgMin":          foldArg(-1),
		"ReduceMean":      foldMean,
		"Trilu":           foldTrilu,
		"EyeLike":         foldEyeLike,
		"Pad":             foldPad,
		"MatMul":          foldMatMul,
		"Sign":            foldEach(sign),
		"Clip":            foldClip,
		"BitShift":        foldBits,
		"BitwiseAnd":      foldBits,
		"BitwiseOr":       foldBits,
		"BitwiseXor":      foldBits,
		"SplitToSequence": foldSplitToSequence,
	}
}

// array is a small tensor whose elements are known, each a Dim that may be unknown, row by row.
type array struct {
	dims []int
	data []graph.Dim
}

// array returns input i as an array; false where it is not one.
func (c *Context) array(i int) (array, bool) {
	dims, ok := c.constDims(c.Shape(i))
	if !ok {
		return array{}, false
	}
	data, known := c.Data(i)
	return array{dims, data}, known && len(data) == elementsOf(dims)
}

// folded is the array that output 0 is to be; false where its shape is not that of a small tensor, or its elements are
// known already.
func (c *Context) folded() (array, bool) {
	f := c.Out(0)
	dims, ok := c.constDims(f.Shape)
	if !ok || f.Data != nil || f.Reals != nil {
		return array{}, false
	}
	return array{dims, make([]graph.Dim, elementsOf(dims))}, true
}

// constDims is a shape of few elements as numbers.
func (c *Context) constDims(s graph.Shape) ([]int, bool) {
	if _, ok := small(s); s == nil || !ok || len(s) > maxRank {
		return nil, false
	}
	dims := make([]int, len(s))
	for i, d := range s {
		n, ok := d.Const()
		if !ok || n < 0 || n > maxData {
			return nil, false
		}
		dims[i] = int(n)
	}
	return dims, true
}

func elementsOf(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// index is the place of element k on every axis.
func (a array) index(k int) []int {
	out := make([]int, len(a.dims))
	for i := len(a.dims) - 1; i >= 0; i-- {
		if a.dims[i] > 0 {
			out[i], k = k%a.dims[i], k/a.dims[i]
		}
	}
	return out
}

// at is the element at a place; unknown outside.
func (a array) at(index []int) graph.Dim {
	if k, ok := a.place(index); ok {
		return a.data[k]
	}
	return graph.Dim{}
}

func (a array) place(index []int) (int, bool) {
	k := 0
	for i, x := range index {
		if i >= len(a.dims) || x < 0 || x >= a.dims[i] {
			return 0, false
		}
		k = k*a.dims[i] + x
	}
	return k, len(index) == len(a.dims)
}

// wrapped is an index as a number from the front; false where it is not known.
func wrapped(d graph.Dim, n int) (int, bool) {
	x, ok := d.Const()
	if x < 0 {
		x += int64(n)
	}
	return int(x), ok && x >= 0 && x < int64(n)
}

// foldOneHot: the second of two values where the index says so, the first elsewhere.
func foldOneHot(c *Context) {
	indices, ok := c.array(0)
	values, okValues := c.Data(2)
	out, okOut := c.folded()
	axis, err := c.Axis(c.Node.Int("axis", -1), len(out.dims))
	if !ok || !okValues || !okOut || err != nil || len(values) != 2 || len(out.dims) != len(indices.dims)+1 {
		return
	}
	for k := range out.data {
		at := out.index(k)
		i, known := wrapped(indices.at(slices.Delete(slices.Clone(at), axis, axis+1)), out.dims[axis])
		switch {
		case !known && !values[0].Equal(values[1]):
		case known && i == at[axis]:
			out.data[k] = values[1]
		default:
			out.data[k] = values[0]
		}
	}
	c.SetData(0, out.data)
}

func foldGatherElements(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	out, okOut := c.folded()
	axis, err := c.Axis(c.Node.Int("axis", 0), len(in.dims))
	if !ok || !okIndices || !okOut || err != nil || len(out.data) != len(indices.data) || len(in.dims) != len(out.dims) {
		return
	}
	for k := range out.data {
		at := out.index(k)
		if at[axis], ok = wrapped(indices.data[k], in.dims[axis]); ok {
			out.data[k] = in.at(at)
		}
	}
	c.SetData(0, out.data)
}

func foldGatherND(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	out, okOut := c.folded()
	if !ok || !okIndices || !okOut || len(indices.dims) == 0 || c.Node.Int("batch_dims", 0) != 0 {
		return
	}
	n := indices.dims[len(indices.dims)-1]
	for k := range out.data {
		at := out.index(k)
		outer := len(indices.dims) - 1
		if outer > len(at) || n > len(in.dims) {
			return
		}
		place := make([]int, 0, len(in.dims))
		for i := range n {
			x, known := wrapped(indices.at(append(slices.Clone(at[:outer]), i)), in.dims[i])
			if !known {
				x = -1
			}
			place = append(place, x)
		}
		out.data[k] = in.at(append(place, at[outer:]...))
	}
	c.SetData(0, out.data)
}

// scattered is how an update and the element in its place become one, by the attribute reduction.
func (c *Context) scattered() func(old, update graph.Dim) graph.Dim {
	switch c.Node.Str("reduction", "none") {
	case "add":
		return graph.Dim.Add
	case "mul":
		return graph.Dim.Mul
	case "max":
		return graph.Dim.Max
	case "min":
		return graph.Dim.Min
	}
	return func(_, update graph.Dim) graph.Dim { return update }
}

// scatter puts updates into places of input 0; nothing is known where one of the places is not.
func (c *Context) scatter(in array, n int, update func(k int) (place []int, d graph.Dim, ok bool)) {
	out, ok := c.folded()
	if !ok || len(out.data) != len(in.data) {
		return
	}
	copy(out.data, in.data)
	become := c.scattered()
	for k := range n {
		place, d, ok := update(k)
		at, inside := in.place(place)
		if !ok || !inside {
			return
		}
		out.data[at] = become(out.data[at], d)
	}
	c.SetData(0, out.data)
}

func foldScatterElements(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	updates, okUpdates := c.array(2)
	axis, err := c.Axis(c.Node.Int("axis", 0), len(in.dims))
	if !ok || !okIndices || !okUpdates || err != nil || len(updates.data) != len(indices.data) || len(indices.dims) != len(in.dims) {
		return
	}
	c.scatter(in, len(updates.data), func(k int) ([]int, graph.Dim, bool) {
		at := indices.index(k)
		i, known := wrapped(indices.data[k], in.dims[axis])
		at[axis] = i
		return at, updates.data[k], known
	})
}

func foldScatterND(c *Context) {
	in, ok := c.array(0)
	indices, okIndices := c.array(1)
	updates, okUpdates := c.array(2)
	if !ok || !okIndices || !okUpdates || len(indices.dims) == 0 {
		return
	}
	outer := len(indices.dims) - 1
	n := indices.dims[outer]
	if n > len(in.dims) || outer > len(updates.dims) {
		return
	}
	c.scatter(in, len(updates.data), func(k int) ([]int, graph.Dim, bool) {
		at := updates.index(k)
		place := make([]int, 0, len(in.dims))
		for i := range n {
			x, known := wrapped(indices.at(append(slices.Clone(at[:outer]), i)), in.dims[i])
			if !known {
				return nil, graph.Dim{}, false
			}
			place = append(place, x)
		}
		return append(place, at[outer:]...), updates.data[k], true
	})
}

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

// foldMean: the mean of all elements.
func foldMean(c *Context) {
	x, ok := c.ranks(0)
	out, okOut := c.folded()
	if !ok || !okOut || len(out.data) != 1 || len(x) == 0 {
		return
	}
	sum := 0.0
	for _, y := range x {
		sum += y
	}
	mean := sum / float64(len(x))
	if !c.DType(0).IsFloat() {
		mean = float64(int64(mean))
	}
	c.setNumbers([]float64{mean})
}

// foldTrilu: what lies on one side of diagonal k.
func foldTrilu(c *Context) {
	in, ok := c.array(0)
	out, okOut := c.folded()
	k := int64(0)
	if c.Has(1) {
		var known bool
		if k, known = c.Int(1); !known {
			return
		}
	}
	if !ok || !okOut || len(in.data) != len(out.data) || len(in.dims) < 2 {
		return
	}
	upper := c.Node.Int("upper", 1) != 0
	for i := range out.data {
		at := in.index(i)
		d := int64(at[len(at)-1] - at[len(at)-2])
		out.data[i] = graph.Const(0)
		if upper && d >= k || !upper && d <= k {
			out.data[i] = in.data[i]
		}
	}
	c.SetData(0, out.data)
}

func foldEyeLike(c *Context) {
	out, ok := c.folded()
	if !ok || len(out.dims) != 2 {
		return
	}
	k := c.Node.Int("k", 0)
	for i := range out.data {
		at := out.index(i)
		out.data[i] = graph.Const(0)
		if int64(at[1]-at[0]) == k {
			out.data[i] = graph.Const(1)
		}
	}
	c.SetData(0, out.data)
}

// foldPad: a constant around the elements.
func foldPad(c *Context) {
	in, ok := c.array(0)
	out, okOut := c.folded()
	pads, given, known := c.AttrOrInput("pads", 1)
	axes, err := c.axesOrAll(3, len(in.dims))
	if !ok || !okOut || !given || !known || err != nil || len(pads) != 2*len(axes) || c.Node.Str("mode", "constant") != "constant" {
		return
	}
	fill := graph.Const(0)
	if c.Has(2) {
		fill = c.scalar(2)
	} else if x := c.Node.Float("value", 0); x != 0 {
		fill = elem(integers([]float64{x}), 0)
	}
	for k := range out.data {
		at := out.index(k)
		for i, a := range axes {
			at[a] -= int(max(min(pads[i], maxData), -maxData))
		}
		out.data[k] = fill
		if place, inside := in.place(at); inside {
			out.data[k] = in.data[place]
		}
	}
	c.SetData(0, out.data)
}

// foldMatMul: products of small matrices and vectors of integers.
func foldMatMul(c *Context) {
	a, okA := c.array(0)
	b, okB := c.array(1)
	out, okOut := c.folded()
	if !okA || !okB || !okOut || len(a.dims) == 0 || len(b.dims) == 0 || len(a.dims) > 2 || len(b.dims) > 2 {
		return
	}
	depth := a.dims[len(a.dims)-1]
	for k := range out.data {
		at := out.index(k)
		row, col := at[:len(a.dims)-1], at[len(a.dims)-1:]
		sum := graph.Const(0)
		for i := range depth {
			sum = sum.Add(a.at(append(slices.Clone(row), i)).Mul(b.at(append([]int{i}, col...))))
		}
		out.data[k] = sum
	}
	c.SetData(0, out.data)
}

// foldEach computes every element by itself.
func foldEach(f func(graph.Dim) graph.Dim) FoldRule {
	return func(c *Context) {
		in, ok := c.array(0)
		out, okOut := c.folded()
		if !ok || !okOut || len(in.data) != len(out.data) {
			return
		}
		for i, d := range in.data {
			out.data[i] = f(d)
		}
		c.SetData(0, out.data)
	}
}

func sign(d graph.Dim) graph.Dim {
	switch {
	case d.Is(0):
		return d
	case d.Positive():
		return graph.Const(1)
	case d.Negative():
		return graph.Const(-1)
	}
	return graph.Dim{}
}

func foldClip(c *Context) {
	low, high := graph.Dim{}, graph.Dim{}
	if c.Op.Since < 11 && c.Node.Opset < 11 {
		return // limits are floats in attributes
	}
	if c.Has(1) {
		if low = c.scalar(1); low.IsUnknown() {
			return
		}
	}
	if c.Has(2) {
		if high = c.scalar(2); high.IsUnknown() {
			return
		}
	}
	foldEach(func(d graph.Dim) graph.Dim {
		if !low.IsUnknown() {
			d = d.Max(low)
		}
		if !high.IsUnknown() {
			d = d.Min(high)
		}
		return d
	})(c)
}

// foldBits: shifts and bitwise operations of numbers.
func foldBits(c *Context) {
	a, okA := c.Ints(0)
	b, okB := c.Ints(1)
	out, ok := c.folded()
	if !okA || !okB || !ok {
		return
	}
	if a, b = spread(a, c.Shape(0), c.Out(0).Shape, len(out.data)), spread(b, c.Shape(1), c.Out(0).Shape, len(out.data)); a == nil || b == nil {
		return
	}
	for i := range out.data {
		x, y := a[i], b[i]
		if c.Node.Op == "BitShift" && (x < 0 || y < 0 || y > 62 || x>>(62-y) != 0 && c.Node.Str("direction", "") == "LEFT") {
			return
		}
		switch {
		case c.Node.Op == "BitwiseAnd":
			x &= y
		case c.Node.Op == "BitwiseOr":
			x |= y
		case c.Node.Op == "BitwiseXor":
			x ^= y
		case c.Node.Str("direction", "") == "LEFT":
			x <<= y
		default:
			x >>= y
		}
		out.data[i] = graph.Const(x)
	}
	c.SetData(0, out.data)
}

// foldSplitToSequence: the parts of a vector, one behind the other.
func foldSplitToSequence(c *Context) {
	in, ok := c.array(0)
	f := *c.Out(0)
	if !ok || len(in.dims) != 1 || f.Items == nil {
		return
	}
	if n, isConst := f.Items.Len.Const(); isConst && n == int64(len(in.data)) && f.Items.List == nil && f.Elem != nil && n <= maxItems {
		f.Items = items(slices.Repeat([]Fact{*f.Elem}, int(n)))
	}
	list := slices.Clone(f.Items.List)
	from := 0
	for i := range list {
		n, isConst := list[i].Shape.Elements().Const()
		if !isConst || from+int(n) > len(in.data) {
			return
		}
		list[i].Data = in.data[from : from+int(n)]
		from += int(n)
	}
	if len(list) > 0 {
		c.SetFact(0, c.sequenceOf(list))
	}
}
