package ops

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// rounded is a number as a float type holds it, rounded to the nearest, ties to even. A float64 that is rounded to
// float32 is what float32 arithmetic gives for + - * / and square roots.
func rounded(t graph.DType, x float64) float64 {
	switch t {
	case graph.Float32:
		return float64(float32(x))
	case graph.Float16:
		if x = toBits(float64(float32(x)), 11, -24); math.Abs(x) > 65504 {
			return math.Copysign(math.Inf(1), x)
		}
		return x
	case graph.BFloat16:
		return toBits(float64(float32(x)), 8, -133)
	}
	return x
}

// computedIn is the type in which ONNX Runtime computes on its CPU: float32 for the narrower ones. From one such operator
// to the next, and into a Cast, a result goes as it is; what only moves it has it rounded.
func computedIn(t graph.DType) graph.DType {
	if t == graph.Float16 || t == graph.BFloat16 {
		return graph.Float32
	}
	return t
}

// hold rounds the elements of output i to the type that holds them, after an operator that moves them.
func (c *Context) hold(i int) {
	v := c.Node.Output(i)
	if v == nil {
		return
	}
	f := &c.s.facts[v.ID]
	if computedIn(f.DType) == f.DType || f.Tensor != nil {
		return
	}
	f.Reals, f.Numbers = slices.Clone(f.Reals), slices.Clone(f.Numbers)
	for k, x := range f.Reals {
		f.Reals[k] = rounded(f.DType, x)
	}
	if f.Reals != nil {
		f.Data = integers(f.Reals)
	}
	for k, x := range f.Numbers {
		if t := f.DType; x.known() {
			f.Numbers[k].at = func(size sizes) float64 { return rounded(t, x.at(size)) }
			f.Numbers[k].ops++
		}
	}
}

// toBits rounds to a significand of so many bits, in steps of at least 2^least.
func toBits(x float64, bits, least int) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	_, exp := math.Frexp(x)
	step := math.Ldexp(1, max(exp-bits, least))
	return math.RoundToEven(x/step) * step
}

// floatOp is a binary operator on floats whose values may shape something: on numbers, and exactly on ratios of dims.
type floatOp struct {
	real  func(x, y float64) float64
	exact func(x, y graph.Ratio) graph.Ratio // nil: numbers only
	power bool
}

// of is x op y in a float type. ONNX Runtime multiplies cubes out and computes other powers in float64.
// https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/providers/cpu/math/element_wise_ops.cc
func (op floatOp) of(t graph.DType, x, y float64) float64 {
	if t = computedIn(t); op.power && y == 3 {
		return rounded(t, rounded(t, x*x)*x)
	}
	return rounded(t, op.real(x, y))
}

// floatArithmetic are the binary operators. Remainders take the sign of the dividend, as fmod asks for of floats.
var floatArithmetic = map[string]floatOp{
	"Add": {func(x, y float64) float64 { return x + y }, graph.Ratio.Add, false},
	"Sub": {func(x, y float64) float64 { return x - y }, graph.Ratio.Sub, false},
	"Mul": {func(x, y float64) float64 { return x * y }, graph.Ratio.Mul, false},
	"Div": {func(x, y float64) float64 { return x / y }, graph.Ratio.Quo, false},
	"Pow": {math.Pow, graph.Ratio.Power, true},
	"Min": {func(x, y float64) float64 { return min(x, y) }, graph.Ratio.Min, false},
	"Max": {func(x, y float64) float64 { return max(x, y) }, graph.Ratio.Max, false},
	"Mod": {math.Mod, remainder, false},
}

// remainder is what a division of integers that are not negative leaves; unknown for other numbers.
func remainder(x, y graph.Ratio) graph.Ratio {
	a, okA := x.Integer()
	b, okB := y.Integer()
	if !okA || !okB || !a.NonNegative() || !b.Positive() {
		return graph.Ratio{}
	}
	return a.Mod(b).Ratio()
}

// floatFunction is a unary operator on floats whose values may shape something.
type floatFunction struct {
	real  func(x float64) float64
	exact func(x graph.Ratio) graph.Ratio // nil: numbers only
}

// of is the function of x in a float type.
func (f floatFunction) of(t graph.DType, x float64) float64 { return rounded(computedIn(t), f.real(x)) }

var floatFunctions = map[string]floatFunction{
	"Abs":        {math.Abs, func(x graph.Ratio) graph.Ratio { return x.Max(graph.Const(0).Ratio().Sub(x)) }},
	"Relu":       {func(x float64) float64 { return max(x, 0) }, func(x graph.Ratio) graph.Ratio { return x.Max(graph.Const(0).Ratio()) }},
	"Ceil":       {math.Ceil, func(x graph.Ratio) graph.Ratio { return x.Ceil().Ratio() }},
	"Floor":      {math.Floor, func(x graph.Ratio) graph.Ratio { return x.Floor().Ratio() }},
	"Round":      {math.RoundToEven, func(x graph.Ratio) graph.Ratio { return x.Round().Ratio() }},
	"Sqrt":       {math.Sqrt, graph.Ratio.Sqrt},
	"Neg":        {func(x float64) float64 { return -x }, func(x graph.Ratio) graph.Ratio { return graph.Const(0).Ratio().Sub(x) }},
	"Reciprocal": {func(x float64) float64 { return 1 / x }, func(x graph.Ratio) graph.Ratio { return graph.Const(1).Ratio().Quo(x) }},
	"Exp":        {math.Exp, nil},
	"Log":        {math.Log, nil},
}

// floatComparisons are the comparisons of numbers.
var floatComparisons = map[string]func(x, y float64) bool{
	"Equal":          func(x, y float64) bool { return x == y },
	"Less":           func(x, y float64) bool { return x < y },
	"LessOrEqual":    func(x, y float64) bool { return x <= y },
	"Greater":        func(x, y float64) bool { return x > y },
	"GreaterOrEqual": func(x, y float64) bool { return x >= y },
}
