package graph

import "encoding/binary"

// EqualDims keeps one of the expressions that are the same, so that == says of dims that it gave whether they are equal.
type EqualDims struct {
	polys map[string]*poly // by what they are made of
	key   []byte           // reused
}

// NewEqualDims makes an empty one.
func NewEqualDims() *EqualDims { return &EqualDims{polys: map[string]*poly{}} }

// Share is d, as the first that equalled it.
func (e *EqualDims) Share(d Dim) Dim {
	if d.kind() != dimExpr {
		return d
	}
	e.key = e.key[:0]
	for _, t := range d.e.terms {
		e.key = binary.AppendVarint(e.key, t.coef)
		for _, f := range t.mono {
			text := f.atom.key
			if f.atom.kind == atomSymbol {
				text = f.atom.name
			}
			e.key = binary.AppendUvarint(binary.AppendUvarint(e.key, uint64(f.pow)), uint64(len(text)))
			e.key = append(e.key, text...)
		}
		e.key = append(e.key, 0) // no power is 0
	}
	p, ok := e.polys[string(e.key)]
	if !ok {
		p = d.e
		e.polys[string(e.key)] = p
	}
	return Dim{e: p}
}
