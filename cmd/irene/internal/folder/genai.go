package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// configFile is what ONNX Runtime GenAI's model builder writes beside the model:
// https://onnxruntime.ai/docs/genai/reference/config.html
const configFile = "genai_config.json"

// mostConfig bounds the file, in bytes; those of real models have a few thousand.
const mostConfig = 4 << 20

// genaiFile is a part in the configuration: one file, or one after another.
type genaiFile struct {
	Filename string                 `json:"filename"`
	Pipeline []map[string]genaiFile `json:"pipeline"`
}

// configured reads which parts a genai_config.json names; nil where there is none, or where it names none.
func configured(dir string) ([]Part, error) {
	path := filepath.Join(dir, configFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, bare(err))
	}
	defer f.Close()
	var config struct {
		Model struct {
			Embedding genaiFile `json:"embedding"`
			Vision    genaiFile `json:"vision"`
			Speech    genaiFile `json:"speech"`
			Encoder   genaiFile `json:"encoder"`
			Decoder   genaiFile `json:"decoder"`
		} `json:"model"`
	}
	if err := json.NewDecoder(io.LimitReader(f, mostConfig)).Decode(&config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out []Part
	m := &config.Model
	for _, p := range []struct {
		role Role
		file *genaiFile
	}{{Embeddings, &m.Embedding}, {Vision, &m.Vision}, {Audio, &m.Speech}, {Encoder, &m.Encoder}, {Decoder, &m.Decoder}} {
		for _, name := range p.file.names() {
			if !filepath.IsLocal(name) {
				return nil, fmt.Errorf("%s: %q leads out of the folder", path, name)
			}
			_, variant := Classify(name)
			out = append(out, Part{p.role, variant, filepath.Join(dir, name)})
		}
	}
	return out, nil
}

// names are the files of a part, each once, those of a pipeline in the order of its stages.
func (f *genaiFile) names() []string {
	var out []string
	if f.Filename != "" {
		out = append(out, f.Filename)
	}
	for _, stages := range f.Pipeline {
		for _, name := range slices.Sorted(maps.Keys(stages)) {
			if s := stages[name].Filename; s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
