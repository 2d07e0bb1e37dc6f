package ops

import "github.com/irene-onnx/irene/graph"

// generationOps are ONNX Runtime's text generators. They run the decoders in their attributes once per token until every
// sequence has ended, so their cost does not follow from their shapes.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BeamSearch
func generationOps() []Op {
	return []Op{
		contrib("BeamSearch", "control", beamSearch, noCost),
		contrib("WhisperBeamSearch", "control", beamSearch, noCost),
		contrib("GreedySearch", "control", greedySearch, noCost),
		contrib("Sampling", "control", greedySearch, noCost),
		// The scores, without the tokens that would repeat an n-gram of input 0.
		contrib("NGramRepeatBlock", "elementwise", like(1), pointwise(1)),
	}
}

// beamSearch: inputs are prompts, the greatest and the least length, the numbers of beams and of sequences returned;
// outputs are the sequences, their scores, and the scores of every step.
func beamSearch(c *Context) error {
	in, length, returned := c.Shape(0), c.scalar(1), graph.Const(1)
	if c.Has(4) {
		returned = c.scalar(4)
	}
	c.Set(0, graph.Int32, graph.Shape{dimOf(in, 0), returned, length})
	c.Set(1, graph.Float32, graph.Shape{dimOf(in, 0), returned})
	c.Set(2, graph.Float32, graph.Shape{length.Sub(dimOf(in, 1)), dimOf(in, 0), c.scalar(3), {}})
	return nil
}

// greedySearch: inputs are prompts and the greatest length; outputs are the sequences and the logits.
func greedySearch(c *Context) error {
	c.Set(0, graph.Int32, graph.Shape{dimOf(c.Shape(0), 0), c.scalar(1)})
	return nil
}
