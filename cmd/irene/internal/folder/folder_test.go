package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClassify reads names as exporters leave them.
func TestClassify(t *testing.T) {
	for _, c := range []struct {
		path    string
		role    Role
		variant string
	}{
		// Optimum
		{"model.onnx", Whole, ""},
		{"model_quantized.onnx", Whole, "quantized"},
		{"encoder_model.onnx", Encoder, ""},
		{"decoder_model.onnx", Decoder, ""},
		{"decoder_with_past_model.onnx", WithPast, ""},
		{"decoder_model_merged.onnx", Merged, ""},
		{"text_encoder/model.onnx", Encoder, ""},
		{"vae_decoder/model.onnx", Other, ""},
		{"unet/model.onnx", Other, ""},
		// transformers.js
		{"onnx/model_q4f16.onnx", Whole, "q4f16"},
		{"onnx/decoder_model_merged_fp16.onnx", Merged, "fp16"},
		{"onnx/embed_tokens_int8.onnx", Embeddings, "int8"},
		{"onnx/vision_encoder_bnb4.onnx", Vision, "bnb4"},
		{"onnx/audio_encoder.onnx", Audio, ""},
		// ONNX Runtime GenAI and its examples
		{"phi-3-v-128k-instruct-vision.onnx", Vision, ""},
		{"phi-3-v-128k-instruct-text-embedding.onnx", Embeddings, ""},
		// others
		{"tiny-encoder.int8.onnx", Encoder, "int8"},
		{"t5-small-decoder.onnx.gz", Decoder, ""},
		{"language_model.onnx", Decoder, ""},
		{"image_encoder.onnx", Vision, ""},
		{"decoder_past.onnx", WithPast, ""},
		{"rewinder.onnx", Other, ""},
		{"encoderless.onnx", Other, ""},
	} {
		role, variant := Classify(filepath.FromSlash(c.path))
		if role != c.role || variant != c.variant {
			t.Errorf("%s: %q in %q, want %q in %q", c.path, role, variant, c.role, c.variant)
		}
	}
}

// write makes a folder of files; what ends with "/" is a folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestParts(t *testing.T) {
	const genai = `{"model": {"type": "phi4mm", "embedding": {"filename": "phi-embedding.onnx"}, "vision": {"filename": "phi-vision.onnx", "config_filename": "x.json"},
		"speech": {"filename": "phi-speech.onnx"}, "decoder": {"filename": "phi-text.onnx", "head_size": 96}}, "search": {}}`
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{
			"Optimum",
			map[string]string{"config.json": "{}", "decoder_with_past_model.onnx": "", "encoder_model.onnx": "", "decoder_model.onnx": "", "decoder_model.onnx_data": "", "decoder_model_merged.onnx": ""},
			"encoder: encoder_model.onnx; decoder: decoder_model.onnx; decoder with past: decoder_with_past_model.onnx; merged decoder: decoder_model_merged.onnx",
		},
		{
			"transformers.js, several precisions, one file of none of its parts, and what is no model",
			map[string]string{
				"tokenizer.json": "{}", "onnx/model_q4.onnx": "", "onnx/model_fp16.onnx": "", "onnx/odd.onnx": "", "onnx/deeper/x.onnx": "",
				".cache/model.onnx": "", "onnx/.hidden.onnx": "", "a.onnx/": "",
			},
			"model [fp16]: onnx/model_fp16.onnx; model [q4]: onnx/model_q4.onnx; other: onnx/odd.onnx",
		},
		{
			"GenAI lists its files",
			map[string]string{"genai_config.json": genai, "phi-text.onnx": "", "phi-vision.onnx": "", "phi-embedding.onnx": "", "phi-speech.onnx": "", "unrelated.onnx": ""},
			"embeddings: phi-embedding.onnx; vision encoder: phi-vision.onnx; audio encoder: phi-speech.onnx; decoder: phi-text.onnx",
		},
		{
			"a pipeline of GenAI",
			map[string]string{"genai_config.json": `{"model": {"decoder": {"pipeline": [{"embed": {"filename": "e.onnx"}}, {"context": {"filename": "c.onnx"}, "iterator": {"filename": "i.onnx"}}, {"head": {"filename": "e.onnx"}}]}}}`},
			"decoder: e.onnx; decoder: c.onnx; decoder: i.onnx",
		},
		{"a configuration of nothing", map[string]string{"genai_config.json": `{"search": {}}`, "model.onnx": ""}, "model: model.onnx"},
		{"a file that leads out", map[string]string{"genai_config.json": `{"model": {"decoder": {"filename": "../x.onnx"}}}`}, `error: genai_config.json: "../x.onnx" leads out of the folder`},
		{"no JSON", map[string]string{"genai_config.json": `{"model`}, "error: genai_config.json: unexpected EOF"},
		{"nothing", map[string]string{"readme.md": ""}, "error: is a directory without .onnx files"},
	} {
		dir := write(t, c.files)
		parts, err := Parts(dir)
		var got []string
		for _, p := range parts {
			role := string(p.Role)
			if p.Variant != "" {
				role += " [" + p.Variant + "]"
			}
			rel, _ := filepath.Rel(dir, p.File)
			got = append(got, fmt.Sprintf("%s: %s", role, filepath.ToSlash(rel)))
		}
		text := strings.Join(got, "; ")
		if err != nil {
			text = "error: " + strings.TrimPrefix(strings.TrimPrefix(err.Error(), dir), string(filepath.Separator))
			text = strings.Replace(text, "error: : ", "error: ", 1)
		}
		if text != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, text, c.want)
		}
	}
}
