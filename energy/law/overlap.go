package law

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// Overlap is the law of GPUs whose kernels overlap what they wait for: arithmetic, operands on their way to a
// multiprocessor, the latency of its pipeline, and memory. Its constants go by kind of multiprocessor, process and memory;
// everything else it reads off the device's row, so that a device of a known kind needs its row alone. See
// overlap_product.go, overlap_attention.go, overlap_row.go and overlap_experts.go for the times of the classes, and
// overlap_power.go for power and for what a power limit costs. The HTML page calculates by itself: its overlap.js and
// overlap_waits.js mirror these files, function by function, on what [Sheets] write down. What changes here changes there.
type Overlap struct {
	machine   machine
	constants *Constants
	source    *coefficients.Overlap // of the constants; nil while they are fitted
	groups    map[string]coefficients.Group
	borrowed  map[string]string // why constants of other kinds stand in, by group
	runtime   runtime
	launch    float64            // s that the host takes for one
	shift     coefficients.Shift // from the board to the meter
	model     bool               // kernels are parts of a model's pass, whose launches are counted there
	own       own
	floor     float64 // s of an empty kernel of products without tensor cores in a pass, of the device's own; 0: that of the others
}

var _ Law = (*Overlap)(nil)

// NewOverlap makes the law of fitted constants on a device.
func NewOverlap(c *coefficients.Overlap, dev energy.Device) (*Overlap, error) {
	constants, err := ReadConstants(c)
	if err != nil {
		return nil, err
	}
	m, err := newMachine(dev)
	if err != nil {
		return nil, err
	}
	l := &Overlap{machine: m, constants: constants, shift: coefficients.Same(), source: c, groups: map[string]coefficients.Group{}, own: own{}}
	of, fitted := c.OwnOf(dev.ID)
	if fitted {
		if err := l.readOwn(of); err != nil {
			return nil, err
		}
	}
	l.borrowed = constants.borrow(&l.machine)
	for _, g := range c.Groups {
		l.groups[g.Name] = g
	}
	return l, nil
}

// OverlapUnder makes the law of fitted constants on a device, of energies at the board, under a runtime and settings.
func OverlapUnder(c *coefficients.Overlap, dev energy.Device, o Options) (*Overlap, error) {
	l, err := NewOverlap(c, dev)
	if err != nil {
		return nil, err
	}
	return l, l.configure(o)
}

// Limit puts the device under another power limit than its board's own: kernels over it run at a lower clock. A limit that
// the board does not take, or that does not keep its clocks up, is an error.
func (l *Overlap) Limit(limit energy.Watts) error { return l.machine.limited(limit) }

// Under is the law under options that differ from its own by what they say of the host: runtime and launches.
func (l *Overlap) Under(o Options) *Overlap {
	out := *l
	out.hosted(o)
	return &out
}

// hosted puts the law under a runtime.
func (l *Overlap) hosted(o Options) {
	l.under(o.Runtime)
	if o.HostLaunch != nil {
		l.launch = float64(*o.HostLaunch)
	}
}

// configure puts the law under a runtime, and the device under its settings.
func (l *Overlap) configure(o Options) error {
	l.hosted(o)
	l.model = !o.Alone
	if o.PowerLimit != 0 {
		if err := l.Limit(o.PowerLimit); err != nil {
			return err
		}
	}
	if o.Clock != 0 {
		return l.machine.clocked(o.Clock)
	}
	return nil
}

// Excess implements [Law]. While the device waits for its host it draws what it does with its clocks up.
func (l *Overlap) Excess(launches int, device energy.Seconds) Share {
	if launches == 0 {
		return Share{}
	}
	each := math.Max(0, l.launch-float64(device)/float64(launches))
	return Share{l.shift.Of(energy.Joules(l.machine.idle*each), energy.Seconds(each)), energy.Seconds(each)}
}

// Cache implements [Law].
func (l *Overlap) Cache() float64 { return l.machine.nearL2() }

// Idle implements [Law].
func (l *Overlap) Idle() energy.Watts {
	return energy.Watts(l.shift.Factor)*energy.Watts(l.machine.idle) + l.shift.Watts
}

// Call implements [Law]. A call without a kernel takes nothing of the device.
func (l *Overlap) Call(float64) Prediction {
	return Prediction{Outcome: Outcome{Known: true, Class: View}}
}

// errNoForm is what asking for closed forms ends with.
var errNoForm = errors.New("the law of overlapping kernels has no polynomial form")

// Form implements [Law]: there is none.
func (l *Overlap) Form(*graph.Cost) (Form, error) { return Form{}, errNoForm }

// CallForm implements [Law]: there is none.
func (l *Overlap) CallForm(graph.Dim) (Form, error) { return Form{}, errNoForm }

// Kernel implements [Law].
func (l *Overlap) Kernel(k *Kernel) Prediction {
	out := Prediction{Outcome: Outcome{Known: k.Known, Class: k.Class, DType: k.DType}}
	if !k.Known || k.idle() {
		return out
	}
	x, run, group, why := l.run(k)
	out.Group = group
	g := l.groups[group]
	if f := l.ownOf(k, group); f != nil {
		out.Group, g, why = l.ownGroup(k, group), f.group, ""
	}
	if !(run.time > 0 && run.power > 0) || math.IsInf(run.time, 0) {
		return Prediction{Outcome: Outcome{Class: k.Class, DType: k.DType, Why: fmt.Sprintf("the coefficients hold no constants of the group %s", group)}}
	}
	if why == "" && len(g.Devices) == 0 {
		why = fmt.Sprintf("no %s was measured on any device", group)
	}
	out.Time, out.Energy = energy.Seconds(run.time), energy.Joules(run.power*run.time)
	out.Causes, out.Tile, out.Why = run.causes(&x), x.tile, why
	if l.shift != coefficients.Same() {
		out.Energy = l.shift.Of(out.Energy, out.Time)
		for i := range out.Causes {
			out.Causes[i].Energy = l.shift.Of(out.Causes[i].Energy, out.Causes[i].Time)
		}
	}
	switch {
	case why != "":
		out.Origin, out.StandIn = OriginStandIn, true
	case slices.Contains(g.Devices, l.machine.dev.ID):
		out.Origin = OriginFitted
	default:
		out.Origin = OriginEstimated
	}
	l.surround(&out, &g)
	return out
}

// toggled is the factor on what a kernel draws above idle that its numbers make.
func (l *Overlap) toggled(x *waits) float64 {
	if x.vector {
		return 1
	}
	return l.data()
}

// data is the factor on what is drawn above idle that the numbers of a model make.
func (l *Overlap) data() float64 {
	if l.model {
		return l.constants.Power.Data
	}
	return 1
}

// idle says that there is nothing to do, as for an expert that no token goes through: nothing is launched.
func (k *Kernel) idle() bool {
	return k.Bytes == 0 && k.MACs == 0 && k.Attention == nil && k.Experts == nil && k.Elements == 0 && !slices.ContainsFunc(k.Products, func(p Product) bool { return p.M > 0 })
}

// LeftOut is the mean relative error of times of a group of kernels on devices that were left out of the fit; false where none
// was.
func (l *Overlap) LeftOut(group string) (float64, bool) {
	var sum, rows float64
	for _, d := range l.groups[group].LeftOut {
		sum += d.Error * float64(d.Rows)
		rows += float64(d.Rows)
	}
	return sum / max(1, rows), rows > 0
}

// surround puts the intervals that leaving whole devices out gives around a prediction, those of leaving a kind of
// multiprocessor out around a stand-in.
func (l *Overlap) surround(p *Prediction, g *coefficients.Group) {
	t, e := bands(g, p.StandIn)
	p.Surround(energy.Joules(e.P50)*p.Energy, energy.Joules(e.P90)*p.Energy)
	p.LowTime, p.HighTime = p.Time*energy.Seconds(max(0, 1-t.P90)), p.Time*energy.Seconds(1+t.P90)
}

// bands are the half widths of the intervals of a group's times and energies, as shares of the prediction.
func bands(g *coefficients.Group, standIn bool) (time, joules coefficients.Band) {
	time, joules = g.Time, g.Energy
	if standIn {
		time, joules = g.StandIn, g.StandIn
	}
	for _, b := range []*coefficients.Band{&time, &joules} {
		if standIn || b.N == 0 {
			b.P50, b.P90 = max(b.P50, coefficients.LeastStandIn/2), max(b.P90, coefficients.LeastStandIn)
		}
	}
	return time, joules
}

// waits finds what a kernel waits for, the group of kernels whose constants say so, and why others stand in.
func (l *Overlap) waits(k *Kernel) (x waits, group, why string) {
	switch {
	case k.Attention != nil:
		return l.attentionWaits(k)
	case k.Experts != nil:
		return l.expertWaits(k)
	case len(k.Products) > 0 && k.Op == "":
		return l.productWaits(k)
	}
	x, why = l.rows(k)
	return x, GroupRow, cmp.Or(l.borrowed[GroupRow], why, otherRows(k))
}

// attentionWaits is a fused attention kernel.
func (l *Overlap) attentionWaits(k *Kernel) (x waits, group, why string) {
	a := k.Attention
	group = GroupPrefill
	switch {
	case a.decodes():
		group = GroupDecode
	case a.Float8:
		group = GroupFloat8
	}
	x, why = l.attention(a, cmp.Or(a.DType, k.DType), k.Replayed)
	if n := len(k.Products) - 2; n > 0 { // projections of queries, keys and values
		before, _, stands := l.productWaits(&Kernel{Class: "gemm", DType: k.DType, Quant: k.Quant, Replayed: k.Replayed, Products: k.Products[:n]})
		before.follow(x)
		x, why = before, cmp.Or(why, stands)
	}
	why = cmp.Or(l.borrowed[group], why)
	if a.CacheBytes < 2 && !a.Float8 { // by the constants of a cache in 16 bit
		group += smallCache
	}
	return x, group, why
}

// expertWaits is a layer of experts.
func (l *Overlap) expertWaits(k *Kernel) (x waits, group, why string) {
	t, why := l.expertTypeOf(k)
	group = GroupExperts + " " + t.name
	return l.experts(k.Experts, &t, k.Replayed), group, cmp.Or(l.borrowed[group], why)
}

// expertTypeOf is how the elements of a kernel's experts are stored and computed, and why constants are another type's.
func (l *Overlap) expertTypeOf(k *Kernel) (t expertType, why string) {
	t = expertType{name: "bfloat16", weight: 2, peak: l.machine.peak(k.DType.String()), joules: expertJoules}
	if s, narrow := l.quantisationOf(k); narrow {
		t.weight, why = s.weight, l.noArithmetic(&s, l.constants.Experts[s.Name].Tensor > 0)
		if why == "" {
			t = expertType{name: s.Name, weight: s.weight, peak: l.machine.peak(s.peak), joules: expertJoules * l.constants.Quant[s.Name].Joules}
		}
	}
	return t, why
}

// Describe implements [Law]: there are no closed forms to describe.
func (l *Overlap) Describe(map[FormulaKind]bool) []string { return nil }

// run is what a kernel waits for and how it runs, with the factors of the device's own.
func (l *Overlap) run(k *Kernel) (x waits, r ran, group, why string) {
	x, group, why = l.waits(k)
	if f := l.ownOf(k, group); f != nil {
		x.stretch(f.time)
	}
	return x, l.machine.run(&x, &l.constants.Power, l.draw(k, &x, group)), group, why
}

// draw is the factor on what a kernel draws above idle, the device's own included.
func (l *Overlap) draw(k *Kernel, x *waits, group string) float64 {
	draw := l.toggled(x)
	if f := l.ownOf(k, group); f != nil {
		draw *= f.energy
	}
	return draw
}
