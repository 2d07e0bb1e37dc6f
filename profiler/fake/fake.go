package fake

import (
	"context"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// Device is one made-up device. Its clock, meter and executors share its time and may be used by several goroutines.
type Device struct{ m *machine }

// New makes a device at time zero.
func New(opts Options) *Device { return &Device{m: newMachine(opts)} }

// Truth is what one execution of a list of kernels takes where operands come from memory and launches are replayed from
// a recording, without noise and drift.
func (d *Device) Truth(work []energy.Work) (energy.Joules, energy.Seconds) {
	return d.Expect(profiler.Workload{Work: work, Copies: 2}, true)
}

// Expect is what one execution in a workload takes, without noise and drift. Without a graph, the host launches kernel
// by kernel. A workload of one copy finds its operands in the cache where they fit.
func (d *Device) Expect(w profiler.Workload, graph bool) (energy.Joules, energy.Seconds) {
	c := runCost(w.Work, conditions{hot: w.Copies <= 1, graph: graph})
	return energy.Joules(c.power * c.time), energy.Seconds(c.time)
}

// Idle is the power of the device while nothing runs.
func (d *Device) Idle() energy.Watts { return idlePower }

// Clock is the device's virtual time: it passes when somebody sleeps, and while the executor and the meter work.
func (d *Device) Clock() profiler.Clock { return clock{d.m} }

// Now is virtual time as time of day, from the first second of the year 2000 on.
func (d *Device) Now() time.Time {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d.m.now)
}

type clock struct{ m *machine }

func (c clock) Now() time.Duration {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	return c.m.now
}

func (c clock) Sleep(ctx context.Context, t time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.advance(t)
	return nil
}

// device is how the fake stands in records.
func (m *machine) device() energy.RecordDevice {
	return energy.RecordDevice{
		Name: "fake-gpu", UUID: "GPU-fake", PowerLimit: new(energy.Watts(powerLimit)),
		Kind: "gpu", Units: units, CacheBytes: cacheBytes, MemoryBytes: m.opts.MemoryBytes,
	}
}
