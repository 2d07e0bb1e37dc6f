package analysis

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// quantise stores the weights of matrix products and of experts in the precision's narrow type, and says so on the costs of
// the products. A stored tensor that something else reads as well, as a table that ids pick rows from and that logits are
// a product with, stays in 16 bit; so do weights of operators that compute more than products of weights, as an attention
// with its projections, and those of convolutions and recurrences.
func (a *Analysis) quantise(p *Precision, dynamic []bool, narrow bool) {
	products := map[*graph.Node]bool{}
	var kept []string
	for _, v := range a.Graph.Values {
		t := storedTensor(v)
		if t == nil || !isWide(t.DType) || t.Len() <= 0 || isTable(v) {
			continue
		}
		stored, readers := followed(v, a.Inference.Facts)
		multiplied, alone := 0, 0
		for _, u := range readers {
			is, nothingElse := a.multiplies(u, t, dynamic)
			if is {
				multiplied++
			}
			if nothingElse {
				alone++
			}
		}
		switch {
		case multiplied == 0:
			continue
		case alone < len(readers) || slices.ContainsFunc(stored, func(v *graph.Value) bool { return v.IsOutput }):
			kept = append(kept, v.Name)
			continue
		}
		for _, v := range stored {
			f := &a.Inference.Facts[v.ID]
			f.DType, f.Block = p.Weight, p.Block
		}
		for _, u := range readers {
			products[u.Node] = true
		}
	}
	switch {
	case len(kept) > 0:
		a.warnf("as %s: in %v stay %s: what reads them does more than multiply by weights", p.Name, p.Float, examples(kept))
	case len(products) == 0 && !narrow:
		a.warnf("as %s: no product has a weight to store in it; all is in %v", p.Name, p.Float)
	}
	a.Costs = ops.Count(a.Graph, a.Inference)
	equal := graph.NewEqualCosts()
	for n := range products {
		cost := *a.Costs[n.ID]
		cost.DType, cost.Quant = p.Float, p.Quant
		a.Costs[n.ID] = equal.Share(cost)
	}
}

// multiplies reports whether a reader of a stored tensor multiplies by it as by a weight, and computes nothing but
// products of weights.
func (a *Analysis) multiplies(u graph.Use, t *graph.Tensor, dynamic []bool) (weight, alone bool) {
	n, c, op := u.Node, a.Costs[u.Node.ID], a.Inference.Rows[u.Node.ID]
	if !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v != nil && dynamic[v.ID] }) {
		return false, false
	}
	switch c.Class {
	case "gemm", "bmm":
		weight = u.Slot < 2 && wideAxes(t) > 1
	case "moe": // biases are a row for each expert, weights a matrix
		weight = op.Weights.Has(u.Slot) && len(t.Dims) == 3
	case "attention":
		weight = op.Weights.Has(u.Slot) && wideAxes(t) > 1
	}
	variable := func(p graph.Product) bool { return !p.Weight }
	weight = weight && slices.ContainsFunc(c.Products, func(p graph.Product) bool { return p.Weight })
	return weight, weight && !slices.ContainsFunc(c.Products, variable)
}

// storedTensor is the tensor that a value is stored as; nil where it is calculated or given.
func storedTensor(v *graph.Value) *graph.Tensor {
	if v.Init != nil {
		return v.Init
	}
	return v.Producer.Constant()
}

// followed lists a stored tensor and what operators make of it that keep its elements, in another shape, order or width,
// and who reads any of these.
func followed(v *graph.Value, facts []ops.Fact) (stored []*graph.Value, readers []graph.Use) {
	stored = []*graph.Value{v}
	for i := 0; i < len(stored); i++ {
		for _, u := range stored[i].Consumers {
			out := u.Node.Output(0)
			switch {
			case measures(u.Node):
			case u.Slot == 0 && out != nil && passesThrough(u.Node) && !quantises(u.Node) && isWide(facts[out.ID].DType):
				stored = append(stored, out)
			default:
				readers = append(readers, u)
			}
		}
	}
	return stored, readers
}

// quantises reports whether a node is a step of a quantisation that the file spells out.
func quantises(n *graph.Node) bool { return n.Op == "QuantizeLinear" || n.Op == "DequantizeLinear" }

// isNarrow reports whether a stored tensor holds numbers of 8 bits or less.
func isNarrow(t *graph.Tensor) bool {
	return t.DType != graph.Bool && t.DType.Bits() > 0 && t.DType.Bits() <= 8 && len(t.Dims) > 0
}

// narrowWeights names the weights that the file stores in 8 bits or less.
func (a *Analysis) narrowWeights() []string {
	var out []string
	named := map[*graph.Value]bool{}
	for _, n := range a.Graph.Nodes {
		op := a.Inference.Rows[n.ID]
		if op == nil {
			continue
		}
		for i, v := range n.Inputs {
			w, ok := storedSource(v)
			if ok && op.Weights.Has(i) && isNarrow(w.tensor) && !named[w.stored] {
				out, named[w.stored] = append(out, w.stored.Name), true
			}
		}
	}
	return out
}
