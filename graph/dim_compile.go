package graph

import (
	"fmt"
	"math"
	"slices"
)

// Program evaluates expressions at many points. Parts that they share are evaluated once. It calculates in float64:
// exactly up to 2⁵³, then rounded, without overflow. A Program may be used by several goroutines.
type Program struct {
	symbols int
	atoms   []atomCode // each fills the slot after those of the symbols and the atoms before it
	outputs []sumCode
}

// atomCode is an operation on two sums.
type atomCode struct {
	kind atomKind
	x, y sumCode
}

// sumCode is a polynomial over slots.
type sumCode []productCode

type productCode struct {
	coef  float64
	slots []int32 // once per power
}

// CompileDims makes a program of expressions whose symbols are among the given ones. It fails on an expression that is
// unknown or has another symbol.
func CompileDims(symbols []string, dims []Dim) (*Program, error) {
	c := &dimCompiler{symbols: make(map[string]int32, len(symbols)), slots: map[string]int32{}, out: &Program{symbols: len(symbols)}}
	for i, name := range slices.Backward(symbols) {
		c.symbols[name] = int32(i)
	}
	for _, d := range dims {
		s, err := c.sum(d)
		if err != nil {
			return nil, err
		}
		c.out.outputs = append(c.out.outputs, s)
	}
	return c.out, nil
}

type dimCompiler struct {
	symbols map[string]int32
	slots   map[string]int32 // by the key of an atom that is no symbol
	out     *Program
}

func (c *dimCompiler) sum(d Dim) (sumCode, error) {
	if d.IsUnknown() {
		return nil, fmt.Errorf("an expression is not known")
	}
	code := sumCode{}
	for _, t := range d.terms() {
		p := productCode{coef: float64(t.coef)}
		for _, f := range t.mono {
			slot, err := c.atom(f.atom)
			if err != nil {
				return nil, err
			}
			for range f.pow {
				p.slots = append(p.slots, slot)
			}
		}
		code = append(code, p)
	}
	return code, nil
}

func (c *dimCompiler) atom(a *atom) (int32, error) {
	if a.kind == atomSymbol {
		i, ok := c.symbols[a.name]
		if !ok {
			return 0, fmt.Errorf("%s has no value", a.name)
		}
		return i, nil
	}
	if slot, ok := c.slots[a.key]; ok {
		return slot, nil
	}
	x, err := c.sum(a.args[0])
	if err != nil {
		return 0, err
	}
	y, err := c.sum(a.args[1])
	if err != nil {
		return 0, err
	}
	slot := int32(c.out.symbols + len(c.out.atoms))
	c.out.atoms = append(c.out.atoms, atomCode{a.kind, x, y})
	c.slots[a.key] = slot
	return slot, nil
}

// Eval puts the value of every expression into out, which has their number. Values stand in the order of the symbols
// the program was made with. What does not exist, as a division by zero, is not a number.
func (p *Program) Eval(values []int64, out []float64) {
	var few [96]float64 // stays on the stack
	slots := few[:]
	if n := p.symbols + len(p.atoms); n > len(few) {
		slots = make([]float64, n)
	}
	for i := range p.symbols {
		slots[i] = float64(values[i])
	}
	for i := range p.atoms {
		slots[p.symbols+i] = p.atoms[i].eval(slots)
	}
	for i, s := range p.outputs {
		out[i] = s.eval(slots)
	}
}

func (s sumCode) eval(slots []float64) float64 {
	sum := 0.0
	for i := range s {
		v := s[i].coef
		for _, k := range s[i].slots {
			v *= slots[k]
		}
		sum += v
	}
	return sum
}

func (a *atomCode) eval(slots []float64) float64 {
	x, y := a.x.eval(slots), a.y.eval(slots)
	switch a.kind {
	case atomFloorDiv, atomMod:
		if y == 0 {
			return math.NaN()
		}
		q := math.Floor(x / y)
		if a.kind == atomMod {
			return x - y*q
		}
		return q
	case atomMin:
		return min(x, y)
	case atomRoot:
		return math.Floor(math.Sqrt(x))
	}
	return max(x, y)
}
