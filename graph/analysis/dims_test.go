package analysis

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

func built(t *testing.T, parts ...Part) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func mustRun(t *testing.T, g *graph.Graph, opts Options) *Analysis {
	t.Helper()
	a, err := Run(g, opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// model decodes one of the models that tests share.
func model(t *testing.T, name string) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, ".", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// eachModel runs a test for every model that tests share.
func eachModel(t *testing.T, test func(*testing.T, *graph.Graph)) {
	t.Helper()
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) { test(t, model(t, name)) })
	}
}

type dims = map[string]int64

func TestDeclared(t *testing.T) {
	g := built(t, In("ids", graph.Int64, "batch", "sequence"), In("mask", graph.Float32, "batch", 1, "past_sequence + sequence"), In("open", graph.Float32, nil, 4),
		Node("Relu", "mask", "y"))
	if got, want := Declared(g), []string{"batch", "sequence", "past_sequence", "open_dim0"}; !slices.Equal(got, want) {
		t.Errorf("declared %q, want %q", got, want)
	}
	for name, want := range map[string]bool{"batch": true, "sequence": false, "past_sequence": false, "open_dim0": true} {
		if IsBatch(g, name) != want {
			t.Errorf("IsBatch(%s) is %v", name, !want)
		}
	}
}

// TestBind is about the dims that users give.
func TestBind(t *testing.T) {
	g := built(t, In("ids", graph.Int64, "batch", "sequence"), In("mask", graph.Float32, "batch", "past_sequence + 1"), In("pairs", graph.Float32, "2*pairs"),
		Node("Relu", "mask", "y"), Node("Relu", "pairs", "z"))
	known := []string{"batch", "sequence", "past_sequence", "pairs"}
	for _, c := range []struct {
		name  string
		give  dims
		want  dims   // of those given
		error string // part of it
	}{
		{"names", dims{"batch": 8, "sequence": 32}, dims{"batch": 8, "sequence": 32}, ""},
		{"empty", dims{"past_sequence": 0}, dims{"past_sequence": 0}, ""},
		{"the largest", dims{"batch": MaxDim}, dims{"batch": MaxDim}, ""},
		{"an expression", dims{"past_sequence + 1": 33}, dims{"past_sequence": 32}, ""},
		{"without blanks", dims{"past_sequence+1": 33}, dims{"past_sequence": 32}, ""},
		{"a multiple", dims{"2*pairs": 6}, dims{"pairs": 3}, ""},
		{"an expression that is not declared", dims{"3*batch + 1": 7}, dims{"batch": 2}, ""},
		{"both, of one mind", dims{"past_sequence + 1": 33, "past_sequence": 32}, dims{"past_sequence": 32}, ""},
		{"both, contradicting", dims{"past_sequence + 1": 33, "past_sequence": 33}, nil, "contradicts"},
		{"an expression without solution", dims{"2*pairs": 7}, nil, `no size of "pairs" makes 2*pairs 7`},
		{"an expression that wants a negative size", dims{"past_sequence + 1": 0}, nil, `no size of "past_sequence" makes past_sequence + 1 0`},
		{"an unknown name", dims{"btach": 8}, nil, `"btach": the model has no such dim`},
		{"an expression of unknown names", dims{"a + 1": 8}, nil, `"a + 1": the model has no such dim`},
		{"two unknowns", dims{"batch + sequence": 8}, nil, "the model has no such dim"},
		{"negative", dims{"batch": -1}, nil, "between 0 and"},
		{"absurd", dims{"batch": MaxDim + 1}, nil, "between 0 and"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Run(g, Options{Dims: c.give, Symbolic: true})
			if c.error != "" {
				var bad *DimError
				if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.error) {
					t.Fatalf("error %v, want %q", err, c.error)
				}
				if no := strings.Contains(c.error, "no such dim"); no && !slices.Equal(bad.Known, known) {
					t.Errorf("known %q, want %q", bad.Known, known)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(a.Dims, c.want) || len(a.Assumed) > 0 {
				t.Errorf("dims %v, assumed %v, want %v and none", a.Dims, a.Assumed, c.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	g := built(t, float("x", 2, 3), In("target", graph.Int64, 2), Node("Reshape", "x target", "y"), Out("y", graph.Float32, NoShape))
	a := mustRun(t, g, Options{Values: map[string][]float64{"target": {3, -1}}})
	if got := a.Inference.Facts[g.Main.Outputs[0].ID].Shape; !got.Equal(graph.Consts(3, 2)) {
		t.Errorf("shape %v, want [3, 2]", got)
	}
	if _, err := Run(g, Options{Values: map[string][]float64{"targt": {3}}}); err == nil || !strings.Contains(err.Error(), `"targt"`) {
		t.Errorf("error %v", err)
	}
}

func float(name string, dims ...any) Part { return In(name, graph.Float32, dims...) }

// TestAssumptions is about the dims that nobody gives.
func TestAssumptions(t *testing.T) {
	ids := In("ids", graph.Int64, "batch", "sequence")
	for _, c := range []struct {
		name    string
		parts   []Part
		give    dims
		want    dims
		assumed []string
	}{
		{"encoder", []Part{ids}, nil, dims{"batch": 1, "sequence": 128}, []string{"batch", "sequence"}},
		{"some given", []Part{ids}, dims{"sequence": 7}, dims{"batch": 1, "sequence": 7}, []string{"batch"}},
		{
			"cache",
			[]Part{ids, float("past_key_values.0.key", "batch", 12, "past_sequence", 64)},
			nil,
			dims{"batch": 1, "sequence": 1, "past_sequence": 128},
			[]string{"batch", "past_sequence", "sequence"},
		},
		{"sound", []Part{float("wave", "samples_in_batch", "samples")}, nil, dims{"samples_in_batch": 1, "samples": 16000}, []string{"samples", "samples_in_batch"}},
		{"samples of a batch", []Part{float("x", "num_samples", 4)}, nil, dims{"num_samples": 1}, []string{"num_samples"}},
		{"images", []Part{float("pixels", "n", "channels", "height", "width")}, nil, dims{"n": 1, "channels": 3, "height": 224, "width": 224}, []string{"channels", "height", "n", "width"}},
		{"without names", []Part{In("ids", graph.Int64, nil, nil)}, nil, dims{"ids_dim0": 1, "ids_dim1": 128}, []string{"ids_dim0", "ids_dim1"}},
		{"a length in front", []Part{In("ids", graph.Int64, "seq_len", "batch")}, nil, dims{"seq_len": 128, "batch": 1}, []string{"batch", "seq_len"}},
		{"fixed", []Part{In("ids", graph.Int64, 2, 3)}, nil, dims{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := built(t, c.parts...)
			a := mustRun(t, g, Options{Dims: c.give})
			if !maps.Equal(a.Dims, c.want) || !slices.Equal(a.Assumed, c.assumed) {
				t.Errorf("dims %v, assumed %q; want %v, %q", a.Dims, a.Assumed, c.want, c.assumed)
			}
			a = mustRun(t, g, Options{Dims: c.give, Symbolic: true})
			if len(a.Dims) != len(c.give) || len(a.Assumed) > 0 {
				t.Errorf("symbolic: dims %v, assumed %q", a.Dims, a.Assumed)
			}
		})
	}
}

// TestContradictionTells: rows of 50 that an exporter froze go into no other length, and the error names the dims.
func TestContradictionTells(t *testing.T) {
	g := built(t, float("x", "batch", "sequence"), Ints("shape", 50, -1), Node("Reshape", "x shape", "y"), Out("y", graph.Float32, 50, nil))
	mustRun(t, g, Options{Dims: dims{"sequence": 100}})
	_, err := Run(g, Options{Dims: dims{"batch": 3, "sequence": 128}})
	if want := "at batch = 3, sequence = 128: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
	if a := mustRun(t, g, Options{Dims: dims{"batch": 3}}); a.Dims["sequence"]%50 != 0 || len(a.Warnings) > 0 {
		t.Errorf("a length of %d is assumed, want rows of 50; warnings %q", a.Dims["sequence"], a.Warnings)
	}
}

// TestSolved is about total_sequence = past_sequence + sequence, which the attention mask of GPT-2 with a cache implies.
func TestSolved(t *testing.T) {
	g := model(t, "gpt2-past")
	for _, c := range []struct {
		name string
		give dims
		want dims
	}{
		{"nothing", nil, dims{"batch": 1, "past_sequence": 128, "sequence": 1, "total_sequence": 129}},
		{"past and sequence", dims{"past_sequence": 32, "sequence": 4}, dims{"batch": 1, "past_sequence": 32, "sequence": 4, "total_sequence": 36}},
		{"total and past", dims{"past_sequence": 32, "total_sequence": 40}, dims{"batch": 1, "past_sequence": 32, "sequence": 8, "total_sequence": 40}},
		{"total and sequence", dims{"sequence": 8, "total_sequence": 40}, dims{"batch": 1, "past_sequence": 32, "sequence": 8, "total_sequence": 40}},
		{"total", dims{"total_sequence": 40}, dims{"batch": 1, "past_sequence": 39, "sequence": 1, "total_sequence": 40}},
		{"all three", dims{"past_sequence": 32, "sequence": 4, "total_sequence": 36}, dims{"batch": 1, "past_sequence": 32, "sequence": 4, "total_sequence": 36}},
		{"an empty cache", dims{"past_sequence": 0, "sequence": 16}, dims{"batch": 1, "past_sequence": 0, "sequence": 16, "total_sequence": 16}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := mustRun(t, g, Options{Dims: c.give})
			if !maps.Equal(a.Dims, c.want) {
				t.Errorf("dims %v, want %v", a.Dims, c.want)
			}
			for _, name := range a.Assumed {
				if _, given := c.give[name]; given || a.Dims[name] == 0 {
					t.Errorf("%s is said to be assumed", name)
				}
			}
			if len(a.Warnings) > 0 {
				t.Errorf("warnings %q", a.Warnings)
			}
		})
	}
	for name, give := range map[string]dims{
		"total is not the sum":  {"past_sequence": 32, "sequence": 4, "total_sequence": 40},
		"total below the past":  {"past_sequence": 32, "total_sequence": 20},
		"a sequence of nothing": {"sequence": 4, "total_sequence": 3},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(g, Options{Dims: give})
			var bad *DimError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), "contradict") {
				t.Errorf("error %v, want a contradiction", err)
			}
		})
	}
}

// TestBeyondTable: a sequence beyond the position table is warned of and counted all the same.
func TestBeyondTable(t *testing.T) {
	g := model(t, "bert-base")
	a := mustRun(t, g, Options{Dims: dims{"batch": 1, "sequence": 1024}})
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "beyond a table") {
		t.Errorf("warnings %q", a.Warnings)
	}
	// 12 layers of four 768×768 projections, two products of 768×3072 and attention's two products; the pooler.
	const s, h = 1024, 768
	want := int64(12*(s*(4*h*h+2*h*4*h)+2*s*s*h) + h*h)
	if got, ok := a.Eval(a.ModuleMetrics()[a.Tree.Root].MACs); !ok || got != want {
		t.Errorf("%d MACs, want %d", got, want)
	}
	if a := mustRun(t, g, Options{Dims: dims{"sequence": 512}}); len(a.Warnings) > 0 {
		t.Errorf("within the table: warnings %q", a.Warnings)
	}
}

// TestConflict is about a file that contradicts itself at any dims: a warning, and the analysis goes on.
func TestConflict(t *testing.T) {
	g := built(t, float("x", "n", 3), float("y", "n", 4), Node("Add", "x y", "z"), Node("Relu", "x", "r"))
	for _, symbolic := range []bool{false, true} {
		a := mustRun(t, g, Options{Symbolic: symbolic})
		if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "Add") {
			t.Errorf("warnings %q", a.Warnings)
		}
		if m := a.ModuleMetrics()[a.Tree.Root]; m.Operators != 2 {
			t.Errorf("%d operators, want 2", m.Operators)
		}
	}
}

// TestEmptyInput: what the file itself makes empty has no elements to work on, and that is said; nothing fails.
func TestEmptyInput(t *testing.T) {
	a := mustRun(t, built(t, float("x", 0, 8), floats("w", 8, 4), Node("MatMul", "x w", "y"), Out("y", graph.Float32)), Options{})
	if m := a.ModuleMetrics()[a.Tree.Root]; !m.MACs.Is(0) || m.Unknown != 0 || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "input x has no elements") {
		t.Errorf("%+v, %q", m, a.Warnings)
	}
}
