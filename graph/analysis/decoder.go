package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Decoder says which dims of a graph count what in generation with a key/value cache.
type Decoder struct {
	Graph    *graph.Graph
	Caches   []*graph.Value       // inputs that hold keys and values of earlier tokens
	Batch    string               // dim of independent sequences; "" where the file fixes it
	Past     string               // dim of the tokens in the cache
	Sequence string               // dim of new tokens; "" where the file fixes it at New
	New      int64                // tokens of a run where the file fixes them
	Size     int64                // of the batch where the file fixes it
	Embeds   bool                 // the new tokens come as embeddings
	Encoder  bool                 // the decoder reads what an encoder made of a prompt
	Source   string               // dim of the encoder's tokens; "" where there is none, or the file fixes it
	Switch   *Switch              // what of a merged decoder runs; nil for others
	Ties     map[string]graph.Dim // dims that follow: the length of the attention mask, a length of its own per layer
}

// DecoderNames are dims that the user told; empty ones are found.
type DecoderNames struct{ Batch, Past, Sequence string }

// NoCacheError says that a graph is no decoder with a key/value cache.
type NoCacheError struct{ Msg string }

// Error says what is missing.
func (e *NoCacheError) Error() string { return e.Msg }

// FindDecoder finds the cache of a graph and the dims that generation changes, by the names and shapes of its inputs.
func FindDecoder(g *graph.Graph, told DecoderNames) (*Decoder, error) {
	d := &Decoder{Graph: g, Batch: told.Batch, Past: told.Past, Sequence: told.Sequence, Ties: map[string]graph.Dim{}}
	for _, name := range []string{told.Batch, told.Past, told.Sequence} {
		if name == "" {
			continue
		}
		if declared := Declared(g); !slices.Contains(declared, name) {
			return nil, &DimError{Name: name, Known: declared, Msg: fmt.Sprintf("dim %q: the model has no such dim", name)}
		}
	}
	ids := tokensInput(g)
	if ids == nil {
		return nil, noTokens(g)
	}
	d.setInput(ids)
	if d.findCaches(); len(d.Caches) == 0 {
		return nil, &NoCacheError{Msg: fmt.Sprintf("%s: no key/value cache among the inputs (%s): generation needs a decoder exported with one (past_key_values), or --past-dim NAME", g.File, inputNames(g))}
	}
	if err := d.findPast(); err != nil {
		return nil, err
	}
	d.findSource()
	d.tie()
	d.findSwitch()
	return d, nil
}

// FindReader finds the dims of a decoder's export without a cache, which reads prompts.
func FindReader(g *graph.Graph) (*Decoder, error) {
	ids := tokensInput(g)
	if ids == nil {
		return nil, noTokens(g)
	}
	d := &Decoder{Graph: g, Ties: map[string]graph.Dim{}}
	d.setInput(ids)
	d.findSource()
	return d, nil
}

func noTokens(g *graph.Graph) error {
	return &NoCacheError{Msg: fmt.Sprintf("%s: no input holds tokens (ids, or embeddings)", g.File)}
}

func inputNames(g *graph.Graph) string {
	var names []string
	for _, v := range g.Main.Inputs {
		if v.Init == nil {
			names = append(names, v.Name)
		}
	}
	if len(names) > 6 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:6], ", "), len(names)-6)
	}
	return strings.Join(names, ", ")
}

// declaredShape is the declared shape of an input, dims that the file leaves open named as inference names them.
func declaredShape(v *graph.Value) graph.Shape {
	out := slices.Clone(v.Type.Shape)
	for i, d := range out {
		if d.IsUnknown() {
			out[i] = ops.OpenDim(v, i)
		}
	}
	return out
}

// setInput takes batch and sequence from the shape of the input that holds the tokens.
func (d *Decoder) setInput(ids *graph.Value) {
	s := declaredShape(ids)
	d.Embeds = ids.Type.DType.IsFloat()
	if name, ok := s[0].IsSymbol(); ok && d.Batch == "" && name != d.Past {
		d.Batch = name
	} else if n, ok := s[0].Const(); ok {
		d.Size = n
	}
	if name, ok := s[1].IsSymbol(); ok && d.Sequence == "" && name != d.Past {
		d.Sequence = name
	} else if n, ok := s[1].Const(); ok {
		d.New = n
	}
}

// tokensInput is the input that holds the new tokens: ids of rank 2, or embeddings of rank 3.
func tokensInput(g *graph.Graph) *graph.Value {
	rank := func(v *graph.Value) int {
		s, name := v.Type.Shape, strings.ToLower(v.Name)
		switch {
		case isCacheName(name) || strings.Contains(name, "encoder"):
			return 0
		case len(s) == 2 && v.Type.DType.IsInt() && strings.Contains(name, "input_ids"):
			return 5
		case len(s) == 2 && v.Type.DType.IsInt() && strings.Contains(name, "ids") && !strings.Contains(name, "position") && !strings.Contains(name, "type"):
			return 4
		case len(s) == 3 && v.Type.DType.IsFloat() && (strings.Contains(name, "embed") || strings.Contains(name, "hidden")):
			return 3
		case len(s) == 2 && v.Type.DType.IsInt() && !strings.Contains(name, "mask") && !strings.Contains(name, "position"):
			return 2
		}
		return 0
	}
	return bestInput(g, rank)
}

// bestInput is the input that is not stored and ranks highest, the first of several; nil where none ranks above 0.
func bestInput(g *graph.Graph, rank func(*graph.Value) int) *graph.Value {
	var best *graph.Value
	for _, v := range g.Main.Inputs {
		if v.Init == nil && rank(v) > 0 && (best == nil || rank(v) > rank(best)) {
			best = v
		}
	}
	return best
}

func isCacheName(lower string) bool {
	for _, w := range []string{"past", "cache", "key_values", "kv_", "_kv"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// findCaches lists the inputs of rank 3 and more that are named as caches or hold the dim that the user told; where no
// name tells, those of rank 4 that come in pairs of one shape.
func (d *Decoder) findCaches() {
	var unnamed []*graph.Value
	for _, v := range d.Graph.Main.Inputs {
		if v.Init != nil || len(v.Type.Shape) < 3 {
			continue
		}
		has := slices.ContainsFunc(declaredShape(v), func(x graph.Dim) bool { return d.Past != "" && slices.Contains(x.Symbols(), d.Past) })
		switch {
		case has || (d.Past == "" && isCacheName(strings.ToLower(v.Name))):
			d.Caches = append(d.Caches, v)
		case len(v.Type.Shape) == 4 && v.Type.DType.IsFloat():
			unnamed = append(unnamed, v)
		}
	}
	if len(d.Caches) == 0 && d.Past == "" && len(unnamed) >= 2 && len(unnamed)%2 == 0 {
		first := declaredShape(unnamed[0])
		if !slices.ContainsFunc(unnamed, func(v *graph.Value) bool { return !declaredShape(v).Equal(first) }) {
			d.Caches = unnamed
		}
	}
}

// isCross reports whether a cache holds the encoder's keys and values, which do not grow.
func isCross(v *graph.Value) bool {
	name := strings.ToLower(v.Name)
	return strings.Contains(name, "encoder") && !strings.Contains(name, "decoder") || strings.Contains(name, ".encoder.") || strings.Contains(name, "cross")
}

// findPast finds the dim in which caches grow.
func (d *Decoder) findPast() error {
	for _, v := range d.Caches {
		switch name := d.length(v); {
		case name == "":
		case isCross(v):
			d.setSource(name)
		case d.Past == "":
			d.Past = name
		case name != d.Past:
			d.Ties[name] = graph.Symbol(d.Past)
		}
	}
	if d.Past == "" {
		return &NoCacheError{Msg: fmt.Sprintf("%s: the caches (%s …) have no open dim to grow in: generation needs an export with a dynamic cache length", d.Graph.File, d.Caches[0].Name)}
	}
	return nil
}

// length is the first open dim of an input, those of the batch and of new tokens aside; "" for none.
func (d *Decoder) length(v *graph.Value) string {
	s := declaredShape(v)
	for _, x := range s[min(1, len(s)):] {
		if name, ok := x.IsSymbol(); ok && name != d.Batch && name != d.Sequence {
			return name
		}
	}
	return ""
}

// setSource takes a dim for that of the encoder's tokens; further ones are of the same size.
func (d *Decoder) setSource(name string) {
	switch d.Source {
	case "":
		d.Source = name
	case name:
	default:
		d.Ties[name] = graph.Symbol(d.Source)
	}
}

// findSource finds the inputs that come from an encoder, and the dim of its tokens.
func (d *Decoder) findSource() {
	for _, v := range d.Graph.Main.Inputs {
		if v.Init != nil || !strings.Contains(strings.ToLower(v.Name), "encoder") && !(isCross(v) && slices.Contains(d.Caches, v)) {
			continue
		}
		d.Encoder = true
		if name := d.length(v); name != "" && name != d.Past && d.Ties[name].IsUnknown() {
			d.setSource(name)
		}
	}
}

// tie makes the other dims of the inputs that count past and new tokens expressions in these: the attention mask is
// over both.
func (d *Decoder) tie() {
	fresh := graph.Const(max(d.New, 1))
	if d.Sequence != "" {
		fresh = graph.Symbol(d.Sequence)
	}
	for _, v := range d.Graph.Main.Inputs {
		s := declaredShape(v)
		if v.Init != nil || len(s) < 2 || slices.Contains(d.Caches, v) {
			continue
		}
		lower := strings.ToLower(v.Name)
		for _, x := range s[1:] {
			name, ok := x.IsSymbol()
			if !ok || name == d.Batch || name == d.Past || name == d.Sequence || name == d.Source {
				continue
			}
			if strings.Contains(strings.ToLower(name), "total") || (strings.Contains(lower, "mask") && !strings.Contains(lower, "encoder")) {
				d.Ties[name] = graph.Symbol(d.Past).Add(fresh)
			}
		}
	}
}

// CacheBytes is what the caches that a run reads hold.
func (d *Decoder) CacheBytes(a *Analysis) graph.Dim {
	sum := graph.Const(0)
	for _, v := range d.CachesOf(a) {
		sum = sum.Add(a.Inference.Facts[v.ID].Bytes())
	}
	return sum
}

// CachesOf are the caches in the graph of an analysis, which is another one where branches stand in the place of Ifs.
func (d *Decoder) CachesOf(a *Analysis) []*graph.Value {
	var out []*graph.Value
	for _, v := range a.Graph.Main.Inputs {
		if slices.ContainsFunc(d.Caches, func(c *graph.Value) bool { return c.Name == v.Name }) {
			out = append(out, v)
		}
	}
	return out
}
