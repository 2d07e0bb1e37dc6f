package analysis

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestFindDecoder reads the dims of generation off the inputs of decoders as exporters name them.
func TestFindDecoder(t *testing.T) {
	ids := func(dims ...any) Part { return In("input_ids", graph.Int64, dims...) }
	cache := func(name string, dims ...any) Part { return In(name, graph.Float16, dims...) }
	relu := Node("Relu", "k", "y")
	for _, c := range []struct {
		name  string
		told  DecoderNames
		parts []Part
		want  string // batch, past, sequence, source; caches; ties
	}{
		{
			"keys and values of a layer, with a mask over all",
			DecoderNames{},
			[]Part{
				ids("batch", "sequence"), In("attention_mask", graph.Int64, "batch", "total"),
				cache("past_key_values.0.key", "batch", 4, "past", 8), cache("past_key_values.0.value", "batch", 4, "past", 8), Node("Relu", "past_key_values.0.key", "y"),
			},
			"batch past sequence -; past_key_values.0.key past_key_values.0.value; total=past + sequence",
		},
		{
			"one token and one sequence at a time",
			DecoderNames{},
			[]Part{ids(1, 1), In("mask", graph.Int64, 1, "n"), cache("cache_k", 1, "p", 64), Node("Relu", "cache_k", "y")},
			"- p - -; cache_k; n=p + 1",
		},
		{
			"a length of its own per layer",
			DecoderNames{},
			[]Part{ids("b", "s"), cache("past.0", "b", 2, "past0", 4), cache("past.1", "b", 2, "past1", 4), Node("Relu", "past.0", "y")},
			"b past0 s -; past.0 past.1; past1=past0",
		},
		{
			"keys and values of the encoder do not grow",
			DecoderNames{},
			[]Part{
				ids("b", "s"), cache("past_key_values.0.decoder.key", "b", 2, "past", 4), cache("past_key_values.0.encoder.key", "b", 2, "frames", 4),
				In("encoder_hidden_states", graph.Float16, "b", "frames", 8), Node("Relu", "past_key_values.0.decoder.key", "y"),
			},
			"b past s frames; past_key_values.0.decoder.key past_key_values.0.encoder.key; ",
		},
		{
			"no name tells: pairs of one shape",
			DecoderNames{},
			[]Part{ids("b", "s"), cache("k", "b", 2, "t", 4), cache("v", "b", 2, "t", 4), relu},
			"b t s -; k v; ",
		},
		{
			"told",
			DecoderNames{Past: "t"},
			[]Part{ids("b", "s"), cache("k", "b", "t", 4), cache("other", "b", 3, 4), relu},
			"b t s -; k; ",
		},
		{
			"embeddings of tokens",
			DecoderNames{},
			[]Part{In("inputs_embeds", graph.Float16, "b", "s", 8), cache("past_k", "b", 2, "t", 4), Node("Relu", "past_k", "y")},
			"b t s -; past_k; ",
		},
	} {
		d, err := FindDecoder(built(t, c.parts...), c.told)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var caches, ties []string
		for _, v := range d.Caches {
			caches = append(caches, v.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(d.Ties)) {
			ties = append(ties, fmt.Sprintf("%s=%s", name, d.Ties[name]))
		}
		or := func(s string) string { return map[bool]string{true: "-", false: s}[s == ""] }
		got := fmt.Sprintf("%s %s %s %s; %s; %s", or(d.Batch), or(d.Past), or(d.Sequence), or(d.Source), strings.Join(caches, " "), strings.Join(ties, " "))
		if got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

func TestFindDecoderRefuses(t *testing.T) {
	var none *NoCacheError
	var dim *DimError
	for _, c := range []struct {
		parts []Part
		told  DecoderNames
		as    any
		want  string
	}{
		{[]Part{In("x", graph.Float32, "b", 3, 8, 8), Node("Relu", "x", "y")}, DecoderNames{}, &none, "no input holds tokens"},
		{[]Part{In("input_ids", graph.Int64, "b", "s"), Node("Identity", "input_ids", "y")}, DecoderNames{}, &none, "no key/value cache among the inputs (input_ids)"},
		{
			[]Part{In("input_ids", graph.Int64, "b", "s"), In("past_k", graph.Float32, "b", 2, 16, 4), Node("Relu", "past_k", "y")},
			DecoderNames{},
			&none, "no open dim to grow in",
		},
		{[]Part{In("input_ids", graph.Int64, "b", "s"), Node("Identity", "input_ids", "y")}, DecoderNames{Past: "p"}, &dim, `dim "p": the model has no such dim`},
	} {
		_, err := FindDecoder(built(t, c.parts...), c.told)
		if err == nil || !errors.As(err, c.as) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestCacheBytes: two caches of 3 sequences, 2 heads, 5 tokens and width 4 in float16 are 2 · 3·2·5·4 · 2 bytes.
func TestCacheBytes(t *testing.T) {
	g := built(
		t, In("input_ids", graph.Int64, "b", "s"), In("past_k", graph.Float16, "b", 2, "t", 4), In("past_v", graph.Float16, "b", 2, "t", 4), Node("Relu", "past_k", "y"),
	)
	d, err := FindDecoder(g, DecoderNames{})
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := d.CacheBytes(mustRun(t, g, Options{Dims: dims{"b": 3, "s": 1, "t": 5}})).Const(); !ok || n != 480 {
		t.Errorf("%d bytes, want 480", n)
	}
}
