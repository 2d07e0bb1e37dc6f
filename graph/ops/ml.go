package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// mlOps are the operators of ai.onnx.ml: features, linear models, support vectors, trees.
// https://github.com/onnx/onnx/blob/main/docs/Operators-ml.md
func mlOps() []Op {
	float := always(graph.Float32)
	return ofDomain(
		"ai.onnx.ml",
		row("ArrayFeatureExtractor", 1, "classic", shaped(arrayFeatures), takesCost),
		row("Binarizer", 1, "classic", sameAsFirst, pointwise(1)),
		row("CastMap", 1, "classic", castMap, pointwise(1)),
		row("CategoryMapper", 1, "classic", typed(categoryMapper), pointwise(1)),
		row("DictVectorizer", 1, "classic", dictVectorizer, pointwise(1)),
		row("FeatureVectorizer", 1, "classic", featureVectorizer, movesCost),
		row("Imputer", 1, "classic", sameAsFirst, pointwise(1)),
		row("LabelEncoder", 1, "classic", typed(labelEncoder), pointwise(1)),
		row("LinearClassifier", 1, "classic", classifier, linearCost),
		row("LinearRegressor", 1, "classic", regressor(float, (*Context).targets), linearCost),
		row("Normalizer", 1, "classic", typed(always(graph.Float32)), pointwise(3)),
		row("OneHotEncoder", 1, "classic", oneHotEncoder, pointwise(1)),
		row("Scaler", 1, "classic", typed(always(graph.Float32)), pointwise(2)),
		row("SVMClassifier", 1, "classic", svmClassifier, svmCost),
		row("SVMRegressor", 1, "classic", regressor(float, func(*Context) graph.Dim { return graph.Const(1) }), svmCost),
		row("TreeEnsemble", 5, "classic", regressor(typeOf(0), (*Context).targets), noCost), // an example decides its way through a tree
		row("TreeEnsembleClassifier", 1, "classic", classifier, noCost),
		row("TreeEnsembleRegressor", 1, "classic", regressor(float, (*Context).targets), noCost),
		row("ZipMap", 1, "classic", zipMap, movesCost),
	)
}

// arrayFeatures: the last axis holds the elements that input 1 lists.
func arrayFeatures(c *Context, in graph.Shape) (graph.Shape, error) {
	n := c.Shape(1).Elements()
	switch len(in) {
	case 0:
		return nil, c.Errorf("input of rank 0")
	case 1:
		return graph.Shape{graph.Const(1), n}, nil
	}
	return with(in, len(in)-1, n), nil
}

// castMap: a row of the map's values.
func castMap(c *Context) error {
	t := graph.Float32
	switch c.Node.Str("cast_to", "TO_FLOAT") {
	case "TO_STRING":
		t = graph.String
	case "TO_INT64":
		t = graph.Int64
	}
	out := graph.Shape{graph.Const(1), c.Fresh(0, 1)}
	if n := c.Node.Int("max_map", 1); n >= 0 && c.Node.Str("map_form", "DENSE") == "SPARSE" {
		out[1] = graph.Const(n)
	}
	c.Set(0, t, out)
	return nil
}

// categoryMapper: strings become integers and the other way round.
func categoryMapper(c *Context) graph.DType {
	if c.DType(0) == graph.String {
		return graph.Int64
	}
	return graph.String
}

// dictVectorizer: a value for each word of the vocabulary; their type is that of the map's values.
func dictVectorizer(c *Context) error {
	t := graph.Undefined
	if e := c.In(0).Elem; e != nil {
		t = e.DType
	}
	c.Set(0, t, graph.Shape{c.attrLen("string_vocabulary", "int64_vocabulary")})
	return nil
}

// attrLen is the length of the first list attribute of those that is there; unknown where none is.
func (c *Context) attrLen(names ...string) graph.Dim {
	for _, name := range names {
		a, ok := c.Node.Attr(name)
		if !ok {
			continue
		}
		if n := len(a.Ints) + len(a.Strs) + len(a.Floats); n > 0 {
			return graph.Const(int64(n))
		}
		if a.Tensor != nil && a.Tensor.Len() >= 0 {
			return graph.Const(a.Tensor.Len())
		}
	}
	return graph.Dim{}
}

// featureVectorizer: [N, C] inputs side by side; a [C] input is one row.
func featureVectorizer(c *Context) error {
	rows, width := graph.Dim{}, graph.Const(0)
	for i := range c.NumIn() {
		switch in := c.Shape(i); {
		case in == nil:
			width = graph.Dim{}
		case len(in) == 1:
			width = width.Add(in[0])
		case len(in) == 2:
			var err error
			if rows, err = c.Unify(rows, in[0]); err != nil {
				return err
			}
			width = width.Add(in[1])
		default:
			return c.Errorf("input %d has rank %d, want 2", i, len(in))
		}
	}
	c.Set(0, graph.Float32, graph.Shape{rows, width})
	return nil
}

// labelEncoder: the type is that of the values the labels are mapped to.
func labelEncoder(c *Context) graph.DType {
	if _, ok := c.Node.Attr("classes_strings"); ok { // version 1
		return categoryMapper(c)
	}
	if a, ok := c.Node.Attr("values_tensor"); ok && a.Tensor != nil {
		return a.Tensor.DType
	}
	t := graph.Undefined
	for _, v := range []struct {
		attr string
		t    graph.DType
	}{{"values_strings", graph.String}, {"values_int64s", graph.Int64}, {"values_floats", graph.Float32}} {
		if _, ok := c.Node.Attr(v.attr); ok {
			t = v.t
		}
	}
	return t
}

// examples is the number of rows of input 0 and of their features; a vector is one row.
func (c *Context) examples() (rows, features graph.Dim, err error) {
	switch in := c.Shape(0); len(in) {
	case 0:
		return graph.Dim{}, graph.Dim{}, nil
	case 1:
		return graph.Const(1), in[0], nil
	case 2:
		return in[0], in[1], nil
	default:
		return graph.Dim{}, graph.Dim{}, c.Errorf("input of rank %d, want 2", len(in))
	}
}

// classLabels is the number of classes and the type of their labels.
func (c *Context) classLabels() (graph.Dim, graph.DType) {
	n, t := c.attrLen("classlabels_strings", "classlabels_ints", "classlabels_int64s"), graph.Int64
	if a, ok := c.Node.Attr("classlabels_strings"); ok && len(a.Strs) > 0 {
		t = graph.String
	}
	return n, t
}

// classifier: a label for each example, and a score for each class.
func classifier(c *Context) error {
	rows, _, err := c.examples()
	if err != nil {
		return err
	}
	n, t := c.classLabels()
	c.Set(0, t, graph.Shape{rows})
	c.Set(1, graph.Float32, graph.Shape{rows, n})
	return nil
}

// targets is the number of results per example.
func (c *Context) targets() graph.Dim {
	def := int64(-1)
	if c.Node.Op == "LinearRegressor" {
		def = 1
	}
	n := c.Node.Int("n_targets", c.Node.Int("targets", def))
	if n < 0 {
		return graph.Dim{}
	}
	return graph.Const(n)
}

// regressor is a rule for numbers of a type for each example.
func regressor(t typeRule, targets func(*Context) graph.Dim) ShapeRule {
	return func(c *Context) error {
		rows, _, err := c.examples()
		return c.result(t(c), graph.Shape{rows, targets(c)}, err)
	}
}

// linearCost: a product of the examples with the coefficients in an attribute.
func linearCost(c *Context) graph.Cost {
	rows, features, _ := c.examples()
	n := c.targets()
	if c.Node.Op == "LinearClassifier" {
		n, _ = c.classLabels()
	}
	return c.products(rows.Mul(n), graph.Product{Batch: graph.Const(1), M: rows, N: n, K: features, Weight: true})
}

func oneHotEncoder(c *Context) error {
	in := c.Shape(0)
	if in != nil {
		in = append(slices.Clone(in), c.attrLen("cats_int64s", "cats_strings"))
	}
	c.Set(0, graph.Float32, in)
	return nil
}

// svmClassifier: with probabilities a score for each class; how many raw scores there are is left to the runtime.
func svmClassifier(c *Context) error {
	if err := classifier(c); err != nil {
		return err
	}
	if c.attrLen("prob_a").IsUnknown() {
		rows, _, _ := c.examples()
		c.Set(1, graph.Float32, graph.Shape{rows, {}})
	}
	return nil
}

// svmCost: a product of the examples with the support vectors, a kernel value and a product with the coefficients.
func svmCost(c *Context) graph.Cost {
	rows, features, _ := c.examples()
	vectors := split(c.attrLen("support_vectors"), features)
	return c.products(rows.Mul(vectors).MulInt(2), graph.Product{Batch: graph.Const(1), M: rows, N: vectors, K: features, Weight: true})
}

// zipMap: a map for each example.
func zipMap(c *Context) error {
	rows, _, err := c.examples()
	if err != nil {
		return err
	}
	c.SetFact(0, Fact{Kind: graph.KindSequence, Elem: &Fact{Kind: graph.KindMap}, Items: &Items{Len: rows}})
	return nil
}
