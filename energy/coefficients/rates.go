package coefficients

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// LaunchTime is what the driver and the framework take to launch a kernel, in order of magnitude. Kernels that move
// more bytes than the memory delivers in this time hide it.
const LaunchTime energy.Seconds = 8e-6

// Rate is what a unit of each term takes, of one class in one element type on one device.
type Rate struct {
	Key
	Energy, Time TermValues // J and s per FLOP, byte, launch
	StandIn      bool       // the class or the type was not measured, and another one's coefficients stand for it
	Why          string     // of StandIn
	Range        map[string]Range
}

// Rates are coefficients of one device: what was measured on it, or what was measured on another one, scaled to it by
// public specifications. They belong to one goroutine.
type Rates struct {
	Estimated bool         // scaled from another device
	Idle      energy.Watts // that the coefficients' meter shows of the device at rest
	Host      Rate         // of launches that no work hides; zero where the coefficients do not speak of them
	Residuals Residuals

	c        *Coefficients
	source   energy.Device // that the coefficients were measured on
	transfer *transfer     // from source; nil where the device is the source
	shift    Shift         // from the coefficients' meter to the one asked for
	known    map[Key]*Rate
}

// Shift is what an energy at one meter is at another: Factor·E + Watts·t.
type Shift struct {
	Factor float64
	Watts  energy.Watts
}

// ToPlug is the shift from the board to the plug of a machine.
func (h HostPower) ToPlug() Shift { return Shift{h.Factor, h.Watts} }

// ToBoard is the shift from the plug of a machine to its board.
func (h HostPower) ToBoard() Shift { return Shift{1 / h.Factor, -h.Watts / energy.Watts(h.Factor)} }

// Same is the shift to where energies are.
func Same() Shift { return Shift{Factor: 1} }

// Of is an energy over a time at the other meter.
func (s Shift) Of(e energy.Joules, t energy.Seconds) energy.Joules {
	return energy.Joules(s.Factor)*e + s.Watts.Times(t)
}

// ShiftTo finds the shift from the coefficients' boundary to another. The host's power is that of the machine asked for.
func (c *Coefficients) ShiftTo(boundary energy.Boundary, from energy.Device, host *energy.Watts) (Shift, error) {
	switch {
	case boundary == "" || boundary == c.Boundary:
		return Same(), nil
	case c.Boundary == energy.BoundaryWall && boundary == energy.BoundaryBoard:
		watts, factor := c.hostPower(from)
		if host != nil {
			watts = *host
		}
		return HostPower{watts, factor}.ToBoard(), nil
	case c.Boundary == energy.BoundaryBoard && boundary == energy.BoundaryWall && host != nil:
		return HostPower{*host, 1 / SupplyEfficiency}.ToPlug(), nil
	case c.Boundary == energy.BoundaryBoard && boundary == energy.BoundaryWall:
		return Shift{}, fmt.Errorf("energy at the plug needs the power of the machine around %s without the board: --host-watts", c.Device)
	}
	return Shift{}, fmt.Errorf("the coefficients hold energies of the %s, not of the %s", c.Boundary, boundary)
}

// SupplyEfficiency is what a power supply passes on of what it draws: 80 PLUS Platinum at half its load,
// https://www.clearesult.com/80plus/program-details
const SupplyEfficiency = 0.94

// For turns coefficients into those of a device, as a meter at a boundary sees it; "" is that of the coefficients. The host's
// power, without the board, is for devices that were not measured; nil is that of the host that was. It fails where nobody
// knows the device of the coefficients, or how to get to the boundary.
func For(c *Coefficients, dev energy.Device, host *energy.Watts, boundary energy.Boundary) (*Rates, error) {
	r := &Rates{Idle: dev.Idle, Residuals: c.Residuals, c: c, source: dev, known: map[Key]*Rate{}}
	if dev.ID != c.Device {
		from, err := c.Row()
		if err != nil {
			return nil, err
		}
		r.Estimated, r.source, r.transfer = true, from, newTransfer(c, from, dev, host)
	}
	switch {
	case c.Boundary != energy.BoundaryWall:
	case !r.Estimated && c.Host == nil: // nobody parted the plug's energy: the least power that the fit saw is the machine's at rest
		r.Idle = c.Power.Low
	default:
		watts, factor := c.hostPower(r.source)
		if r.Estimated && host != nil {
			watts = *host
		}
		r.Idle = watts + energy.Watts(factor)*dev.Idle
	}
	var err error
	if r.shift, err = c.ShiftTo(boundary, r.source, host); err != nil {
		return nil, err
	}
	if r.shift != Same() {
		r.Idle = energy.Watts(r.shift.Factor)*r.Idle + r.shift.Watts
	}
	if cc := c.Find(HostKey); cc != nil && cc.Usable(c) {
		r.Host = *r.Of(HostKey)
	}
	return r, nil
}

// Of walks the ladder: the class in this element type, the class in another one scaled by the device's peaks, the class
// that stands in for it, and the device's roofline at its power limit.
func (r *Rates) Of(key Key) *Rate {
	if rate := r.known[key]; rate != nil {
		return rate
	}
	rate := r.climb(key)
	rate.Key = key
	if r.transfer != nil {
		r.transfer.scale(&rate.Energy, &rate.Time, key.DType)
	}
	if r.shift != Same() {
		for t := range rate.Energy {
			rate.Energy[t] = float64(r.shift.Of(energy.Joules(rate.Energy[t]), energy.Seconds(rate.Time[t])))
		}
	}
	if !r.c.HasEnergy() {
		rate.Energy = TermValues{}
	}
	r.known[key] = &rate
	return &rate
}

// climb finds the rate on the device that was measured.
func (r *Rates) climb(key Key) Rate {
	name := key.Class
	for range Classes {
		if cc := r.nearest(name, key.DType); cc != nil {
			rate := Rate{Energy: cc.Energy, Time: cc.Time, Range: cc.Range}
			if cc.Key != key {
				rate.StandIn = true
				rate.Why = fmt.Sprintf("%s in %v was not measured; %s in %v stands for it", key.Class, key.DType, name, cc.DType)
			}
			if cc.DType != key.DType {
				r.retype(&rate, cc.DType, key.DType)
			}
			return rate
		}
		next := ClassOf(name).Like
		if next == "" || next == name {
			break
		}
		name = next
	}
	return r.roofline(key)
}

// nearest finds a class's coefficients in an element type, or else in the type measured that is closest in width; nil
// where the class was not measured.
func (r *Rates) nearest(class string, want graph.DType) *ClassCoefficients {
	var best *ClassCoefficients
	for i := range r.c.Classes {
		cc := &r.c.Classes[i]
		if cc.Class != class || !cc.Usable(r.c) {
			continue
		}
		if best == nil || distance(cc.DType, want) < distance(best.DType, want) {
			best = cc
		}
	}
	return best
}

// distance orders element types by how far their widths are apart, other types of one width after the type itself.
func distance(a, b graph.DType) int64 {
	d := 2 * max(a.Bits()-b.Bits(), b.Bits()-a.Bits())
	if a != b {
		d++
	}
	return d
}

// retype scales the terms that count operations by the measured device's peaks in the two element types. Bytes count true
// widths already.
func (r *Rates) retype(rate *Rate, from, to graph.DType) {
	a, okA := Peak(r.source, from)
	b, okB := Peak(r.source, to)
	if !okA || !okB {
		return
	}
	for _, t := range []Term{FLOPs, WavesL, WavesM, WavesS} {
		rate.Energy[t] *= float64(a / b)
		rate.Time[t] *= float64(a / b)
	}
}

// roofline predicts from the measured device's specifications alone: operations at the peak, bytes at the bandwidth, a
// launch each, all at the power limit.
func (r *Rates) roofline(key Key) Rate {
	rate := Rate{StandIn: true, Why: fmt.Sprintf("%s in %v was not measured; the device's roofline stands for it", key.Class, key.DType)}
	if peak, ok := Peak(r.source, key.DType); ok && peak > 0 {
		rate.Time[FLOPs] = 1 / float64(peak)
	}
	if r.source.Bandwidth > 0 {
		rate.Time[Bytes] = 1 / float64(r.source.Bandwidth)
	}
	rate.Time[Launches] = float64(LaunchTime)
	for t, s := range rate.Time {
		rate.Energy[t] = s * float64(r.source.TDP)
	}
	return rate
}
