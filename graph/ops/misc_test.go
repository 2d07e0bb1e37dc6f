package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

func TestRandom(t *testing.T) {
	x, shape := In("x", graph.Float16, "a", 5), Attr("shape", []int64{2, 3})
	ruleCases(t, []ruleCase{
		{"normal", model(Node("RandomNormal", "", "y", shape)), "float32 [2, 3]", "18"},
		{"uniform", model(Node("RandomUniform", "", "y", shape, Attr("dtype", 11))), "float64 [2, 3]", "18"},
		{"negative", model(Node("RandomUniform", "", "y", Attr("shape", []int64{-1}))), "conflict", ""},
		{"like", model(x, Node("RandomNormalLike", "x", "y")), "float16 [a, 5]", "15*a"},
		{"like, typed", model(x, Node("RandomUniformLike", "x", "y", Attr("dtype", 1))), "float32 [a, 5]", "15*a"},
		{"coins", model(x, Node("Bernoulli", "x", "y", Attr("dtype", 9))), "bool [a, 5]", "20*a"},
		{"samples", model(x, Node("Multinomial", "x", "y", Attr("sample_size", 3))), "int32 [a, 3]", "19*a"},
		{"samples of a vector", model(Ints("x", 1), Node("Multinomial", "x", "y")), "conflict", ""},
	})
}

func TestSignal(t *testing.T) {
	x := In("x", graph.Float32, "b", 100, 1)
	dft := func(opset int64, in string, parts ...Part) []Part {
		return model(x, Int("n", 64), Int("k", 1), Node("DFT", in, "y", parts...), Opset("", opset))
	}
	side, back := Attr("onesided", 1), Attr("inverse", 1)
	spectrum := In("x", graph.Float32, "b", 51, 2)
	ruleCases(t, []ruleCase{
		{"dft", dft(17, "x"), "float32 [b, 100, 2]", "3500*b"}, // 5·100·7
		{"of a length", dft(17, "x n"), "float32 [b, 64, 2]", "1920*b"},
		{"one side", dft(17, "x", side), "float32 [b, 51, 2]", "3500*b"},
		{"axis as input", dft(20, "x n k", side), "float32 [b, 33, 2]", "1920*b"},
		{"back from one side", model(spectrum, Node("DFT", "x", "y", side, back), Opset("", 20)), "float32 [b, 100, 1]", "3500*b"},
		{"axis of the parts", dft(17, "x", Attr("axis", 2)), "conflict", ""},
		{"frames", model(x, Int("s", 10), Weight("w", graph.Float32, 16), Node("STFT", "x s w", "y")), "float32 [b, 9, 9, 2]", "3024*b"}, // 9 frames · (16 + 5·16·4)
		{"frames, both sides", model(x, Int("s", 10), Int("f", 20), Node("STFT", "x s - f", "y", Attr("onesided", 0))), "float32 [b, 9, 20, 2]", "4680*b"},
		{"frames too long", model(x, Int("s", 10), Int("f", 101), Node("STFT", "x s - f", "y")), "conflict", ""},
		{"mel", model(Int("b", 8), Int("n", 64), Int("r", 1), Weight("l", graph.Float32), Node("MelWeightMatrix", "b n r l l", "y")), "float32 [33, 8]", "1056"},
		{"window", model(Int("n", 8), Node("HannWindow", "n", "y", Attr("output_datatype", 10))), "float16 [8]", "72"},
		{"window of unknown size", model(In("n", graph.Int64), Node("BlackmanWindow", "n", "y")), "float32 [y_dim0]", "9*y_dim0"},
		{"rfft", model(In("x", graph.Float32, "b", 16), Node("Rfft", "x", "y", Domain("com.microsoft"))), "float32 [b, 9, 2]", "320*b"},
		{"complex", model(spectrum, Node("ComplexMul", "x x", "y", Domain("com.microsoft"))), "float32 [b, 51, 2]", "306*b"},
		{"irfft", model(In("x", graph.Float32, "b", 9, 2), Node("Irfft", "x", "y", Domain("com.microsoft"))), "float32 [b, 16]", "320*b"},
	})
}

func TestText(t *testing.T) {
	x := In("x", graph.String, "a", 1)
	ngrams := Attr("ngram_indexes", []int64{0, 6, 2})
	ruleCases(t, []ruleCase{
		{"concat", model(x, In("z", graph.String, 3), Node("StringConcat", "x z", "y"), Opset("", 20)), "string [a, 3]", "3*a"},
		{"split", model(x, Node("StringSplit", "x", "y n"), Opset("", 20)), "string [a, 1, y_dim2]; int64 [a, 1]", ""},
		{"match", model(x, Node("RegexFullMatch", "x", "y"), Opset("", 20)), "bool [a, 1]", "a"},
		{"normalize", model(x, Node("StringNormalizer", "x", "y")), "string [a, 1]", "a"},
		{"stop words", model(In("x", graph.String, 1, 4), Node("StringNormalizer", "x", "y", Attr("stopwords", []string{"a"}))), "string [1, y_dim1]", ""},
		{"n-grams", model(In("x", graph.Int64, "n", 9), Node("TfIdfVectorizer", "x", "y", ngrams)), "float32 [n, 7]", ""},
		{"n-grams of one", model(In("x", graph.Int64, 9), Node("TfIdfVectorizer", "x", "y", ngrams)), "float32 [7]", ""},
		{"hash", model(x, Node("MurmurHash3", "x", "y", Domain("com.microsoft"))), "uint32 [a, 1]", "a"},
		{"tokens", model(x, Node("Tokenizer", "x", "y", Domain("com.microsoft"))), "string [a, 1, y_dim2]", ""},
	})
}

func TestLoss(t *testing.T) {
	x, l := In("x", graph.Float32, "n", 10, "d"), In("l", graph.Int64, "n", "d")
	ruleCases(t, []ruleCase{
		{"mean", model(x, l, Node("NegativeLogLikelihoodLoss", "x l", "y")), "float32 []", "2*d*n"},
		{"none", model(x, l, Weight("w", graph.Float32, 10), Node("NegativeLogLikelihoodLoss", "x l w", "y", Attr("reduction", "none"))), "float32 [n, d]", "4*d*n"},
		{"softmax", model(x, l, Node("SoftmaxCrossEntropyLoss", "x l", "y p")), "float32 []; float32 [n, 10, d]", "52*d*n"},
		{"ranks", model(x, In("l", graph.Int64, "n"), Node("SoftmaxCrossEntropyLoss", "x l", "y")), "conflict", ""},
	})
}

func TestOptimizers(t *testing.T) {
	training := Domain("ai.onnx.preview.training")
	step := func(op, in, out string, parts ...Part) []Part {
		return model(
			In("r", graph.Float32), In("t", graph.Int64), In("x", graph.Float32, 2, 3), In("z", graph.Float32, 5),
			Node(op, in, out, append(parts, training)...),
		)
	}
	both := "float32 [2, 3]; float32 [5]"
	ruleCases(t, []ruleCase{
		{"adagrad", step("Adagrad", "r t x z x z x z", "a b c d"), both + "; " + both, "99"},
		{"adam", step("Adam", "r t x z x z x z x z", "a b c d e f"), both + "; " + both + "; " + both, "165"},
		{"momentum", step("Momentum", "r t x x x", "a b"), "float32 [2, 3]; float32 [2, 3]", "42"},
		{"nesterov", step("Momentum", "r t x x x", "a b", Attr("mode", "nesterov")), "float32 [2, 3]; float32 [2, 3]", "54"},
		{"groups", step("Adam", "r t x x x", "a b"), "conflict", ""},
		{"gradient", step("Gradient", "z x", "a b", Attr("xs", []string{"z", "x"}), Attr("y", "q")), "float32 [5]; float32 [2, 3]", ""},
	})
}

func TestClassic(t *testing.T) {
	x := In("x", graph.Float32, "n", 4)
	of := func(op, in, out string, parts ...Part) []Part {
		return model(x, In("s", graph.String, "n"), Ints("k", 0, 2), Node(op, in, out, append(parts, Domain("ai.onnx.ml"))...), Opset("ai.onnx.ml", 3))
	}
	words, vectors := []string{"u", "v", "w"}, make([]float64, 8)
	ruleCases(t, []ruleCase{
		{"features", of("ArrayFeatureExtractor", "x k", "y"), "float32 [n, 2]", "0"},
		{"binary", of("Binarizer", "x", "y"), "float32 [n, 4]", "4*n"},
		{"categories", of("CategoryMapper", "s", "y"), "int64 [n]", "n"},
		{"side by side", of("FeatureVectorizer", "x x", "y"), "float32 [n, 8]", "0"},
		{"impute", of("Imputer", "x", "y"), "float32 [n, 4]", "4*n"},
		{"labels", of("LabelEncoder", "s", "y", Attr("values_floats", []float64{1, 2})), "float32 [n]", "n"},
		{"labels, old", of("LabelEncoder", "s", "y", Attr("classes_strings", words)), "int64 [n]", "n"},
		{"linear classifier", of("LinearClassifier", "x", "y z", Attr("classlabels_strings", words)), "string [n]; float32 [n, 3]", "3*n + 12*n"},
		{"linear regressor", of("LinearRegressor", "x", "y", Attr("targets", 2)), "float32 [n, 2]", "2*n + 8*n"},
		{"normalize", of("Normalizer", "x", "y"), "float32 [n, 4]", "12*n"},
		{"one hot", of("OneHotEncoder", "s", "y", Attr("cats_strings", words)), "float32 [n, 3]", "3*n"},
		{"scale", of("Scaler", "x", "y"), "float32 [n, 4]", "8*n"},
		{
			"support vectors", of("SVMClassifier", "x", "y z", Attr("classlabels_ints", []int64{0, 1}), Attr("support_vectors", vectors)),
			"int64 [n]; float32 [n, ?]", "4*n + 8*n",
		},
		{"support vectors, regression", of("SVMRegressor", "x", "y", Attr("support_vectors", vectors)), "float32 [n, 1]", "4*n + 8*n"},
		{"trees", of("TreeEnsembleRegressor", "x", "y", Attr("n_targets", 2)), "float32 [n, 2]", ""},
		{"map", of("ZipMap", "x", "y"), "sequence(n) of map", "0"},
		{"rank", model(In("x", graph.Float32, 1, 2, 3), Node("LinearRegressor", "x", "y", Domain("ai.onnx.ml"))), "conflict", ""},
	})
}

// TestUncounted: operators whose work the data decides have no cost, rather than none.
func TestUncounted(t *testing.T) {
	g, inf := inferred(t, ops.Options{}, In("x", graph.Float32, "n", 4), Node("TreeEnsembleRegressor", "x", "y", Domain("ai.onnx.ml")))
	if c := ops.Count(g, inf)[0]; c.Known || c.Class != "classic" {
		t.Errorf("known %v, class %s", c.Known, c.Class)
	}
}
