package ops

import (
	"github.com/irene-onnx/irene/graph"
)

// viewOps are the operators that only rename elements, make constants, or compute with shapes.
// https://onnx.ai/onnx/operators/onnx__Reshape.html
// https://onnx.ai/onnx/operators/onnx__Shape.html
func viewOps() []Op {
	var rows []Op
	view := func(since int64, shape ShapeRule, names ...string) {
		for _, n := range names {
			rows = append(rows, row(n, since, "view", shape, freeCost))
		}
	}
	view(1, identity, "Identity")
	view(1, reshape, "Reshape")      // the target is an attribute
	view(5, reshape, "Reshape")      // an input; allowzero from 14 on
	view(1, squeeze, "Squeeze")      // axes are an attribute
	view(13, squeeze, "Squeeze")     // an input
	view(1, unsqueeze, "Unsqueeze")  // axes are an attribute
	view(13, unsqueeze, "Unsqueeze") // an input
	view(1, flatten, "Flatten")
	view(1, shapeOf, "Shape") // start and end from 15 on
	view(1, sizeOf, "Size")
	view(1, constantValue, "Constant") // value_int and the like from 12 on
	return append(
		rows,
		row("Dropout", 1, "view", dropout(false), freeCost),
		row("Dropout", 10, "view", dropout(true), freeCost),
		row("Dropout", 12, "view", dropout(true), dropoutCost),
		row("ConstantOfShape", 9, "move", constantOfShape, movesCost),
		row("Range", 11, "move", rangeOf, pointwise(2)),
		row("EyeLike", 9, "move", ofRank("input", sameShapeAsFirst, 2), writes),
		contrib("Range", "move", rangeOf, pointwise(2)),
		contrib("ExpandDims", "view", unsqueeze, freeCost),
	)
}

// maxRank bounds the ranks that rules make from the lengths of lists: more axes than that are malformed.
const maxRank = 256

// list returns integers that older versions of an operator hold in an attribute and newer ones in an input: their
// values, nil where unknown, and their number, -1 where unknown. given is false where there is neither.
func (c *Context) list(name string, slot int) (vals []graph.Dim, n int, given bool) {
	if v, ok := c.Node.Ints(name); ok {
		return graph.Consts(v...), len(v), true
	}
	if !c.Has(slot) {
		return nil, 0, false
	}
	s := c.Shape(slot)
	if len(s) > 1 {
		return nil, -1, true
	}
	if data, ok := c.Data(slot); ok {
		return data, len(data), true
	}
	switch {
	case s == nil:
		return nil, -1, true
	case len(s) == 0:
		return nil, 1, true
	}
	if k, ok := s[0].Const(); ok && k >= 0 && k <= maxRank {
		return nil, int(k), true
	}
	return nil, -1, true
}

// unknownOf is a shape of n unknown dimensions; nil where n is negative, not known.
func unknownOf(n int) graph.Shape {
	if n < 0 {
		return nil
	}
	return make(graph.Shape, n)
}

// axisSet marks axes of a tensor of the given rank; nil where their values are not known. It fails where one is out of
// range or named twice.
func (c *Context) axisSet(vals []graph.Dim, rank int) ([]bool, error) {
	axes, err := c.constAxes(vals, rank)
	if err != nil || axes == nil {
		return nil, err
	}
	set := make([]bool, rank)
	for i, a := range axes {
		if set[a] {
			return nil, c.Errorf("axis %v is named twice", vals[i])
		}
		set[a] = true
	}
	return set, nil
}

// view gives output 0 the elements of input 0 under another shape.
func (c *Context) view(s graph.Shape) {
	f := *c.In(0)
	f.Kind, f.Elem, f.Items, f.Shape = graph.KindTensor, nil, nil, s
	c.SetFact(0, f)
	c.hold(0)
}

// writes is the rule of operators that compute and read nothing and write their outputs.
func writes(c *Context) graph.Cost {
	zero := graph.Const(0)
	return graph.Cost{Known: true, MACs: zero, Elementwise: zero, Read: zero, Written: c.written()}
}

// identity: output 0 is input 0, of whatever kind (Identity).
func identity(c *Context) error {
	c.SetFact(0, *c.In(0))
	return nil
}

// squeeze removes the axes it names, which have size 1; without axes, all of size 1 (Squeeze).
func squeeze(c *Context) error {
	axes, n, given := c.list("axes", 1)
	in := c.Shape(0)
	switch {
	case in == nil:
		c.view(nil)
		return nil
	case !given:
		return c.squeezeOnes(in)
	case n > len(in):
		return c.Errorf("%d axes to squeeze of a tensor of rank %d", n, len(in))
	case n < 0:
		c.view(nil)
		return nil
	}
	set, err := c.axisSet(axes, len(in))
	if err != nil {
		return err
	}
	if set == nil {
		c.view(make(graph.Shape, len(in)-n))
		return nil
	}
	out := make(graph.Shape, 0, len(in))
	for i, d := range in {
		if !set[i] {
			out = append(out, d)
			continue
		}
		if d.NotEqual(graph.Const(1)) {
			return c.Errorf("axis %d to squeeze has size %s", i, d)
		}
		if _, err := c.Unify(d, graph.Const(1)); err != nil {
			return err
		}
	}
	c.view(out)
	return nil
}

// squeezeOnes removes every axis of size 1; where an axis may or may not be 1, the rank is unknown.
func (c *Context) squeezeOnes(in graph.Shape) error {
	out := make(graph.Shape, 0, len(in))
	for _, d := range in {
		if d.Is(1) {
			continue
		}
		if !d.NotEqual(graph.Const(1)) {
			c.view(nil)
			return nil
		}
		out = append(out, d)
	}
	c.view(out)
	return nil
}

// unsqueeze inserts axes of size 1 at the places the output has them (Unsqueeze, ExpandDims).
func unsqueeze(c *Context) error {
	axes, n, given := c.list("axes", 1)
	in := c.Shape(0)
	switch {
	case !given:
		return c.Errorf("no axes")
	case in == nil || n < 0:
		c.view(nil)
		return nil
	}
	rank := len(in) + n
	set, err := c.axisSet(axes, rank)
	if err != nil {
		return err
	}
	if set == nil {
		c.view(make(graph.Shape, rank))
		return nil
	}
	out := make(graph.Shape, rank)
	for i := range out {
		if set[i] {
			out[i] = graph.Const(1)
			continue
		}
		out[i], in = in[0], in[1:]
	}
	c.view(out)
	return nil
}

// flatten makes a matrix of the axes before and from axis on (Flatten).
func flatten(c *Context) error {
	in := c.Shape(0)
	if in == nil {
		c.view(make(graph.Shape, 2))
		return nil
	}
	axis := c.Node.Int("axis", 1)
	if axis < 0 {
		axis += int64(len(in))
	}
	if axis < 0 || axis > int64(len(in)) {
		return c.Errorf("axis %d of a tensor of rank %d", c.Node.Int("axis", 1), len(in))
	}
	c.view(graph.Shape{in[:axis].Elements(), in[axis:].Elements()})
	return nil
}

// shapeOf: the dimensions of input 0 from start up to end, as a vector (Shape).
func shapeOf(c *Context) error {
	s := c.Shape(0)
	if s == nil {
		c.Set(0, graph.Int64, make(graph.Shape, 1))
		return nil
	}
	rank := int64(len(s))
	clamp := func(i int64) int64 {
		if i < 0 {
			i += rank
		}
		return min(max(i, 0), rank)
	}
	from := clamp(c.Node.Int("start", 0))
	to := max(from, clamp(c.Node.Int("end", rank)))
	c.Set(0, graph.Int64, graph.Shape{graph.Const(to - from)})
	c.SetData(0, s[from:to])
	return nil
}

// sizeOf: the number of elements of input 0, as a scalar (Size).
func sizeOf(c *Context) error {
	c.Set(0, graph.Int64, graph.Shape{})
	if n := c.Shape(0).Elements(); !n.IsUnknown() {
		c.SetData(0, []graph.Dim{n})
	}
	return nil
}

// dropout: at inference output 0 is input 0; the mask has its shape and is boolean in the newer versions (Dropout).
func dropout(boolean bool) ShapeRule {
	return func(c *Context) error {
		if c.training() {
			c.Set(0, c.DType(0), c.Shape(0))
		} else {
			c.SetFact(0, *c.In(0))
		}
		t := graph.Bool
		if !boolean {
			t = c.DType(0)
		}
		c.Set(1, t, c.Shape(0))
		return nil
	}
}

// training reports whether input 2, training_mode, is on.
func (c *Context) training() bool {
	on, ok := c.Int(2)
	return ok && on != 0
}

// dropoutCost: free, unless training_mode is on; then an element is compared with the ratio and scaled.
func dropoutCost(c *Context) graph.Cost {
	if c.training() {
		return pointwise(2)(c)
	}
	return freeCost(c)
}
