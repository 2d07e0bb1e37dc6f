package analysis

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestSignature: what changes the work changes the signature; names and the values of weights do not.
func TestSignature(t *testing.T) {
	of := func(batch int64, parts ...Part) string {
		g := built(t, append([]Part{In("x", graph.Float32, "b", 6)}, parts...)...)
		return Signature(mustRun(t, g, Options{Dims: dims{"b": batch}}), g.Nodes[0])
	}
	gemm := func(w string, attrs ...Part) Part { return Node("Gemm", "x "+w, "y", attrs...) }
	base := of(2, Weight("w", graph.Float32, 6, 4), gemm("w"))
	if want := "Gemm-17 (float32[2,6], float32[6,4]=) -> (float32[2,4])"; base != want {
		t.Errorf("%s, want %s", base, want)
	}
	if got := of(2, Weight("other", graph.Float32, 6, 4), gemm("other")); got != base {
		t.Errorf("with another name: %s", got)
	}
	for what, got := range map[string]string{
		"another size":      of(3, Weight("w", graph.Float32, 6, 4), gemm("w")),
		"another weight":    of(2, Weight("w", graph.Float32, 6, 5), gemm("w")),
		"an attribute":      of(2, Weight("w", graph.Float32, 4, 6), gemm("w", Attr("transB", 1))),
		"no stored operand": of(2, In("w", graph.Float32, 6, 4), gemm("w")),
	} {
		if got == base {
			t.Errorf("%s: the same signature", what)
		}
	}
	// Values of small stored integers say what is done: axes, target shapes.
	if of(2, Ints("to", 3, 4), Node("Reshape", "x to", "y")) == of(2, Ints("to", 4, 3), Node("Reshape", "x to", "y")) {
		t.Error("two target shapes are one")
	}
}

// TestModuleSignature: two layers are one measurement where they do the same in the same way, whatever they are called.
func TestModuleSignature(t *testing.T) {
	layer := func(name, in, out string, second string) []Part {
		return []Part{
			Weight(name+".w", graph.Float32, 4, 4), Node("MatMul", in+" "+name+".w", name+"/h", Name("/"+name+"/MatMul")),
			Node("Relu", name+"/h", name+"/r", Name("/"+name+"/Relu")), Node("Add", name+"/r "+second, out, Name("/"+name+"/Add")),
		}
	}
	parts := []Part{In("x", graph.Float32, 2, 4)}
	parts = append(parts, layer("first", "x", "a", "x")...)
	parts = append(parts, layer("second", "a", "b", "a")...)
	parts = append(parts, layer("third", "b", "c", "third/h")...) // adds its product, not its input
	a := mustRun(t, built(t, parts...), Options{})
	signatures := map[string]string{}
	a.Tree.Root.Walk(func(m *graph.Module) { signatures[m.Path] = ModuleSignature(a, m) })
	if signatures["first"] == "" || signatures["first"] != signatures["second"] {
		t.Errorf("equal layers: %q and %q", signatures["first"], signatures["second"])
	}
	if signatures["third"] == signatures["first"] {
		t.Error("operators that are linked in another way are one")
	}
}
