package fake

import "time"

// Options says what is wrong with a device. The zero value is a perfect one.
type Options struct {
	Seed uint64 // of all that is random

	// Noise is how far each kernel is off the truth, by two factors of its own on time and energy that are the same
	// wherever and whenever it runs: the standard deviation of their logarithms.
	Noise float64

	// Jitter is how far one load is off another of the same workload in time and in power, likewise.
	Jitter float64

	// Unsteady is how far the device wanders within a load, by a factor on time and power that is drawn anew every seven
	// seconds, likewise.
	Unsteady float64

	// Drift is by which share everything takes longer, and a quarter of it more power, once the device is warm. It gets
	// there exponentially, in ten minutes to about two thirds.
	Drift float64

	CounterPeriod time.Duration // between two updates of the energy counter; 100 ms where it is 0
	HidePeriod    bool          // the meter does not say so
	CounterRate   float64       // joules counted per joule; 1 where it is 0
	CounterReset  time.Duration // when the counter starts from zero again, against the contract; 0 is never
	Stuck         bool          // the counter never moves
	NoCounter     bool          // energy is integrated power instead
	NoPower       bool          // the meter cannot read power
	NoBusy        bool          // nor the share of time in which the device works
	NoGraph       bool          // the executor cannot record launches

	Throttled   Span          // heat slows the device down
	Foreign     Span          // another process uses it
	ClockChange time.Duration // when the clock falls by a tenth; 0 is never
	Gone        time.Duration // when the device falls off the bus; 0 is never

	Unsupported []string // classes of operators that cannot be run
	CrashOn     int      // the executor crashes in that Prepare, counted from 1, and works again afterwards; 0 is never
	MemoryBytes int64    // workloads that need more cannot be run; 16 GiB where it is 0
}

// Span is a stretch of virtual time; an empty one is never.
type Span struct{ From, To time.Duration }

func (s Span) contains(t time.Duration) bool { return t >= s.From && t < s.To }

// Realistic are the options of a device such as one meets: it drifts by 3 %, and what it does is off any smooth law by
// some 5 % from kernel to kernel, and by some tenths of a per cent from load to load.
func Realistic(seed uint64) Options {
	return Options{Seed: seed, Noise: 0.05, Jitter: 0.003, Drift: 0.03}
}
