package ops

import "github.com/irene-onnx/irene/graph"

// rotaryWork is the work per rotated element: two products and a sum.
const rotaryWork = 3

// rotaryOps rotate pairs of channels by the position.
// https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html
// Su et al., RoFormer: https://arxiv.org/abs/2104.09864
func rotaryOps() []Op {
	return []Op{
		row("RotaryEmbedding", 23, "elementwise", ofRank("input", sameAsFirst, 3, 4), named("rope", rotaryCost)),
		contrib("RotaryEmbedding", "elementwise", sameAsFirst, named("rope", rotaryCost)),
		contrib("MRotaryEmbedding", "elementwise", sameAsFirst, named("rope", rotaryCost)),
		contrib("GemmaRotaryEmbedding", "elementwise", like(1, 3), named("rope", gemmaRotaryCost)),
	}
}

// rotaryCost counts the rotated channels of each head, which are twice as many as a row of the cosines has, and reads of
// the caches the rows of the positions.
func rotaryCost(c *Context) graph.Cost {
	positions, cos, sin := 3, 1, 2
	if c.Node.Domain != "" {
		positions, cos, sin = 1, 2, 3
	}
	x := c.Shape(0)
	rotated := x.Elements()
	heads := c.attr("num_heads")
	_, _, _, size := packedHeads(x, heads)
	if part := c.attr("rotary_embedding_dim"); !part.IsUnknown() && !size.Equal(part) {
		rotated = split(rotated, size).Mul(part)
	}
	cost := c.cost(rotated.MulInt(rotaryWork))
	read := c.bytesIn(0).Add(c.bytesIn(positions))
	for _, i := range []int{cos, sin} {
		if s := c.Shape(i); len(s) == 2 && c.Has(positions) {
			n := c.Shape(positions).Elements()
			if n.Is(1) { // the first position of consecutive ones
				n = dimOf(x, -2)
				if len(x) == 3 {
					n = x[1]
				}
			}
			read = read.Add(c.rowBytes(i, n))
		} else {
			read = read.Add(c.bytesIn(i))
		}
	}
	cost.Read = read
	return cost
}

// gemmaRotaryCost, for the queries in input 1 and the keys in input 3, counts sine and cosine of each angle and the rotations.
func gemmaRotaryCost(c *Context) graph.Cost {
	rotated := c.Shape(1).Elements().Add(c.Shape(3).Elements())
	return c.cost(rotated.MulInt(rotaryWork).Add(c.Shape(0).Elements().MulInt(2)))
}
