package predict

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Options steer Run.
type Options struct {
	Runtime string // kernel profile; "" is that of the coefficients
	// HostWatts is the power of the host, without the board, for devices that nobody measured; nil is that of the host
	// that was measured. Energy at the board has none.
	HostWatts *energy.Watts
}

// Run predicts energy and time of every operator and module of an analyzed graph on a device. Where the coefficients
// are another device's, they are scaled to dev by public specifications and the result says so.
func Run(a *analysis.Analysis, c *Coefficients, dev energy.Device, opts Options) (*Result, error) {
	b, res, err := prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	b.kernels(res)
	b.calls(res)
	b.idle(res)
	res.sum(a.Tree.Root, &c.Residuals)
	return res, nil
}

// binding is a graph's kernels beside what predicts them.
type binding struct {
	*predictor
	a    *analysis.Analysis
	plan *kernel.Plan
}

// prepare forms the kernels and chooses how coefficients become those of the device. The result has no numbers yet.
func prepare(a *analysis.Analysis, c *Coefficients, dev energy.Device, opts Options) (*binding, *Result, error) {
	joules, seconds := c.holds()
	if !seconds {
		return nil, nil, fmt.Errorf("the coefficients hold no times: they predict the energy of single operators (irene predict), no models")
	}
	runtime := opts.Runtime
	if runtime == "" {
		runtime = c.Runtime
	}
	plan, err := kernel.Group(a.Graph, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, runtime)
	if err != nil {
		return nil, nil, err
	}
	res := &Result{Device: dev, Boundary: c.Boundary, Origin: OriginMeasured, Runtime: runtime, Mode: ModeSpec, Nodes: make([]Prediction, len(a.Graph.Nodes)), NoEnergy: !joules}
	p := newPredictor(c, dev)
	p.hostWatts = opts.HostWatts
	if dev.ID != c.Device {
		from, err := c.Row()
		if err != nil {
			return nil, nil, err
		}
		res.Origin = OriginScaled
		p.scaleFrom(&from)
		res.warnf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, c.Device)
	}
	if !joules {
		res.warnf("energy is not known: the coefficients of %s were fitted to times alone", c.Device)
	}
	if runtime != c.Runtime {
		res.warnf("the coefficients were measured under the runtime profile %s, kernels are formed as %s does", c.Runtime, runtime)
	}
	return &binding{p, a, plan}, res, nil
}

// The origins of coefficients.
const (
	OriginMeasured = "measured" // on the device itself
	OriginScaled   = "scaled"   // on another one
)

func (r *Result) warnf(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// predictor predicts single kernels.
type predictor struct {
	c       *Coefficients
	dev     energy.Device
	from    *energy.Device // device of the coefficients, where it is another one
	machine machine
	chosen  map[classKey]choice

	hostWatts *energy.Watts // of the host that the device is in, where the user gave it
}

// newPredictor makes a predictor from coefficients of the device itself; scaleFrom makes it one from another's.
func newPredictor(c *Coefficients, dev energy.Device) *predictor {
	return &predictor{c: c, dev: dev, machine: newMachine(dev), chosen: map[classKey]choice{}}
}

// kernels predicts every kernel and puts it on the node that does the work.
func (p *binding) kernels(res *Result) {
	for i := range p.plan.Kernels {
		k := &p.plan.Kernels[i]
		f := p.machine.features(k, p.a.Eval)
		pr := p.predict(&f)
		res.Nodes[k.Node.ID] = pr
		for _, m := range k.Members {
			if m != k.Node {
				res.Nodes[m.ID] = Prediction{Known: pr.Known, Class: pr.Class, Kernel: k.Node}
			}
		}
	}
}

// calls adds what calls without a kernel cost the host.
func (p *binding) calls(res *Result) {
	for _, n := range p.plan.Calls {
		bytes, known := p.a.Eval(p.a.Inference.Facts[n.Outputs[0].ID].Bytes())
		pr := Prediction{Known: known, Class: "view"}
		if known {
			pr.Energy, pr.Time = p.host(p.machine.host(2 * float64(bytes)))
			p.interval(&pr)
		}
		res.Nodes[n.ID] = pr
	}
}

// idle marks the nodes that launch nothing as known zeros.
func (p *binding) idle(res *Result) {
	for _, n := range p.a.Graph.Nodes {
		if p.a.Tree.Of[n.ID] != nil && p.plan.Of[n.ID] < 0 && res.Nodes[n.ID].Class == "" {
			res.Nodes[n.ID] = Prediction{Known: true, Class: "view"}
		}
	}
}

// host is the cost of launches that no work hides.
func (p *predictor) host(share float64) (energy.Joules, energy.Seconds) {
	cc := p.c.find(hostClass, graph.Float32.String())
	if share == 0 || cc == nil || !cc.usable(p.c) {
		return 0, 0
	}
	ch := p.choose(classKey{hostClass, graph.Float32})
	return energy.Joules(share * ch.energy[Launches]), energy.Seconds(share * ch.time[Launches])
}

// scaleFrom makes the predictor scale coefficients of another device. A launch is then hidden by as many bytes as the
// memory moves in the time that the host coefficient says it takes, so that a kernel that grows never gets faster:
// with a faster memory than the measured one, that would show over megabytes.
func (p *predictor) scaleFrom(from *energy.Device) {
	p.from = from
	if cc := p.c.find(hostClass, graph.Float32.String()); cc != nil {
		p.machine.hidden = max(p.machine.hidden, math.Round(float64(p.dev.Bandwidth)*cc.Time[Launches]))
	}
}

// predict predicts one kernel.
func (p *predictor) predict(f *Features) Prediction {
	out := Prediction{Class: f.Class}
	if !f.Known {
		return out
	}
	out.Known = true
	ch := p.choose(classKey{f.Class, f.DType})
	var j, s float64
	for t, x := range f.X {
		j += ch.energy[t] * x
		s += ch.time[t] * x
	}
	hj, hs := p.host(f.Host)
	out.Energy, out.Time = energy.Joules(j)+hj, energy.Seconds(s)+hs
	out.Scaled, out.Why = ch.scaled, ch.why
	if why, outside := ch.outside(f, p.machine.hidden); outside && !ch.scaled {
		out.Extrapolated, out.Why = true, why
	}
	p.interval(&out)
	return out
}

// The widths of intervals beyond the held-out residuals, as factors: a stand-in's error is not that of the class.
const (
	widerScaled       = 4
	widerExtrapolated = 2
	leastScaled       = 0.5
	unknownResidual   = 0.5 // of coefficients without held-out residuals
)

// interval puts the bounds around a prediction of one operator.
func (p *predictor) interval(pr *Prediction) {
	band := p.c.Residuals.band(energy.LevelOperator, pr.Class, pr.Time)
	switch {
	case pr.Scaled || p.from != nil:
		band.P50, band.P90 = max(leastScaled/2, band.P50*widerScaled), max(leastScaled, band.P90*widerScaled)
	case pr.Extrapolated:
		band.P50, band.P90 = band.P50*widerExtrapolated, band.P90*widerExtrapolated
	}
	pr.Low, pr.High = around(pr.Energy, energy.Joules(band.P90)*pr.Energy)
	pr.Low50, pr.High50 = around(pr.Energy, energy.Joules(band.P50)*pr.Energy)
}

// around is the interval of a half width around a value that cannot be negative.
func around(v, half energy.Joules) (low, high energy.Joules) { return max(0, v-half), v + half }

// part is what of a subtree's energy was measured like this, and what stands outside with wider intervals.
type part struct{ fitted, wide50, wide90 energy.Joules }

// sum adds the operators of every subtree. A module's interval is that of its level around the part that was measured
// like this, and the sum of the operators' intervals around the part that was scaled or extrapolated.
func (r *Result) sum(root *graph.Module, bands *Residuals) {
	r.Modules = map[*graph.Module]Sum{}
	var visit func(m *graph.Module) (Sum, part)
	visit = func(m *graph.Module) (s Sum, w part) {
		for _, n := range m.Nodes {
			s.add(&r.Nodes[n.ID], &w, r.Origin == OriginScaled)
		}
		for _, c := range m.Children {
			cs, cw := visit(c)
			s.Energy, s.Time = s.Energy+cs.Energy, s.Time+cs.Time
			s.Unknown, s.Scaled, s.Extrapolated = s.Unknown+cs.Unknown, s.Scaled+cs.Scaled, s.Extrapolated+cs.Extrapolated
			w.fitted, w.wide50, w.wide90 = w.fitted+cw.fitted, w.wide50+cw.wide50, w.wide90+cw.wide90
		}
		level := energy.LevelModule
		switch {
		case m.Parent == nil:
			level = energy.LevelModel
		case len(m.Children) == 0:
			level = energy.LevelOperator
		}
		band := bands.band(level, "", s.Time)
		s.Low, s.High = around(s.Energy, energy.Joules(band.P90)*w.fitted+w.wide90)
		s.Low50, s.High50 = around(s.Energy, energy.Joules(band.P50)*w.fitted+w.wide50)
		r.Modules[m] = s
		return s, w
	}
	visit(root)
}

// add adds an operator to a subtree.
func (s *Sum) add(p *Prediction, w *part, scaled bool) {
	if !p.Known {
		s.Unknown++
		return
	}
	s.Energy += p.Energy
	s.Time += p.Time
	if p.Measured {
		return
	}
	if p.Scaled || p.Extrapolated || scaled {
		w.wide50 += p.High50 - p.Energy
		w.wide90 += p.High - p.Energy
	} else {
		w.fitted += p.Energy
	}
	if p.Scaled {
		s.Scaled++
	}
	if p.Extrapolated {
		s.Extrapolated++
	}
}
