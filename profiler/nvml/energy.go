//go:build cgo && linux

package nvml

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// counter carries a device's energy counter on over what makes it go back: a driver that was loaded anew.
type counter struct {
	read   func() (millijoules uint64, err error)
	last   uint64 // what was read last
	sum    uint64 // since the counter was opened, in millijoules
	resets int
}

// newCounter reads the counter for the first time.
func newCounter(read func() (uint64, error)) (*counter, error) {
	first, err := read()
	if err != nil {
		return nil, err
	}
	return &counter{read: read, last: first}, nil
}

func (c *counter) energy() (energy.Joules, error) {
	now, err := c.read()
	if err != nil {
		return 0, err
	}
	if now < c.last {
		c.resets++ // what was spent in between, nobody knows
	} else {
		c.sum += now - c.last
	}
	c.last = now
	return energy.Joules(float64(c.sum) / 1000), nil
}

// started waits for a counter to leave zero, where it stands while the driver starts, or for good on some boards.
func started(read func() (uint64, error), clock profiler.Clock) (bool, error) {
	for range 10 {
		value, err := read()
		if err != nil || value > 0 {
			return err == nil, err
		}
		_ = clock.Sleep(context.Background(), 50*time.Millisecond) // nobody cancels it
	}
	return false, nil
}

// Times of the polling that integrates power.
const (
	pollEvery = 20 * time.Millisecond
	retries   = 5 // of a reading: a sensor that is asked too often says that it has none
)

// integral sums polled power up over time, by the trapezoidal rule. Every reading counts, equal ones too.
type integral struct {
	read  func() (energy.Watts, error)
	clock profiler.Clock

	mu    sync.Mutex
	at    time.Duration // of the last reading
	power energy.Watts  // the last reading
	sum   energy.Joules

	finish context.CancelFunc
	done   chan struct{}
}

// newIntegral begins to poll. Every success asks for one stop.
func newIntegral(read func() (energy.Watts, error), clock profiler.Clock) (*integral, error) {
	p := &integral{read: read, clock: clock, done: make(chan struct{})}
	err := patiently(clock, func() (err error) {
		p.power, err = read()
		return err
	})
	if err != nil {
		return nil, err
	}
	p.at = clock.Now()
	ctx, cancel := context.WithCancel(context.Background())
	p.finish = cancel
	go p.poll(ctx)
	return p, nil
}

// poll reads the power until stop. A reading that fails is left out: the line goes from the one before to the one after.
func (p *integral) poll(ctx context.Context) {
	defer close(p.done)
	for p.clock.Sleep(ctx, pollEvery) == nil {
		_, _ = p.extend()
	}
}

// extend takes a reading and returns the integral up to it.
func (p *integral) extend() (energy.Joules, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	power, err := p.read()
	if err != nil {
		return 0, err
	}
	p.add(p.clock.Now(), power)
	return p.sum, nil
}

// add extends the integral to a reading.
func (p *integral) add(at time.Duration, power energy.Watts) {
	p.sum += ((p.power + power) / 2).Times(energy.Seconds((at - p.at).Seconds()))
	p.at, p.power = at, power
}

// energy takes a reading of its own, so that the integral ends now.
func (p *integral) energy() (sum energy.Joules, err error) {
	err = patiently(p.clock, func() error {
		sum, err = p.extend()
		return err
	})
	return sum, err
}

// patiently takes a reading, more than once where it has to.
func patiently(clock profiler.Clock, take func() error) (err error) {
	for range retries {
		if err = take(); err == nil || errors.Is(err, profiler.ErrDevice) {
			return err
		}
		_ = clock.Sleep(context.Background(), pollEvery) // nobody cancels it
	}
	return err
}

// stop ends the polling.
func (p *integral) stop() {
	p.finish()
	<-p.done
}

// powerSource is one way to read power.
type powerSource struct {
	name     string // as capabilities name it
	boundary energy.Boundary
	read     func() (energy.Watts, error)
}

// powerSources lists the ways to read a device's power, best first: what it takes at the moment, what it took over the
// last second, what the module takes of which the device is a part.
func powerSources(device nvml.Device) []powerSource {
	usage := func() (energy.Watts, error) {
		milliwatts, ret := device.GetPowerUsage()
		return watts(float64(milliwatts), ret)
	}
	return []powerSource{
		{"field 186 (instant)", energy.BoundaryBoard, fieldPower(device, nvml.FI_DEV_POWER_INSTANT, nvml.POWER_SCOPE_GPU)},
		{"nvmlDeviceGetPowerUsage (from Ampere on, A100 aside, an average over a second)", energy.BoundaryBoard, usage},
		{"field 186 (instant) of the module, CPU included", energy.BoundaryModule, fieldPower(device, nvml.FI_DEV_POWER_INSTANT, nvml.POWER_SCOPE_MODULE)},
	}
}

// fieldPower reads power, which NVML keeps in milliwatts, from a field.
func fieldPower(device nvml.Device, id, scope uint32) func() (energy.Watts, error) {
	return func() (energy.Watts, error) {
		values := []nvml.FieldValue{{FieldId: id, ScopeId: scope}} // zero each time: the driver may write less than all of it
		if ret := device.GetFieldValues(values); ret != nvml.SUCCESS {
			return watts(0, ret)
		}
		if ret := nvml.Return(values[0].NvmlReturn); ret != nvml.SUCCESS {
			return watts(0, ret)
		}
		value, err := decode(values[0])
		if err != nil {
			return 0, err
		}
		return watts(value, nvml.SUCCESS)
	}
}

// watts is the power that a call returned in milliwatts. None is no reading: a board that answers takes some.
func watts(milliwatts float64, ret nvml.Return) (energy.Watts, error) {
	switch {
	case ret != nvml.SUCCESS:
		return 0, failure("power", ret)
	case !(milliwatts > 0 && milliwatts < 1e8):
		return 0, fmt.Errorf("nvml: power: the sensor says %g W", milliwatts/1000)
	}
	return energy.Watts(milliwatts / 1000), nil
}
