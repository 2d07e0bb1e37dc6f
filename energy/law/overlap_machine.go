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

// machine is what the law reads of a device's row, in SI units.
type machine struct {
	dev       energy.Device
	kind      smKind
	memory    memoryKind
	sms       float64
	clock     float64 // boost, Hz
	bandwidth float64 // B/s
	l2        float64 // B
	board     float64 // W, the board's own limit
	limit     float64 // W, that holds
	idle      float64 // W, clocks up, nothing running
	busy      float64 // W above idle while every multiprocessor issues instructions
}

// newMachine reads a device's row. A row that no device can have is an error.
func newMachine(d energy.Device) (machine, error) {
	m := machine{
		dev: d, kind: smKindOf(&d), sms: float64(d.SMs), clock: float64(d.BoostClock), bandwidth: float64(d.Bandwidth),
		l2: float64(d.L2Bytes), limit: float64(d.TDP), board: float64(d.TDP),
	}
	if m.kind == graphics || d.ComputeCapability == "6.1" || d.ComputeCapability == "7.5" {
		m.memory = gddr
	}
	m.idle, m.busy = awake(&d)
	for _, x := range []struct {
		name  string
		value float64
	}{{"multiprocessors", m.sms}, {"clock", m.clock}, {"bandwidth", m.bandwidth}, {"L2 cache", m.l2}, {"power limit", m.limit}} {
		if !(x.value > 0) || math.IsInf(x.value, 0) {
			return m, fmt.Errorf("device %s: its %s is %v: no device is like that", d.ID, x.name, x.value)
		}
	}
	return m, nil
}

// limited is the machine under another power limit. What its chip draws at rest stays.
func (m *machine) limited(limit energy.Watts) error {
	if float64(limit) <= m.idle {
		return fmt.Errorf("a power limit of %v is not above the %.0f W that %s draws at rest with its clocks up", limit, m.idle, m.dev.ID)
	}
	m.limit = float64(limit)
	return nil
}

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

// path is the rate of matrix products in a type, FLOP/s, and why it is another type's: libraries turn elements of 8 and 4
// bits into 16 where a device has no instruction for them.
func (m *machine) path(t string) (rate float64, why string) {
	narrow := strings.HasPrefix(t, energy.Float8) || strings.HasPrefix(t, energy.Float4) || t == "int8"
	if _, ok := m.dev.PeakMatrix(t); ok || !narrow {
		return m.peak(t), ""
	}
	return m.peak("float16"), fmt.Sprintf("%s has no instruction for products of %s: those of float16 stand for them", m.dev.ID, t)
}
