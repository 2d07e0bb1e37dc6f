package analysis

import (
	"maps"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestRolesOfDims is about dims that no name tells: what they count follows from inputs and axes.
func TestRolesOfDims(t *testing.T) {
	ids := In("input_ids", graph.Int64, nil, nil)
	for _, c := range []struct {
		name  string
		parts []Part
		want  dims
	}{
		{"images", []Part{float("x", nil, 3, nil, nil)}, dims{"x_dim0": 1, "x_dim2": 224, "x_dim3": 224}},
		{"images, channels last", []Part{float("x", nil, nil, nil, 3)}, dims{"x_dim0": 1, "x_dim1": 224, "x_dim2": 224}},
		{"images of any channels", []Part{float("pixel_values", "n", "c", "h", "w")}, dims{"n": 1, "c": 3, "h": 224, "w": 224}},
		{"films", []Part{float("x", nil, nil, 3, nil, nil)}, dims{"x_dim0": 1, "x_dim1": 128, "x_dim3": 224, "x_dim4": 224}},
		{"sound", []Part{float("input_values", "s6", "s76")}, dims{"s6": 1, "s76": 16000}},
		{"sound whose length is called a sequence", []Part{float("input_values", "batch_size", "sequence_length")}, dims{"batch_size": 1, "sequence_length": 16000}},
		{"features are no sound", []Part{float("input_features", "batch_size", "sequence_length")}, dims{"batch_size": 1, "sequence_length": 128}},
		{"a mask without a cache", []Part{In("input_ids", graph.Int64, "s43", "s53"), In("attention_mask", graph.Int64, "s43", "s53")}, dims{"s43": 1, "s53": 128}},
		{"the state of a recurrent network", []Part{float("input", nil, nil), float("state", 2, nil, 128)}, dims{"input_dim0": 1, "input_dim1": 128, "state_dim1": 1}},
		{
			"caches and a mask",
			[]Part{ids, float("past_key_values.0.key", nil, 4, nil, 8), float("past_key_values.1.key", nil, nil, 4, 8), In("attention_mask", graph.Int64, nil, nil)},
			dims{
				"input_ids_dim0": 1, "input_ids_dim1": 1, "past_key_values_0_key_dim0": 1, "past_key_values_0_key_dim2": 128,
				"past_key_values_1_key_dim0": 1, "past_key_values_1_key_dim1": 128, "attention_mask_dim0": 1, "attention_mask_dim1": 129,
			},
		},
		{
			"an encoder before a decoder",
			[]Part{
				In("input_ids", graph.Int64, "batch", "decoder_sequence_length"), float("past.0.decoder.key", "batch", 4, "past_length", 8),
				float("past.0.encoder.key", "batch", 4, "encoder_sequence_length", 8), float("encoder_hidden_states", "batch", "n", 32),
			},
			dims{"batch": 1, "decoder_sequence_length": 1, "past_length": 128, "encoder_sequence_length": 128, "n": 128},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := mustRun(t, built(t, c.parts...), Options{}); !maps.Equal(a.Dims, c.want) {
				t.Errorf("dims %v, want %v", a.Dims, c.want)
			}
		})
	}
}

// TestSizesThatFit is about graphs that do not run at the sizes that are assumed first, and at others do.
func TestSizesThatFit(t *testing.T) {
	x := float("x", "batch", "sequence", 8)
	kernel := func(dims ...int64) Part { return weightOf("k", dims...) }
	for _, c := range []struct {
		name  string
		parts []Part
		give  dims
		fits  func(d dims) bool
	}{
		{
			"a table of positions, cut as far as it goes",
			[]Part{x, weightOf("p", 1, 77, 8), Ints("from", 0), Ints("axis", 1), Node("Shape", "x", "s"), Node("Slice", "s axis two", "n"), Ints("two", 2), Node("Slice", "p from n axis", "q"), Node("Add", "x q", "y")},
			nil, func(d dims) bool { return d["sequence"] == 77 },
		},
		{"a table that is not cut", []Part{x, weightOf("p", 1, 50, 8), Node("Add", "x p", "y")}, nil, func(d dims) bool { return d["sequence"] == 50 }},
		{
			"patches beside a table",
			[]Part{
				float("pixels", "n", 3, "height", "width"), kernel(8, 3, 16, 16), weightOf("p", 1, 144, 8), Ints("rows", 0, 8, -1),
				Node("Conv", "pixels k", "c", Attr("strides", []int64{16, 16})), Node("Reshape", "c rows", "r"), Node("Transpose", "r", "t", Attr("perm", []int64{0, 2, 1})), Node("Add", "t p", "y"),
			},
			nil, func(d dims) bool { return d["height"] == 192 && d["width"] == 192 },
		},
		{"a window longer than the signal", []Part{float("wave", "batch", 1, "time"), kernel(4, 1, 400), Node("Conv", "wave k", "y")}, nil, func(d dims) bool { return d["time"] >= 400 }},
		{
			"a part that every length but the shortest has",
			[]Part{x, Ints("from", 0), Ints("to", 4), Ints("axis", 1), weightOf("w", 6, 4), Node("Slice", "x from to axis", "q"), Node("MatMul", "w q", "y")},
			nil, func(d dims) bool { return d["sequence"] == 128 },
		},
		{
			"rows that an exporter froze",
			[]Part{x, Ints("rows", 1, 96, 8), Node("Reshape", "x rows", "y")},
			nil, func(d dims) bool { return d["batch"]*d["sequence"] == 96 },
		},
		{"beside what is given", []Part{x, weightOf("p", 1, 50, 8), Node("Add", "x p", "y")}, dims{"batch": 4}, func(d dims) bool { return d["batch"] == 4 && d["sequence"] == 50 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := mustRun(t, built(t, c.parts...), Options{Dims: c.give})
			if !c.fits(a.Dims) || len(a.Warnings) > 0 {
				t.Errorf("dims %v, warnings %q", a.Dims, a.Warnings)
			}
		})
	}
}

// TestNoSizeFits: what can be said is said, and which dim to give.
func TestNoSizeFits(t *testing.T) {
	g := built(t, float("x", "n", 8), float("y", "m", 8), Node("Concat", "x y", "c", Attr("axis", 0)), Ints("rows", 1_000_003, 2, 4), Node("Reshape", "c rows", "r"), Node("Relu", "x", "z"))
	a := mustRun(t, g, Options{Dims: dims{"m": 3}})
	if text := strings.Join(a.Warnings, "\n"); a.Dims["n"] != 1_000_000 && !strings.Contains(text, "--dim n=N") {
		t.Errorf("dims %v, warnings %q", a.Dims, a.Warnings)
	}
	m := a.ModuleMetrics()[a.Tree.Root]
	if m.Operators != 3 {
		t.Errorf("%d operators, want 3", m.Operators)
	}
}

// TestSolvedBackwards: an equality gives the dim that is left, whichever side it stands on.
func TestSolvedBackwards(t *testing.T) {
	attention := []Part{
		float("k", "batch", "sequence", 8), float("p", "batch", "past", 8), float("m", "batch", 1, "total"),
		Node("Concat", "p k", "c", Attr("axis", 1)), Node("Transpose", "c", "ct", Attr("perm", []int64{0, 2, 1})), Node("MatMul", "k ct", "s"), Node("Add", "s m", "z"),
	}
	patches := []Part{
		float("pixels", 1, 3, "height", "width"), float("tokens", 1, "tokens", 8), weightOf("k", 8, 3, 16, 16), Ints("rows", 0, 8, -1),
		Node("Conv", "pixels k", "c", Attr("strides", []int64{16, 16})), Node("Reshape", "c rows", "r"), Node("Transpose", "r", "t", Attr("perm", []int64{0, 2, 1})), Node("Add", "t tokens", "y"),
	}
	for _, c := range []struct {
		name       string
		parts      []Part
		give, want dims
	}{
		{"past", attention, dims{"batch": 2, "sequence": 3, "total": 10}, dims{"past": 7}},
		{"sequence", attention, dims{"batch": 2, "past": 7, "total": 10}, dims{"sequence": 3}},
		{"total", attention, dims{"past": 7, "sequence": 3}, dims{"total": 10}},
		{"the new tokens first", attention, dims{"total": 10}, dims{"sequence": 1, "past": 9}},
		{"one side of an image", patches, dims{"tokens": 24, "height": 64}, dims{"width": 96}},
		{"both sides of an image", patches, dims{"tokens": 196}, dims{"height": 224, "width": 224}},
		{"tokens of an image", patches, dims{"height": 32, "width": 48}, dims{"tokens": 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := mustRun(t, built(t, c.parts...), Options{Dims: c.give})
			for name, n := range c.want {
				if a.Dims[name] != n {
					t.Errorf("dims %v, want %s = %d", a.Dims, name, n)
				}
			}
			if len(a.Warnings) > 0 {
				t.Errorf("warnings %q", a.Warnings)
			}
		})
	}
}
