package folder

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// variants are the words that exporters put into names for the precision of a file:
// https://huggingface.co/docs/transformers.js/guides/dtypes, and Optimum's "quantized" and "optimized".
var variants = []string{
	"fp32", "fp16", "bf16", "fp8", "q8", "q4", "q4f16", "q2", "q2f16", "q1", "q1f16", "int8", "uint8", "int4", "uint4", "bnb4", "quantized", "quant", "optimized",
}

// wordRoles are roles by words of a name, all of which it has; the first that fits is it.
var wordRoles = []struct {
	role  Role
	words []string
}{
	{Other, []string{"vae"}}, // its encoder and decoder are of images
	{Merged, []string{"merged"}},
	{WithPast, []string{"past"}},
	{Embeddings, []string{"embed"}},
	{Embeddings, []string{"embeds"}},
	{Embeddings, []string{"embedding"}},
	{Embeddings, []string{"embeddings"}},
	{Vision, []string{"vision"}},
	{Vision, []string{"image", "encoder"}},
	{Audio, []string{"audio"}},
	{Audio, []string{"speech"}},
	{Decoder, []string{"decoder"}},
	{Decoder, []string{"language", "model"}},
	{Decoder, []string{"llm"}},
	{Encoder, []string{"encoder"}},
}

// Classify says by the path of a file within its folder what it is: decoder_model_merged_q4.onnx, onnx/encoder_model.onnx,
// text_encoder/model.onnx, tiny-decoder.int8.onnx. A file that is called model alone is what its folder is called.
func Classify(path string) (role Role, variant string) {
	name := filepath.Base(path)
	low := strings.TrimSuffix(strings.ToLower(name), ".gz")
	words := split(strings.TrimSuffix(low, ".onnx"))
	var found []string
	words = slices.DeleteFunc(words, func(w string) bool {
		is := slices.Contains(variants, w)
		if is {
			found = append(found, w)
		}
		return is
	})
	variant = strings.Join(found, " ")
	if slices.Equal(words, []string{"model"}) || len(words) == 0 {
		if dir := filepath.Dir(path); dir != "." && dir != "onnx" {
			words = split(strings.ToLower(dir))
		} else {
			return Whole, variant
		}
	}
	for _, w := range wordRoles {
		if !slices.ContainsFunc(w.words, func(x string) bool { return !slices.Contains(words, x) }) {
			return w.role, variant
		}
	}
	return Other, variant
}

// split parts a name into its words.
func split(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
