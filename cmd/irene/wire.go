package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/fake"
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

// machine is what a run measures with.
type machine struct {
	executor profiler.Executor
	meter    profiler.Meter // nil: time alone
	clock    profiler.Clock
	fake     *fake.Device // made up, where executor or meter are
	notes    []string
	tell     func(format string, args ...any)
}

// pretended is the made-up device, the same for executor and meter.
func (m *machine) pretended(q *profileRequest) *fake.Device {
	if m.fake == nil {
		m.fake = fake.New(fake.Realistic(q.seed))
	}
	return m.fake
}

// openMachine opens the meter and then the executor, on the device that the meter reads.
func openMachine(ctx context.Context, env *environment, q *profileRequest) (m *machine, err error) {
	m = &machine{clock: profiler.SystemClock(), tell: newTeller(env.stderr)}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if (q.executor == pretending) != (q.meter == pretending) && q.meter != "none" && q.meter != autoMeter {
		return m, usagef("--executor %s --meter %s: the made-up device reads and runs only itself", q.executor, q.meter)
	}
	if err := m.openMeter(q); err != nil {
		return m, err
	}
	for _, r := range executorRows() {
		if r.name == q.executor {
			x, err := r.open(ctx, env, q, m)
			if err != nil {
				return m, err
			}
			m.executor = x
		}
	}
	if m.fake != nil {
		m.clock = m.fake.Clock()
	}
	return m, nil
}

// openMeter opens the meter asked for, or the one that suits the machine.
func (m *machine) openMeter(q *profileRequest) error {
	if q.meter != autoMeter {
		return m.openNamed(q, q.meter)
	}
	switch {
	case q.executor == pretending:
		return m.openNamed(q, pretending)
	case q.provider == "cuda" || q.provider == "tensorrt" || q.gpu != "" || q.meterLibrary != "":
		return m.openNamed(q, "nvml")
	case q.provider == "":
		err := m.openNamed(q, "nvml")
		switch {
		case err == nil || errors.Is(err, errNoC):
			return err
		case !errors.Is(err, profiler.ErrAbsent):
			return fmt.Errorf("%w (--provider cpu measures the processor, --meter none times alone)", err)
		}
	}
	if err := m.openNamed(q, "rapl"); err != nil {
		m.notes = append(m.notes, fmt.Sprintf("energy is not measured: %v", err))
	}
	return nil
}

// openNamed opens a meter of the table.
func (m *machine) openNamed(q *profileRequest, name string) error {
	for _, r := range meterRows() {
		if r.name != name {
			continue
		}
		meter, err := r.open(q, m)
		if err == nil {
			m.meter = meter
		}
		return err
	}
	return nil
}

// close releases everything; the executor first, whose load the meter may be reading.
func (m *machine) close() error {
	var errs []error
	if m.executor != nil {
		errs = append(errs, m.executor.Close())
	}
	if m.meter != nil {
		errs = append(errs, m.meter.Close())
	}
	return errors.Join(errs...)
}
