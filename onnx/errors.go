package onnx

import (
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
