package ort

import (
	"errors"
	"fmt"

	"github.com/irene-onnx/irene/profiler"
)

// greeting is what the child says before anything else. A program that has not called Serve says something else.
const greeting = "irene ort 1\n"

// request is what the parent asks of the child. Exactly one of the pointers, or a verb, is set.
type request struct {
	Open     *openRequest
	Prepare  *profiler.Workload
	Optimize *optimizeRequest
	Verb     verb
	Run      int // the run that a verb is about
	N        int64
}

type verb int

const (
	verbNone      verb = iota
	verbBurst          // run N times
	verbStart          // begin to run
	verbProgress       // say how far that is
	verbStop           // end it
	verbInterrupt      // end whatever runs; has no answer of its own
	verbClose          // free the run
)

type openRequest struct {
	Libraries []string // to be tried in this order
	Provider  string
	Device    int
	Threads   int
	TF32      bool
}

type optimizeRequest struct {
	Model, Result string
	Level         int
}

// reply answers a request.
type reply struct {
	Failure *failure
	Hello   *hello   // to open
	Notes   []string // for the user
	Run     int      // to prepare: what to call it
	Graph   bool
	Nanos   int64 // to burst: how long it took; to progress and stop: when the last run ended
	Runs    int64
}

// hello is what the child found.
type hello struct {
	Library, Version, Build string
	Pid                     int
}

// failure is an error on its way between processes.
type failure struct {
	Text        string
	Unsupported bool // trying again is of no use
	Spoilt      bool // the child may not be what it was: start another
	Fallback    bool // the CPU would run some nodes
}

func (f *failure) Error() string { return f.Text }

// err is the failure as callers know it.
func (f *failure) err(what string) error {
	if f.Unsupported {
		return fmt.Errorf("onnxruntime: %s %w: %s", what, profiler.ErrUnsupported, f.Text)
	}
	return fmt.Errorf("onnxruntime: %s: %s", what, f.Text)
}

// asFailure makes any error fit for the way.
func asFailure(err error) *failure {
	f := failure{}
	if inner, ok := errors.AsType[*failure](err); ok {
		f = *inner
	}
	f.Text = err.Error()
	return &f
}
