package law

import (
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// smKind is a kind of streaming multiprocessor, by how operands reach its tensor cores.
type smKind int

// The kinds.
const (
	ampere    smKind = iota // compute capability 8.0 and before: mma.sync
	hopper                  // 9.0: wgmma fed by TMA
	blackwell               // 10.x: tcgen05
	graphics                // 8.6, 8.9, 12.0: mma.sync, GDDR memory
	numSMKinds
)

var smKindNames = [numSMKinds]string{"8.0", "9.0", "10.x", "8.6, 8.9, 12.0"}

// String names the kind by its compute capabilities.
func (k smKind) String() string { return smKindNames[k] }

// smKindOf is the kind of a device's multiprocessors.
func smKindOf(d *energy.Device) smKind {
	switch d.ComputeCapability {
	case "9.0":
		return hopper
	case "10.0", "10.3":
		return blackwell
	case "8.6", "8.7", "8.9", "12.0", "12.1":
		return graphics
	}
	return ampere
}

// SMKind names the kind of multiprocessor that constants of a device go by.
func SMKind(d *energy.Device) string { return smKindOf(d).String() }

// memoryKind parts memory on the package from memory on the board.
type memoryKind int

// The kinds of memory.
const (
	stacked memoryKind = iota // HBM
	gddr
	numMemoryKinds
)

var memoryKindNames = [numMemoryKinds]string{"HBM", "GDDR"}

// memoryGeneration parts memories by what a byte takes.
type memoryGeneration int

// The generations.
const (
	hbm2 memoryGeneration = iota // and HBM2e
	hbm3                         // and HBM3e
	gddrAll
	numMemoryGenerations
)

var memoryGenerationNames = [numMemoryGenerations]string{"HBM2", "HBM3", "GDDR"}

// generationOf is the generation of a device's memory: that of its row, else what its process came with.
func generationOf(d *energy.Device) memoryGeneration {
	switch {
	case memoryOf(d) == gddr:
		return gddrAll
	case strings.HasPrefix(d.MemoryKind, "HBM3"), d.MemoryKind == "" && processOf(d) > nm8:
		return hbm3
	}
	return hbm2
}

// machine is what the law reads of a device's row, in SI units.
type machine struct {
	dev        energy.Device
	kind       smKind
	memory     memoryKind
	generation memoryGeneration
	sms        float64
	clock      float64 // boost, Hz
	bandwidth  float64 // B/s
	l2         float64 // B
	board      float64 // W, the board's own limit
	limit      float64 // W, that holds
	idle       float64 // W, clocks up, nothing running
	busy       float64 // W above idle while every multiprocessor issues instructions
	most       float64 // share of the boost clock that the device is held to
}

// newMachine reads a device's row. A row that no device can have is an error.
func newMachine(d energy.Device) (machine, error) {
	m := machine{
		dev: d, kind: smKindOf(&d), memory: memoryOf(&d), generation: generationOf(&d), sms: float64(d.SMs), clock: float64(d.BoostClock), bandwidth: float64(d.Bandwidth),
		l2: float64(d.L2Bytes), limit: float64(d.TDP), board: float64(d.TDP), most: 1,
	}
	m.idle, m.busy = awake(&d)
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"number of multiprocessors", m.sms},
		{"number of cores", float64(d.CoresPerSM)},
		{"boost clock", m.clock},
		{"bandwidth", m.bandwidth},
		{"L2 cache", m.l2},
		{"power limit", m.limit},
		{"float32 peak", m.peak("float32")},
	} {
		if !(x.value > 0) || math.IsInf(x.value, 0) {
			return m, fmt.Errorf("device %s: its %s is %v: kernels cannot be predicted without it", d.ID, x.name, x.value)
		}
	}
	if m.limit*atLimit <= m.idle {
		return m, fmt.Errorf("device %s: under a power limit of %v it draws %v with its clocks up and nothing running", d.ID, d.TDP, energy.Watts(m.idle))
	}
	return m, nil
}

// memoryOf is the kind of a device's memory: that of its row, else what boards of its generation have.
func memoryOf(d *energy.Device) memoryKind {
	switch {
	case strings.HasPrefix(d.MemoryKind, "HBM"):
		return stacked
	case d.MemoryKind != "" || smKindOf(d) == graphics:
		return gddr
	}
	return stacked
}

// limited puts the machine under another power limit. What its chip draws at rest stays.
func (m *machine) limited(limit energy.Watts) error {
	if w := float64(limit); !(w*atLimit > m.idle) || w > m.board {
		return &SettingError{
			fmt.Sprintf("a power limit of %v W", w),
			fmt.Sprintf("%s takes limits above %.4g W, which keep its clocks up, up to %v W", m.dev.ID, m.idle/atLimit, m.board),
		}
	}
	m.limit = float64(limit)
	return nil
}

// clocked holds the device to a clock of its multiprocessors.
func (m *machine) clocked(clock energy.Hertz) error {
	share := float64(clock) / m.clock
	if !(share >= leastClock && share <= 1+1e-9) {
		return &SettingError{
			fmt.Sprintf("a clock of %v", clock),
			fmt.Sprintf("%s takes clocks from %v up to %v", m.dev.ID, energy.Hertz(leastClock*m.clock), energy.Hertz(m.clock)),
		}
	}
	m.most = math.Min(1, share)
	return nil
}

// leastClock is the share of the boost clock down to which clocks can be set.
const leastClock = 0.1

// nearL2 is the part of the L2 cache that one multiprocessor reads from: in data-centre parts each half holds what its own
// multiprocessors read. See the Ampere white paper, "A100 L2 cache".
func (m *machine) nearL2() float64 {
	if m.kind == graphics {
		return m.l2
	}
	return m.l2 / 2
}

// peak is the dense rate of matrix products in an element type, FLOP/s; 0 where nothing is published.
func (m *machine) peak(t string) float64 {
	rate, _ := m.dev.MatrixRate(t)
	return float64(rate)
}

// native says that the device has instructions for products of the type, by its name among peaks.
func (m *machine) native(t string) bool {
	_, ok := m.dev.PeakMatrix(t)
	return ok
}

// path is the rate of matrix products in a type, FLOP/s, and why it is another type's: libraries turn elements of 8 and 4
// bits into 16 where a device has no instruction for them.
func (m *machine) path(t string) (rate float64, why string) {
	narrow := strings.HasPrefix(t, energy.Float8) || strings.HasPrefix(t, energy.Float4) || t == "int8"
	if m.native(t) || !narrow {
		return m.peak(t), ""
	}
	return m.peak("float16"), fmt.Sprintf("%s has no arithmetic in %s: assumed is arithmetic in 16 bit", m.dev.ID, t)
}
