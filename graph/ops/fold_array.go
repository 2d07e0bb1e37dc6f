package ops

import "github.com/irene-onnx/irene/graph"

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
