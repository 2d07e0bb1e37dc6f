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
			moveRow("Transpose", 1, transpose, movesCost),
			moveRow("Concat", 1, concat, movesCost),     // axis is optional
			moveRow("Concat", 4, concat, movesCost),     // axis is required
			moveRow("Split", 1, splitParts, movesCost),  // sizes are an attribute or an input
			moveRow("Split", 2, splitParts, movesCost),  // an attribute
			moveRow("Split", 13, splitParts, movesCost), // an input
			moveRow("Split", 18, splitParts, movesCost), // or num_outputs
			moveRow("Expand", 8, expand, movesCost),
			moveRow("Tile", 1, shaped(tileAxis), movesCost),
			moveRow("Tile", 6, tile, movesCost),
			moveRow("Pad", 1, pad, movesCost),  // paddings is an attribute
			moveRow("Pad", 2, pad, movesCost),  // pads is an attribute
			moveRow("Pad", 11, pad, movesCost), // an input
			moveRow("Pad", 18, pad, movesCost), // with axes
			moveRow("Slice", 1, slice, takesCost),
			moveRow("Slice", 10, slice, takesCost), // starts, ends, axes and steps are inputs
			moveRow("Trilu", 14, sameAsFirst, movesCost),
			moveRow("OneHot", 9, oneHot, movesCost),
			moveRow("NonZero", 9, nonZero, perInput(1)),
			moveRow("Compress", 9, compress, movesCost),
			moveRow("Unique", 11, unique, perInput(1)),
			moveRow("ReverseSequence", 10, sameAsFirst, movesCost),
			moveRow("DepthToSpace", 1, depthToSpace, movesCost), // mode from 11 on
			moveRow("SpaceToDepth", 1, spaceToDepth, movesCost), // mode from 28 on
			moveRow("CenterCropPad", 18, shaped(centerCropPad), movesCost),
			microsoft(moveRow("Pad", 1, pad, movesCost)),
			microsoft(moveRow("Trilu", 1, sameAsFirst, movesCost)),
			microsoft(moveRow("Unique", 1, unique, perInput(1))),
			microsoft(moveRow("UnfoldTensor", 1, shaped(unfoldTensor), movesCost)),
			microsoft(moveRow("DynamicTimeWarping", 1, dynamicTimeWarping, perInput(3))),
		},
		indexOps()...,
	)
}

// moveRow is a row of class "move".
func moveRow(name string, since int64, shape ShapeRule, cost CostRule) Op {
	return Op{Name: name, Since: since, Class: "move", Shape: shape, Cost: cost}
}

// microsoft is a row of ONNX Runtime's domain.
func microsoft(op Op) Op {
	op.Domain = "com.microsoft"
	return op
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
	if r, ok := c.Reals(0); ok && c.DType(0).IsFloat() {
		if out, whole := taken(r, at); whole {
			c.SetReals(0, out)
			c.SetData(0, integers(out))
			return
		}
	}
	if data, ok := c.Data(0); ok {
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
	return ok
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
	out := make(graph.Shape, len(in))
	var seen uint64
	for i, p := range perm {
		if p < 0 || p >= int64(len(in)) || (p < 64 && seen>>p&1 == 1) {
			return c.Errorf("perm %v does not permute %d axes", perm, len(in))
		}
		seen |= 1 << p
		out[i] = in[p]
	}
	c.Set(0, c.DType(0), out)
	if _, ok := small(out); !ok {
		return nil
	}
	if strides, ok := rowMajor(in); ok {
		permuted := make([]int64, len(in))
		for i, p := range perm {
			permuted[i] = strides[p]
		}
		c.strided(out, 0, permuted)
	}
	return nil
}

// expand broadcasts input 0 with the shape that input 1 spells, in both directions (Expand).
func expand(c *Context) error {
	target, n, _ := c.list("", 1)
	if target == nil && n >= 0 {
		target = make([]graph.Dim, n)
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
		if n >= 0 {
			in = make(graph.Shape, n)
		}
		c.Set(0, c.DType(0), in)
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
