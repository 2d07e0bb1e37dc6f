package graph

import "strings"

// Shape is a list of dimensions. A nil Shape is an unknown rank; an empty one is a scalar.
type Shape []Dim

// Known reports whether the rank is known.
func (s Shape) Known() bool { return s != nil }

// Resolved reports whether the rank and every dimension are known, symbols allowed.
func (s Shape) Resolved() bool {
	if s == nil {
		return false
	}
	for _, d := range s {
		if d.IsUnknown() {
			return false
		}
	}
	return true
}

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
	if s == nil || t == nil || len(s) != len(t) {
		return false
	}
	for i := range s {
		if !s[i].Equal(t[i]) {
			return false
		}
	}
	return true
}

// String prints "[batch, 128, 768]"; "?" where the rank is unknown.
func (s Shape) String() string {
	if s == nil {
		return "?"
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.String())
	}
	b.WriteByte(']')
	return b.String()
}
