package coefficients

import (
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// transfer scales coefficients of one device to another by public specifications.
type transfer struct {
	from, to energy.Device
	host     energy.Watts // of the machine measured, as its meter saw it
	factor   float64      // losses of its power supply
	limit    energy.Watts // the most that the board measured draws
	newHost  energy.Watts // of the machine that the other device is in
	clock    energy.Hertz // that the device measured ran at; 0 where it is not known
}

// newTransfer reads the coefficients' meter. The host of the other device is the one given, none where its device table
// row has the host in its limit, or else the one measured. The limit of the card measured is the largest power that the
// fit saw of it, since cards ship with limits above and below their maker's figure.
func newTransfer(c *Coefficients, from, to energy.Device, host *energy.Watts) *transfer {
	t := &transfer{from: from, to: to, clock: c.Provenance.Clock}
	t.host, t.factor = c.hostPower(from)
	t.limit = max(1, (c.Power.High/PowerMargin-t.host)/energy.Watts(t.factor))
	t.newHost = t.host
	switch {
	case host != nil:
		t.newHost = *host
	case to.IncludesHost:
		t.newHost = 0
	}
	return t
}

// hostPower is the host's share of the coefficients' power and the loss factor of its supply.
func (c *Coefficients) hostPower(dev energy.Device) (energy.Watts, float64) {
	switch {
	case c.Boundary != energy.BoundaryWall:
		return 0, 1
	case c.Host != nil:
		return c.Host.Watts, c.Host.Factor
	}
	return max(0, c.Power.Low-dev.Idle), 1
}

// scale scales the coefficients of a class in an element type: the time of operations by the ratio of sustained peaks, of
// bytes by that of bandwidths, launches take the host the same. Energy follows the power that each term draws. To a
// sibling joules are carried instead.
func (t *transfer) scale(joules, seconds *TermValues, dtype graph.DType) {
	if t.siblings() {
		t.carry(joules, seconds)
		return
	}
	for term, by := range Scales(t.from, t.to, dtype) {
		was := seconds[term]
		seconds[term] *= by
		if was > 0 {
			joules[term] = float64(t.power(energy.Watts(joules[term]/was))) * seconds[term]
		} else { // only energies were measured
			joules[term] *= by * float64(t.to.TDP/t.from.TDP)
		}
	}
}

// power is what the device draws while the one measured draws that much, at the same meter: the board's part grows with
// the power limits, the host's does not.
func (t *transfer) power(measured energy.Watts) energy.Watts {
	board := max(0, measured-t.host) / energy.Watts(t.factor)
	return t.newHost + board*energy.Watts(t.factor)*t.to.TDP/t.limit
}

// powerRange is what the range of power becomes.
func (t *transfer) powerRange(p PowerRange) PowerRange {
	if t.siblings() {
		low := energy.Watts(t.atRest(t.newHost, t.to))
		return PowerRange{Low: low, High: low + energy.Watts(t.factor)*(t.to.TDP-t.to.Idle)}
	}
	return PowerRange{Low: t.power(p.Low), High: t.power(p.High)}
}

// Transferred returns the coefficients scaled to another device by public specifications, each class in the element types
// that it was measured in. It fails where nobody knows the device that they were measured on.
func (c *Coefficients) Transferred(dev energy.Device) (*Coefficients, error) {
	out := *c
	out.Device = dev.ID
	out.Classes = slices.Clone(c.Classes)
	out.Condition = 0
	if dev.ID == c.Device {
		return &out, nil
	}
	from, err := c.Row()
	if err != nil {
		return nil, err
	}
	t := newTransfer(c, from, dev, nil)
	for i := range out.Classes {
		cc := &out.Classes[i]
		t.scale(&cc.Energy, &cc.Time, cc.DType)
		cc.Interval, cc.Identified, cc.Scaled = nil, nil, true
	}
	out.Power = t.powerRange(c.Power)
	return &out, nil
}
