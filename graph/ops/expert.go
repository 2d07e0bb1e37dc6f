package ops

import "github.com/irene-onnx/irene/graph"

// expertOps are mixtures of experts: every token goes through k of them.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MoE
// Shazeer et al., The Sparsely-Gated Mixture-of-Experts Layer: https://arxiv.org/abs/1701.06538
func expertOps() []Op {
	quantized := contrib("QMoE", "moe", sameAsFirst, expertCost, 2, 4, 5, 7, 8, 10)
	quantized.Params = expertParams
	return []Op{contrib("MoE", "moe", sameAsFirst, expertCost, 2, 3, 4, 5, 6, 7), quantized}
}

// expertSlots says where a mixture has the weights and biases of its layers.
type expertSlots struct{ weights, biases [3]int }

func (c *Context) expertSlots() expertSlots {
	if c.Node.Op == "QMoE" {
		return expertSlots{weights: [3]int{2, 5, 8}, biases: [3]int{4, 7, 10}}
	}
	return expertSlots{weights: [3]int{2, 4, 6}, biases: [3]int{3, 5, 7}}
}

// expertPacking is how many weights share one stored element.
func expertPacking(n *graph.Node) int64 {
	if n.Op != "QMoE" {
		return 1
	}
	switch n.Str("quant_type", "int") {
	case "fp8":
		return 1
	case "fp4", "nvfp4", "wfp4afp8":
		return 2
	}
	switch n.Int("expert_weight_bits", 4) {
	case 8:
		return 1
	case 2:
		return 4
	}
	return 2
}

func expertParams(n *graph.Node, slot int, elements int64) int64 {
	switch slot {
	case 2, 5, 8:
		return elements * expertPacking(n)
	}
	return elements
}

// expertCost counts the products of the experts a token goes through, the activation between them, the routing and the
// weighted sum. Of what is stored per expert it reads the share of the distinct experts that the tokens may touch.
func expertCost(c *Context) graph.Cost {
	x, s := c.Shape(0), c.expertSlots()
	hidden := dimOf(x, -1)
	active := rowsOf(x).MulInt(max(c.Node.Int("k", 1), 1))
	var ps []graph.Product
	work := active.Mul(hidden).MulInt(2).Add(c.Shape(1).Elements().MulInt(softmaxWork + 1))
	for i, slot := range s.weights {
		if !c.Has(slot) {
			continue
		}
		inner, outer := hidden, graph.Dim{} // of the first and the third layer; the second is the other way round
		if w := c.Shape(slot); len(w) == 3 {
			outer = split(w[1].Mul(w[2]).MulInt(expertPacking(c.Node)), hidden)
		}
		if i == 1 {
			work = work.Add(active.Mul(outer).MulInt(expertActivation(c)))
			inner, outer = outer, hidden
		}
		work = work.Add(active.Mul(outer).MulInt(c.countHas(s.biases[i])))
		ps = append(ps, graph.Product{Batch: graph.Const(1), M: active, N: outer, K: inner, Weight: c.constant(slot), TransB: true})
	}
	cost := c.products(work, ps...)
	cost.Read = c.expertBytes(active)
	cost.Experts, cost.Quant = c.experts(), expertQuant(c.Node)
	return cost
}

// experts is the geometry of the layer: the weight of the second layer is (experts, hidden, inter), that of the first (experts,
// inter, hidden), or twice as many rows where the gate is among them.
func (c *Context) experts() *graph.Experts {
	x, second := c.Shape(0), c.Shape(c.expertSlots().weights[1])
	out := &graph.Experts{Tokens: rowsOf(x), Hidden: dimOf(x, -1), TopK: graph.Const(max(c.Node.Int("k", 1), 1)), Experts: dimOf(second, 0)}
	if len(second) == 3 {
		out.Inter = split(second[1].Mul(second[2]).MulInt(expertPacking(c.Node)), out.Hidden)
	}
	out.Gated = c.Has(c.expertSlots().weights[2]) || c.Node.Str("activation_type", "relu") == "swiglu"
	return out
}

// expertQuant names how the weights are stored; "" where the element type says so.
func expertQuant(n *graph.Node) string {
	if n.Op != "QMoE" {
		return ""
	}
	switch n.Str("quant_type", "int") {
	case "fp8":
		return "fp8"
	case "fp4":
		return "w4a16_mxfp4"
	case "nvfp4":
		return "nvfp4"
	case "wfp4afp8":
		return "w4a8_mxfp4_mxfp8"
	}
	if n.Int("expert_weight_bits", 4) == 8 {
		return "int8_wo"
	}
	return "int4_wo"
}

// expertActivation is the work per element between the layers of an expert.
func expertActivation(c *Context) int64 {
	if name := c.Node.Str("activation_type", "relu"); name != "swiglu" {
		gate := c.countHas(c.expertSlots().weights[2]) // a third layer multiplies
		return activationFLOPs(name) + gate
	}
	n := int64(5) // scale, sigmoid, product, shift, product
	if _, ok := c.Node.Attr("swiglu_limit"); ok {
		n += 3 // one bound of the gate, two of the rest
	}
	return n
}

// expertBytes sums the inputs; those with one slice per expert count for at most as many experts as there are rows.
func (c *Context) expertBytes(active graph.Dim) graph.Dim {
	experts := dimOf(c.Shape(2), 0)
	touched := experts.Min(active)
	read := graph.Const(0)
	for i := range c.Node.Inputs {
		s := c.Shape(i)
		if i < 2 || !c.Has(i) || len(s) < 2 || !s[0].Equal(experts) {
			read = read.Add(c.bytesIn(i))
			continue
		}
		read = read.Add(c.In(i).size(s[1:].Elements()).Mul(touched))
	}
	return read
}
