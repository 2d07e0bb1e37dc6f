package onnx

import (
	"bytes"
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// foreign is a kind of file that is taken for a model by mistake.
type foreign struct {
	what     string            // as in "it looks like a PNG image"
	do       string            // how to come to a model from here; "" where no way is known
	is       func([]byte) bool // tells it by its first bytes; nil: they do not
	names    []string          // ends of its name, in lower case
	protobuf bool
}

// Ways from other formats to ONNX:
// https://huggingface.co/docs/optimum-onnx/onnx/usage_guides/export_a_model, https://pytorch.org/docs/stable/onnx.html,
// https://github.com/onnx/tensorflow-onnx, https://keras.io/api/models/model_saving_apis/export
const (
	fromTorch = "export its model: optimum-cli export onnx --model NAME onnx/, or torch.onnx.export"
	fromKeras = "export it: keras.models.load_model(FILE).export('model.onnx', format='onnx')"
	unpack    = "unpack it and give the .onnx file"
)

// foreigners are told by content first, then by name: a name may lie.
var foreigners = []foreign{
	{what: "a Git LFS pointer", do: "fetch the file itself with `git lfs pull`", is: begins("version https://git-lfs")},
	{what: "an HTML page", do: "fetch the file itself: a download brought the page about it", is: begins("<!doctype html", "<html")},
	{what: "an ONNX model written as text", do: "onnx.save(onnx.load(FILE, format='textproto'), 'model.onnx') makes it binary", is: begins("ir_version:", "producer_name:")},
	{what: "an ONNX model written as text", do: "onnx.save(onnx.parser.parse_model(TEXT), 'model.onnx') makes it binary", is: all(begins("<"), holds("ir_version"))},
	{what: "an OpenVINO model", do: "give the .onnx file that it was converted from", is: all(begins("<?xml", "<net"), holds("<net ")), names: []string{".xml"}},
	{what: "an XML file", is: begins("<")},
	{what: "a JSON file", is: begins("{", "[")},
	{what: "a GGUF model", do: "it holds weights and no graph: " + fromTorch, is: begins("GGUF"), names: []string{".gguf"}},
	{what: "an HDF5 file (Keras)", do: fromKeras, is: begins("\x89HDF"), names: []string{".h5", ".hdf5"}},
	{what: "a Keras model", do: fromKeras, names: []string{".keras"}},
	{what: "a PyTorch checkpoint (zip)", do: fromTorch, is: all(begins("PK\x03\x04"), holds("data.pkl"))},
	{what: "a Python pickle (PyTorch checkpoint)", do: fromTorch, is: begins("\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05")},
	{what: "a PyTorch checkpoint", do: fromTorch, names: []string{".pt", ".pth", ".ckpt", ".pt2"}},
	{what: "a safetensors file", do: "it holds weights and no graph: " + fromTorch, is: isSafetensors, names: []string{".safetensors"}},
	{what: "weights of another format", do: "give the .onnx file, or " + fromTorch, names: []string{".bin", ".msgpack", ".weights"}},
	{what: "an ONNX Runtime .ort model", do: "give the .onnx file that it was converted from", is: at(4, "ORTM"), names: []string{".ort"}},
	{what: "a TensorFlow Lite model", do: "convert it: python -m tf2onnx.convert --tflite FILE --output model.onnx", is: at(4, "TFL3"), names: []string{".tflite"}},
	{what: "a TensorFlow graph, or a single tensor", do: "convert it: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx", names: []string{".pb", ".pbtxt"}, protobuf: true},
	{what: "a Core ML model", do: "give the model that it was converted from", names: []string{".mlmodel", ".mlpackage"}, protobuf: true},
	{what: "a TensorRT engine", do: "give the .onnx file that it was built from", is: begins("ftrt", "ptrt"), names: []string{".engine", ".plan", ".trt"}},
	{what: "a tar archive", do: unpack, is: at(257, "ustar"), names: []string{".tar"}},
	{what: "a 7z archive", do: unpack, is: begins("7z\xbc\xaf\x27\x1c")},
	{what: "a RAR archive", do: unpack, is: begins("Rar!")},
	{what: "compressed twice with gzip", do: "decompress it once", is: begins("\x1f\x8b")},
	{what: "compressed with zstd", do: "decompress it", is: begins("\x28\xb5\x2f\xfd")},
	{what: "compressed with bzip2", do: "decompress it", is: begins("BZh")},
	{what: "compressed with xz", do: "decompress it", is: begins("\xfd7zXZ")},
	{what: "compressed with lz4", do: "decompress it", is: begins("\x04\x22\x4d\x18")},
	{what: "a NumPy array", is: begins("\x93NUMPY")},
	{what: "a PNG image", is: begins("\x89PNG")},
	{what: "a JPEG image", is: begins("\xff\xd8\xff")},
	{what: "a GIF image", is: begins("GIF8")},
	{what: "a PDF document", is: begins("%PDF")},
	{what: "a program", is: begins("\x7fELF", "MZ\x90", "\xcf\xfa\xed\xfe", "#!")},
	{what: "a Parquet file", is: begins("PAR1")},
	{what: "a SQLite database", is: begins("SQLite format 3")},
}

// vague are the contents that many formats have, of which names say more.
var vague = []foreign{
	{what: "a zip archive", do: unpack, is: begins("PK\x03\x04", "PK\x05\x06")},
	{what: "text", is: isText},
}

// begins tells files by their first bytes, a byte order mark, blanks and the case of letters aside.
func begins(prefixes ...string) func([]byte) bool {
	return func(b []byte) bool {
		text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
		for _, p := range prefixes {
			if len(text) >= len(p) && lower(text[:len(p)]) == lower([]byte(p)) {
				return true
			}
		}
		return false
	}
}

// lower changes ASCII letters alone: the bytes need not be text.
func lower(b []byte) string {
	out := bytes.Clone(b)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

// at tells files by the bytes at a place.
func at(place int, text string) func([]byte) bool {
	return func(b []byte) bool { return len(b) >= place && bytes.HasPrefix(b[place:], []byte(text)) }
}

func holds(text string) func([]byte) bool {
	return func(b []byte) bool { return bytes.Contains(b, []byte(text)) }
}

func all(tests ...func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool {
		for _, is := range tests {
			if !is(b) {
				return false
			}
		}
		return true
	}
}

// isSafetensors: the length of a JSON object in eight bytes, then the object
// (https://huggingface.co/docs/safetensors/index#format).
func isSafetensors(b []byte) bool {
	return len(b) > 8 && b[8] == '{' && b[5] == 0 && b[6] == 0 && b[7] == 0
}

// isText: UTF-8 without control characters. The last character may be cut.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 && len(b) >= utf8.UTFMax || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return false
		}
		b = b[n:]
	}
	return true
}

// LooksLike says what a file is, as "an ONNX model" or "a PNG image": by its first bytes, else by its name. "" where neither
// tells.
func LooksLike(name string, head []byte) string {
	head = head[:min(len(head), sniffed)]
	switch f := foreigner(name, head); {
	case isModel(head):
		return "an ONNX model"
	case f != nil:
		return f.what
	}
	return ""
}

// isModel: models begin with their IR version, and who made them or which opsets they need
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
func isModel(head []byte) bool {
	return len(head) > 2 && head[0] == 1<<3 && head[1] > 0 && head[1] <= maxIR && slices.Contains([]byte{2<<3 | 2, 3<<3 | 2, 4<<3 | 2, 7<<3 | 2, 8<<3 | 2}, head[2])
}

// hint says what input that does not decode looks like and what to do; "" where nothing is recognised. Of a model that is
// broken, named says whether its name may tell that it is none.
func hint(name string, head []byte, named bool) string {
	switch {
	case len(head) == 0:
		return "the file is empty; fetch or export it again"
	case len(bytes.TrimSpace(head)) == 0:
		return "it holds only spaces"
	}
	if model := weightsOf(name); model != "" {
		return "it holds the weights of a model; give " + model
	}
	if !named {
		name = ""
	}
	f := foreigner(name, head)
	if f == nil {
		return ""
	}
	text := "it looks like " + f.what
	if !f.protobuf {
		text = "not protobuf: " + text
	}
	return text + "; " + cmp.Or(f.do, "give an .onnx file")
}

// foreigner is the row of a file; nil where there is none.
func foreigner(name string, head []byte) *foreign {
	if f := byContent(foreigners, head); f != nil {
		return f
	}
	low := strings.TrimSuffix(strings.ToLower(name), ".gz")
	for i := range foreigners {
		if slices.ContainsFunc(foreigners[i].names, func(end string) bool { return strings.HasSuffix(low, end) }) {
			return &foreigners[i]
		}
	}
	return byContent(vague, head)
}

func byContent(table []foreign, head []byte) *foreign {
	for i := range table {
		if f := &table[i]; len(head) > 0 && f.is != nil && f.is(head) {
			return f
		}
	}
	return nil
}

// weightsOf is the model whose external data a file is called after: model.onnx of model.onnx.data, model.onnx_data and
// model.onnx_data_1 (https://onnx.ai/onnx/repo-docs/ExternalData.html); "" for other files.
func weightsOf(path string) string {
	name := filepath.Base(path)
	i := strings.LastIndex(strings.ToLower(name), ".onnx")
	if i < 0 {
		return ""
	}
	end := i + len(".onnx")
	switch rest := strings.ToLower(name[end:]); {
	case strings.HasPrefix(rest, ".data"), strings.HasPrefix(rest, "_data"), strings.HasPrefix(rest, "-data"), rest == ".weight", rest == ".weights", rest == ".bin":
		return name[:end]
	}
	return ""
}
