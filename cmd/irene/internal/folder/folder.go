// Package folder finds the parts of a model that an exporter spread over the files of a folder: those of Optimum,
// transformers.js and ONNX Runtime GenAI, and of others that name files in the same words.
package folder

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Role is what a file is of the model in its folder.
type Role string

// The roles, in the order in which parts are listed. A decoder whose name says nothing of a cache may still have one:
// its inputs tell.
const (
	Whole      Role = "model" // or the decoder, where there is no other
	Embeddings Role = "embeddings"
	Vision     Role = "vision encoder"
	Audio      Role = "audio encoder"
	Encoder    Role = "encoder"
	Decoder    Role = "decoder"
	WithPast   Role = "decoder with past"
	Merged     Role = "merged decoder"
	Other      Role = "other" // its name says nothing that is known here
)

var order = []Role{Whole, Embeddings, Vision, Audio, Encoder, Decoder, WithPast, Merged, Other}

// Part is a file of a model.
type Part struct {
	Role    Role
	Variant string // what its name says of its precision: "fp16", "q4" …; "" where it says nothing
	File    string // path, that of the folder before it
}

// IsFolder reports whether a path is that of a folder.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Parts lists the parts of the model in a folder and in the folders right below it, by role, then variant, then path.
// Where a genai_config.json says which files the model has, these are the parts. The error says that there is no model.
func Parts(dir string) ([]Part, error) {
	parts, err := configured(dir)
	if err != nil || parts != nil {
		return parts, err
	}
	names, err := models(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		role, variant := Classify(name)
		parts = append(parts, Part{role, variant, filepath.Join(dir, name)})
	}
	if parts == nil {
		return nil, noModels(dir)
	}
	slices.SortFunc(parts, func(x, y Part) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, x.Role), slices.Index(order, y.Role)),
			strings.Compare(x.Variant, y.Variant), strings.Compare(x.File, y.File),
		)
	})
	return parts, nil
}

// NoFile is the error for a folder where a single file is wanted; it says which there are.
func NoFile(dir string) error {
	names, err := models(dir)
	switch {
	case err != nil:
		return err
	case len(names) == 0:
		return noModels(dir)
	}
	const most = 10
	slices.Sort(names)
	text := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return fmt.Errorf("%s: is a directory; give one of its files: it holds %s", dir, text)
}

// checkpoints are the ends of names of weights that have yet to be exported.
var checkpoints = []string{".safetensors", "pytorch_model.bin"}

// noModels is the error for a folder without models; weights in it are those of a model that can be exported.
func noModels(dir string) error {
	entries, _ := os.ReadDir(dir) // those that cannot be read are said by whoever listed the models
	for _, e := range entries {
		if slices.ContainsFunc(checkpoints, func(end string) bool { return strings.HasSuffix(strings.ToLower(e.Name()), end) }) {
			return fmt.Errorf("%s: is a directory without .onnx files; the model of its %s is exported by optimum-cli export onnx --model %s onnx/", dir, e.Name(), dir)
		}
	}
	return fmt.Errorf("%s: is a directory without .onnx files", dir)
}

// models lists the .onnx files in a folder and in those right below it, relative to it.
func models(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, bare(err))
	}
	var out []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case IsFolder(path):
			below, err := os.ReadDir(path)
			if err != nil {
				continue // a folder that nobody may read holds no part
			}
			for _, b := range below {
				if isModel(b.Name()) && !IsFolder(filepath.Join(path, b.Name())) {
					out = append(out, filepath.Join(e.Name(), b.Name()))
				}
			}
		case isModel(e.Name()):
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func isModel(name string) bool {
	low := strings.ToLower(name)
	return !strings.HasPrefix(name, ".") && (strings.HasSuffix(low, ".onnx") || strings.HasSuffix(low, ".onnx.gz"))
}

// bare drops operation and path from a system error.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
