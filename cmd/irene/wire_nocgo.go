//go:build !(cgo && linux)

package main

import (
	"context"

	"github.com/irene-onnx/irene/profiler"
)

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
