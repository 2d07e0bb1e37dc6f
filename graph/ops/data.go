package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// dataOps are the operators that move elements without computing with them.
// https://onnx.ai/onnx/operators/onnx__Transpose.html
// https://onnx.ai/onnx/operators/onnx__Concat.html
func dataOps() []Op {
	return append(
		[]Op{
			row("Transpose", 1, "move", transpose, movesCost),
			row("Concat", 1, "move", concat, movesCost),     // axis is optional
			row("Concat", 4, "move", concat, movesCost),     // axis is required
			row("Split", 1, "move", splitParts, movesCost),  // sizes are an attribute or an input
			row("Split", 2, "move", splitParts, movesCost),  // an attribute
			row("Split", 13, "move", splitParts, movesCost), // an input
			row("Split", 18, "move", splitParts, movesCost), // or num_outputs
			row("Expand", 8, "move", expand, movesCost),
			row("Tile", 1, "move", shaped(tileAxis), movesCost),
			row("Tile", 6, "move", tile, movesCost),
			row("Pad", 1, "move", pad, movesCost),  // paddings is an attribute
			row("Pad", 2, "move", pad, movesCost),  // pads is an attribute
			row("Pad", 11, "move", pad, movesCost), // an input
			row("Pad", 18, "move", pad, movesCost), // with axes
			row("Slice", 1, "move", slice, takesCost),
			row("Slice", 10, "move", slice, takesCost), // starts, ends, axes and steps are inputs
			row("Trilu", 14, "move", sameAsFirst, movesCost),
			row("OneHot", 9, "move", oneHot, movesCost),
			row("NonZero", 9, "move", nonZero, perInput(1)),
			row("Compress", 9, "move", compress, movesCost),
			row("Unique", 11, "move", unique, perInput(1)),
			row("ReverseSequence", 10, "move", sameAsFirst, movesCost),
			row("DepthToSpace", 1, "move", depthToSpace, movesCost), // mode from 11 on
			row("SpaceToDepth", 1, "move", spaceToDepth, movesCost), // mode from 28 on
			row("CenterCropPad", 18, "move", shaped(centerCropPad), movesCost),
			contrib("Pad", "move", pad, movesCost),
			contrib("Trilu", "move", sameAsFirst, movesCost),
			contrib("Unique", "move", unique, perInput(1)),
			contrib("UnfoldTensor", "move", shaped(unfoldTensor), movesCost),
			contrib("DynamicTimeWarping", "move", dynamicTimeWarping, perInput(3)),
		},
		indexOps()...,
	)
}

// takesCost is the rule of operators that read of input 0 as many elements as they output, and their other inputs whole.
func takesCost(c *Context) graph.Cost {
	zero := graph.Const(0)
	out := graph.Cost{Known: true, MACs: zero, Elementwise: zero, Written: c.written()}
	out.Read = out.Written
	for i := 1; i < c.NumIn(); i++ {
		out.Read = out.Read.Add(c.bytesIn(i))
	}
	return out
}

// places gives output 0, whose type is set, the elements of input 0 at the given places; a place out of range stands
// for an element nobody knows.
func (c *Context) places(at []int) {
	defer c.hold(0)
	if r, ok := c.Reals(0); ok && c.DType(0).IsFloat() {
		if out, whole := taken(r, at); whole {
			c.setNumbers(out)
			return
		}
	}
	if c.symbolic(0) {
		out, _ := taken(c.In(0).Numbers, at)
		c.setFloats(0, out)
	} else if data, ok := c.Data(0); ok {
		out, _ := taken(data, at)
		c.SetData(0, out)
	}
}

// taken picks elements; whole is false where a place is out of range.
func taken[T any](from []T, at []int) (out []T, whole bool) {
	out, whole = make([]T, len(at)), true
	for i, k := range at {
		if k < 0 || k >= len(from) {
			whole = false
			continue
		}
		out[i] = from[k]
	}
	return out, whole
}

// hasElements reports whether something is known of the elements of input 0.
func (c *Context) hasElements() bool {
	if _, ok := c.Data(0); ok {
		return true
	}
	_, ok := c.Reals(0)
	return ok || c.symbolic(0)
}

// strided gives output 0, whose type is set, the elements of input 0 at offset + Σ index·stride, if they are few.
func (c *Context) strided(out graph.Shape, offset int64, strides []int64) {
	n, ok := small(out)
	if !ok || len(strides) != len(out) || !c.hasElements() {
		return
	}
	at := make([]int, n)
	for i := range at {
		rest, place := int64(i), offset
		for k := len(out) - 1; k >= 0; k-- {
			d, _ := out[k].Const()
			place += rest % d * strides[k]
			rest /= d
		}
		at[i] = int(place)
	}
	c.places(at)
}

// rowMajor returns the strides of a shape of constants.
func rowMajor(s graph.Shape) ([]int64, bool) {
	out := make([]int64, len(s))
	n := graph.Const(1)
	for k := len(s) - 1; k >= 0; k-- {
		v, ok := n.Const()
		if !ok {
			return nil, false
		}
		out[k], n = v, n.Mul(s[k])
	}
	_, ok := n.Const()
	return out, ok
}

// transpose permutes the axes, reversing them by default (Transpose).
func transpose(c *Context) error {
	in := c.Shape(0)
	perm, given := c.Node.Ints("perm")
	if in == nil {
		if given && len(perm) <= maxRank {
			in = make(graph.Shape, len(perm))
		}
		c.Set(0, c.DType(0), in)
		return nil
	}
	if !given {
		perm = make([]int64, len(in))
		for i := range perm {
			perm[i] = int64(len(in) - 1 - i)
		}
	}
	if len(perm) != len(in) {
		return c.Errorf("perm has %d axes, the input %d", len(perm), len(in))
	}
	out, axes := make(graph.Shape, len(in)), make([]int64, len(in))
	var seen uint64
	for i, p := range perm {
		if p < 0 { // as PyTorch counts axes, which its exporter leaves as they are
			p += int64(len(in))
		}
		if p < 0 || p >= int64(len(in)) || (p < 64 && seen>>p&1 == 1) {
			return c.Errorf("perm %v does not permute %d axes", perm, len(in))
		}
		seen |= 1 << p
		out[i], axes[i] = in[p], p
	}
	c.Set(0, c.DType(0), out)
	if _, ok := small(out); !ok {
		return nil
	}
	if strides, ok := rowMajor(in); ok {
		permuted := make([]int64, len(in))
		for i, p := range axes {
			permuted[i] = strides[p]
		}
		c.strided(out, 0, permuted)
	}
	return nil
}

// expand broadcasts input 0 with the shape that input 1 spells, in both directions (Expand).
func expand(c *Context) error {
	target, n, _ := c.list("", 1)
	if target == nil {
		target = unknownOf(n)
	}
	for i, d := range target {
		if d.Negative() {
			return c.Errorf("dimension %d is %s", i, d)
		}
	}
	in := c.Shape(0)
	out, err := c.Broadcast(in, target)
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), out)
	if _, ok := small(out); !ok || in == nil {
		return nil
	}
	if strides, ok := rowMajor(in); ok {
		spread := make([]int64, len(out))
		for k := range in {
			if !in[k].Is(1) {
				spread[k+len(out)-len(in)] = strides[k]
			}
		}
		c.strided(out, 0, spread)
	}
	return nil
}

// tile repeats each axis as often as input 1 says (Tile from version 6 on).
func tile(c *Context) error {
	in := c.Shape(0)
	repeats, n, _ := c.list("", 1)
	if in == nil {
		c.Set(0, c.DType(0), unknownOf(n))
		return nil
	}
	if n >= 0 && n != len(in) {
		return c.Errorf("%d repeats for a tensor of rank %d", n, len(in))
	}
	out := make(graph.Shape, len(in))
	for i := range repeats {
		if repeats[i].Negative() {
			return c.Errorf("repeat %d is %s", i, repeats[i])
		}
		out[i] = in[i].Mul(repeats[i])
	}
	c.Set(0, c.DType(0), out)
	if k, ok := small(out); ok && k > 0 && len(in) == 1 && c.hasElements() {
		size, _ := in[0].Const()
		at := make([]int, k)
		for i := range at {
			at[i] = i % int(max(size, 1))
		}
		c.places(at)
	}
	return nil
}

// tileAxis repeats the axis that input 2 names as often as input 1 says (Tile in version 1).
func tileAxis(c *Context, in graph.Shape) (graph.Shape, error) {
	axis, ok := c.Int(2)
	if !ok {
		return make(graph.Shape, len(in)), nil
	}
	a, err := c.Axis(axis, len(in))
	if err != nil {
		return nil, err
	}
	return with(in, a, in[a].Mul(c.scalar(1))), nil
}

// oneHot inserts an axis of size depth, input 1, into the shape of the indices; elements are of the type of the values,
// input 2 (OneHot).
func oneHot(c *Context) error {
	in := c.Shape(0)
	if in == nil {
		c.Set(0, c.DType(2), nil)
		return nil
	}
	axis, err := c.Axis(c.Node.Int("axis", -1), len(in)+1)
	if err != nil {
		return err
	}
	depth := c.scalar(1)
	if depth.IsUnknown() {
		if r, ok := c.Reals(1); ok && len(r) == 1 && r[0] >= 0 && r[0] < 1<<53 {
			depth = graph.Const(int64(r[0]))
		}
	}
	c.Set(0, c.DType(2), slices.Insert(slices.Clone(in), axis, depth))
	return nil
}
