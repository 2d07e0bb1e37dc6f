package analysis

import (
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// weight is a stored tensor behind an input.
type weight struct {
	stored *graph.Value
	tensor *graph.Tensor
	alias  *graph.Value // output of the Identity that stands between; nil where none does
	scaled bool         // a DequantizeLinear or a Cast stands between
}

// storedSource looks through operators that keep a stored tensor what it is.
func storedSource(v *graph.Value) (weight, bool) {
	var w weight
	for range 16 {
		if v == nil {
			break
		}
		if v.Init != nil {
			w.stored, w.tensor = v, v.Init
			return w, true
		}
		n := v.Producer
		if n == nil {
			break
		}
		if t := n.Constant(); t != nil {
			w.stored, w.tensor = v, t
			return w, true
		}
		if !passesThrough(n) {
			break
		}
		if n.Op == "Identity" && (w.alias == nil || nameSays(w.alias) != isParameter) {
			w.alias = v
		}
		w.scaled = w.scaled || n.Op == "DequantizeLinear" || n.Op == "Cast"
		v = n.Input(0)
	}
	return weight{}, false
}

// passesThrough reports whether the output of an operator is the tensor it reads, in another type or shape.
func passesThrough(n *graph.Node) bool {
	switch n.Op {
	case "Identity", "Transpose", "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear", "Reshape", "Unsqueeze", "Squeeze", "Flatten":
		return true
	}
	return false
}

// inNode reports whether the tensor stands in a Constant node, not among the initializers.
func (w weight) inNode() bool { return w.stored.Init == nil }

// named is what the name of a weight says, that of its alias before that of the stored tensor.
func (w weight) named() verdict {
	if w.alias != nil && nameSays(w.alias) == isParameter {
		return isParameter
	}
	return nameSays(w.stored)
}

// verdict is what a name says of a stored tensor.
type verdict int

const (
	saysNothing verdict = iota
	isParameter
	isNone
)

// nameSays is what the name of a stored tensor says: a parameter where it is a dotted path as PyTorch's state_dict spells
// it or the name of a parameter of the root, none where it is that of what modules keep beside their parameters.
func nameSays(v *graph.Value) verdict {
	name := strings.ToLower(v.Local)
	if isTableName(name) || isMade(name) {
		return isNone
	}
	learned := strings.HasSuffix(name, ".logit_scale") || strings.HasSuffix(name, ".layer_scale")
	for _, suffix := range []string{"_scale", "_scales", "_zero_point", "_zero_points", "_zp", ".scales", ".zeros", ".qzeros", ".running_mean", ".running_var"} {
		if strings.HasSuffix(name, suffix) && !learned {
			return isNone
		}
	}
	if strings.HasPrefix(name, "_") || strings.ContainsAny(name, "/:") {
		return saysNothing
	}
	if strings.ContainsRune(name, '.') {
		return isParameter
	}
	for _, word := range []string{"_token", "_embed", "_weight", "_bias"} {
		if strings.HasSuffix(name, word) {
			return isParameter
		}
	}
	return saysNothing
}

// isMade reports whether a name is that of a call of PyTorch that makes a tensor of nothing but its size: torch.export names
// what it computes ahead by the call, the second one zeros_1.
func isMade(name string) bool {
	if i := strings.LastIndexByte(name, '_'); i >= 0 && strings.Trim(name[i+1:], "0123456789") == "" {
		name = name[:i]
	}
	switch name = strings.TrimSuffix(strings.TrimPrefix(name, "new_"), "_like"); name {
	case "zeros", "ones", "full", "empty", "arange", "linspace", "eye", "scalar_tensor":
		return true
	}
	return false
}

// isTable reports whether the name of a stored tensor is that of a constant: a mask, the frequencies and the table of
// rotary positions, a constant of the exporter's.
func isTable(v *graph.Value) bool { return isTableName(strings.ToLower(v.Local)) }

func isTableName(name string) bool {
	for _, word := range []string{"constant", "inv_freq", "freqs", "rotary", "sinusoid", "cos_cache", "sin_cache", "lifted_tensor", "_folded"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	return strings.HasSuffix(last, "mask") || strings.HasPrefix(last, "masked_")
}
