package kernel_test

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestBiasAdd: an addition runs in the product only where it adds a stored vector and alone reads the product.
func TestBiasAdd(t *testing.T) {
	x, w, b := float("x", 2, 8), weight("w", 8, 4), weight("b", 4)
	product, add := Node("MatMul", "x w", "a"), Node("Add", "a b", "y")
	for _, c := range []struct {
		name  string
		parts []Part
		want  []string
	}{
		{"bias", []Part{x, w, b, product, add}, []string{"gemm MatMul: a y"}},
		{"bias first", []Part{x, w, b, product, Node("Add", "b a", "y")}, []string{"gemm MatMul: a y"}},
		{"computed from stored ones", []Part{x, w, b, Node("Neg", "b", "c"), product, Node("Add", "a c", "y")}, []string{"gemm MatMul: a y"}},
		{"a second addition", []Part{x, w, b, product, add, Node("Add", "y b", "z")}, []string{"gemm MatMul: a y", "elementwise Add: z"}},
		{"of a matrix", []Part{x, w, weight("b", 2, 4), product, add}, []string{"gemm MatMul: a", "elementwise Add: y"}},
		{"of a number", []Part{x, w, scalar("b"), product, add}, []string{"gemm MatMul: a", "elementwise Add: y"}},
		{
			"of a vector that widens the product",
			[]Part{x, weight("w", 8, 1), b, product, add},
			[]string{"gemm MatMul: a", "elementwise Add: y"},
		},
		{"of an input", []Part{x, w, float("b", 4), product, add}, []string{"gemm MatMul: a", "elementwise Add: y"}},
		{"of a stored default of an input", []Part{x, w, b, float("b", 4), product, add}, []string{"gemm MatMul: a", "elementwise Add: y"}},
		{"of itself", []Part{x, w, product, Node("Add", "a a", "y")}, []string{"gemm MatMul: a", "elementwise Add: y"}},
		{
			"two readers",
			[]Part{x, w, b, product, add, Node("Relu", "a", "z")},
			[]string{"gemm MatMul: a", "elementwise Add: y", "activation Relu: z"},
		},
		{"an output of the graph", []Part{x, w, b, product, add, Out("a", graph.Float32, 2, 4)}, []string{"gemm MatMul: a", "elementwise Add: y"}},
		{"product of two inputs", []Part{x, float("w", 3, 8, 4), b, product, add}, []string{"bmm MatMul: a", "elementwise Add: y"}},
		{"not an addition", []Part{x, w, b, product, Node("Mul", "a b", "y")}, []string{"gemm MatMul: a", "elementwise Mul: y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decode(t, c.parts...)
			for _, profile := range []string{"eager", "ort-basic", "ort-extended"} {
				wantKernels(t, d.group(t, profile), c.want...)
			}
			for _, k := range d.group(t, "none").Kernels {
				if len(k.Members) != 1 {
					t.Errorf("none: %q in one kernel", names(k.Members))
				}
			}
		})
	}
}

// TestGELU spells x·½·(1 + erf(x/√2)) as exporters do.
func TestGELU(t *testing.T) {
	x, erf, add := float("x", 2, 8), Node("Erf", "d", "e"), Node("Add", "e 1", "s")
	div := Node("Div", "x √2", "d")
	for _, c := range []struct {
		name  string
		parts []Part
		one   bool
	}{
		{"TorchScript: (x·(1 + erf))·½", []Part{div, erf, add, Node("Mul", "x s", "m"), Node("Mul", "m ½", "y")}, true},
		{"half first: (½·x)·(1 + erf)", []Part{Node("Mul", "x ½", "m"), Node("Mul", "x √2", "d"), erf, add, Node("Mul", "m s", "y")}, true},
		{"(½·(1 + erf))·x", []Part{div, erf, add, Node("Mul", "½ s", "m"), Node("Mul", "m x", "y")}, true},
		{
			"operands the other way round",
			[]Part{Node("Mul", "√2 x", "d"), erf, Node("Add", "1 e", "s"), Node("Mul", "s x", "m"), Node("Mul", "½ m", "y")},
			true,
		},
		{"erf has another reader", []Part{div, erf, add, Node("Mul", "x s", "m"), Node("Mul", "m ½", "y"), Node("Neg", "e", "z")}, false},
		{"the sum has another reader", []Part{div, erf, add, Node("Mul", "x s", "m"), Node("Mul", "m ½", "y"), Node("Neg", "s", "z")}, false},
		{"the quotient has another reader", []Part{div, erf, add, Node("Mul", "x s", "m"), Node("Mul", "m ½", "y"), Node("Neg", "d", "z")}, false},
		{"of another value", []Part{float("o", 2, 8), div, erf, add, Node("Mul", "o s", "m"), Node("Mul", "m ½", "y")}, false},
		{"half of another value", []Part{float("o", 2, 8), Node("Mul", "o ½", "m"), div, erf, add, Node("Mul", "m s", "y")}, false},
		{"half of another value, last", []Part{float("o", 2, 8), div, erf, add, Node("Mul", "½ s", "m"), Node("Mul", "m o", "y")}, false},
		{"tanh", []Part{div, Node("Tanh", "d", "e"), add, Node("Mul", "x s", "m"), Node("Mul", "m ½", "y")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decode(t, slices.Concat([]Part{x, scalar("√2"), scalar("1"), scalar("½")}, c.parts)...)
			for profile, fuses := range map[string]bool{"eager": true, "ort-extended": true, "ort-basic": false, "none": false} {
				p := d.group(t, profile)
				if want := c.one && fuses; want {
					wantKernels(t, p, "activation Erf: "+names(d.g.Nodes))
				} else if len(p.Kernels) != len(d.g.Nodes) {
					t.Errorf("%s: kernels %q, want %d", profile, kernels(p), len(d.g.Nodes))
				}
			}
		})
	}
}

// TestLayerNorm spells (x - mean)/√(var + ε)·γ + β as exports below opset 17 do.
func TestLayerNorm(t *testing.T) {
	mean := func(in, out string) Part { return Node("ReduceMean", in, out, Attr("axes", []int64{-1})) }
	head := func(square Part) []Part {
		return []Part{
			Opset("", 14), float("x", 2, 8), scalar("2"), scalar("ε"), weight("γ", 8), weight("β", 8), mean("x", "mean"), Node("Sub", "x mean", "c"),
			square, mean("p", "var"), Node("Add", "var ε", "v"), Node("Sqrt", "v", "s"), Node("Div", "c s", "n"),
		}
	}
	pow := Node("Pow", "c 2", "p")
	scale, shift := Node("Mul", "n γ", "g"), Node("Add", "g β", "y")
	for _, c := range []struct {
		name  string
		parts []Part
		want  []string // under eager and ort-extended
	}{
		{"with scale and shift", append(head(pow), scale, shift), []string{"norm Div: mean c p var v s n g y"}},
		{"without", head(pow), []string{"norm Div: mean c p var v s n"}},
		{"without shift", append(head(pow), scale), []string{"norm Div: mean c p var v s n g"}},
		{"squared by a product", append(head(Node("Mul", "c c", "p")), scale, shift), []string{"norm Div: mean c p var v s n g y"}},
		{
			"scaled by an input", append(head(pow), float("o", 8), Node("Mul", "n o", "g"), shift),
			[]string{"norm Div: mean c p var v s n", "elementwise Mul: g", "elementwise Add: y"},
		},
		{
			"shifted by an input", append(head(pow), float("o", 8), scale, Node("Add", "g o", "y")),
			[]string{"norm Div: mean c p var v s n g", "elementwise Add: y"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decode(t, c.parts...)
			wantKernels(t, d.group(t, "eager"), c.want...)
			wantKernels(t, d.group(t, "ort-extended"), c.want...)
			if p := d.group(t, "ort-basic"); len(p.Kernels) != len(d.g.Nodes) {
				t.Errorf("ort-basic: kernels %q", kernels(p))
			}
		})
	}
	t.Run("something else over a root", func(t *testing.T) {
		d := decode(t, float("x", 2, 8), weight("o", 8), Node("Sub", "x o", "c"), Node("Sqrt", "x", "s"), Node("Div", "c s", "y"))
		wantKernels(t, d.group(t, "eager"), "elementwise Sub: c", "elementwise Sqrt: s", "elementwise Div: y")
	})
}

// TestSkipLayerNorm: ONNX Runtime adds the residual in the kernel that normalizes, and writes the sum where others read it.
func TestSkipLayerNorm(t *testing.T) {
	head := []Part{Opset("", 17), float("x", 2, 8), float("y", 2, 8), weight("γ", 8), weight("β", 8), Node("Add", "x y", "sum")}
	norm := Node("LayerNormalization", "sum γ β", "z")
	d := decode(t, append(head, norm)...)
	wantKernels(t, d.group(t, "ort-extended"), "norm LayerNormalization: sum z")
	wantKernels(t, d.group(t, "ort-basic"), "elementwise Add: sum", "norm LayerNormalization: z")
	d = decode(t, append(head, norm, Node("Relu", "sum", "r"), Node("Relu", "z", "w"))...)
	p := d.group(t, "ort-extended")
	wantKernels(t, p, "norm LayerNormalization: sum z", "activation Relu: r", "activation Relu: w")
	// x, y, γ and β are read; z is written, and the sum, which another reads: 2·8 numbers of 4 bytes each
	if c := p.Kernels[0].Cost; c.Read.String() != "192" || c.Written.String() != "128" {
		t.Errorf("%v read, %v written: want 192 and 128 bytes", c.Read, c.Written)
	}
	d = decode(t, Opset("", 17), float("x", 2, 8), weight("b", 8), weight("γ", 8), Node("Add", "x b", "sum"), Node("LayerNormalization", "sum γ", "z"))
	wantKernels(t, d.group(t, "ort-extended"), "elementwise Add: sum", "norm LayerNormalization: z")
}

// TestScaledProduct: attention's scores are scaled in the product that makes them.
func TestScaledProduct(t *testing.T) {
	head := []Part{Opset("", 17), float("q", 2, 4, 8), float("k", 2, 8, 4), scalar("8"), Node("MatMul", "q k", "s")}
	for _, c := range []struct {
		name  string
		parts []Part
		want  []string // under ort-extended
	}{
		{"divided", []Part{Node("Div", "s 8", "y")}, []string{"bmm MatMul: s y"}},
		{"multiplied", []Part{Node("Mul", "8 s", "y")}, []string{"bmm MatMul: s y"}},
		{"its inverse", []Part{Node("Div", "8 s", "y")}, []string{"bmm MatMul: s", "elementwise Div: y"}},
		{"by a vector", []Part{weight("v", 4), Node("Mul", "s v", "y")}, []string{"bmm MatMul: s", "elementwise Mul: y"}},
		{"by an input", []Part{float("v", 1), Node("Mul", "s v", "y")}, []string{"bmm MatMul: s", "elementwise Mul: y"}},
		{"read twice", []Part{Node("Mul", "s 8", "y"), Node("Relu", "s", "r")}, []string{"bmm MatMul: s", "elementwise Mul: y", "activation Relu: r"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decode(t, append(slices.Clone(head), c.parts...)...)
			wantKernels(t, d.group(t, "ort-extended"), c.want...)
			if p := d.group(t, "ort-basic"); len(p.Kernels) != len(d.g.Nodes) {
				t.Errorf("ort-basic: kernels %q", kernels(p))
			}
		})
	}
}

// TestTransposes: transpositions of transpositions move the elements once where no other node sees them in between.
func TestTransposes(t *testing.T) {
	turn := func(in, out string) Part { return Node("Transpose", in, out, Attr("perm", []int64{1, 0})) }
	x, relu := float("x", 2, 8), Node("Relu", "c", "y")
	for _, c := range []struct {
		name  string
		parts []Part
		want  []string
	}{
		{"one", []Part{x, turn("x", "c"), relu}, []string{"move Transpose: c", "activation Relu: y"}},
		{"three", []Part{x, turn("x", "a"), turn("a", "b"), turn("b", "c"), relu}, []string{"move Transpose: a b c", "activation Relu: y"}},
		{
			"seen in between",
			[]Part{x, turn("x", "a"), turn("a", "c"), relu, Node("Neg", "a", "z")},
			[]string{"move Transpose: a", "move Transpose: c", "activation Relu: y", "elementwise Neg: z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decode(t, c.parts...)
			p := d.group(t, "eager")
			wantKernels(t, p, c.want...)
			if k := p.Kernels[0].Cost; !k.Read.Is(64) || !k.Written.Is(64) {
				t.Errorf("%v bytes read, %v written, want 64 each", k.Read, k.Written)
			}
			if p := d.group(t, "ort-basic"); len(p.Kernels) != len(d.g.Nodes) {
				t.Errorf("ort-basic: kernels %q", kernels(p))
			}
		})
	}
}

// TestMalformed forms kernels of nodes that lack inputs without falling over them.
func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []Part
	}{
		{"GELU of nothing", []Part{scalar("c"), Node("Div", "- c", "d"), Node("Erf", "d", "e"), Node("Add", "e c", "s"), Node("Mul", "s c", "m"), Node("Mul", "m c", "y")}},
		{"GELU of a constant and nothing", []Part{scalar("c"), Node("Div", "c", "d"), Node("Erf", "d", "e"), Node("Add", "e c", "s"), Node("Mul", "s", "m"), Node("Mul", "m c", "y")}},
		{"GELU of nothing, half first", []Part{scalar("c"), Node("Mul", "c -", "h"), Node("Mul", "c -", "d"), Node("Erf", "d", "e"), Node("Add", "e c", "s"), Node("Mul", "h s", "y")}},
		{"products", []Part{float("x", 2, 2), weight("w", 2, 2), Node("MatMul", "x w", "a"), Node("Add", "a", "y"), Node("MatMul", "x", "b"), Node("Add", "b w", "z")}},
		{"transpositions", []Part{Node("Transpose", "", "a"), Node("Transpose", "a", "b"), Node("Transpose", "b", "c")}},
		{"norm", []Part{Node("Sub", "", "c"), Node("Sqrt", "", "s"), Node("Div", "c s", "y"), Node("Gather", "c", "g"), Node("Cast", "", "k"), Node("Relu", "c", "")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := malformed(t, c.parts...)
			for _, profile := range []string{"eager", "ort-basic", "ort-extended", "none"} {
				d.group(t, profile)
			}
		})
	}
}
