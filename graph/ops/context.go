package ops

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Context is what a rule sees of one node: attributes, facts of its inputs, and where to put those of its outputs.
type Context struct {
	Node *graph.Node
	Op   *Op // the row in force
	s    *state
}

// NumIn is the number of input slots, absent trailing ones not counted.
func (c *Context) NumIn() int { return len(c.Node.Inputs) }

// NumOut is the number of output slots.
func (c *Context) NumOut() int { return len(c.Node.Outputs) }

// Has reports whether input i is there.
func (c *Context) Has(i int) bool { return c.Node.Input(i) != nil }

// In returns the fact of input i, or an empty fact where the input is absent. It must not be modified.
func (c *Context) In(i int) *Fact {
	if v := c.Node.Input(i); v != nil {
		return &c.s.facts[v.ID]
	}
	return &absent
}

// absent is the fact of an input that is not there; read only.
var absent Fact

// Out returns the fact of output i as it stands, for cost rules; an empty fact where the output is absent.
func (c *Context) Out(i int) *Fact {
	if v := c.Node.Output(i); v != nil {
		return &c.s.facts[v.ID]
	}
	return &absent
}

// DType is the element type of input i.
func (c *Context) DType(i int) graph.DType { return c.In(i).DType }

// Shape is the shape of input i; nil where its rank is unknown or the input is absent.
func (c *Context) Shape(i int) graph.Shape { return c.In(i).Shape }

// Set gives output i a tensor type. A nil shape leaves the rank unknown.
func (c *Context) Set(i int, t graph.DType, s graph.Shape) {
	c.SetFact(i, Fact{Kind: graph.KindTensor, DType: t, Shape: s})
}

// SetFact gives output i a whole fact: of an alias, a sequence, an optional. A shape of too many axes is unknown.
func (c *Context) SetFact(i int, f Fact) {
	if len(f.Shape) > maxRank {
		f.Shape = nil
	}
	if v := c.Node.Output(i); v != nil {
		c.s.facts[v.ID] = f
	}
}

// SetData gives output i, whose type is set, the values of its elements.
func (c *Context) SetData(i int, data []graph.Dim) {
	v := c.Node.Output(i)
	if v == nil || len(data) > maxStored {
		return
	}
	c.s.facts[v.ID].Data = data
}

// SetReals gives output i, whose type is set, the values of its elements.
func (c *Context) SetReals(i int, data []float64) {
	if v := c.Node.Output(i); v != nil && len(data) <= maxStored {
		c.s.facts[v.ID].Reals = data
	}
}

// Data returns the elements of input i, each a Dim that may be unknown; false where nothing is known of them. Stored
// tensors are read when first asked for.
func (c *Context) Data(i int) ([]graph.Dim, bool) {
	v := c.Node.Input(i)
	if v == nil {
		return nil, false
	}
	return c.s.data(&c.s.facts[v.ID])
}

// Ints returns the elements of input i where all are constants.
func (c *Context) Ints(i int) ([]int64, bool) {
	data, ok := c.Data(i)
	if !ok {
		return nil, false
	}
	out := make([]int64, len(data))
	for k, d := range data {
		if out[k], ok = d.Const(); !ok {
			return nil, false
		}
	}
	return out, true
}

// Int returns the only element of input i where it is a constant.
func (c *Context) Int(i int) (int64, bool) {
	if v, ok := c.Ints(i); ok && len(v) == 1 {
		return v[0], true
	}
	return 0, false
}

// Reals returns the elements of input i as numbers where all are known.
func (c *Context) Reals(i int) ([]float64, bool) {
	v := c.Node.Input(i)
	if v == nil {
		return nil, false
	}
	return c.s.reals(&c.s.facts[v.ID])
}

// AttrOrInput returns integers that older versions of an operator hold in an attribute and newer ones in an input.
// present is false where neither is given; known is false where the input's values are not known.
func (c *Context) AttrOrInput(name string, slot int) (vals []int64, present, known bool) {
	if v, ok := c.Node.Ints(name); ok {
		return v, true, true
	}
	if !c.Has(slot) {
		return nil, false, true
	}
	vals, known = c.Ints(slot)
	return vals, true, known
}

// Axis returns an axis counted from the front; an error where it lies outside [-rank, rank).
func (c *Context) Axis(axis int64, rank int) (int, error) {
	a := axis
	if a < 0 {
		a += int64(rank)
	}
	if a < 0 || a >= int64(rank) {
		return 0, c.Errorf("axis %d of a tensor of rank %d", axis, rank)
	}
	return int(a), nil
}

// Unify states that a and b are the same dimension and returns it. It fails where they provably differ.
func (c *Context) Unify(a, b graph.Dim) (graph.Dim, error) {
	return c.s.unify(c.Node, a, b, false)
}

// Fresh returns a new dimension that only the input data decides, named after output i of the node and an axis.
func (c *Context) Fresh(i, axis int) graph.Dim {
	name := c.Node.Op
	if v := c.Node.Output(i); v != nil {
		name = v.Name
	}
	if axis == lengthAxis {
		return c.s.resolve(graph.DataDependent(identifier(name) + "_length"))
	}
	return c.s.resolve(graph.DataDependent(fmt.Sprintf("%s_dim%d", identifier(name), axis)))
}

// Infer runs inference on a subgraph whose formal inputs have the given facts (missing ones stay as declared) and
// returns the facts of its outputs.
func (c *Context) Infer(b *graph.Body, inputs []Fact) ([]Fact, error) {
	return c.s.body(b, inputs)
}

// Errorf makes an error of a contradiction at the node.
func (c *Context) Errorf(format string, args ...any) error {
	return &Conflict{Node: c.Node, Msg: fmt.Sprintf(format, args...)}
}

// Conflict is a provable contradiction at a node: in the file, or between the dims it was bound to.
type Conflict struct {
	Node *graph.Node
	Msg  string
}

// Error names the node and what contradicts.
func (e *Conflict) Error() string {
	return fmt.Sprintf("node %q (%s): %s", e.Node.Label(), e.Node.Kind(), e.Msg)
}

// identifier turns a value name into a Python identifier.
func identifier(name string) string {
	b := []byte(name)
	for i, ch := range b {
		if !(ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || ch == '_') {
			b[i] = '_'
		}
	}
	if len(b) == 0 || b[0] >= '0' && b[0] <= '9' {
		b = append([]byte("v"), b...)
	}
	return string(b)
}

// data returns the propagated or stored elements of a value.
func (s *state) data(f *Fact) ([]graph.Dim, bool) {
	if f.Data != nil {
		return f.Data, true
	}
	if f.Shape != nil && f.Shape.Elements().Is(0) {
		return []graph.Dim{}, true
	}
	if f.Tensor != nil && !f.dataRead && f.Tensor.Len() <= maxStored {
		f.dataRead = true // whatever comes of it, it is read once
		if f.DType.IsFloat() {
			if r, ok := s.reals(f); ok {
				f.Data = integers(r)
			}
		} else if v, err := f.Tensor.Elements(maxStored); err != nil {
			s.unread(f.Tensor, err)
		} else {
			f.Data = make([]graph.Dim, len(v))
			for i, x := range v {
				f.Data[i] = graph.Const(x)
			}
		}
	}
	return f.Data, f.Data != nil
}

// integers turns reals into Dims where all of them are integers; nil otherwise.
func integers(r []float64) []graph.Dim {
	out := make([]graph.Dim, len(r))
	for i, x := range r {
		if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return nil
		}
		out[i] = graph.Const(int64(x))
	}
	return out
}

// reals returns the elements of a value as numbers.
func (s *state) reals(f *Fact) ([]float64, bool) {
	if f.Reals != nil {
		return f.Reals, true
	}
	if f.Data != nil {
		out := make([]float64, len(f.Data))
		for i, d := range f.Data {
			n, ok := d.Const()
			if !ok {
				return nil, false
			}
			out[i] = float64(n)
		}
		return out, true
	}
	if f.Tensor != nil && !f.realsRead && f.DType.IsFloat() && f.Tensor.Len() <= maxStored {
		f.realsRead = true
		if r, err := f.Tensor.Reals(maxStored); err == nil {
			f.Reals = r
			return r, true
		}
	}
	return nil, false
}

// unread notes a tensor in another file that is there and cannot be used. That the file is absent is no news: weights
// are not needed.
func (s *state) unread(t *graph.Tensor, err error) {
	if s.out != nil && t.External != nil && !errors.Is(err, fs.ErrNotExist) && !slices.Contains(s.out.Unread, err.Error()) {
		s.out.Unread = append(s.out.Unread, err.Error())
	}
}
