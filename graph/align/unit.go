package align

import (
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// side is one of two trees, with what matching asks of its modules.
type side struct {
	units []*unit // parents first, in tree order
}

func (s *side) root() *unit { return s.units[0] }

// unit is a module.
type unit struct {
	m        *graph.Module
	id       int // in side.units
	parent   *unit
	children []*unit
	weight   Weight // with everything below
	own      Weight // without
	role     role
	kinds    kinds // of the modules below, and of itself
	stages   int   // that it is in, or is
	end      int   // ID of the last operator: constants stand at the beginning of a file, whatever module they are for
	words    []string
}

func newSide(t Tree) *side {
	s := &side{}
	var visit func(*graph.Module, *unit) *unit
	visit = func(m *graph.Module, parent *unit) *unit {
		u := &unit{m: m, id: len(s.units), parent: parent, weight: t.Weigh(m), words: words(m.Name), end: -1}
		s.units = append(s.units, u)
		u.own = u.weight
		below := -1
		for _, n := range m.Nodes {
			u.end = max(u.end, n.ID)
		}
		for _, c := range m.Children {
			v := visit(c, u)
			u.children = append(u.children, v)
			u.own.Params -= v.weight.Params
			u.own.MACs -= v.weight.MACs
			u.own.Work -= v.weight.Work
			below = max(below, v.end)
		}
		if len(m.Nodes) == 0 {
			u.end = below
		}
		u.own = Weight{max(0, u.own.Params), max(0, u.own.MACs), max(0, u.own.Work)}
		u.role = roleOf(m, u.own)
		if u.role != holds {
			u.kinds[u.role]++
		}
		for _, v := range u.children {
			u.kinds.add(&v.kinds)
		}
		return u
	}
	visit(t.Root, nil).markStages()
	return s
}

// within reports whether u lies below v, or is v.
func (u *unit) within(v *unit) bool {
	for ; u != nil; u = u.parent {
		if u == v {
			return true
		}
	}
	return false
}

// role is what a module's own operators do.
type role int

const (
	holds role = iota // nothing but adding, reordering and the like
	attends
	embeds
	multiplies // by weights
	norms
	activates
)

// kinds are how many modules there are of each role, but for those that only hold others.
type kinds [activates + 1]float64

func (k *kinds) add(o *kinds) {
	for i, n := range o {
		k[i] += n
	}
}

// similarity compares what two modules hold, in [0, 1].
func (k *kinds) similarity(o *kinds) float64 {
	both, all := 0.0, 0.0
	for i := range k {
		both += min(k[i], o[i])
		all += max(k[i], o[i])
	}
	if all == 0 {
		return 1
	}
	return both / all
}

var roleOfOp = map[string]role{
	"Attention": attends, "MultiHeadAttention": attends, "GroupQueryAttention": attends, "QAttention": attends,
	"PackedAttention": attends, "PackedMultiHeadAttention": attends, "DecoderMaskedMultiHeadAttention": attends,
	"DecoderMaskedSelfAttention": attends, "DecoderAttention": attends, "PagedAttention": attends, "SparseAttention": attends,
	"LongformerAttention": attends, "EmbedLayerNormalization": embeds, "QEmbedLayerNormalization": embeds,
	"LayerNormalization": norms, "SkipLayerNormalization": norms, "RMSNormalization": norms, "BatchNormalization": norms,
	"SimplifiedLayerNormalization": norms, "SkipSimplifiedLayerNormalization": norms, "InstanceNormalization": norms,
	"GroupNormalization": norms, "GroupNorm": norms, "LpNormalization": norms,
	"Erf": activates, "Gelu": activates, "FastGelu": activates, "BiasGelu": activates, "QuickGelu": activates, "Relu": activates,
	"Tanh": activates, "Sigmoid": activates, "HardSwish": activates, "HardSigmoid": activates, "LeakyRelu": activates,
	"Elu": activates, "Selu": activates, "PRelu": activates, "Softplus": activates, "Mish": activates, "Swish": activates,
}

// roleOf reads a role off a module's own operators and their weight.
func roleOf(m *graph.Module, own Weight) role {
	var has [activates + 1]bool
	ops := map[string]bool{}
	for _, n := range m.Nodes {
		has[roleOfOp[n.Op]] = true
		ops[n.Op] = true
	}
	spelled := (ops["ReduceMean"] || ops["ReduceSum"]) && (ops["Sqrt"] || ops["Rsqrt"] || ops["Pow"]) // a norm in single operators
	switch {
	case has[attends] || ops["Softmax"] && own.MACs > 0:
		return attends
	case has[embeds]:
		return embeds
	case own.MACs > 0 && own.Params > 0:
		return multiplies
	case has[norms] || spelled && own.MACs == 0:
		return norms
	case own.Params > 0 && (ops["Gather"] || ops["GatherBlockQuantized"]):
		return embeds
	case has[activates]:
		return activates
	}
	return holds
}

// synonyms make one word of names for the same thing. What is "" says no more than the role does.
var synonyms = map[string]string{
	"query": "q", "key": "k", "value": "v", "attention": "attn", "att": "attn", "attend": "attn", "mlp": "ffn", "feed": "ffn", "forward": "ffn",
	"output": "out", "o": "out", "word": "token", "wte": "token", "tokens": "token", "wpe": "position", "positions": "position", "pos": "position",
	"embeddings": "", "embedding": "", "embed": "", "embeds": "", "emb": "", "activation": "", "act": "", "fn": "", "func": "",
	"layernorm": "", "norm": "", "ln": "", "layer": "", "layers": "", "block": "", "blocks": "", "h": "", "rmsnorm": "",
	"lin": "", "linear": "", "dense": "", "proj": "", "projection": "", "fc": "", "conv1d": "", "c": "", "module": "",
	"type": "type", "classifier": "head", "lm": "head", "final": "f",
}

// words is the set of the words of a name, in one spelling.
func words(name string) []string {
	var out []string
	var word strings.Builder
	flush := func() {
		w := strings.ToLower(word.String())
		word.Reset()
		if s, ok := synonyms[w]; ok {
			w = s
		}
		if w != "" {
			out = append(out, w)
		}
	}
	lower, digit := false, false
	for _, r := range name {
		isDigit := r >= '0' && r <= '9'
		isUpper := r >= 'A' && r <= 'Z'
		switch {
		case r == '_' || r == '.' || r == '-' || r == '/' || r == ' ':
			flush()
		case isUpper && lower, isDigit != digit && word.Len() > 0:
			flush()
			word.WriteRune(r)
		default:
			word.WriteRune(r)
		}
		lower, digit = !isUpper && !isDigit, isDigit
	}
	flush()
	return sortedSet(out)
}

// sortedSet sorts words and drops those that are there twice.
func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// overlap is the part of two sets of words that both have, in [0, 1]; half where neither says anything.
func overlap(x, y []string) float64 {
	if len(x) == 0 && len(y) == 0 {
		return 0.5
	}
	both, i, j := 0, 0, 0
	for i < len(x) && j < len(y) {
		switch {
		case x[i] < y[j]:
			i++
		case x[i] > y[j]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	return float64(both) / float64(len(x)+len(y)-both)
}
