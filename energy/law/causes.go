package law

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
)

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
	Energy energy.Joules
	Time   energy.Seconds
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

// CauseOf is the cause that a term stands for. Terms that count rounded operations are arithmetic as far as the
// operations go, the rest is Waves.
func CauseOf(t coefficients.Term) Cause {
	switch t {
	case coefficients.Bytes:
		return Memory
	case coefficients.Launches:
		return Launch
	}
	return Arithmetic
}

// Causes splits the prediction of a kernel whose features are known.
func (p *Additive) Causes(f *Features) Causes {
	var out Causes
	put := func(c Cause, t coefficients.Term, ch *Choice, x float64) {
		out[c] = out[c].Plus(Share{energy.Joules(ch.Energy[t] * x), energy.Seconds(ch.Time[t] * x)})
	}
	ch := p.Choose(coefficients.Key{Class: f.Class, DType: f.DType})
	for i, x := range f.X {
		t := coefficients.Term(i)
		if _, rounded := coefficients.Tiles[t]; rounded {
			useful := min(x, f.X[coefficients.FLOPs])
			put(Waves, t, &ch, x-useful)
			x = useful
		}
		put(CauseOf(t), t, &ch, x)
	}
	j, s := p.Host(f.Host)
	out[Host] = Share{j, s}
	return out
}

// BestTile is the tile whose waves hold the fewest slots among those that the coefficients speak of, or else among all
// that the class takes.
func (p *Additive) BestTile(f *Features, ch *Choice) (tile [2]float64, slots float64) {
	weighted := ch.Time[coefficients.WavesL] > 0 || ch.Time[coefficients.WavesM] > 0 || ch.Time[coefficients.WavesS] > 0
	slots = math.Inf(1)
	for _, t := range coefficients.ClassOf(f.Class).Terms { // in the order of the class: the same tile every time
		size, ok := coefficients.Tiles[t]
		if !ok || (weighted && ch.Time[t] == 0) || f.X[t] >= slots {
			continue
		}
		tile, slots = size, f.X[t]
	}
	if math.IsInf(slots, 1) {
		return tile, 0
	}
	return tile, slots
}
