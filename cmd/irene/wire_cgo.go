//go:build cgo && linux

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/nvml"
	"github.com/irene-onnx/irene/profiler/ort"
)

func cgoMeters() []meterRow {
	return []meterRow{{"nvml", func(q *profileRequest, _ *machine) (profiler.Meter, error) {
		return nvml.Open(nvml.Options{Library: q.meterLibrary, GPU: q.gpu})
	}}}
}

func cgoExecutors() []executorRow {
	return []executorRow{{"ort", openORT}}
}

// openORT starts ONNX Runtime on the device that the meter reads.
func openORT(ctx context.Context, _ *environment, q *profileRequest, m *machine) (profiler.Executor, error) {
	gpu, _ := m.meter.(*nvml.Meter)
	if q.provider == "" {
		q.provider = ort.CPU
		if gpu != nil {
			q.provider = ort.CUDA
		}
	}
	o := ort.Options{
		Library: q.library, Provider: q.provider, Threads: q.threads, TF32: q.tf32,
		Logf: m.tell,
	}
	switch n, err := strconv.Atoi(q.gpu); {
	case gpu != nil:
		o.DeviceUUID, _ = gpu.CUDADevice()
	case q.gpu == "":
	case q.provider == ort.CPU:
		return nil, usagef("--gpu %s: the provider cpu uses none", q.gpu)
	case err == nil:
		o.Device = n
	default:
		o.DeviceUUID = q.gpu
	}
	return ort.Open(ctx, o)
}

// serveChild runs the executor's child process where the arguments ask for it.
func serveChild(args []string) (status int, served bool) {
	if len(args) != 1 || args[0] != ort.ServeArgument {
		return 0, false
	}
	if err := ort.Serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "irene: %s\n", oneLine(err.Error()))
		return exitFailed, true
	}
	return exitDone, true
}
