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
}

// Run predicts energy and time of every operator and module of an analyzed graph on a device. Where the coefficients
// are another device's, they are scaled to dev by public specifications and the result says so.
func Run(a *analysis.Analysis, c *Coefficients, dev energy.Device, opts Options) (*Result, error) {
	runtime := opts.Runtime
	if runtime == "" {
		runtime = c.Runtime
	}
	plan, err := kernel.Group(a.Graph, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, runtime)
	if err != nil {
		return nil, err
	}
	res := &Result{Device: dev, Scope: c.Scope, Origin: OriginMeasured, Runtime: runtime, Nodes: make([]Prediction, len(a.Graph.Nodes))}
	p := &predictor{a: a, c: c, dev: dev, machine: newMachine(dev)}
	if dev.ID != c.Device {
		from, err := energy.LookupDevice(c.Device)
		if err != nil {
			return nil, fmt.Errorf("coefficients of %q: %w", c.Device, err)
		}
		res.Origin, p.from = OriginScaled, &from
		res.warnf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, c.Device)
	}
	if runtime != c.Runtime {
		res.warnf("the coefficients were measured under the runtime profile %s, kernels are formed as %s does", c.Runtime, runtime)
	}
	p.kernels(plan, res)
	p.calls(plan, res)
	p.idle(plan, res)
	res.sum(a.Tree.Root, c.Residuals)
	return res, nil
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
	a       *analysis.Analysis
	c       *Coefficients
	dev     energy.Device
	from    *energy.Device // device of the coefficients, where it is another one
	machine machine
	chosen  map[classKey]choice
}

// kernels predicts every kernel and puts it on the node that does the work.
func (p *predictor) kernels(plan *kernel.Plan, res *Result) {
	p.chosen = map[classKey]choice{}
	for i := range plan.Kernels {
		k := &plan.Kernels[i]
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
func (p *predictor) calls(plan *kernel.Plan, res *Result) {
	for _, n := range plan.Calls {
		pr := Prediction{Known: true, Class: "view"}
		if bytes, ok := p.a.Eval(p.a.Inference.Facts[n.Outputs[0].ID].Bytes()); ok {
			e, t := p.host(p.machine.host(2 * float64(bytes)))
			pr.Energy, pr.Time = e, t
			p.interval(&pr)
		}
		res.Nodes[n.ID] = pr
	}
}

// idle marks the nodes that launch nothing as known zeros.
func (p *predictor) idle(plan *kernel.Plan, res *Result) {
	for _, n := range p.a.Graph.Nodes {
		if p.a.Tree.Of[n.ID] != nil && plan.Of[n.ID] < 0 && !res.Nodes[n.ID].Known {
			res.Nodes[n.ID] = Prediction{Known: true, Class: "view"}
		}
	}
}

// host is the cost of launches that no work hides.
func (p *predictor) host(share float64) (energy.Joules, energy.Seconds) {
	cc := p.c.find(hostClass, graph.Float32.String())
	if cc == nil || share == 0 {
		return 0, 0
	}
	return energy.Joules(share * cc.Energy[Launches] * p.hostPower()), energy.Seconds(share * cc.Time[Launches])
}

// hostPower is the ratio of powers while only the host works, between the device and the one measured.
func (p *predictor) hostPower() float64 {
	if p.from == nil {
		return 1
	}
	return p.powerRatio()
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
	width := residual(p.c.Residuals, energy.LevelOperator)
	switch {
	case pr.Scaled || p.from != nil:
		width = max(leastScaled, width*widerScaled)
	case pr.Extrapolated:
		width *= widerExtrapolated
	}
	half := energy.Joules(math.Abs(float64(pr.Energy)) * width)
	pr.Low, pr.High = max(0, pr.Energy-half), pr.Energy+half
}

func residual(bands map[energy.Level]ResidualBand, level energy.Level) float64 {
	if b, ok := bands[level]; ok && b.N > 0 {
		return b.P90
	}
	return unknownResidual
}

// sum adds the operators of every subtree. A module's interval is that of its level around the part that was measured
// like this, and the sum of the operators' intervals around the part that was scaled or extrapolated.
func (r *Result) sum(root *graph.Module, bands map[energy.Level]ResidualBand) {
	r.Modules = map[*graph.Module]Sum{}
	var visit func(m *graph.Module) (Sum, energy.Joules, energy.Joules)
	visit = func(m *graph.Module) (s Sum, fitted, wide energy.Joules) {
		for _, n := range m.Nodes {
			p := &r.Nodes[n.ID]
			if !p.Known {
				s.Unknown++
				continue
			}
			s.Energy += p.Energy
			s.Time += p.Time
			if p.Scaled || p.Extrapolated || r.Origin == OriginScaled {
				wide += p.High - p.Energy
			} else {
				fitted += p.Energy
			}
			if p.Scaled {
				s.Scaled++
			}
			if p.Extrapolated {
				s.Extrapolated++
			}
		}
		for _, c := range m.Children {
			cs, cf, cw := visit(c)
			s.Energy, s.Time = s.Energy+cs.Energy, s.Time+cs.Time
			s.Unknown, s.Scaled, s.Extrapolated = s.Unknown+cs.Unknown, s.Scaled+cs.Scaled, s.Extrapolated+cs.Extrapolated
			fitted, wide = fitted+cf, wide+cw
		}
		level := energy.LevelModule
		switch {
		case m.Parent == nil:
			level = energy.LevelModel
		case len(m.Children) == 0:
			level = energy.LevelOperator
		}
		half := energy.Joules(residual(bands, level))*fitted + wide
		s.Low, s.High = max(0, s.Energy-half), s.Energy+half
		r.Modules[m] = s
		return s, fitted, wide
	}
	visit(root)
}
