package profiler

import (
	"errors"

	"github.com/irene-onnx/irene/energy"
)

// Task is one measurement to be taken.
type Task struct {
	// Record says what is measured: level, model, path, operator, signature, dims, work, buffers. The measurement fills
	// in device, runtime, energy, time and the rest.
	Record energy.Record

	// Workload builds what is to run. It is called when the task's turn comes and its result is dropped afterwards:
	// models may be large.
	Workload func() (Workload, error)

	// GraphToo asks for a second, short run of the same workload with launches replayed from a recording, for the time
	// without the host. Nothing comes of it where the executor cannot record.
	GraphToo bool

	// Base, where it is not nil, builds what Workload is without Times executions of what is measured: both are run, and
	// the measurement is their difference over Times.
	Base  func() (Workload, error)
	Times int

	// Anchor says that the task is repeated through the run, to tell how far the machine drifts.
	Anchor bool

	// Expected is how long one execution is predicted to take; 0 where nobody knows.
	Expected energy.Seconds

	// Gain ranks tasks where there is no time for all: larger first.
	Gain float64
}

// Errors that callers branch on.
var (
	// ErrDevice says that a device, or what reads it, is gone for good.
	ErrDevice = errors.New("the device is gone")

	// ErrAbsent says that a machine has nothing of the kind that a meter reads.
	ErrAbsent = errors.New("there is none on this machine")

	// ErrUnsupported says that an executor cannot run a workload, however often it is tried: an operator that the
	// provider lacks, not enough memory.
	ErrUnsupported = errors.New("cannot be run")
)
