package ops

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// Starts and ends beyond these bounds stand for the ends of the axis, however long it is: exporters write the extreme
// values of 32 and of 64 bits.
const (
	farEnd   = math.MaxInt32
	farStart = -math.MaxInt32
)

// slice takes a range of each axis it names (Slice). Its numbers are attributes in version 1 and inputs from 10 on.
// https://onnx.ai/onnx/operators/onnx__Slice.html
func slice(c *Context) error {
	t, in := c.DType(0), c.Shape(0)
	starts, n, _ := c.list("starts", 1)
	ends, m, _ := c.list("ends", 2)
	if in == nil {
		c.Set(0, t, nil)
		return nil
	}
	if n < 0 {
		n = m
	}
	axes, err := c.sliceAxes(len(in), n)
	if err != nil {
		return err
	}
	if axes == nil {
		c.Set(0, t, make(graph.Shape, len(in)))
		return nil
	}
	steps, _, stepsGiven := c.list("steps", 4)
	for _, l := range [][]graph.Dim{starts, ends, steps} {
		if l != nil && len(l) != len(axes) {
			return c.Errorf("%d starts, ends or steps for %d axes", len(l), len(axes))
		}
	}
	out := slices.Clone(in)
	var cuts [8]cut
	for k, a := range axes {
		step := graph.Const(1)
		if stepsGiven {
			step = elem(steps, k)
		}
		if step.Is(0) {
			return c.Errorf("step %d is 0", k)
		}
		x := cutAxis(in[a], elem(starts, k), elem(ends, k), step)
		out[a] = x.count
		if a < len(cuts) {
			cuts[a] = x
		}
	}
	c.Set(0, t, out)
	if len(in) <= len(cuts) {
		c.sliceElements(in, out, axes, cuts[:len(in)])
	}
	return nil
}

// elem is l[i]; unknown where there is no such element.
func elem(l []graph.Dim, i int) graph.Dim {
	if i < len(l) {
		return l[i]
	}
	return graph.Dim{}
}

// sliceAxes lists the axes that are cut: those that are named, else the first n. nil where they are not known.
func (c *Context) sliceAxes(rank, n int) ([]int, error) {
	named, k, given := c.list("axes", 3)
	switch {
	case !given && n > rank:
		return nil, c.Errorf("%d axes to slice of a tensor of rank %d", n, rank)
	case !given && n >= 0:
		return firstAxes(n), nil
	case named == nil && given && rank == 1 && k == 1:
		return []int{0}, nil
	}
	return c.constAxes(named, rank)
}

// cut is what a slice takes of one axis.
type cut struct {
	count graph.Dim
	first graph.Dim
	step  int64
}

// cutAxis applies start:end:step to an axis of size d, as the Slice operator clamps them. The step has to be known.
func cutAxis(d, start, end, step graph.Dim) cut {
	st, ok := step.Const()
	switch {
	case !ok || st == 0:
		return cut{}
	case st > 0:
		return cutForward(d, start, end, st)
	}
	return cutBackward(d, start, end, st)
}

func cutForward(d, start, end graph.Dim, step int64) cut {
	zero := graph.Const(0)
	from, to := position(start, d), position(end, d)
	switch {
	case isOpenEnd(start):
		from = d
	case isOpenStart(start):
		from = zero
	}
	switch {
	case isOpenEnd(end):
		to = d
	case isOpenStart(end):
		to = zero
	case !to.Is(0):
		to = to.Min(d)
	}
	if from.Is(0) && step == 1 {
		return cut{count: to.Max(zero), first: from, step: 1}
	}
	count := to.Sub(from).Min(to).Max(zero) // at most to elements: a start before the axis counts as its first place
	if step > 1 {
		count = count.CeilDiv(graph.Const(step))
	}
	return cut{count: count, first: from.Max(zero), step: step}
}

func cutBackward(d, start, end graph.Dim, step int64) cut {
	zero, none := graph.Const(0), graph.Const(-1)
	last := d.AddInt(-1)
	from, to := position(start, d).Min(last).Max(zero), position(end, d).Min(last).Max(none)
	switch {
	case isOpenEnd(start):
		from = last
	case isOpenStart(start):
		from = zero
	}
	switch {
	case isOpenEnd(end):
		to = last
	case isOpenStart(end):
		to = none
	}
	count := from.Sub(to).Max(zero)
	if step < -1 {
		count = count.CeilDiv(zero.Sub(graph.Const(step)))
	}
	return cut{count: count, first: from, step: step}
}

// isOpenEnd and isOpenStart recognise numbers that stand for the ends of any axis.
func isOpenEnd(x graph.Dim) bool {
	n, ok := x.Const()
	return ok && n >= farEnd
}

func isOpenStart(x graph.Dim) bool {
	n, ok := x.Const()
	return ok && n <= farStart
}

// position is the place that index x names on an axis of size d: negative ones count from its end.
func position(x, d graph.Dim) graph.Dim {
	switch {
	case x.NonNegative():
		return x
	case x.Negative():
		return d.Add(x)
	}
	negative := graph.Const(0).Sub(x).Max(graph.Const(0)).Min(graph.Const(1)) // 1 where x < 0, else 0
	return x.Add(d.Mul(negative))
}

// sliceElements passes on the elements of a small slice whose places are known.
func (c *Context) sliceElements(in, out graph.Shape, axes []int, cuts []cut) {
	if _, ok := small(out); !ok {
		return
	}
	strides, ok := rowMajor(in)
	if !ok {
		return
	}
	offset := int64(0)
	for _, a := range axes {
		if cuts[a].step == 0 {
			return
		}
		first, ok := cuts[a].first.Const()
		if !ok {
			return
		}
		offset += first * strides[a]
		strides[a] *= cuts[a].step
	}
	c.strided(out, offset, strides)
}
