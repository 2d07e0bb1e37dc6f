package kernel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestMasks reads what the masks of exporters say, in the spellings of Hugging Face's models over the years.
func TestMasks(t *testing.T) {
	places := causalMask()[:len(causalMask())-1] // row [1, 1, 1, s] and column [1, 1, s, 1]
	add := []Part{Node("Add", "scores mask", "masked")}
	where := []Part{Node("Where", "le zero -∞", "mask")}
	padding := []Part{In("pad", graph.Bool, "b", 1, 1, "s")}
	for _, c := range []struct {
		name  string
		parts []Part
		want  string
	}{
		{"keys up to the query", slices.Concat(places, []Part{Node("LessOrEqual", "row column", "le")}, where, add), " causal"},
		{"with padding", slices.Concat(places, padding, []Part{Node("LessOrEqual", "row column", "up"), Node("And", "up pad", "le")}, where, add), " causal"},
		{"keys beyond the query are hidden", slices.Concat(places, []Part{Node("Greater", "row column", "le"), Node("Where", "le -∞ zero", "mask")}, add), " causal"},
		{"keys before the next place", slices.Concat(places, []Part{Node("Add", "column 1", "next"), Node("Less", "row next", "le")}, where, add), " causal"},
		{
			"expanded first", slices.Concat(places, []Part{Node("Concat", "ones s1 s1", "square", Attr("axis", 0)), Ints("ones", 1, 1), Node("Unsqueeze", "s first", "s1"), Node("Expand", "row square", "rows"), Node("LessOrEqual", "rows column", "le")}, where, add),
			" causal",
		},
		{
			"a window of 3", slices.Concat(places, []Part{Int("3", 3), Node("Sub", "column 3", "back"), Node("Greater", "row back", "in"), Node("LessOrEqual", "row column", "up"), Node("And", "in up", "le")}, where, add),
			" window 3 causal",
		},
		{
			"a window of 4, itself and 3 before", slices.Concat(places, []Part{Int("3", 3), Node("Sub", "column 3", "back"), Node("GreaterOrEqual", "row back", "in"), Node("LessOrEqual", "row column", "up"), Node("And", "in up", "le")}, where, add),
			" window 4 causal",
		},
		{"a triangle", slices.Concat(places, []Part{Node("Unsqueeze", "s first", "s1"), Node("Concat", "s1 s1", "square", Attr("axis", 0)), Node("Expand", "-∞ square", "full"), Node("Trilu", "full 1", "mask")}, add), " causal"},
		{
			"a stored square, cut out",
			[]Part{
				Weight("table", graph.Bool, 1, 1, 64, 64), Int("1", 1), Ints("first", 0), Ints("third", 2), Ints("last", 3), Node("Shape", "x", "shape"), Node("Gather", "shape 1", "s"), Node("Unsqueeze", "s first", "s1"),
				Node("Slice", "table first s1 third", "rows"), Node("Slice", "rows first s1 last", "cut"), Node("Where", "cut scores -∞", "masked"),
			},
			" causal",
		},
		{"padding alone", slices.Concat(padding, []Part{Node("Where", "pad zero -∞", "mask")}, add), ""},
		{"positions that are compared with a number", slices.Concat(places, padding, []Part{Node("GreaterOrEqual", "column 0", "all"), Node("And", "all pad", "le")}, where, add), ""},
		{"distances on both sides", slices.Concat(places, []Part{Int("3", 3), Node("Sub", "row column", "far"), Node("Abs", "far", "off"), Node("Less", "off 3", "le")}, where, add), ""},
		{
			"a bias by bucket of distance", slices.Concat(places, []Part{
				weight("buckets", 8, 8), Ints("fifth", 0, 1), Node("Sub", "row column", "far"), Node("Squeeze", "far fifth", "apart"), Node("Greater", "apart 0", "ahead"), Node("Cast", "ahead", "bucket", Attr("to", int64(graph.Int64))),
				Node("Gather", "buckets bucket", "bias"), transposed("bias", "mask", 2, 0, 1),
			}, add),
			"",
		},
		{"a bias that is an input", slices.Concat([]Part{float("mask", "b", 8, "s", "s")}, add), ""},
		{"a stored bias by head", slices.Concat([]Part{weight("mask", 8, 5, 5)}, add), ""},
		{"no mask", []Part{Node("Identity", "scores", "masked")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := slices.Concat(headed(), []Part{transposed("k", "kt", 0, 1, 3, 2), Node("MatMul", "q kt", "scores")}, c.parts, []Part{
				Node("Softmax", "masked", "p", Attr("axis", -1)), Node("MatMul", "p v", "o"), Out("o", graph.Float32, NoShape),
			})
			p := malformed(t, parts...).group(t, "vllm")
			length := "s"
			if strings.Contains(c.name, "by head") {
				length = "5"
			}
			if got, want := strings.Join(attended(p), "; "), "b×8/2×4, "+length+" of "+length+c.want+" float32/float32"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestMaskOfOneQuery: what a mask says of queries it says of a single one, too, so that a step that is open and one that is bound
// to a token run the same kernels. The queries stand behind a cache.
func TestMaskOfOneQuery(t *testing.T) {
	where := []Part{Node("Where", "le zero -∞", "mask"), Node("Add", "scores mask", "masked")}
	for _, c := range []struct {
		name   string
		parts  []Part
		causal bool
	}{
		{"keys up to the query", slices.Concat([]Part{Node("LessOrEqual", "row column", "le")}, where), true},
		{"with padding", slices.Concat([]Part{In("pad", graph.Bool, "b", 1, 1, "past + n"), Node("LessOrEqual", "row column", "up"), Node("And", "up pad", "le")}, where), true},
		{"padding alone", slices.Concat([]Part{In("le", graph.Bool, "b", 1, 1, "past + n")}, where), false},
		{"keys up to a number", slices.Concat([]Part{Int("9", 9), Node("Less", "row 9", "le")}, where), false},
		{"no mask", []Part{Node("Identity", "scores", "masked")}, false},
	} {
		for _, n := range []any{"n", 1} {
			t.Run(fmt.Sprintf("%s, %v", c.name, n), func(t *testing.T) {
				parts := slices.Concat([]Part{
					float("q", "b", 2, n, 4), float("k1", "b", 2, n, 4), float("v1", "b", 2, n, 4), float("k0", "b", 2, "past", 4), float("v0", "b", 2, "past", 4), scalar("zero"), scalar("-∞"),
					Node("Concat", "k0 k1", "k", Attr("axis", 2)), Node("Concat", "v0 v1", "v", Attr("axis", 2)),
					Int("0", 0), Int("1", 1), Int("2", 2), Ints("third", 0, 1, 3), Ints("fourth", 0, 1, 2),
					Node("Shape", "k0", "s0"), Node("Gather", "s0 2", "past"), Node("Shape", "k", "s"), Node("Gather", "s 2", "all"),
					Node("Range", "past all 1", "here"), Node("Range", "0 all 1", "places"), Node("Unsqueeze", "here third", "column"), Node("Unsqueeze", "places fourth", "row"),
					transposed("k", "kt", 0, 1, 3, 2), Node("MatMul", "q kt", "scores"),
				}, c.parts, []Part{Node("Softmax", "masked", "p", Attr("axis", -1)), Node("MatMul", "p v", "o"), Out("o", graph.Float32, NoShape)})
				got := attended(malformed(t, parts...).group(t, "vllm"))
				if len(got) != 1 || strings.Contains(got[0], " causal ") != c.causal {
					t.Errorf("%q, want causal: %v", got, c.causal)
				}
			})
		}
	}
}
