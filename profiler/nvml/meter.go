//go:build cgo && linux

package nvml

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// Options says which GPU to read, and how.
type Options struct {
	// Library is the path of NVML; empty for the one that the driver installed.
	Library string

	// GPU is the device: its UUID, the beginning of one ("GPU-8932f937"), or its number among the devices that
	// CUDA_VISIBLE_DEVICES shows. Empty is the first of these.
	GPU string

	// Clock is what power is polled and integrated by; nil is the machine's.
	Clock profiler.Clock
}

// Meter reads one GPU. It is a [profiler.Meter] and a [profiler.ClockLocker].
type Meter struct {
	clock  profiler.Clock
	lib    nvml.Interface
	device nvml.Device
	chosen choice
	driver string

	counter  *counter  // where there is one
	integral *integral // where there is none
	boundary energy.Boundary
	power    *powerSource // nil where the device's power cannot be read
	gpm      *gpm         // nil where the device has no such metrics
	others   processes

	capabilities []profiler.Capability
	about        energy.RecordDevice
	unlock       func() error // of clocks that are locked
	closed       bool
}

var (
	_ profiler.Meter       = (*Meter)(nil)
	_ profiler.ClockLocker = (*Meter)(nil)
)

var errClosed = errors.New("nvml: the meter is closed")

// Open loads NVML and chooses a GPU as CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER would have CUDA do. It refuses a GPU
// in MIG mode, and one that tells neither its energy nor its power.
func Open(options Options) (*Meter, error) {
	options.Clock = cmp.Or(options.Clock, profiler.SystemClock())
	lib, err := load(options.Library)
	if err != nil {
		return nil, err
	}
	m := &Meter{clock: options.Clock, lib: lib, others: newProcesses("/proc", os.Getpid())}
	if err := m.open(options); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// open fills in a meter whose library is loaded. What it leaves behind when it fails, Close ends.
func (m *Meter) open(options Options) error {
	boards, err := boards(m.lib)
	if err != nil {
		return err
	}
	if m.chosen, err = choose(boards, options.GPU, surroundings()); err != nil {
		return err
	}
	device, ret := m.lib.DeviceGetHandleByIndex(m.chosen.index)
	if ret != nvml.SUCCESS {
		return failure(m.chosen.String(), ret)
	}
	m.device = device
	if mode, _, ret := device.GetMigMode(); ret == nvml.SUCCESS && mode == nvml.DEVICE_MIG_ENABLE {
		return fmt.Errorf("nvml: %v is divided into instances (MIG), and the energy of one cannot be told from its board's: choose another GPU with --gpu, or turn it off with nvidia-smi -i %d -mig 0", m.chosen, m.chosen.index)
	}
	if driver, ret := m.lib.SystemGetDriverVersion(); ret == nvml.SUCCESS {
		m.driver = driver
	}
	if err := m.openEnergy(); err != nil {
		return err
	}
	m.describeDevice()
	m.openState()
	return nil
}

// surroundings reads what CUDA reads of the environment.
func surroundings() environment {
	env := environment{byBus: os.Getenv("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"}
	if value, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		env.visible = &value
	}
	return env
}

// boards lists the GPUs that this process may use.
func boards(lib nvml.Interface) ([]board, error) {
	count, ret := lib.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return nil, failure("count the GPUs", ret)
	}
	var all []board
	for i := range count {
		device, ret := lib.DeviceGetHandleByIndex(i)
		if ret != nvml.SUCCESS {
			continue // lost, or kept from this process: CUDA does not count it either
		}
		b := board{index: i}
		if b.uuid, ret = device.GetUUID(); ret != nvml.SUCCESS {
			return nil, failure(fmt.Sprintf("UUID of GPU %d", i), ret)
		}
		if name, ret := device.GetName(); ret == nvml.SUCCESS {
			b.name = name
		}
		if pci, ret := device.GetPciInfo(); ret == nvml.SUCCESS {
			b.bus = fmt.Sprintf("%08x:%02x:%02x.0", pci.Domain, pci.Bus, pci.Device)
		}
		all = append(all, b)
	}
	return all, nil
}

// openEnergy chooses what Energy reads: the counter, or else the integral of power.
func (m *Meter) openEnergy() error {
	note := m.openCounter()
	m.boundary = energy.BoundaryBoard
	for _, source := range powerSources(m.device) {
		if m.counter != nil && source.boundary != m.boundary {
			continue // to be compared with the counter, it has to cover the same
		}
		if _, err := source.read(); err == nil {
			m.power = &source
			break
		}
	}
	if m.counter == nil {
		if m.power == nil {
			return fmt.Errorf("nvml: %v tells neither its energy nor its power: nothing to measure with", m.chosen)
		}
		var err error
		if m.integral, err = newIntegral(m.power.read, m.clock); err != nil {
			return err
		}
		m.boundary = m.power.boundary
	}
	m.can("energy counter", m.counter != nil, note)
	m.describePower()
	return nil
}

// openCounter opens the energy counter, or says why there is none.
func (m *Meter) openCounter() (note string) {
	read := func() (uint64, error) {
		value, ret := m.device.GetTotalEnergyConsumption()
		if ret != nvml.SUCCESS {
			return 0, failure("energy counter", ret)
		}
		return value, nil
	}
	if _, ret := m.device.GetTotalEnergyConsumption(); ret != nvml.SUCCESS {
		return lack("nvmlDeviceGetTotalEnergyConsumption", ret) + ": power is integrated instead"
	}
	if moving, err := started(read, m.clock); err != nil || !moving {
		return "stands at zero: power is integrated instead"
	}
	var err error
	if m.counter, err = newCounter(read); err != nil {
		return err.Error()
	}
	return ""
}

// describeDevice fills in what records say of the device.
func (m *Meter) describeDevice() {
	m.about = energy.RecordDevice{Name: m.chosen.name, UUID: m.chosen.uuid, Kind: "gpu"}
	if d, err := energy.LookupDevice(m.chosen.name); err == nil {
		m.about.ID, m.about.Units, m.about.CacheBytes = d.ID, d.SMs, int64(d.L2Bytes)
	}
	limit, ret := m.device.GetEnforcedPowerLimit()
	if ret == nvml.SUCCESS && limit > 0 {
		m.about.PowerLimit = new(energy.Watts(float64(limit) / 1000))
	}
	m.probe("power limit", "nvmlDeviceGetEnforcedPowerLimit", ret, "")
	memory, ret := m.device.GetMemoryInfo()
	if ret == nvml.SUCCESS {
		m.about.MemoryBytes = int64(memory.Total)
	}
	m.probe("memory size", "nvmlDeviceGetMemoryInfo", ret, "")
}

// CUDADevice says where programs on CUDA find the device that the meter reads: by its UUID, which CUDA_VISIBLE_DEVICES
// takes, and by its number, the one that a program started in the same environment has to use. The number is -1 where it
// cannot be told; then a program has to be started with the UUID in CUDA_VISIBLE_DEVICES, and the device is its number 0.
func (m *Meter) CUDADevice() (uuid string, ordinal int) { return m.chosen.uuid, m.chosen.ordinal }

// Describe implements [profiler.Meter].
func (m *Meter) Describe() profiler.MeterDescription {
	d := profiler.MeterDescription{
		Name: "nvml", Method: energy.MethodCounter, Boundary: m.boundary, Device: m.about, Driver: m.driver,
		Capabilities: slices.Clone(m.capabilities),
	}
	if m.integral != nil {
		d.Method, d.Period = energy.MethodIntegral, pollEvery
	}
	if m.counter != nil && m.counter.resets > 0 {
		for i := range d.Capabilities {
			if c := &d.Capabilities[i]; c.Name == "energy counter" {
				c.Note = fmt.Sprintf("went back %d times, as when the driver is loaded anew: what was spent meanwhile is lost", m.counter.resets)
			}
		}
	}
	return d
}

// Energy implements [profiler.Meter]. Where power is integrated, every call takes a reading.
func (m *Meter) Energy() (energy.Joules, error) {
	switch {
	case m.closed:
		return 0, errClosed
	case m.counter != nil:
		return m.counter.energy()
	}
	return m.integral.energy()
}

// Close implements [profiler.Meter]. It unlocks clocks that are still locked. A second call does nothing.
func (m *Meter) Close() error {
	if m.closed {
		return nil
	}
	m.closed = true
	if m.integral != nil {
		m.integral.stop()
	}
	if m.gpm != nil {
		m.gpm.close()
	}
	return errors.Join(m.unlockClocks(), unload(m.lib))
}
