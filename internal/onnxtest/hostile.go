package onnxtest

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// HostileDims are dim_params whose arithmetic would grow without a bound.
func HostileDims() []string {
	nested, extremes, sums := "a", "a", "a"
	for i := range 40 {
		nested = fmt.Sprintf("(%s+b)//2", nested)
		extremes = fmt.Sprintf("Max(%s,b%d*2-3)", extremes, i)
		sums = fmt.Sprintf("Max(%s+c%d,b%d)*(x%d+y)//3", sums, i, i, i)
	}
	var product, sum []string
	for i := range 400 {
		sum = append(sum, fmt.Sprint("a", i))
		if i < 24 {
			product = append(product, fmt.Sprintf("(a%d+b%d)", i, i))
		}
	}
	return []string{
		strings.Repeat("ceil(", 40) + "a" + strings.Repeat(")", 40),
		strings.Repeat("ceil((", 24) + "a/2" + strings.Repeat("))", 24),
		strings.Repeat("(", 2000) + "a" + strings.Repeat(")", 2000),
		strings.Repeat("-", 4000) + "a",
		strings.Repeat("sqrt(", 50) + "a" + strings.Repeat(")", 50),
		"(a+b+c+d+e+f+g)**64", "((((((a+b+c+d)**2)**2)**2)**2)**2)**2", "a**64**64", "((a/b)**64/(c/d)**64)**0.5",
		strings.Join(product, "*"), strings.Join(sum, "+"), "(" + strings.Join(sum, "+") + ")**2",
		nested, extremes, sums, strings.Repeat("n", 1<<16),
	}
}

// Hostile are small models that would take much of a program that computes whatever a file asks for.
func Hostile() []File {
	var out []File
	for _, d := range HostileDims() {
		out = append(out, Model(In("x", graph.Float32, d, 4), Node("Relu", "x", "y"), Out("y", graph.Float32)))
	}
	for _, ops := range []string{"Mul self", "Add self", "Add w/Div two", "Div two/Add w/Mul self", "Mul two/Sub w/Max self", "Mul w/Mod three/Add self"} {
		out = append(out, sizeChain(60, strings.Split(ops, "/"), graph.Int64), sizeChain(60, strings.Split(ops, "/"), graph.Float32))
	}
	return append(
		out,
		doubling(10, "Relu", "f"), doubling(40, "Relu", "f"), doubling(40, "MatMul", strings.Repeat("n", 900)),
		manyCalls(30, 50), manyInputs(800, "Sum"), manyInputs(800, "Concat"), powerOfSum(30, 3),
		Model(In("x", graph.Float32, "a", "b"), Out("y", graph.Float32),
			Node("Einsum", strings.Repeat("x ", 3000), "y", Attr("equation", strings.Repeat("ab,", 2999)+"ab->ab"))),
		growing("Tile", 1<<40), growing("Expand", 1<<40), growing("ConstantOfShape", 1<<40), growing("Range", 1<<40),
		Model(In("x", graph.Float32, "a\x1b[31m\x00\n</script>\"`|=cmd", 4), Out("y\u202e", graph.Float32),
			Node("Foo\x1b]0;t\x07", "x", "y\u202e", Name("/a|b\n/\xff\xfe/</script>/Foo"), Domain("d\x00"))),
	)
}

// sizeChain computes with the first dim of an input, step after step, and makes a tensor of that size. A step is an
// operator and its other operand: self, w (the second dim), or a number.
func sizeChain(n int, steps []string, t graph.DType) File {
	parts := []Part{
		In("x", graph.Float32, "batch", "w"), Out("y", graph.Float32),
		Int("zero", 0), Int("one", 1), Ints("axes", 0),
		Node("Shape", "x", "s"), Node("Gather", "s zero", "i"), Node("Gather", "s one", "j"),
		Node("Cast", "i", "v0", Attr("to", int(t))), Node("Cast", "j", "w", Attr("to", int(t))),
	}
	for i, k := range []string{"two", "three"} {
		parts = append(parts, Int(k+"i", int64(2+i)), Node("Cast", k+"i", k, Attr("to", int(t))))
	}
	cur := "v0"
	for i := range n {
		for k, step := range steps {
			op, operand, _ := strings.Cut(step, " ")
			if operand == "self" {
				operand = cur
			}
			next := fmt.Sprintf("v%d_%d", i, k)
			parts = append(parts, Node(op, cur+" "+operand, next))
			cur = next
		}
	}
	return Model(append(parts, Node("Cast", cur, "n", Attr("to", int(graph.Int64))), Node("Unsqueeze", "n axes", "u"), Node("ConstantOfShape", "u", "y"))...)
}

// doubling is functions of which each calls the next twice.
func doubling(n int, leaf, name string) File {
	parts := []Part{In("x", graph.Float32, "batch", 4), Out("y", graph.Float32), Node("F0", "x", "y", Domain("d"), Name(name))}
	for i := range n {
		next := fmt.Sprint("F", i+1)
		parts = append(parts, Function("d", fmt.Sprint("F", i), "a", "r", Opset("d", 1),
			Node(next, "a", "m", Domain("d"), Name(name)), Node(next, "m", "r", Domain("d"), Name(name))))
	}
	return Model(append(parts, Function("d", fmt.Sprint("F", n), "a", "r", Node(leaf, "a a", "r")))...)
}

// manyCalls calls a function of so many nodes so many times.
func manyCalls(times, nodes int) File {
	body := []Part{Node("Relu", "a", "t0")}
	for i := range nodes {
		body = append(body, Node("Relu", fmt.Sprint("t", i), fmt.Sprint("t", i+1)))
	}
	parts := []Part{In("v0", graph.Float32, "batch", 4), Function("d", "F", "a", fmt.Sprint("t", nodes), body...)}
	for i := range times {
		parts = append(parts, Node("F", fmt.Sprint("v", i), fmt.Sprint("v", i+1), Domain("d")))
	}
	return Model(append(parts, Out(fmt.Sprint("v", times), graph.Float32))...)
}

// manyInputs gives an operator inputs with a symbol each, the last one first.
func manyInputs(n int, op string) File {
	var parts []Part
	var list []string
	for i := range n {
		name := fmt.Sprint("x", i)
		parts = append(parts, In(name, graph.Float32, fmt.Sprint("b", i), 4))
		list = append([]string{name}, list...)
	}
	return Model(append(parts, Node(op, strings.Join(list, " "), "y", Attr("axis", 1)), Out("y", graph.Float32))...)
}

// powerOfSum adds so many dims and squares the sum so many times.
func powerOfSum(dims, squares int) File {
	var shape []any
	parts := []Part{Ints("axes", 0), Node("Shape", "x", "s"), Node("ReduceSum", "s", "v0", Attr("keepdims", 0))}
	for i := range dims {
		shape = append(shape, fmt.Sprint("d", i))
	}
	for i := range squares {
		parts = append(parts, Node("Mul", fmt.Sprintf("v%d v%d", i, i), fmt.Sprint("v", i+1)))
	}
	parts = append(parts, In("x", graph.Float32, shape...), Out("y", graph.Float32))
	return Model(append(parts, Node("Unsqueeze", fmt.Sprintf("v%d axes", squares), "u"), Node("ConstantOfShape", "u", "y"))...)
}

// growing asks an operator for n elements, twice.
func growing(op string, n int64) File {
	inputs := map[string]string{"Tile": "few n", "Expand": "few n", "ConstantOfShape": "n", "Range": "zero nn one"}[op]
	return Model(In("x", graph.Float32, 1), Out("y", graph.Float32), Ints("few", 1, 2), Ints("n", n), Int("nn", n),
		Int("zero", 0), Int("one", 1),
		Node(op, inputs, "a"), Node("Concat", "a a a", "b", Attr("axis", 0)), Node("Expand", "x b", "y"))
}
