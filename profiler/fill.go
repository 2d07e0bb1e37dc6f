package profiler

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/irene-onnx/irene/energy"
)

// Fill adds to a record what is known of it before anything is measured: device, driver, runtime, method, boundary,
// session. What the record says already stays. With it, the record's key is that of the measurement to come.
func (e *Environment) Fill(r energy.Record) energy.Record {
	r.Schema = energy.RecordSchema
	x := e.Executor.Describe()
	var m MeterDescription
	if e.Meter != nil {
		m = e.Meter.Describe()
	}
	r.Device = mergeDevice(mergeDevice(r.Device, m.Device), x.Device)
	r.Driver = cmp.Or(r.Driver, m.Driver)
	r.Runtime = mergeRuntime(r.Runtime, x.Runtime)
	r.Method = cmp.Or(m.Method, energy.MethodTime)
	r.Boundary = cmp.Or(r.Boundary, m.Boundary)
	r.Session = cmp.Or(r.Session, e.Session)
	return r
}

// mergeDevice fills in what the first leaves open.
func mergeDevice(a, b energy.RecordDevice) energy.RecordDevice {
	a.ID, a.Name, a.UUID, a.Kind = cmp.Or(a.ID, b.ID), cmp.Or(a.Name, b.Name), cmp.Or(a.UUID, b.UUID), cmp.Or(a.Kind, b.Kind)
	a.Units, a.CacheBytes, a.MemoryBytes = cmp.Or(a.Units, b.Units), cmp.Or(a.CacheBytes, b.CacheBytes), cmp.Or(a.MemoryBytes, b.MemoryBytes)
	if a.PowerLimit == nil {
		a.PowerLimit = b.PowerLimit
	}
	return a
}

// mergeRuntime fills in what the first leaves open, option by option.
func mergeRuntime(a, b energy.Runtime) energy.Runtime {
	a.Name, a.Version, a.Profile = cmp.Or(a.Name, b.Name), cmp.Or(a.Version, b.Version), cmp.Or(a.Profile, b.Profile)
	if len(b.Options) > 0 {
		options := maps.Clone(b.Options)
		maps.Copy(options, a.Options)
		a.Options = options
	}
	return a
}

// check reports a meter that reads another device than the executor uses.
func (e *Environment) check() error {
	if e.Meter == nil {
		return nil
	}
	m, x := e.Meter.Describe().Device, e.Executor.Describe().Device
	for _, pair := range [][2]string{{m.Kind, x.Kind}, {m.UUID, x.UUID}} {
		if pair[0] != "" && pair[1] != "" && pair[0] != pair[1] {
			return fmt.Errorf("the meter reads %s, but the executor runs on %s", pair[0], pair[1])
		}
	}
	return nil
}

// writeTo adds a measurement to a record.
func (m *Measurement) writeTo(r *energy.Record, idle *energy.Watts) {
	r.Method, r.Time, r.KernelTime = m.Method, new(m.Time), m.KernelTime
	r.Energy, r.Idle = m.Energy, idle
	if m.Energy != nil {
		r.NetEnergy = netEnergy(*m.Energy, idle, m.Time)
	}
	r.Busy, r.Utilisation, r.Clocks = m.Busy, m.Utilisation, m.Clocks
	r.Spread, r.Flags, r.Timestamp = new(m.Spread), m.Flags, m.End
}
