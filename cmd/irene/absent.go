package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/internal/nearest"
)

// absent says of an input that could not be opened what may have been meant; want is the end of the names of such files, of
// which those in the folder are listed. Errors other than that there is none pass.
func absent(path, want string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) || path == "" {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	if err := address(path); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w%s", path, cause(err), meantPath(path, want))
}

// cause is what lies below all that wraps an error.
func cause(err error) error {
	for below := err; below != nil; below = errors.Unwrap(below) {
		err = below
	}
	return err
}

// absentModel is absent for models, which may be meant by their names at a hub.
func absentModel(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	near := nearestPath(path, ".onnx")
	switch hint := meantOutput([]string{path}); {
	case hint != "" && near == "":
		return fmt.Errorf("%s: %w%s", path, cause(err), hint)
	case wholeNumber.MatchString(path):
		return fmt.Errorf("%s: %w; sizes are bound by --dim NAME=N", path, cause(err))
	case modelID.MatchString(path) && !isExtension(filepath.Ext(path)) && stem(near) != path:
		if near != "" {
			near = fmt.Sprintf("did you mean %s? ", near)
		}
		return fmt.Errorf("%s: %w; %sa model of Hugging Face is exported first: optimum-cli export onnx --model %s onnx/", path, cause(err), near, path)
	}
	return absent(path, ".onnx", err)
}

var (
	// modelID is a repository of huggingface.co, with its owner or without.
	modelID = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$`)

	scheme    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	modelPage = regexp.MustCompile(`^(?:https?://(?:www\.)?huggingface\.co|hf:/)/([^/?#]+/[^/?#]+)(/tree/[^?#]*)?/?$`)
)

// address is the error for an address; nil for other paths.
func address(path string) error {
	switch page := modelPage.FindStringSubmatch(path); {
	case !scheme.MatchString(path):
		return nil
	case page != nil:
		return fmt.Errorf("%s: an address, irene reads files: export the model first: optimum-cli export onnx --model %s onnx/", path, page[1])
	case strings.HasPrefix(path, "file://"):
		return fmt.Errorf("%s: an address, irene reads files: give %s", path, strings.TrimPrefix(path, "file://"))
	case strings.HasPrefix(path, "http"):
		return fmt.Errorf("%s: an address, irene reads files: fetch it first: curl -LO %s", path, strings.Replace(path, "/blob/", "/resolve/", 1))
	}
	return fmt.Errorf("%s: an address, irene reads files: fetch it first", path)
}

// meantPath is what follows "no such file": the folder that is missing, the nearest name, or which files there are.
func meantPath(path, want string) string {
	switch dir := missingFolder(path); {
	case strings.HasPrefix(path, "~"):
		return "; the shell expands ~ only where a word begins with it: write $HOME"
	case strings.ContainsAny(path, "*?["):
		return "; no file's name fits the pattern"
	case dir != "":
		if near := nearestPath(dir, ""); near != "" {
			return fmt.Sprintf("; there is no folder %s, did you mean %s?", dir, near)
		}
		return "; there is no folder " + dir
	}
	if near := nearestPath(path, want); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	found := namesBeside(path, func(e fs.DirEntry) bool {
		return strings.HasSuffix(strings.TrimSuffix(strings.ToLower(e.Name()), ".gz"), want)
	})
	where := filepath.Dir(path)
	if where == "." {
		where = "this folder"
	}
	switch {
	case want == "":
		return ""
	case len(found) == 0:
		return fmt.Sprintf("; %s holds no %s file", where, want)
	}
	if n := len(found); n > mostFound {
		found = append(found[:mostFound], fmt.Sprintf("%d more", n-mostFound))
	}
	return fmt.Sprintf("; %s holds %s", where, strings.Join(found, ", "))
}

// mostFound is how many files a message lists.
const mostFound = 6

// missingFolder is the topmost folder of a path that is not there; "" where they all are.
func missingFolder(path string) string {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err == nil {
		return ""
	}
	if above := missingFolder(dir); above != "" {
		return above
	}
	return dir
}

// nearestPath is what is there and has nearly the name of what is not: with an extension more, or other letters. Files end in
// want or as the path does.
func nearestPath(path, want string) string {
	base := filepath.Base(path)
	names := namesBeside(path, func(e fs.DirEntry) bool {
		name := strings.TrimSuffix(strings.ToLower(e.Name()), ".gz")
		return e.IsDir() && filepath.Ext(base) == "" || strings.HasSuffix(name, want) || filepath.Ext(e.Name()) == filepath.Ext(base)
	})
	for _, end := range []string{".onnx", ".onnx.gz", ".gz"} {
		if slices.Contains(names, base+end) {
			return path + end
		}
	}
	var stems []string
	for _, name := range names {
		stems = append(stems, stem(name))
	}
	near, ok := nearest.Nearest(stem(base), stems)
	if !ok {
		return ""
	}
	at := slices.Index(stems, near)
	for i, s := range stems { // of one stem, the file of the same kind
		if s == near && filepath.Ext(names[i]) == filepath.Ext(base) {
			at = i
			break
		}
	}
	return strings.TrimSuffix(path, base) + names[at]
}

// stem is a file's name without its extension.
func stem(name string) string {
	name = strings.TrimSuffix(name, ".gz")
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// namesBeside are what the folder of a path holds and is asked for, hidden files aside.
func namesBeside(path string, asked func(fs.DirEntry) bool) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && asked(e) {
			names = append(names, e.Name())
		}
	}
	return names
}
