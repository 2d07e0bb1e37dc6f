package ort

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// ServeArgument is the argument with which a program is to call [Serve] and nothing else.
const ServeArgument = "__ort"

// The execution providers.
const (
	CPU      = "cpu"
	CUDA     = "cuda"
	TensorRT = "tensorrt"
)

// Options say how to run workloads.
type Options struct {
	// Library is the file of the shared library, libonnxruntime.so, or a folder that has it. Without one, the environment
	// variable ONNXRUNTIME_LIB names it, or it is looked for in the usual places.
	Library string

	Provider string // CPU, CUDA or TensorRT; empty is CPU

	// The GPU: its UUID ("GPU-…"), or without one its CUDA ordinal.
	DeviceUUID string
	Device     int

	Threads int  // that compute one operator on the CPU; 0 is one per core on the CPU, and one where a GPU computes
	TF32    bool // lets a GPU multiply float32 as TF32

	// Command starts the child: program and arguments. Without it, this executable is started with ServeArgument.
	Command []string

	Stderr io.Writer                        // what the child prints; nil drops it, but the last lines enter errors
	Logf   func(format string, args ...any) // notes for the user, one line each; nil drops them

	// Grace is how long a child may take to end a run that is to end, or itself, before it is killed; 0 is 10 s.
	Grace time.Duration
}

// withDefaults fills in what was left out, or says what cannot be.
func (o Options) withDefaults() (Options, error) {
	o.Provider, o.Grace = cmp.Or(o.Provider, CPU), cmp.Or(o.Grace, 10*time.Second)
	if !slices.Contains([]string{CPU, CUDA, TensorRT}, o.Provider) {
		return o, fmt.Errorf("onnxruntime: provider %q, want cpu, cuda or tensorrt", o.Provider)
	}
	if o.Threads < 0 || o.Device < 0 {
		return o, fmt.Errorf("onnxruntime: %d threads on device %d, want no negative number", o.Threads, o.Device)
	}
	if o.Threads == 0 {
		o.Threads = 1
		if o.Provider == CPU {
			o.Threads = cores()
		}
	}
	if len(o.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("onnxruntime: cannot find this program to start it as a child: %w", err)
		}
		o.Command = []string{self, ServeArgument}
	}
	o.Stderr = cmp.Or(o.Stderr, io.Discard)
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o, nil
}

// providerName is the provider as ONNX Runtime calls it.
func providerName(provider string) string {
	switch provider {
	case CUDA:
		return "CUDAExecutionProvider"
	case TensorRT:
		return "TensorrtExecutionProvider"
	}
	return "CPUExecutionProvider"
}
