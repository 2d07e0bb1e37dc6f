//go:build !(cgo && linux)

package main

import (
	"context"
	"errors"

	"github.com/irene-onnx/irene/profiler"
)

// errNoC is what measuring says in a command that was built without a C compiler.
var errNoC = errors.New("this irene was built without cgo and cannot load NVML or ONNX Runtime: build it on Linux with CGO_ENABLED=1 and a C compiler")

func cgoMeters() []meterRow {
	return []meterRow{{"nvml", func(*profileRequest, *machine) (profiler.Meter, error) { return nil, errNoC }}}
}

func cgoExecutors() []executorRow {
	return []executorRow{{"ort", func(context.Context, *environment, *profileRequest, *machine) (profiler.Executor, error) {
		return nil, errNoC
	}}}
}

// serveChild runs the executor's child process where the arguments ask for it.
func serveChild([]string) (status int, served bool) { return 0, false }
