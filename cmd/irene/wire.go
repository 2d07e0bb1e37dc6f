package main

import (
	"context"
	"errors"

	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/rapl"
)

// meterRow is a row of the table of meters.
type meterRow struct {
	name string
	// open returns nil without an error where there is nothing to read: time alone is measured.
	open func(*profileRequest, *machine) (profiler.Meter, error)
}

// executorRow is a row of the table of executors.
type executorRow struct {
	name string
	open func(context.Context, *environment, *profileRequest, *machine) (profiler.Executor, error)
}

// label is the row's name.
func (r meterRow) label() string { return r.name }

// label is the row's name.
func (r executorRow) label() string { return r.name }

// rowNames are the names of a table's rows.
func rowNames[R interface{ label() string }](rows []R) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.label())
	}
	return out
}

// meterRows is the table of meters. Those that need cgo are in wire_cgo.go.
func meterRows() []meterRow {
	return append(cgoMeters(),
		meterRow{"rapl", func(*profileRequest, *machine) (profiler.Meter, error) { return rapl.Open(rapl.Options{}) }},
		meterRow{"none", func(*profileRequest, *machine) (profiler.Meter, error) { return nil, nil }},
		meterRow{pretending, func(q *profileRequest, m *machine) (profiler.Meter, error) { return m.pretended(q).Meter(), nil }},
	)
}

// executorRows is the table of executors, the default first.
func executorRows() []executorRow {
	return append(cgoExecutors(), executorRow{pretending, func(_ context.Context, _ *environment, q *profileRequest, m *machine) (profiler.Executor, error) {
		return m.pretended(q).Executor(), nil
	}})
}

// pretending is the executor, and the meter, of a device that is made up: to try things out, and for tests.
const pretending = "fake"

// errNoC is what measuring says in a command that was built without a C compiler.
var errNoC = errors.New("this irene was built without cgo and cannot load NVML or ONNX Runtime: build it on Linux with CGO_ENABLED=1 and a C compiler")
