package analysis

import (
	"maps"
	"slices"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Switch is the input of a merged decoder that says whether a run reads the cache. Such a file holds two exports, one for
// the first run and one for those after it, as the branches of an If.
type Switch struct {
	Input string
	On    float64 // its element in runs that read the cache: 1 or 0
}

// Values are the elements of inputs that are given, with that of the switch for a run that reads the cache, or does not.
func (d *Decoder) Values(given map[string][]float64, cached bool) map[string][]float64 {
	if d.Switch == nil {
		return given
	}
	out := maps.Clone(given)
	if out == nil {
		out = map[string][]float64{}
	}
	out[d.Switch.Input] = []float64{d.Switch.On}
	if !cached {
		out[d.Switch.Input] = []float64{1 - d.Switch.On}
	}
	return out
}

// Uncached is the size of the cache in runs that do not read it: 0, but where other inputs are as long as it and so many
// new tokens, and are over the prompt alone, as a mask over "past + 1" tokens is.
func (d *Decoder) Uncached() graph.Dim {
	for _, v := range d.Graph.Main.Inputs {
		if d.Sequence == "" || v.Init != nil || slices.Contains(d.Caches, v) {
			continue
		}
		for _, x := range declaredShape(v) {
			if !slices.Equal(x.Symbols(), []string{d.Past}) {
				continue
			}
			more := x.Sub(graph.Symbol(d.Past))
			if _, ok := more.Const(); ok {
				return graph.Symbol(d.Sequence).Sub(more)
			}
		}
	}
	return graph.Const(0)
}

// findSwitch looks for the boolean input that decides whether what runs reads a cache: inference tells, with one element
// and with the other, which branches are taken.
func (d *Decoder) findSwitch() {
	if !hasIf(d.Graph) {
		return
	}
	for _, v := range d.Graph.Main.Inputs {
		if n, known := v.Type.Shape.Elements().Const(); v.Init != nil || v.Type.DType != graph.Bool || known && n != 1 {
			continue
		}
		off, on := d.readsCache(v, 0), d.readsCache(v, 1)
		if off == on {
			continue
		}
		d.Switch = &Switch{Input: v.Name}
		if on {
			d.Switch.On = 1
		}
		return
	}
}

// readsCache reports whether an operator that runs with that element of an input reads keys and values that grow.
func (d *Decoder) readsCache(input *graph.Value, element float64) bool {
	taken := ops.Infer(d.Graph, ops.Options{Values: map[string][]float64{input.Name: {element}}}).Taken
	for _, v := range d.Caches {
		if isCross(v) {
			continue
		}
		for _, use := range v.Consumers {
			if runs(use.Node, taken) {
				return true
			}
		}
	}
	return false
}

// runs reports whether a node stands in no branch that is not taken.
func runs(n *graph.Node, taken map[*graph.Node]int) bool {
	for b := n.Body; b.Owner != nil; b = b.Owner.Body {
		if choice, decided := taken[b.Owner]; decided && choice != ops.BothBranches && slices.Index(b.Owner.Bodies(), b) != choice {
			return false
		}
	}
	return true
}
