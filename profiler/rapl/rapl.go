package rapl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// Options says where to look. The zero value is for a machine as it is.
type Options struct {
	Root    string // folder of the counters; "" is /sys/class/powercap
	CPUInfo string // file that describes the processors; "" is /proc/cpuinfo

	// Clock is what State divides by; nil is the machine's.
	Clock profiler.Clock
}

// Meter adds up the counters of all packages and of their memory.
type Meter struct {
	zones       []zone
	description profiler.MeterDescription
	clock       profiler.Clock
	closed      bool

	before     energy.Joules // at the last State
	beforeTime time.Duration
	hasBefore  bool
}

// Open finds the counters and reads each once: that is their origin. It looks for a few milliseconds how often they are
// updated. An error says in one line what is missing, or what would make the counters readable.
func Open(o Options) (*Meter, error) {
	o.Root, o.CPUInfo = cmp.Or(o.Root, "/sys/class/powercap"), cmp.Or(o.CPUInfo, "/proc/cpuinfo")
	o.Clock = cmp.Or(o.Clock, profiler.SystemClock())
	zones, err := findZones(o.Root)
	if err != nil {
		return nil, fmt.Errorf("rapl: %w", err)
	}
	for i := range zones {
		if zones[i].last, err = zones[i].counter(); err != nil {
			return nil, fmt.Errorf("rapl: %w", err)
		}
	}
	period, err := updatePeriod(zones[0].counter, o.Clock.Now)
	if err != nil {
		return nil, fmt.Errorf("rapl: %w", err)
	}
	m := &Meter{zones: zones, clock: o.Clock}
	m.description = profiler.MeterDescription{
		Name: "rapl", Method: energy.MethodCounter, Boundary: energy.BoundaryPackage, Device: processor(o.CPUInfo), Period: period,
		Capabilities: m.capabilities(),
	}
	return m, nil
}

// capabilities lists what the counters cover.
func (m *Meter) capabilities() []profiler.Capability {
	var packages, memory []string
	for _, z := range m.zones {
		if z.name == "dram" {
			memory = append(memory, z.name)
		} else {
			packages = append(packages, z.name)
		}
	}
	dram := profiler.Capability{Name: "memory energy", Have: len(memory) > 0, Note: "added"}
	if !dram.Have {
		dram.Note = "no dram domain: memory outside the packages is not covered"
	}
	return []profiler.Capability{
		{Name: "energy counter", Have: true, Note: strings.Join(packages, ", ")},
		dram,
		{Name: "power", Have: true, Note: "mean since the reading before, up to 1 s"},
		{Name: "clocks, temperature", Note: "RAPL does not read them"},
	}
}

// Describe implements profiler.Meter.
func (m *Meter) Describe() profiler.MeterDescription {
	d := m.description
	d.Capabilities = slices.Clone(d.Capabilities)
	return d
}

// Energy implements profiler.Meter. A counter begins again after some minutes at full power; of two readings that are
// farther apart than that, the difference is too small.
func (m *Meter) Energy() (energy.Joules, error) {
	if m.closed {
		return 0, errors.New("rapl: the meter is closed")
	}
	var sum uint64
	for i := range m.zones {
		if err := m.zones[i].read(); err != nil {
			return 0, fmt.Errorf("rapl: %w: %w", profiler.ErrDevice, err)
		}
		sum += m.zones[i].total
	}
	return energy.Joules(float64(sum) * 1e-6), nil
}

// Limits to the time over which a mean power says something about the moment.
const (
	leastSpan = 10 * time.Millisecond // of which one update more or less is no great part
	mostSpan  = time.Second
)

// State implements profiler.Meter. Its power is the mean since the State before, where that is near enough.
func (m *Meter) State() (profiler.State, error) {
	now, err := m.Energy()
	if err != nil {
		return profiler.State{}, err
	}
	at := m.clock.Now()
	var s profiler.State
	if span := at - m.beforeTime; m.hasBefore && span >= leastSpan && span <= mostSpan {
		s.Power = new((now - m.before).Over(energy.Seconds(span.Seconds())))
	}
	m.before, m.beforeTime, m.hasBefore = now, at, true
	return s, nil
}

// Close implements profiler.Meter.
func (m *Meter) Close() error {
	m.closed = true
	return nil
}

// How updatePeriod looks.
const (
	wantedUpdates = 21
	longestLook   = 50 * time.Millisecond
)

// updatePeriod reads a counter until it has changed a few times, and returns the median time between changes; 0 where
// it changes too rarely to tell.
func updatePeriod(read func() (uint64, error), now func() time.Duration) (time.Duration, error) {
	last, err := read()
	if err != nil {
		return 0, err
	}
	var changes []time.Duration
	for start := now(); len(changes) < wantedUpdates && now()-start < longestLook; {
		v, err := read()
		if err != nil {
			return 0, err
		}
		if v != last {
			last, changes = v, append(changes, now())
		}
	}
	if len(changes) < 4 {
		return 0, nil
	}
	gaps := make([]time.Duration, len(changes)-1)
	for i := range gaps {
		gaps[i] = changes[i+1] - changes[i]
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2], nil
}
