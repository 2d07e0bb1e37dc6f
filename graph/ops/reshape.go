package ops

import "github.com/irene-onnx/irene/graph"

// reshape: the elements of input 0 under the shape that input 1, in version 1 an attribute, gives. A 0 copies the
// dimension of the input unless allowzero is set; a single -1 takes what the others leave (Reshape).
// https://onnx.ai/onnx/operators/onnx__Reshape.html
func reshape(c *Context) error {
	target, n, given := c.list("shape", 1)
	in := c.Shape(0)
	switch {
	case !given:
		return c.Errorf("no shape")
	case target == nil && n == 1:
		c.view(graph.Shape{in.Elements()})
		return nil
	case target == nil:
		c.view(unknownOf(n))
		return nil
	}
	r := reshaping{c: c, in: in, target: target, out: make(graph.Shape, len(target)), copyZero: c.Node.Int("allowzero", 0) == 0}
	if err := r.setKnown(); err != nil {
		return err
	}
	if in != nil {
		if err := r.solve(); err != nil {
			return err
		}
	}
	c.view(r.out)
	return nil
}

// reshaping is one Reshape with known target values.
type reshaping struct {
	c        *Context
	in       graph.Shape
	target   []graph.Dim
	out      graph.Shape
	copyZero bool
	open     []int // places of the output that the others decide
}

// setKnown sets the dimensions that the target names or copies.
func (r *reshaping) setKnown() error {
	inferred := false
	for i, d := range r.target {
		switch {
		case d.Is(0) && r.copyZero:
			if r.in == nil {
				continue
			}
			if i >= len(r.in) {
				return r.c.Errorf("dimension %d is to be copied from a tensor of rank %d", i, len(r.in))
			}
			r.out[i] = r.in[i]
		case d.Is(-1):
			if inferred {
				return r.c.Errorf("more than one dimension is -1")
			}
			inferred = true
			r.open = append(r.open, i)
		case d.Negative():
			return r.c.Errorf("dimension %d is %s", i, d)
		case d.IsUnknown():
			r.open = append(r.open, i)
		default:
			r.out[i] = d
		}
	}
	return nil
}

// solve finds the one open dimension from the number of elements, or holds both sides' numbers to be equal.
func (r *reshaping) solve() error {
	if len(r.open) > 1 {
		return nil
	}
	have, want := r.remaining()
	x, haveConst := have.Const()
	y, wantConst := want.Const()
	if len(r.open) == 0 {
		if have.Equal(want) || have.IsUnknown() || want.IsUnknown() || mayBeEmpty(r.in) {
			return nil
		}
		if haveConst && wantConst {
			return r.c.Errorf("%s has not the elements of %s", r.in, r.out)
		}
		_, err := r.c.Unify(have, want)
		return err
	}
	if haveConst && wantConst && y != 0 && x%y != 0 {
		return r.c.Errorf("%s does not divide into %s", r.in, graph.Shape(r.target))
	}
	r.out[r.open[0]] = have.FloorDiv(want)
	return nil
}

// mayBeEmpty reports whether a dimension may be 0.
func mayBeEmpty(s graph.Shape) bool {
	for _, d := range s {
		if !d.Positive() {
			return true
		}
	}
	return false
}

// remaining is the number of elements of the input and that of the output without its open dimension, after equal
// dimensions of both are cancelled: a copied dimension cancels even where nobody knows it.
func (r *reshaping) remaining() (have, want graph.Dim) {
	var buf [16]bool
	used := buf[:]
	if len(r.in) > len(buf) {
		used = make([]bool, len(r.in))
	}
	for i, d := range r.target {
		if r.copyZero && d.Is(0) {
			used[i] = true
		}
	}
	want = graph.Const(1)
next:
	for i, d := range r.out {
		if (len(r.open) == 1 && i == r.open[0]) || (r.copyZero && r.target[i].Is(0)) {
			continue
		}
		if !d.Is(0) {
			for k, e := range r.in {
				if !used[k] && d.Equal(e) {
					used[k] = true
					continue next
				}
			}
		}
		want = want.Mul(d)
	}
	have = graph.Const(1)
	for k, e := range r.in {
		if !used[k] {
			have = have.Mul(e)
		}
	}
	return have, want
}
