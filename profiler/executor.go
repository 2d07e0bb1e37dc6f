package profiler

import (
	"context"

	"github.com/irene-onnx/irene/graph"
)

// Workload is what an executor is to run: a model that holds one operator, one module or everything, and the sizes of its
// inputs. Weights and inputs have random contents; what is measured does not depend on them.
type Workload struct {
	Name   string // what messages call it: the module's path or the operator's name
	Model  []byte // an ONNX file of its own, without external data
	Inputs []Input
}

// Input is one input of a workload's model.
type Input struct {
	Name  string
	DType graph.DType
	Dims  []int64
}

// Executor prepares workloads on a device.
type Executor interface {
	// Prepare loads a workload, allocates its inputs and outputs on the device, and returns when it is ready to run.
	// An error says that this executor cannot run the workload; others may.
	Prepare(context.Context, Workload) (Run, error)
}

// Run is a workload ready to be repeated.
type Run interface {
	// Iterate executes the workload n times, one after the other, and returns when the device has finished the last. It
	// returns early, with the context's error, when the context ends.
	Iterate(ctx context.Context, n int) error

	// Close frees what Prepare allocated.
	Close() error
}
