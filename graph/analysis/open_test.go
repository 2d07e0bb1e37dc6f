package analysis

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestOpen: what a graph with open dims says at a point is what an analysis of that point says.
func TestOpen(t *testing.T) {
	g := built(
		t, In("x", graph.Float32, "batch", "length", 8), floats("w", 8, 4), Node("MatMul", "x w", "h"), Node("Softmax", "h", "p"), Node("ReduceSum", "p", "y"),
	)
	open, err := NewOpen(g, Options{}, []string{"batch", "length"}, []int64{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	memory, err := open.CompileMemory(open.Names)
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range [][]int64{{2, 3}, {1, 1}, {7, 64}} {
		at := mustRun(t, g, Options{Dims: dims{"batch": point[0], "length": point[1]}})
		env := open.Env(point)
		for _, n := range g.Nodes {
			want, have := at.NodeMetrics(n), open.NodeMetrics(n)
			for i, pair := range [][2]graph.Dim{{want.MACs, have.MACs}, {want.Elementwise, have.Elementwise}, {want.Read, have.Read}, {want.Written, have.Written}} {
				w, _ := pair[0].Const()
				if got, ok := pair[1].Eval(env); !ok || got != w {
					t.Errorf("%s at %d, metric %d: %d, want %d", n.Op, point, i, got, w)
				}
			}
		}
		if got := memory(point); got != at.Memory {
			t.Errorf("memory at %d: %+v, want %+v", point, got, at.Memory)
		}
		if err := open.Contradiction(point); err != nil {
			t.Error(err)
		}
	}
}

// TestOpenContradiction: a sum of two inputs ties their lengths, unless one of them is 1.
func TestOpenContradiction(t *testing.T) {
	g := built(t, In("q", graph.Float32, "b", "n", 8), In("k", graph.Float32, "b", 8, "m"), In("v", graph.Float32, "b", "n2", 8),
		Node("MatMul", "q k", "s"), Node("MatMul", "s v", "y"))
	open, err := NewOpen(g, Options{Dims: dims{"b": 1}}, []string{"n", "m", "n2"}, []int64{4, 6, 6})
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Contradiction([]int64{9, 5, 5}); err != nil {
		t.Error(err)
	}
	if err := open.Contradiction([]int64{9, 5, 6}); err == nil || !strings.Contains(err.Error(), "the dims contradict") {
		t.Errorf("%v, want a contradiction between m and n2", err)
	}
}

func TestResolve(t *testing.T) {
	g := built(t, In("x", graph.Float32, "batch", "past_sequence + 1"), Node("Relu", "x", "y"))
	for _, c := range []struct {
		name, symbol string
		n, want      int64
		err          string
	}{
		{"batch", "batch", 4, 4, ""},
		{"batch", "batch", -1, 0, "a size is between 0"},
		{"batch", "batch", MaxDim + 1, 0, "a size is between 0"},
		{"past_sequence + 1", "past_sequence", 33, 32, ""},
		{"2*past_sequence", "past_sequence", 8, 4, ""},
		{"2*past_sequence", "past_sequence", 7, 0, "makes 2*past_sequence 7"},
	} {
		symbol, size, err := Resolve(g, c.name)
		if err != nil || symbol != c.symbol {
			t.Errorf("%s: %s, %v", c.name, symbol, err)
			continue
		}
		got, err := size(c.n)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s=%d: %d, %v; want %d, %q", c.name, c.n, got, err, c.want, c.err)
		}
	}
	for _, name := range []string{"sequence", "batch + past_sequence"} {
		if _, _, err := Resolve(g, name); err == nil || !strings.Contains(err.Error(), "no such dim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestItems(t *testing.T) {
	for _, c := range []struct {
		parts  []Part
		want   string
		tokens bool
	}{
		{[]Part{In("input_ids", graph.Int64, "b", "s"), In("attention_mask", graph.Int64, "b", "s")}, "b*s", true},
		{[]Part{In("inputs_embeds", graph.Float32, "b", "s", 8)}, "b*s", true},
		{[]Part{In("pixels", graph.Float32, "b", 3, 224, 224)}, "b", false},
		{[]Part{In("audio", graph.Float32, "b", "seq_len")}, "b*seq_len", true},
		{[]Part{In("past_k", graph.Float32, "b", 2, "t", 4), In("x", graph.Float32, "n", 4)}, "n", false},
	} {
		g := built(t, c.parts...)
		count, tokens, ok := Items(g, func(v *graph.Value) graph.Shape { return v.Type.Shape })
		if !ok || count.String() != c.want || tokens != c.tokens {
			t.Errorf("%s, tokens %v, %v; want %s, %v", count, tokens, ok, c.want, c.tokens)
		}
	}
	if _, _, ok := Items(&graph.Graph{Main: &graph.Body{}}, nil); ok {
		t.Error("a graph without inputs works on something")
	}
}
