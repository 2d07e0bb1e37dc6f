package onnxgo_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/onnx/onnxgo"
)

// TestConformanceModels compares both decoders on the models of the official node tests: as they are where onnx-go can
// read them, and by skeleton all of them.
func TestConformanceModels(t *testing.T) {
	raw, skeletons := 0, 0
	fixtures.Conformance(t, func(name string, model []byte, _ func(string) []byte) {
		want, err := onnx.DecodeBytes(model, name, "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		opset := onnxgo.Opset(want.Opsets[""])
		if got, err := onnxgo.Unmarshal(model, opset); err == nil {
			raw++
			compare(t, name, want, got, false)
		}
		if len(want.Main.Nodes) == 0 {
			return // onnx-go takes no graph without nodes
		}
		skeletons++
		got, err := onnxgo.Unmarshal(skeleton(t, name, model), opset)
		if err != nil {
			t.Errorf("%s: its skeleton: %v", name, err)
			return
		}
		compare(t, name+" (skeleton)", want, got, true)
	})
	t.Logf("%d models read as they are, %d by skeleton", raw, skeletons)
	if raw < 500 || skeletons < 1000 {
		t.Errorf("%d models read as they are, %d by skeleton: too few", raw, skeletons)
	}
}

// TestExportedModels compares both decoders on real exports.
func TestExportedModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			model := fixtures.Model(t, name)
			want, err := onnx.DecodeBytes(model, name, "", onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := onnxgo.Unmarshal(model); err == nil {
				t.Log("onnx-go reads it as it is")
				compare(t, name, want, got, false)
			}
			got, err := onnxgo.Unmarshal(skeleton(t, name, model))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "skeleton", want, got, true)
			t.Logf("%d nodes, %d initializers", len(got.Nodes), len(got.Main.Inits))
		})
	}
}

// skeleton makes the skeleton of a model, which our decoder must read too, and of which a skeleton changes nothing that
// counts.
func skeleton(t *testing.T, name string, model []byte) []byte {
	t.Helper()
	b, err := onnxgo.Skeleton(model)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	again, err := onnxgo.Skeleton(b)
	if err != nil || len(again) != len(b) {
		t.Errorf("%s: skeleton of %d bytes, its skeleton of %d: %v", name, len(b), len(again), err)
	}
	return b
}

// compare holds the adapter's graph against the decoder's. Functions, which the decoder inlines and onnx-go does not
// know, are compared by their calls.
func compare(t *testing.T, name string, want, got *graph.Graph, skeleton bool) {
	t.Helper()
	report := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s", name, fmt.Sprintf(format, args...))
	}
	if err := graph.CheckValid(got); err != nil {
		report("%v", err)
	}
	calls := calls(want.Main)
	if len(calls) != len(got.Main.Nodes) {
		report("%d nodes, want %d", len(got.Main.Nodes), len(calls))
		return
	}
	for i, n := range got.Main.Nodes {
		w := calls[i]
		if ordinal := n.Int(onnxgo.Ordinal, -1); skeleton && ordinal != int64(i) {
			report("node %d has the ordinal %d", i, ordinal)
		}
		if n.Op != w.op {
			report("node %d is a %s, want %s", i, n.Op, w.op)
		}
		if got, want := names(n.Inputs), names(w.inputs); len(n.Outputs) > 0 && !slices.Equal(got, want) {
			report("node %d %s: inputs %q, want %q", i, n.Op, got, want)
		}
		if w.node == nil {
			continue
		}
		if got, want := names(n.Outputs), names(w.node.Outputs); !slices.Equal(got, want) {
			report("node %d %s: outputs %q, want %q", i, n.Op, got, want)
		}
		compareAttrs(report, n, w.node)
	}
	compareValues(report, want, got, skeleton)
}

// call is a node of the main graph as the file has it: the function it calls, where it calls one.
type call struct {
	op     string
	inputs []*graph.Value
	node   *graph.Node // nil where it calls a function
}

func calls(b *graph.Body) []call {
	var out []call
	var last *graph.Call
	for _, n := range b.Nodes {
		top := n.Call
		for top != nil && top.Parent != nil {
			top = top.Parent
		}
		switch {
		case top == nil:
			out = append(out, call{op: n.Op, inputs: n.Inputs, node: n})
		case top != last:
			out = append(out, call{op: top.Function, inputs: top.Inputs})
		}
		last = top
	}
	return out
}

func names(vs []*graph.Value) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		if v != nil {
			out[i] = v.Name
		}
	}
	return out
}

type reporter = func(format string, args ...any)

// compareAttrs compares the attributes of the types that onnx-go delivers.
func compareAttrs(report reporter, got, want *graph.Node) {
	found := 0
	for _, a := range got.Attrs {
		if a.Name == onnxgo.Ordinal || a.Type == graph.AttrUndefined {
			continue
		}
		found++
		w, ok := want.Attr(a.Name)
		switch {
		case !ok:
			report("node %d %s: attribute %q is not in the file", want.ID, want.Op, a.Name)
		case a.Type != w.Type || a.Float != w.Float || a.Int != w.Int || a.Str != w.Str || !slices.Equal(a.Ints, w.Ints) ||
			!slices.Equal(a.Floats, w.Floats) || !slices.Equal(a.Strs, w.Strs):
			report("node %d %s: attribute %q: %+v, want %+v", want.ID, want.Op, a.Name, a, *w)
		case a.Tensor != nil:
			compareTensor(func(format string, args ...any) {
				report("node %d %s: attribute %q: %s", want.ID, want.Op, a.Name, fmt.Sprintf(format, args...))
			}, a.Tensor, w.Tensor)
		}
	}
	scalars := 0
	for i := range want.Attrs {
		switch want.Attrs[i].Type {
		case graph.AttrFloat, graph.AttrInt, graph.AttrString, graph.AttrFloats, graph.AttrInts, graph.AttrStrings:
			scalars++
		}
	}
	if found < scalars {
		report("node %d %s: %d attributes, want at least %d", want.ID, want.Op, found, scalars)
	}
}

// compareTensor compares element types, dims and small elements, where the adapter has them.
func compareTensor(report reporter, got, want *graph.Tensor) {
	if got.DType != want.DType || !slices.Equal(got.Dims, want.Dims) {
		report("%v %d, want %v %d", got.DType, got.Dims, want.DType, want.Dims)
		return
	}
	const limit = 4096
	if got.Ints != nil {
		g, err := got.Elements(limit)
		w, err2 := want.Elements(limit)
		if err != nil || err2 != nil || !slices.Equal(g, w) {
			report("elements %d, want %d (%v, %v)", g, w, err, err2)
		}
	}
	if got.Floats != nil {
		g, err := got.Reals(limit)
		w, err2 := want.Reals(limit)
		if err != nil || err2 != nil || fmt.Sprint(g) != fmt.Sprint(w) { // printed, NaN equals NaN
			report("elements %g, want %g (%v, %v)", g, w, err, err2)
		}
	}
}

// compareValues compares initializers, inputs and outputs. Skeletons carry the ranks and sizes of all of them.
func compareValues(report reporter, want, got *graph.Graph, skeleton bool) {
	inits := map[string]*graph.Tensor{}
	for _, v := range want.Main.Inits {
		inits[v.Name] = v.Init
	}
	for _, v := range got.Main.Inits {
		w := inits[v.Name]
		if w == nil {
			report("initializer %q is not in the file, or is there twice", v.Name)
			continue
		}
		delete(inits, v.Name)
		compareTensor(func(format string, args ...any) {
			report("initializer %q: %s", v.Name, fmt.Sprintf(format, args...))
		}, v.Init, w)
	}
	var missing []string
	for name, w := range inits {
		if skeleton || !w.Sparse {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		report("initializers %q are missing", missing)
	}
	if w := names(want.Main.Outputs); !reflect.DeepEqual(names(got.Main.Outputs), w) {
		report("outputs %q, want %q", names(got.Main.Outputs), w)
	}
	inputs := names(want.Main.Inputs)
	for _, name := range names(got.Main.Inputs)[min(len(inputs), len(got.Main.Inputs)):] {
		if inits[name] == nil {
			report("%q is no input", name)
		}
	}
	if g := names(got.Main.Inputs); len(g) < len(inputs) || !slices.Equal(g[:len(inputs)], inputs) {
		report("inputs %q, want %q", g, inputs)
		return
	}
	for i, v := range append(slices.Clone(want.Main.Inputs), want.Main.Outputs...) {
		g := append(slices.Clone(got.Main.Inputs[:len(inputs)]), got.Main.Outputs...)[i]
		if v.Type.Kind == graph.KindTensor && (skeleton || g.Type.Shape != nil) && !sameType(&g.Type, &v.Type) {
			report("value %q: %v %v, want %v %v", v.Name, g.Type.DType, g.Type.Shape, v.Type.DType, v.Type.Shape)
		}
	}
}

// sameType compares element types, ranks and constant dims.
func sameType(got, want *graph.Type) bool {
	if got.DType != want.DType || (got.Shape == nil) != (want.Shape == nil) || len(got.Shape) != len(want.Shape) {
		return false
	}
	for i, d := range want.Shape {
		n, ok := d.Const()
		m, ok2 := got.Shape[i].Const()
		if ok != ok2 || n != m {
			return false
		}
	}
	return true
}
