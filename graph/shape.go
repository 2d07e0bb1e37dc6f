package graph

import (
	"slices"
	"strings"
)

// Shape is a list of dimensions. A nil Shape is an unknown rank; an empty one is a scalar.
type Shape []Dim

// Known reports whether the rank is known.
func (s Shape) Known() bool { return s != nil }

// Resolved reports whether the rank and every dimension are known, symbols allowed.
func (s Shape) Resolved() bool { return s != nil && !slices.ContainsFunc(s, Dim.IsUnknown) }

// Elements is the product of the dimensions; unknown where one of them is.
func (s Shape) Elements() Dim {
	if s == nil {
		return Dim{}
	}
	n := Const(1)
	for _, d := range s {
		n = n.Mul(d)
	}
	return n
}

// Consts makes a shape of constant dimensions.
func Consts(dims ...int64) Shape {
	s := make(Shape, len(dims))
	for i, d := range dims {
		s[i] = Const(d)
	}
	return s
}

// Equal reports whether both ranks are known and all dimensions are provably equal.
func (s Shape) Equal(t Shape) bool {
	return s != nil && t != nil && slices.EqualFunc(s, t, Dim.Equal)
}

// String prints "[batch, 128, 768]"; "?" where the rank is unknown.
func (s Shape) String() string {
	if s == nil {
		return "?"
	}
	dims := make([]string, len(s))
	for i, d := range s {
		dims[i] = d.String()
	}
	return "[" + strings.Join(dims, ", ") + "]"
}
