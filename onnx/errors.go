package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
)

// ErrNotONNX is wrapped by errors about input that is no ONNX model at all; the text says what it looks like.
var ErrNotONNX = errors.New("not an ONNX model")

// warnings is what the decoder has to say about a file without refusing it: each text once, in order.
type warnings struct {
	list []string
}

const maxWarnings = 100

func (w *warnings) add(format string, args ...any) {
	if len(w.list) > maxWarnings {
		return
	}
	text := fmt.Sprintf(format, args...)
	if slices.Contains(w.list, text) {
		return
	}
	if len(w.list) == maxWarnings {
		text = "more warnings are left out"
	}
	w.list = append(w.list, text)
}

// signatures are the first bytes of files that are taken for models by mistake.
var signatures = []struct{ prefix, what string }{
	{"version https://git-lfs", "a Git LFS pointer (fetch the file itself with `git lfs pull`)"},
	{"<!DOCTYPE", "an HTML page"},
	{"<!doctype", "an HTML page"},
	{"<html", "an HTML page"},
	{"<HTML", "an HTML page"},
	{"<?xml", "an XML file"},
	{"<", "an XML or HTML file"},
	{"{", "a JSON file"},
	{"[", "a JSON file"},
	{"GGUF", "a GGUF model"},
	{"\x89HDF", "an HDF5 file (Keras weights)"},
	{"\x1f\x8b", "compressed twice with gzip"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd"},
	{"BZh", "compressed with bzip2"},
	{"\xfd7zXZ", "compressed with xz"},
	{"\x80\x02", "a Python pickle (PyTorch checkpoint)"},
	{"\x80\x03", "a Python pickle (PyTorch checkpoint)"},
	{"\x80\x04", "a Python pickle (PyTorch checkpoint)"},
	{"\x80\x05", "a Python pickle (PyTorch checkpoint)"},
	{"ir_version:", "an ONNX model written as text"},
}

// sniff says what bytes that do not decode look like, "" where nothing is recognised.
func sniff(b []byte) string {
	text := bytes.TrimLeft(bytes.TrimPrefix(b[:min(len(b), 4096)], []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(b) == 0:
		return "the file is empty"
	case len(text) == 0:
		return "it holds only spaces"
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		if bytes.Contains(b[:min(len(b), 4096)], []byte("data.pkl")) {
			return "it looks like a PyTorch checkpoint (zip)"
		}
		return "it looks like a zip archive"
	case len(b) > 8 && b[8] == '{' && b[5] == 0 && b[6] == 0 && b[7] == 0:
		return "it looks like a safetensors file"
	case len(b) >= 8 && string(b[4:8]) == "ORTM":
		return "it looks like an ONNX Runtime .ort model"
	case len(b) >= 8 && string(b[4:8]) == "TFL3":
		return "it looks like a TensorFlow Lite model"
	}
	for _, s := range signatures {
		if bytes.HasPrefix(text, []byte(s.prefix)) {
			return "it looks like " + s.what
		}
	}
	return ""
}

// recoverFault turns a page fault into an error: a mapped file that shrinks while it is read faults.
func recoverFault(name string, err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		r := recover()
		if r == nil {
			return
		}
		fault, ok := r.(interface {
			runtime.Error
			Addr() uintptr
		})
		if !ok {
			panic(r)
		}
		*err = fmt.Errorf("%s: the file changed while it was read: %w", name, fault)
	}
}
