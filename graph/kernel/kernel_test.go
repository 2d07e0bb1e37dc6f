package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

func TestProfiles(t *testing.T) {
	names, help := kernel.Profiles()
	if want := []string{"eager", "ort-basic", "ort-extended", "vllm", "none"}; !slices.Equal(names, want) {
		t.Errorf("profiles %q, want %q, the default first", names, want)
	}
	if len(help) != len(names) || slices.Contains(help, "") {
		t.Errorf("%d profiles, help %q", len(names), help)
	}
}

func TestUnknownProfile(t *testing.T) {
	d := decode(t, float("x", 2), Node("Relu", "x", "y"))
	_, err := kernel.Group(d.g, d.inf, d.costs, everything, "egaer")
	if err == nil {
		t.Fatal("no error")
	}
	all, _ := kernel.Profiles()
	for _, want := range append(all, `"egaer"`) {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

// TestSilent is about nodes that launch nothing, and those among them that are calls of the framework.
func TestSilent(t *testing.T) {
	x := float("x", "n", 8)
	sizes := []Part{
		x, Int("0", 0), Ints("axis", 0), Ints("width", 8), Node("Shape", "x", "shape"), Node("Gather", "shape 0", "n"),
		Node("Unsqueeze", "n axis", "n1"), Node("Concat", "n1 width", "target", Attr("axis", 0)),
		Node("Reshape", "x target", "r"), Node("Relu", "r", "y"),
	}
	views := []Part{
		x, Ints("from", 0), Ints("to", 4), Ints("axes", 1), Ints("half", 4, 4), Ints("wide", 3, 1, 8),
		Node("Slice", "x from to axes", "slice"), Node("Split", "x half", "left right", Attr("axis", 1)),
		Node("Expand", "x wide", "expand"), Node("Identity", "x", "same"), Node("Dropout", "x", "drop"), Node("Squeeze", "expand", "squeeze"),
		Node("Relu", "slice", "y"),
	}
	folded := []Part{x, weight("a", 8), weight("b", 8), Node("Add", "a b", "c"), Node("Neg", "c", "d"), Node("Mul", "x d", "y")}
	random := []Part{
		x, Node("RandomNormal", "", "r", Attr("shape", []int64{8})), Node("Add", "x r", "y"),
		weight("p", 8), Node("Bernoulli", "p", "b"), Node("Mul", "y b", "z"),
	}
	table := []Part{
		x, Int("0", 0), Int("1", 1), Ints("axis0", 0), Ints("axis1", 1), Node("Shape", "x", "shape"), Node("Gather", "shape 0", "n"),
		Node("Range", "0 n 1", "places"), Node("Unsqueeze", "places axis0", "row"), Node("Unsqueeze", "places axis1", "column"),
		Node("LessOrEqual", "row column", "mask"),
	}
	casts := []Part{
		x, Node("Cast", "x", "same", Attr("to", int64(graph.Float32))), Node("Cast", "same", "half", Attr("to", int64(graph.Float16))),
		Node("Relu", "half", "y"),
	}
	picks := []Part{
		x, Int("1", 1), Ints("11", 1, 1), Ints("one", 1), Node("Gather", "x 1", "a", Attr("axis", 1)), Node("Gather", "x 11", "b", Attr("axis", 1)),
		Node("Gather", "x one", "c", Attr("axis", 1)), In("i", graph.Int64), Node("Gather", "x i", "d"),
	}
	shapeOnly := []Part{x, Node("Relu", "x", "r"), Node("Shape", "r", "s"), Node("Reshape", "x s", "v"), Node("Neg", "v", "y")}
	for _, c := range []struct {
		name, profile string
		parts         []Part
		silent, calls string
	}{
		{"shape arithmetic", "eager", sizes, "shape n n1 target r", "r"},
		{"shape arithmetic", "ort-basic", sizes, "shape n n1 target r", ""},
		{"shape arithmetic", "none", sizes, "shape n1 r", ""},
		{"views", "eager", views, "slice left expand same drop squeeze", "slice left expand drop squeeze"},
		{"views", "ort-basic", views, "same drop squeeze", ""},
		{"views", "ort-extended", views, "same drop squeeze", ""},
		{"views", "none", views, "same drop squeeze", ""},
		{"constants folded", "eager", folded, "c d", ""},
		{"constants folded", "ort-basic", folded, "c d", ""},
		{"constants folded", "none", folded, "", ""},
		{"random numbers are not constant", "eager", random, "", ""},
		{"tables made from sizes", "eager", table, "shape n places row column", ""},
		{"idle casts", "eager", casts, "same", "same"},
		{"idle casts", "none", casts, "same", ""},
		{"one element picked", "eager", picks, "a", "a"},
		{"one element picked", "ort-basic", picks, "", ""},
		{"only the shape is read", "eager", shapeOnly, "r s v", "r v"},
		{"only the shape is read", "ort-basic", shapeOnly, "s v", ""},
	} {
		t.Run(c.name+" "+c.profile, func(t *testing.T) {
			d := decode(t, c.parts...)
			p := d.group(t, c.profile)
			if got := d.silent(p); got != c.silent {
				t.Errorf("silent %q, want %q", got, c.silent)
			}
			if got := names(p.Calls); got != c.calls {
				t.Errorf("calls %q, want %q", got, c.calls)
			}
		})
	}
}

// TestInclude leaves nodes out of the plan and, with them, the kernels that would take them in.
func TestInclude(t *testing.T) {
	d := decode(t, float("x", 2, 8), weight("w", 8, 4), weight("b", 4), Node("MatMul", "x w", "a"), Node("Add", "a b", "y"), Node("Relu", "y", "z"))
	p, err := kernel.Group(d.g, d.inf, d.costs, func(n *graph.Node) bool { return n.Op != "Add" }, "eager")
	if err != nil {
		t.Fatal(err)
	}
	wantKernels(t, p, "gemm MatMul: a", "activation Relu: z")
	if p.Of[0] != 0 || p.Of[1] != -1 || p.Of[2] != 1 {
		t.Errorf("kernels by node %v, want 0 -1 1", p.Of)
	}
}

// TestBodies leaves the bodies of loops as they are; their costs count every round.
func TestBodies(t *testing.T) {
	body := Graph("body", In("i", graph.Int64), In("go", graph.Bool), float("in", 2, 8),
		Node("MatMul", "in w", "a"), Node("Add", "a b", "out"), Node("Identity", "go", "on"), Out("on", graph.Bool), Out("out", graph.Float32, 2, 8))
	d := decode(t, float("x", 2, 8), weight("w", 8, 8), weight("b", 8), Int("5", 5), Node("Loop", "5 - x", "y", Attr("body", body)), Out("y", graph.Float32, 2, 8))
	p := d.group(t, "eager")
	var got []string
	for _, k := range p.Kernels {
		got = append(got, k.Node.Op+" "+k.Cost.MACs.String())
	}
	if want := []string{"MatMul 640", "Add 0"}; !slices.Equal(got, want) { // 5 rounds of 2·8·8
		t.Errorf("kernels %q, want %q", got, want)
	}
}

// TestCosts derives the costs of kernels by hand: values that only members read or write cost nothing.
func TestCosts(t *testing.T) {
	x, w, b := float("x", 2, 8), weight("w", 8, 4), weight("b", 4) // 64, 128 and 16 bytes; products have 32
	linear := []Part{x, w, b, Node("MatMul", "x w", "a"), Node("Add", "a b", "y")}
	gelu := []Part{
		x, scalar("√2"), scalar("1"), scalar("½"), Node("Div", "x √2", "d"), Node("Erf", "d", "e"), Node("Add", "e 1", "s"),
		Node("Mul", "x s", "m"), Node("Mul", "m ½", "y"),
	}
	for _, c := range []struct {
		name, profile                    string
		parts                            []Part
		out                              string
		macs, elementwise, read, written string
	}{
		{"bias, as ONNX Runtime adds it", "ort-basic", linear, "y", "64", "8", "208", "32"},
		{"bias, copied to the output first", "eager", linear, "y", "64", "8", "240", "64"},
		{"product alone", "eager", linear[:len(linear)-1], "a", "64", "0", "192", "32"},
		{"Gemm with bias", "eager", []Part{x, w, b, Node("Gemm", "x w b", "y")}, "y", "64", "8", "240", "64"},
		{"Gemm with bias", "ort-basic", []Part{x, w, b, Node("Gemm", "x w b", "y")}, "y", "64", "8", "208", "32"},
		{"Gemm without bias", "eager", []Part{x, w, Node("Gemm", "x w", "y")}, "y", "64", "0", "192", "32"},
		{"symbolic", "ort-basic", append([]Part{float("x", "n", 8)}, linear[1:]...), "y", "32*n", "4*n", "32*n + 144", "16*n"},
		// x once though two nodes read it, and three scalars; Erf counts as one operation per element.
		{"GELU", "eager", gelu, "y", "0", "80", "76", "64"},
	} {
		t.Run(c.name+" "+c.profile, func(t *testing.T) {
			p := decode(t, append(slices.Clone(c.parts), Out(c.out, graph.Float32, NoShape))...).group(t, c.profile)
			if len(p.Kernels) != 1 {
				t.Fatalf("kernels %q", kernels(p))
			}
			k := p.Kernels[0].Cost
			got := []string{k.MACs.String(), k.Elementwise.String(), k.Read.String(), k.Written.String()}
			if want := []string{c.macs, c.elementwise, c.read, c.written}; !slices.Equal(got, want) {
				t.Errorf("MACs, operations, bytes read, written %q, want %q", got, want)
			}
			if !k.Known {
				t.Error("unknown")
			}
		})
	}
}

// TestStoredWeights: what is done to weights before the run moves nothing in it, and of a table only rows are read: 2·3
// tokens of 8 floats are 192 bytes, read and written; the weight of 8×4 is 128 bytes, the result 96.
func TestStoredWeights(t *testing.T) {
	parts := []Part{
		In("ids", graph.Int64, 2, 3), weight("table", 1000, 8), Node("Gather", "table ids", "x", Attr("axis", 0)),
		weight("w", 4, 8), transposed("w", "wt", 1, 0), Ints("shape", 8, 4), Node("Reshape", "wt shape", "w2"), Node("Cast", "w2", "w3", Attr("to", int64(graph.Float32))), Node("Identity", "w3", "w4"),
		Node("MatMul", "x w4", "y"), Out("y", graph.Float32, NoShape),
	}
	for _, profile := range []string{"eager", "ort-basic", "ort-extended", "vllm"} {
		p := decode(t, parts...).group(t, profile)
		wantKernels(t, p, "gather Gather: x", "gemm MatMul: y")
		moved := graph.Const(0)
		for _, k := range p.Kernels {
			moved = moved.Add(k.Cost.Read).Add(k.Cost.Written)
		}
		if want := int64(48 + 192 + 192 + 192 + 128 + 96); !moved.Is(want) {
			t.Errorf("%s: %v bytes, want %d", profile, moved, want)
		}
	}
}
