package ops

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// like is a rule by which output i has the type and shape of input slots[i].
func like(slots ...int) ShapeRule {
	return func(c *Context) error {
		for i, slot := range slots {
			c.Set(i, c.DType(slot), c.Shape(slot))
		}
		return nil
	}
}

// shaped is a rule by which output 0 has the type of input 0 and the shape that f makes of its shape; none where the rank of
// that is not known.
func shaped(f func(c *Context, in graph.Shape) (graph.Shape, error)) ShapeRule {
	return func(c *Context) error {
		in := c.Shape(0)
		if in == nil {
			c.Set(0, c.DType(0), nil)
			return nil
		}
		out, err := f(c, in)
		return c.result(c.DType(0), out, err)
	}
}

// typed is a rule by which output 0 has the shape of input 0 and another type.
func typed(t typeRule) ShapeRule {
	return func(c *Context) error {
		c.Set(0, t(c), c.Shape(0))
		return nil
	}
}

// broadcast is a rule by which output 0 has the shape that the inputs in some slots broadcast to.
func broadcast(t typeRule, slots ...int) ShapeRule {
	return func(c *Context) error {
		shapes := make([]graph.Shape, len(slots))
		for i, slot := range slots {
			shapes[i] = c.Shape(slot)
		}
		s, err := c.Broadcast(shapes...)
		return c.result(t(c), s, err)
	}
}

// ofRank is a rule for operators whose first input, called what in its error, has to have one of some ranks.
func ofRank(what string, rule ShapeRule, ranks ...int) ShapeRule {
	return func(c *Context) error {
		if s := c.Shape(0); s != nil && !slices.Contains(ranks, len(s)) {
			want := strings.ReplaceAll(strings.Trim(fmt.Sprint(ranks), "[]"), " ", " or ")
			return c.Errorf("%s of rank %d, want %s", what, len(s), want)
		}
		return rule(c)
	}
}

// typeRule is the element type of an output.
type typeRule func(*Context) graph.DType

// always is one type.
func always(t graph.DType) typeRule { return func(*Context) graph.DType { return t } }

// typeOf is the type of the first of some inputs whose type is known.
func typeOf(slots ...int) typeRule {
	return func(c *Context) graph.DType { return c.firstType(slots...) }
}

// typeAttr is the type that an attribute names, float32 where it is absent.
func typeAttr(name string) typeRule {
	return func(c *Context) graph.DType { return c.attrType(name, graph.Float32) }
}

// firstType is the type of the first of some inputs whose type is known.
func (c *Context) firstType(slots ...int) graph.DType {
	for _, slot := range slots {
		if t := c.DType(slot); t != graph.Undefined {
			return t
		}
	}
	return graph.Undefined
}

// result gives output 0 a type and the shape that was found for it.
func (c *Context) result(t graph.DType, s graph.Shape, err error) error {
	if err != nil {
		return err
	}
	c.Set(0, t, s)
	return nil
}

// unifyAll states that the dimensions of each pair are the same.
func (c *Context) unifyAll(pairs ...[2]graph.Dim) error {
	for _, p := range pairs {
		if _, err := c.Unify(p[0], p[1]); err != nil {
			return err
		}
	}
	return nil
}

// with is a shape with another dimension on one axis.
func with(s graph.Shape, axis int, d graph.Dim) graph.Shape {
	out := slices.Clone(s)
	out[axis] = d
	return out
}

// chain is shapes one behind the other: a scalar's, not nil, where all are empty.
func chain(shapes ...graph.Shape) graph.Shape {
	return append(graph.Shape{}, slices.Concat(shapes...)...)
}

// isSet reports whether an integer attribute, a flag, is there and not 0.
func (c *Context) isSet(flag string) bool { return c.Node.Int(flag, 0) != 0 }
