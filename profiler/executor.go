package profiler

import (
	"context"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Workload is what an executor is to run: a model that holds one operator, one module or everything, with concrete
// shapes.
type Workload struct {
	Name string // what messages call it: the module's path or the operator's type

	// The model, an ONNX file: its bytes, without external data, or, where it is too large for that, the path of a file
	// whose external data lies beside it. It runs as it is written, without graph optimization.
	Model []byte
	Path  string

	Inputs []Input

	// Copies is how many independent copies of what is measured the model holds, each with operands of its own, so that
	// they do not find each other's in the cache; 0 counts as 1. Progress counts runs of the model, not copies.
	Copies int

	// Graph asks the executor to record the launches once and to replay them (CUDA graphs), so that the host does not
	// hold the device up. An executor that cannot do so runs the workload without.
	Graph bool

	// Work lists the kernels of one copy, for executors that only pretend to run the model.
	Work []energy.Work

	// Release, where it is not nil, frees what the workload holds on the disk. It is called once, after the last Prepare.
	Release func()
}

// Input is one input of a workload's model and what it is to hold.
type Input struct {
	Name  string
	DType graph.DType
	Dims  []int64

	// Data are the elements, little endian, where they matter. Otherwise integers are drawn evenly from [Low, High), or
	// are zero where High is not above Low, and floats from a normal distribution about zero with standard deviation
	// Scale, 1 where it is 0. Booleans are true.
	Data      []byte
	Low, High int64
	Scale     float64
}

// Executor prepares workloads on a device.
type Executor interface {
	// Describe says what runs the operators and on what.
	Describe() Description

	// Prepare loads a workload, allocates its inputs and outputs on the device, and returns when it is ready to run.
	// An error says that this executor cannot run the workload; others may still run. An error that is [ErrDevice] says
	// that nothing will run any more.
	Prepare(context.Context, Workload) (Run, error)

	// Close ends the executor. Prepare fails afterwards.
	Close() error
}

// Description is what an executor says of itself.
type Description struct {
	Runtime energy.Runtime      // name, version and options; the profile is the caller's
	Device  energy.RecordDevice // as far as the executor knows it
}

// Optimizer is an executor that rewrites models before it runs them.
type Optimizer interface {
	// Optimize writes the model of a file, as the executor would run it at an optimization level ("basic", "extended"),
	// to another file. External data of the result lies beside it.
	Optimize(ctx context.Context, model, result, level string) error
}

// Run is a workload ready to be repeated. It is used by one goroutine at a time.
type Run interface {
	// Burst runs the model n times, one after the other, and returns how long that took on the executor's clock, from an
	// idle device to an idle device.
	Burst(ctx context.Context, n int) (energy.Seconds, error)

	// Start begins to run the model without a pause, until the load is stopped.
	Start(ctx context.Context) (Load, error)

	// Graph reports whether the launches are replayed from a recording.
	Graph() bool

	// Close frees what Prepare allocated.
	Close() error
}

// Load is a workload that is running without a pause.
type Load interface {
	// Progress says how far the load is.
	Progress() (Progress, error)

	// Stop ends the load and returns when the device is idle. The load cannot be used afterwards.
	Stop() (Progress, error)
}

// Progress is how many times a load has run its model, and when the last of these runs had ended, in seconds since an
// origin of the executor's own clock.
type Progress struct {
	Runs int64
	At   energy.Seconds
}
