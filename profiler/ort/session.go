//go:build cgo && linux

package ort

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/irene-onnx/irene/profiler"
)

// cSession is a session with its inputs and outputs.
type cSession struct {
	engine   *cEngine
	run      *C.irene_run
	recorded bool // launches are replayed
}

// ready gives the session inputs and outputs and runs it until its next run is like all that follow.
func (s *cSession) ready(inputs []profiler.Input) error {
	for _, in := range inputs {
		if err := s.bind(in); err != nil {
			return err
		}
	}
	e := s.engine
	if err := e.status(C.irene_bind_outputs(s.run)); err != nil {
		return err
	}
	if !s.recorded {
		return e.status(C.irene_once(s.run, 0))
	}
	// A recording holds addresses: it must begin after the outputs have theirs.
	if err := e.status(C.irene_once(s.run, 1)); err != nil {
		return err
	}
	if err := e.status(C.irene_fix_outputs(s.run)); err != nil {
		return err
	}
	return e.status(C.irene_once(s.run, 0))
}

// bind makes an input, fills it and hands it to the session, which copies it to the device that reads it.
func (s *cSession) bind(in profiler.Input) error {
	n, err := elements(in)
	if err != nil {
		return err
	}
	var a arena
	defer a.free()
	dims := (*C.int64_t)(a.alloc(C.size_t(len(in.Dims)+1) * 8))
	for i, d := range in.Dims {
		unsafe.Slice(dims, len(in.Dims))[i] = C.int64_t(d)
	}
	var tensor, data unsafe.Pointer
	err = s.engine.status(C.irene_tensor(s.run, dims, C.size_t(len(in.Dims)), C.int(in.DType), &tensor, &data))
	if err != nil {
		return fmt.Errorf("input %s: %w", in.Name, err)
	}
	if size := in.DType.Size(n); size > 0 && data == nil {
		return &failure{Text: fmt.Sprintf("input %s: not enough memory for %d bytes", in.Name, size), Unsupported: true}
	} else if size > 0 {
		fillInput(unsafe.Slice((*byte)(data), size), in)
	}
	if err := s.engine.status(C.irene_bind(s.run, a.string(in.Name), tensor)); err != nil {
		return fmt.Errorf("input %s: %w", in.Name, err)
	}
	return nil
}

func (s *cSession) graph() bool { return s.recorded }

func (s *cSession) burst(n int64) (int64, error) {
	var ns C.int64_t
	err := s.engine.status(C.irene_burst(s.run, C.int64_t(n), &ns))
	return int64(ns), err
}

func (s *cSession) loop() error { return s.engine.status(C.irene_loop(s.run)) }

func (s *cSession) arm() { C.irene_arm(s.run) }

func (s *cSession) stop() { C.irene_stop(s.run) }

func (s *cSession) progress() (runs, at int64) {
	var r, t C.int64_t
	C.irene_progress(s.run, &r, &t)
	return int64(r), int64(t)
}

func (s *cSession) close() { C.irene_release(s.run) }
