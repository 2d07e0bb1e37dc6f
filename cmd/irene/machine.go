package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/fake"
)

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

// device is what is known of the device beforehand: the row of the table, or what executor and meter say.
func (m *machine) device() energy.Device {
	for _, d := range m.descriptions() {
		for _, name := range []string{d.ID, d.Name} {
			if row, err := energy.LookupDevice(name); name != "" && err == nil {
				return row
			}
		}
	}
	var out energy.Device
	for _, d := range m.descriptions() {
		out.SMs, out.L2Bytes, out.MemoryBytes = max(out.SMs, d.Units), max(out.L2Bytes, d.CacheBytes), max(out.MemoryBytes, d.MemoryBytes)
	}
	return out
}

// descriptions are what meter and executor say of the device.
func (m *machine) descriptions() []energy.RecordDevice {
	out := []energy.RecordDevice{m.executor.Describe().Device}
	if m.meter != nil {
		out = append([]energy.RecordDevice{m.meter.Describe().Device}, out...)
	}
	return out
}
