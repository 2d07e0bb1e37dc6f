package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// elementwiseOps are the operators that compute each output element from the elements at the same place, with NumPy
// broadcasting where they take several tensors.
// https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md
func elementwiseOps() []Op {
	var rows []Op
	binary := func(since int64, shape ShapeRule, names ...string) {
		for _, n := range names {
			rows = append(rows, row(n, since, "elementwise", shape, pointwise(1)))
		}
	}
	binary(1, arithAligned, "Add", "Sub", "Mul", "Div", "Pow")
	binary(1, compareAligned, "Equal", "Less", "Greater", "And", "Or", "Xor")
	binary(7, arith, "Add", "Sub", "Mul", "Div", "Pow")
	binary(8, arith, "Min", "Max", "Sum", "Mean")
	binary(10, arith, "Mod")
	binary(11, arith, "BitShift")
	binary(18, arith, "BitwiseAnd", "BitwiseOr", "BitwiseXor")
	binary(7, compare, "Equal", "Less", "Greater", "And", "Or", "Xor")
	binary(12, compare, "LessOrEqual", "GreaterOrEqual")
	unary := func(class string, flops int64, since int64, names ...string) {
		for _, n := range names {
			rows = append(rows, row(n, since, class, mapUnary, pointwise(flops)))
		}
	}
	unary("elementwise", 1, 6, "Abs", "Ceil", "Exp", "Floor", "Log", "Neg", "Reciprocal", "Sqrt")
	unary("elementwise", 1, 7, "Acos", "Asin", "Atan", "Cos", "Sin", "Tan")
	unary("elementwise", 1, 9, "Acosh", "Asinh", "Atanh", "Cosh", "Sinh", "Erf", "Sign")
	unary("elementwise", 1, 11, "Round")
	unary("elementwise", 1, 18, "BitwiseNot")
	unary("activation", 1, 6, "Relu", "Sigmoid", "Tanh")
	rows = append(
		rows,
		row("Clip", 6, "elementwise", clip, pointwise(1)),
		row("Not", 1, "elementwise", toBool, pointwise(1)),
		row("IsNaN", 9, "elementwise", toBool, pointwise(1)),
		row("IsInf", 10, "elementwise", toBool, pointwise(1)),
		row("Cast", 6, "move", cast, movesCost),
		row("CastLike", 15, "move", cast, movesCost),
		row("BitCast", 26, "view", cast, freeCost),
		row("Where", 9, "elementwise", where, pointwise(1)),
	)
	return append(rows, activations()...)
}

// activations counts what the function bodies of the operator specification spell out.
// https://onnx.ai/onnx/operators/onnx__Gelu.html
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FastGelu
func activations() []Op {
	return []Op{
		row("Elu", 6, "activation", sameAsFirst, pointwise(4)),
		row("Celu", 12, "activation", sameAsFirst, pointwise(5)),
		row("Selu", 6, "activation", sameAsFirst, pointwise(5)),
		row("LeakyRelu", 6, "activation", sameAsFirst, pointwise(3)),
		row("ThresholdedRelu", 10, "activation", sameAsFirst, pointwise(2)),
		row("HardSigmoid", 6, "activation", sameAsFirst, pointwise(4)),
		row("HardSwish", 14, "activation", sameAsFirst, pointwise(5)),
		row("Softplus", 1, "activation", sameAsFirst, pointwise(3)),
		row("Softsign", 1, "activation", sameAsFirst, pointwise(3)),
		row("Mish", 18, "activation", sameAsFirst, pointwise(5)),
		row("Swish", 24, "activation", sameAsFirst, pointwise(3)),
		row("SwiGLU", 28, "activation", sameAsFirst, pointwise(4)),
		row("Gelu", 20, "activation", sameAsFirst, pointwise(5)),
		row("Shrink", 9, "activation", sameAsFirst, pointwise(4)),
		row("PRelu", 7, "activation", sameAsFirst, pointwise(3), 1),
		contrib("Gelu", "activation", sameAsFirst, pointwise(5)),
		contrib("QuickGelu", "activation", sameAsFirst, pointwise(3)),
		contrib("FastGelu", "activation", sameAsFirst, pointwise(9), 1), // with a bias: one addition more
		contrib("BiasGelu", "activation", sameAsFirst, pointwise(6), 1),
		contrib("BiasAdd", "activation", sameAsFirst, pointwise(2), 1),
	}
}

// sameAsFirst: output 0 has the type and shape of input 0.
func sameAsFirst(c *Context) error {
	c.Set(0, c.DType(0), c.Shape(0))
	return nil
}

// arith: outputs have the broadcast shape and the type of input 0; small integers are computed.
func arith(c *Context) error {
	shape, err := c.broadcastInputs()
	if err != nil {
		return err
	}
	c.Set(0, c.DType(0), shape)
	if c.DType(0).IsFloat() && c.computeFloats(shape) {
		return nil
	}
	c.compute(shape, arithmeticOf(c.Node.Op, c.DType(0)))
	return nil
}

// computeFloats computes a float output of a few elements, as scale factors and square roots of sizes are, in its type.
func (c *Context) computeFloats(shape graph.Shape) bool {
	op, t := floatArithmetic[c.Node.Op], c.DType(0)
	n, ok := small(shape)
	if !ok || c.NumIn() != 2 || op.real == nil {
		return false
	}
	a, okA := c.Reals(0)
	b, okB := c.Reals(1)
	if okA && okB {
		if a, b = spread(a, c.Shape(0), shape, n), spread(b, c.Shape(1), shape, n); a == nil || b == nil {
			return false
		}
		out := make([]float64, n)
		for i := range out {
			out[i] = op.of(t, a[i], b[i])
		}
		c.setNumbers(out)
		return true
	}
	x, okA := c.numbers(0, t)
	y, okB := c.numbers(1, c.DType(1))
	if !okA || !okB {
		return false
	}
	if x, y = spread(x, c.Shape(0), shape, n), spread(y, c.Shape(1), shape, n); x == nil || y == nil {
		return false
	}
	out := make([]number, n)
	for i := range out {
		out[i] = op.apply(t, x[i], y[i])
	}
	c.setFloats(0, out)
	return true
}

// compare: outputs are booleans of the broadcast shape.
func compare(c *Context) error {
	shape, err := c.broadcastInputs()
	if err != nil {
		return err
	}
	c.Set(0, graph.Bool, shape)
	if !c.compareReals(shape) {
		c.compute(shape, comparisonOf(c.Node.Op))
	}
	return nil
}

// compareReals compares floats that are known numbers.
func (c *Context) compareReals(shape graph.Shape) bool {
	holds := floatComparisons[c.Node.Op]
	n, ok := small(shape)
	if !ok || holds == nil || !c.DType(0).IsFloat() {
		return false
	}
	a, okA := c.Reals(0)
	b, okB := c.Reals(1)
	if !okA || !okB {
		return false
	}
	if a, b = spread(a, c.Shape(0), shape, n), spread(b, c.Shape(1), shape, n); a == nil || b == nil {
		return false
	}
	out := make([]graph.Dim, n)
	for i := range out {
		out[i] = known(holds(a[i], b[i]), !holds(a[i], b[i]))
	}
	c.SetData(0, out)
	return true
}

// arithAligned: before opset 7 the second input was broadcast only where an attribute said so, beginning at an axis of the
// first, whose shape the output has. Without the attribute today's rule reads such files, and those of an opset that is wrong.
func arithAligned(c *Context) error {
	if c.Node.Int("broadcast", 0) == 0 {
		return arith(c)
	}
	return c.align(c.DType(0), arithmeticOf(c.Node.Op, c.DType(0)))
}

// compareAligned is arithAligned for comparisons.
func compareAligned(c *Context) error {
	if c.Node.Int("broadcast", 0) == 0 {
		return compare(c)
	}
	return c.align(graph.Bool, comparisonOf(c.Node.Op))
}

// align gives output 0 the shape of input 0, along whose axes from attribute axis on, the last ones by default, input 1
// is repeated where it has length 1.
func (c *Context) align(t graph.DType, f func(a, b graph.Dim) graph.Dim) error {
	a, b := c.Shape(0), c.Shape(1)
	c.Set(0, t, a)
	if a == nil || b == nil || c.NumIn() != 2 {
		return nil
	}
	axis := int64(len(a) - len(b))
	if _, ok := c.Node.Attr("axis"); ok && len(b) > 0 {
		axis = c.Node.Int("axis", 0)
		if axis < 0 {
			axis += int64(len(a))
		}
	}
	if axis < 0 || axis > int64(len(a)-len(b)) {
		return c.Errorf("input of rank %d does not fit into one of rank %d at axis %d", len(b), len(a), axis)
	}
	out, wide := slices.Clone(a), make(graph.Shape, len(a))
	for i := range wide {
		wide[i] = graph.Const(1)
	}
	for i, d := range b {
		k := int(axis) + i
		if wide[k] = d; d.Is(1) {
			continue
		}
		var err error
		if out[k], err = c.Unify(a[k], d); err != nil {
			return err
		}
	}
	c.Set(0, t, out)
	c.computeAs(out, func(i int) graph.Shape { return [2]graph.Shape{out, wide}[i] }, f)
	return nil
}

func (c *Context) broadcastInputs() (graph.Shape, error) {
	if c.NumIn() == 2 {
		return c.Broadcast(c.Shape(0), c.Shape(1))
	}
	shapes := make([]graph.Shape, c.NumIn())
	for i := range shapes {
		shapes[i] = c.Shape(i)
	}
	return c.Broadcast(shapes...)
}

// compute propagates the elements of a small output from those of all inputs, folding f over them from the left.
func (c *Context) compute(shape graph.Shape, f func(a, b graph.Dim) graph.Dim) {
	c.computeAs(shape, c.Shape, f)
}

// computeAs is compute for inputs whose elements are laid out as in the shapes that from gives.
func (c *Context) computeAs(shape graph.Shape, from func(i int) graph.Shape, f func(a, b graph.Dim) graph.Dim) {
	n, ok := small(shape)
	if !ok || f == nil {
		return
	}
	var acc []graph.Dim
	for i := range c.Node.Inputs {
		data, ok := c.Data(i)
		if !ok {
			return
		}
		data = spread(data, from(i), shape, n)
		if data == nil {
			return
		}
		if acc == nil {
			acc = append([]graph.Dim(nil), data...)
			continue
		}
		for k := range acc {
			acc[k] = f(acc[k], data[k])
		}
	}
	c.SetData(0, acc)
}

// small returns the number of elements of a shape of constants that is small enough to propagate. It multiplies no symbols:
// most shapes have some.
func small(s graph.Shape) (int, bool) {
	if s == nil {
		return 0, false
	}
	n, constant := int64(1), true
	for _, d := range s {
		size, ok := d.Const()
		switch {
		case ok && size == 0:
			return 0, true
		case !ok || n > maxData || size > maxData:
			constant = false
		default:
			n *= size
		}
	}
	return int(n), constant && n >= 0 && n <= maxData
}

// spread broadcasts elements of shape from to the constant shape to of n elements; nil where it cannot.
func spread[T any](data []T, from, to graph.Shape, n int) []T {
	if len(data) == n {
		return data
	}
	out := make([]T, n)
	if len(data) == 1 {
		for i := range out {
			out[i] = data[0]
		}
		return out
	}
	for i := range out {
		rest, at, stride := int64(i), int64(0), int64(1)
		for k := len(to) - 1; k >= 0; k-- {
			d, _ := to[k].Const()
			idx := rest % d
			rest /= d
			if j := k - (len(to) - len(from)); j >= 0 {
				e, ok := from[j].Const()
				if !ok {
					return nil
				}
				if e != 1 {
					at += idx * stride
				}
				stride *= e
			}
		}
		if at >= int64(len(data)) {
			return nil
		}
		out[i] = data[at]
	}
	return out
}

// integerArithmetic are the binary operators on integers whose values may shape something, but for division.
var integerArithmetic = map[string]func(a, b graph.Dim) graph.Dim{
	"Add": graph.Dim.Add, "Sum": graph.Dim.Add, "Sub": graph.Dim.Sub, "Mul": graph.Dim.Mul,
	"Min": graph.Dim.Min, "Max": graph.Dim.Max, "Mod": graph.Dim.Mod, "Pow": power,
}

// arithmeticOf is an integer operator on dims; nil where its values shape nothing. Division of floats is exact or
// unknown.
func arithmeticOf(op string, t graph.DType) func(a, b graph.Dim) graph.Dim {
	switch {
	case op == "Div" && t.IsFloat():
		return split
	case op == "Div":
		return truncatedDiv
	}
	return integerArithmetic[op]
}

func power(a, b graph.Dim) graph.Dim {
	if e, ok := b.Const(); ok {
		return a.Pow(e)
	}
	return graph.Dim{}
}

// truncatedDiv is integer division as C does it: towards zero.
func truncatedDiv(a, b graph.Dim) graph.Dim {
	x, xConst := a.Const()
	y, yConst := b.Const()
	switch {
	case xConst && yConst && y != 0:
		return graph.Const(x / y)
	case a.NonNegative() && b.Positive():
		return a.FloorDiv(b)
	}
	return graph.Dim{}
}

// comparisons tell of comparisons and logical operators on dims whether they provably hold, and provably do not.
var comparisons = map[string]func(a, b graph.Dim) (yes, no bool){
	"Equal":          func(a, b graph.Dim) (yes, no bool) { return a.Equal(b), a.NotEqual(b) },
	"Less":           func(a, b graph.Dim) (yes, no bool) { return b.Sub(a).Positive(), a.Sub(b).NonNegative() },
	"LessOrEqual":    func(a, b graph.Dim) (yes, no bool) { return b.Sub(a).NonNegative(), a.Sub(b).Positive() },
	"Greater":        func(a, b graph.Dim) (yes, no bool) { return a.Sub(b).Positive(), b.Sub(a).NonNegative() },
	"GreaterOrEqual": func(a, b graph.Dim) (yes, no bool) { return a.Sub(b).NonNegative(), b.Sub(a).Positive() },
	"And":            func(a, b graph.Dim) (yes, no bool) { return a.Is(1) && b.Is(1), a.Is(0) || b.Is(0) },
	"Or":             func(a, b graph.Dim) (yes, no bool) { return a.Is(1) || b.Is(1), a.Is(0) && b.Is(0) },
}

// comparisonOf is a comparison or a logical operator on dims; its result is 1, 0 or unknown.
func comparisonOf(op string) func(a, b graph.Dim) graph.Dim {
	if op == "Xor" {
		return func(a, b graph.Dim) graph.Dim { return a.Add(b).Mod(graph.Const(2)) }
	}
	return func(a, b graph.Dim) graph.Dim { return known(comparisons[op](a, b)) }
}

// known is a boolean: 1, 0, or unknown where neither is so.
func known(yes, no bool) graph.Dim {
	switch {
	case yes:
		return graph.Const(1)
	case no:
		return graph.Const(0)
	}
	return graph.Dim{}
}
