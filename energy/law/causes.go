package law

import "github.com/irene-onnx/irene/energy"

// Cause is what of an operator takes its energy and time.
type Cause int

// The causes. A prediction is the sum over them.
const (
	Arithmetic Cause = iota // operations of products
	Waves                   // rounding up: idle elements of tiles, and multiprocessors without a tile
	Memory                  // bytes read and written
	Launch                  // kernels
	Host                    // launches that the work of a kernel does not hide
	NumCauses
)

var causeNames = [NumCauses]string{"arithmetic", "waves", "memory", "launch", "host"}

// String is the cause's name.
func (c Cause) String() string { return causeNames[c] }

// Share is a part of energy and time.
type Share struct {
	Energy energy.Joules  `json:"energy_j"` // joules
	Time   energy.Seconds `json:"time_s"`   // seconds
}

// Plus is the sum of two parts.
func (s Share) Plus(o Share) Share { return Share{s.Energy + o.Energy, s.Time + o.Time} }

// Causes are energy and time by cause.
type Causes [NumCauses]Share

// Add adds o to c.
func (c *Causes) Add(o *Causes) {
	for i := range c {
		c[i] = c[i].Plus(o[i])
	}
}

// Times is a part of the causes.
func (c Causes) Times(x float64) Causes {
	for i := range c {
		c[i] = Share{c[i].Energy * energy.Joules(x), c[i].Time * energy.Seconds(x)}
	}
	return c
}

// Total is the sum over the causes.
func (c *Causes) Total() Share {
	var sum Share
	for _, s := range c {
		sum = sum.Plus(s)
	}
	return sum
}

// Bound is the largest of the causes in time, with tile rounding counted as arithmetic and unhidden launches as
// launches. False where nothing takes time.
func (c *Causes) Bound() (Cause, bool) {
	work := [...]Share{Arithmetic: c[Arithmetic].Plus(c[Waves]), Memory: c[Memory], Launch: c[Launch].Plus(c[Host])}
	best := Arithmetic
	for i, s := range work {
		if s.Time > work[best].Time {
			best = Cause(i)
		}
	}
	return best, work[best].Time > 0
}
