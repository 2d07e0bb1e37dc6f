package onnx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
)

// count gives every node its ordinal.
var count = Annotation{Prefix: "irene.", Properties: func(i int) []graph.Property {
	return []graph.Property{{Key: "irene.ordinal", Value: fmt.Sprint(i)}}
}}

func annotated(t *testing.T, model []byte, a Annotation) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := AnnotateBytes(&b, model, "m.onnx", a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// nested has subgraphs, a function that is called twice, and fields nobody knows.
func nested() []byte {
	branch := func(name string) onnxtest.Subgraph {
		return onnxtest.Graph(name, onnxtest.Node("Relu", "x", name), onnxtest.Node("Neg", name, name+"y"), onnxtest.Out(name+"y", graph.Float32, 2))
	}
	unknown := protowire.AppendTag(nil, 99, protowire.StartGroupType)
	unknown = protowire.AppendTag(unknown, 99, protowire.EndGroupType)
	return onnxtest.Model(
		onnxtest.Raw(unknown), onnxtest.Opset("", 17), onnxtest.Opset("f", 1),
		onnxtest.Function("f", "Twice", "a", "b", onnxtest.Node("Add", "a a", "h"), onnxtest.Node("Abs", "h", "b")),
		onnxtest.In("x", graph.Float32, 2), onnxtest.In("c", graph.Bool),
		onnxtest.Node("Add", "late w", "sum", onnxtest.Name("sum"), onnxtest.Meta("kept", "yes"), onnxtest.Meta("irene.old", "1")),
		onnxtest.Node("If", "c", "late", onnxtest.Name("if"), onnxtest.Attr("then_branch", branch("p")), onnxtest.Attr("else_branch", branch("q"))),
		onnxtest.Node("Twice", "sum", "t", onnxtest.Name("call"), onnxtest.Domain("f")),
		onnxtest.Node("Mul", "t t", "y"),
		onnxtest.External("w", graph.Float32, "w.bin", 0, 8, 2),
		onnxtest.Out("y", graph.Float32, 2),
	).Bytes()
}

// TestAnnotate joins the decoder's ordinals with those of the file.
func TestAnnotate(t *testing.T) {
	out := annotated(t, nested(), count)
	g, err := DecodeBytes(out, "m.onnx", "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, n := range g.Nodes {
		text := n.Op
		got := graph.Meta(n.Metadata, "irene.ordinal")
		if n.Call != nil {
			got = graph.Meta(n.Call.Metadata, "irene.ordinal")
			if n.Ordinal != -1 || got != fmt.Sprint(n.Call.Ordinal) {
				t.Errorf("%s: ordinal %d, that of its call %d, the file says %s", n.Label(), n.Ordinal, n.Call.Ordinal, got)
			}
		} else if got != fmt.Sprint(n.Ordinal) {
			t.Errorf("%s: ordinal %d, the file says %s", n.Label(), n.Ordinal, got)
		}
		seen = append(seen, text+" "+got)
	}
	want := "If 1, Relu 2, Neg 3, Relu 4, Neg 5, Add 0, Add 6, Abs 6, Mul 7"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	sum := g.Nodes[5]
	if graph.Meta(sum.Metadata, "kept") != "yes" || graph.Meta(sum.Metadata, "irene.old") != "" {
		t.Errorf("metadata of %s: %v", sum.Name, sum.Metadata)
	}
	if e := sum.Inputs[1].Init.External; e == nil || e.Location != "w.bin" {
		t.Errorf("the weight lost its place: %+v", e)
	}
}

// TestAnnotateBytes holds everything else: without its new entries a file is what it was, and twice is once.
func TestAnnotateBytes(t *testing.T) {
	none := Annotation{Prefix: "irene.", Properties: func(int) []graph.Property { return nil }}
	model := nested()
	clean := annotated(t, model, none)
	if bytes.Contains(clean, []byte("irene.old")) || len(model)-len(clean) < len("irene.old") {
		t.Errorf("an earlier annotation is left over")
	}
	once := annotated(t, model, count)
	if !bytes.Equal(annotated(t, once, none), clean) {
		t.Error("without its annotation the file is another")
	}
	if !bytes.Equal(annotated(t, once, count), once) {
		t.Error("annotated twice the file is another")
	}
	untouched := annotated(t, clean, Annotation{Properties: none.Properties})
	if !bytes.Equal(untouched, clean) {
		t.Error("a copy is no copy")
	}
}

// TestAnnotateModels takes every real model apart and puts it together again.
func TestAnnotateModels(t *testing.T) {
	none := Annotation{Prefix: "irene.", Properties: func(int) []graph.Property { return nil }}
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := fixtures.Model(t, name)
			marked := annotated(t, model, count)
			if !bytes.Equal(annotated(t, marked, none), model) {
				t.Error("without its annotation the file is another")
			}
			g, err := DecodeBytes(marked, name, "", Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range g.Nodes {
				if n.Ordinal >= 0 && graph.Meta(n.Metadata, "irene.ordinal") != fmt.Sprint(n.Ordinal) {
					t.Fatalf("%s: ordinal %d, the file says %s", n.Label(), n.Ordinal, graph.Meta(n.Metadata, "irene.ordinal"))
				}
			}
		})
	}
}

func TestAnnotateFails(t *testing.T) {
	dir := t.TempDir()
	torn := filepath.Join(dir, "torn.onnx")
	if err := os.WriteFile(torn, nested()[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{torn, filepath.Join(dir, "absent.onnx")} {
		var b bytes.Buffer
		err := AnnotateFile(&b, file, count)
		if err == nil || !strings.HasPrefix(err.Error(), file) || b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", file, err, b.Len())
		}
	}
}
