package profiler

import (
	"time"

	"github.com/irene-onnx/irene/energy"
)

// Meter reads the energy that a device has spent. A reading has no meaning of its own, only the difference of two has.
// A meter is used by one goroutine at a time.
type Meter interface {
	// Describe says what is read and of what.
	Describe() MeterDescription

	// Energy is the energy spent since an origin that stays the same until Close. It never decreases: where the
	// hardware's counter wraps, the meter carries on. An error, never zero, says that nothing could be read.
	Energy() (energy.Joules, error)

	// State is what else the meter knows at this moment. What it cannot read is nil; an error says that the device is
	// gone.
	State() (State, error)

	// Close releases the device. Energy fails afterwards.
	Close() error
}

// MeterDescription is what a meter says of itself.
type MeterDescription struct {
	Name     string // "nvml", "rapl", "fake"
	Method   energy.Method
	Boundary energy.Boundary
	Device   energy.RecordDevice
	Driver   string

	// Period is the time between two updates of what Energy reads, where it is known beforehand; 0 where it has to be
	// found out.
	Period time.Duration

	// Capabilities lists what the meter can and cannot read, in the order in which to print it.
	Capabilities []Capability
}

// Capability is one thing that a meter may be able to do.
type Capability struct {
	Name string // "energy counter", "instant power", "GPM" …
	Have bool
	Note string // why not, or what follows
}

// State is what a meter knows beside energy at one moment. Nil is what it cannot read.
type State struct {
	Power       *energy.Watts // instant, not an average over a second
	SMClock     *energy.Hertz
	MemoryClock *energy.Hertz
	Temperature *energy.Celsius

	// Limits says why the device does not run at its highest clock, as flags of records: energy.FlagPowerCap,
	// energy.FlagThrottled. Other reasons are left out.
	Limits []string

	// Busy is the share of the time since the State before in which the device was working, 0..1.
	Busy *float64

	// Utilisation holds further shares since the State before, in per cent, by the meter's own names ("sm", "tensor",
	// "dram").
	Utilisation map[string]float64

	// Foreign counts the other processes that use the device for computing; nil where nobody can tell.
	Foreign *int
}

// ClockLocker is a meter that can hold a device's clocks.
type ClockLocker interface {
	// LockClocks holds the clock of the multiprocessors and, unless it is 0, that of the memory, until unlock is called.
	LockClocks(sm, memory energy.Hertz) (unlock func() error, err error)
}
