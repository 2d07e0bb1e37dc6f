package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// textOps are the operators on strings. Strings have no fixed width, so the bytes they move are unknown.
// https://onnx.ai/onnx/operators/onnx__StringNormalizer.html
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Tokenizer
func textOps() []Op {
	return []Op{
		row("StringConcat", 20, "text", broadcast(always(graph.String), 0, 1), pointwise(1)),
		row("StringSplit", 20, "text", stringSplit, pointwise(1)),
		row("RegexFullMatch", 20, "text", toBool, pointwise(1)),
		row("StringNormalizer", 10, "text", ofRank("input", stringNormalizer, 1, 2), pointwise(1)),
		row("TfIdfVectorizer", 9, "text", tfIdf, pointwise(1)),
		contrib("Tokenizer", "text", tokenizer, pointwise(1)),
		contrib("MurmurHash3", "text", hash, pointwise(1)),
	}
}

// splitStrings is the shape of input 0 with an axis behind it that holds the parts of each string.
func (c *Context) splitStrings() graph.Shape {
	in := c.Shape(0)
	if in == nil {
		return nil
	}
	return append(slices.Clone(in), c.Fresh(0, len(in)))
}

// stringSplit: the parts of each string, padded to the longest list, and their number.
func stringSplit(c *Context) error {
	c.Set(0, graph.String, c.splitStrings())
	c.Set(1, graph.Int64, c.Shape(0))
	return nil
}

func tokenizer(c *Context) error {
	c.Set(0, graph.String, c.splitStrings())
	return nil
}

// hash: a number for each element.
func hash(c *Context) error {
	t := graph.Uint32
	if c.Node.Int("positive", 1) == 0 {
		t = graph.Int32
	}
	c.Set(0, t, c.Shape(0))
	return nil
}

// stringNormalizer: a [C] or [1, C] tensor without its stop words.
func stringNormalizer(c *Context) error {
	out, last := c.Shape(0), len(c.Shape(0))-1
	if a, ok := c.Node.Attr("stopwords"); ok && len(a.Strs) > 0 && last >= 0 {
		out = with(out, last, c.Fresh(0, last))
	}
	c.Set(0, graph.String, out)
	return nil
}

// tfIdf: a count for each n-gram of the pool, in each row.
func tfIdf(c *Context) error {
	width := graph.Dim{}
	if idx, ok := c.Node.Ints("ngram_indexes"); ok && len(idx) > 0 {
		most := int64(0)
		for _, i := range idx {
			if i < 0 || i >= 1<<40 {
				return c.Errorf("n-gram index %d", i)
			}
			most = max(most, i)
		}
		width = graph.Const(most + 1)
	}
	switch in := c.Shape(0); {
	case in == nil:
		c.Set(0, graph.Float32, nil)
	case len(in) <= 1:
		c.Set(0, graph.Float32, graph.Shape{width})
	case len(in) == 2:
		c.Set(0, graph.Float32, graph.Shape{in[0], width})
	default:
		return c.Errorf("input of rank %d, want 1 or 2", len(in))
	}
	return nil
}
