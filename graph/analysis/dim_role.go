package analysis

import (
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// dimRole is what a declared dim counts.
type dimRole int

const (
	countsOther    dimRole = iota
	countsBatch            // independent inputs
	countsTokens           // new ones, or all where there is no cache
	countsPast             // tokens in the cache
	countsTotal            // past and new tokens
	countsSource           // the encoder's tokens, of a decoder
	countsPixels           // of one side of an image
	countsChannels         // of an image
	countsSamples          // of sound
)

// size is what a dim of a role is assumed to be: one batch, 128 tokens, one behind a cache of 128, images of 224 × 224 in
// 3 channels, a second of sound at the rate that speech models take.
func (r dimRole) size(cache bool) int64 {
	switch r {
	case countsBatch:
		return 1
	case countsPast, countsSource:
		return 128
	case countsTotal:
		return 129
	case countsPixels:
		return 224
	case countsChannels:
		return 3
	case countsSamples:
		return 16000
	}
	if cache {
		return 1
	}
	return 128
}

// dimRoles says what the declared dims of a graph count: by their names, and where the file gives them none, by the inputs
// and axes that they stand at.
func dimRoles(g *graph.Graph) (out map[string]dimRole, cache bool) {
	out = map[string]dimRole{}
	d := Decoder{Graph: g}
	d.findCaches()
	cached := map[*graph.Value]bool{}
	for _, v := range d.Caches {
		cached[v] = true
	}
	cache = hasCache(g) || len(d.Caches) > 0 && tokensInput(g) != nil
	first := leading(g)
	for _, v := range g.Main.Inputs {
		shape := declaredShape(v)
		for axis, d := range shape {
			for _, name := range d.Symbols() {
				if out[name] != countsOther {
					continue
				}
				r := countsOther
				if !d.Equal(ops.OpenDim(v, axis)) {
					r = roleOfName(name, cache)
				}
				if symbol, _ := d.IsSymbol(); symbol == name {
					place := roleOfPlace(v, shape, axis, cache, cached[v])
					if r == countsOther || r == countsTokens && place == countsSamples { // exporters call any length a sequence
						r = place
					}
				}
				if r == countsOther && first[name] {
					r = countsBatch
				}
				out[name] = r
			}
		}
	}
	return out, cache
}

// hasWord reports whether one of some words is in a name.
func hasWord(lower string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
}

func roleOfName(name string, cache bool) dimRole {
	lower := strings.ToLower(name)
	has := func(words ...string) bool { return hasWord(lower, words...) }
	switch {
	case has("batch"):
		return countsBatch
	case has("past"):
		return countsPast
	case has("encoder") && !has("decoder") && cache:
		return countsSource
	case has("total", "mask") && cache: // a mask covers past and new tokens
		return countsTotal
	case has("height", "width"):
		return countsPixels
	case has("channel"):
		return countsChannels
	case has("samples") && !strings.HasPrefix(lower, "num_"):
		return countsSamples
	case has("seq", "len"):
		return countsTokens
	}
	return countsOther
}

// roleOfPlace is what an axis of an input counts that has no telling name, in a graph with a cache or without one; cached
// inputs are parts of it.
func roleOfPlace(v *graph.Value, shape graph.Shape, axis int, cache, cached bool) dimRole {
	lower, last := strings.ToLower(v.Name), len(shape)-1
	float := v.Type.DType.IsFloat()
	switch {
	case cache && cached:
		return roleInCache(v, shape, axis)
	case axis == 0:
		return countsOther
	case strings.Contains(lower, "encoder") && !strings.Contains(lower, "decoder") && axis == 1:
		return countsSource
	case strings.Contains(lower, "mask") && axis == last:
		return roleOfName("mask", cache)
	case float && len(shape) == 3 && axis == 1 && isState(lower):
		return countsBatch
	case float && axis == last && last < 3 && hasWord(lower, "input_values", "audio", "wav", "speech", "sound", "samples", "pcm"):
		return countsSamples
	case float && last >= 3:
		return roleInImage(shape, axis)
	}
	return countsOther
}

// isState reports whether an input is named as the state of a recurrent network: (layers, batch, hidden).
func isState(lower string) bool {
	return hasWord(lower, "state", "hidden", "h0", "c0", "hx") && !hasWord(lower, "hidden_states") || slices.Contains([]string{"h", "c"}, lower)
}

// roleInCache: keys and values are (…, batch, heads, tokens, size), or tokens before heads.
func roleInCache(v *graph.Value, shape graph.Shape, axis int) dimRole {
	tokens := len(shape) - 2
	if _, fixed := shape[tokens].Const(); fixed && len(shape) > 3 {
		tokens--
	}
	switch {
	case axis == tokens && isCross(v):
		return countsSource
	case axis == tokens:
		return countsPast
	case axis == max(len(shape)-4, 0):
		return countsBatch
	}
	return countsOther
}

// roleInImage: images are (batch, …, channels, height, width), or channels last.
func roleInImage(shape graph.Shape, axis int) dimRole {
	last := len(shape) - 1
	height := last - 1
	if n, ok := shape[last].Const(); ok && n <= 4 {
		height--
	}
	switch {
	case axis == height || axis == height+1:
		return countsPixels
	case axis == last, axis == height-1 && height == last-1:
		return countsChannels
	}
	return countsOther
}
