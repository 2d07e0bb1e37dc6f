package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// lossOps are the losses and the optimizer steps of training graphs.
// https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
// https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html
func lossOps() []Op {
	training := ofDomain(
		"ai.onnx.preview.training",
		row("Adagrad", 1, "optimizer", optimizerStep(3, 0, 2), optimizerCost(3, 9)),
		row("Adam", 1, "optimizer", optimizerStep(4, 0, 2, 3), optimizerCost(4, 15)),
		row("Momentum", 1, "optimizer", optimizerStep(3, 0, 2), momentumCost),
		row("Gradient", 1, "optimizer", gradient, noCost),
	)
	return append(
		training,
		row("NegativeLogLikelihoodLoss", 12, "loss", loss, lossCost(0)),
		row("SoftmaxCrossEntropyLoss", 12, "loss", loss, lossCost(5)),
	)
}

// noCost is the rule of operators whose work does not follow from their shapes; their cost is unknown.
func noCost(*Context) graph.Cost { return graph.Cost{} }

// loss: scores are [N, C, d1 …], labels [N, d1 …]; the loss is one number unless it is not reduced. The second output,
// where there is one, holds the logarithms of the probabilities.
func loss(c *Context) error {
	scores, out := c.Shape(0), c.Shape(1)
	if scores != nil {
		if len(scores) < 2 {
			return c.Errorf("scores of rank %d, want at least 2", len(scores))
		}
		labels := chain(scores[:1], scores[2:])
		if out == nil {
			out = labels
		}
		if len(out) != len(labels) {
			return c.Errorf("labels of rank %d for scores of rank %d", len(out), len(scores))
		}
		out = slices.Clone(out)
		for i, d := range labels {
			var err error
			if out[i], err = c.Unify(out[i], d); err != nil {
				return err
			}
		}
	}
	if c.Node.Str("reduction", "mean") != "none" {
		out = graph.Shape{}
	}
	c.Set(0, c.DType(0), out)
	c.Set(1, c.DType(0), scores)
	return nil
}

// lossCost counts some operations per score, and per label a negation, a sum and, with weights, a product and a second
// sum.
func lossCost(perScore int64) CostRule {
	return func(c *Context) graph.Cost {
		perLabel := 2 + 2*c.countHas(2)
		return c.cost(c.Shape(1).Elements().MulInt(perLabel).Add(c.Shape(0).Elements().MulInt(perScore)))
	}
}

// groupSize is how many tensors a step optimizes: behind rate and count, inputs are groups of as many tensors each.
func (c *Context) groupSize(groups int) (int, error) {
	n := c.NumIn() - 2
	if n < groups || n%groups != 0 {
		return 0, c.Errorf("%d inputs behind rate and count are not %d groups", max(0, n), groups)
	}
	return n / groups, nil
}

// optimizerStep: outputs are new values of some of the groups of inputs.
func optimizerStep(groups int, kept ...int) ShapeRule {
	return func(c *Context) error {
		n, err := c.groupSize(groups)
		if err != nil {
			return err
		}
		for k, g := range kept {
			for i := range n {
				in := c.In(2 + g*n + i)
				c.Set(k*n+i, in.DType, in.Shape)
			}
		}
		return nil
	}
}

// optimizerCost counts k operations per optimized element, as the specification spells the step out.
func optimizerCost(groups int, k int64) CostRule {
	return func(c *Context) graph.Cost {
		n, err := c.groupSize(groups)
		if err != nil {
			return c.cost(graph.Dim{})
		}
		elements := graph.Const(0)
		for i := range n {
			elements = elements.Add(c.Shape(2 + i).Elements())
		}
		return c.cost(elements.MulInt(k))
	}
}

func momentumCost(c *Context) graph.Cost {
	if c.Node.Str("mode", "standard") == "nesterov" {
		return optimizerCost(3, 9)(c)
	}
	return optimizerCost(3, 7)(c)
}

// gradient: one output for each input that the attribute xs names, with its type and shape.
func gradient(c *Context) error {
	a, ok := c.Node.Attr("xs")
	if !ok {
		return nil
	}
	for i := range a.Strs {
		if c.Has(i) {
			c.Set(i, c.DType(i), c.Shape(i))
		}
	}
	return nil
}
