package predict

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Options steer Run.
type Options struct {
	Profile string // kernel profile; "" is that of the coefficients
	// HostWatts is the power of the host, without the board, for devices that nobody measured; nil is that of the host
	// that was measured. Energy at the board has none.
	HostWatts *energy.Watts
}

// Run predicts energy and time of every operator and module of an analyzed graph on a device. Where the coefficients
// are another device's, they are scaled to dev by public specifications and the result says so.
func Run(a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device, opts Options) (*Result, error) {
	b, res, err := Prepare(a, c, dev, opts)
	if err != nil {
		return nil, err
	}
	b.kernels(res)
	b.calls(res)
	b.idle(res)
	res.Sum(a.Tree.Root, &c.Residuals)
	return res, nil
}

// binding is a graph's kernels beside what predicts them.
type binding struct {
	*law.Additive
	a    *analysis.Analysis
	Plan *kernel.Plan
}

// Prepare forms the kernels and chooses how coefficients become those of the device. The result has no numbers yet.
func Prepare(a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device, opts Options) (*binding, *Result, error) {
	joules, seconds := c.Holds()
	if !seconds {
		return nil, nil, fmt.Errorf("the coefficients hold no times: they predict the energy of single operators (irene predict), no models")
	}
	runtime := opts.Profile
	if runtime == "" {
		runtime = c.Profile
	}
	plan, err := kernel.Group(a.Graph, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, runtime)
	if err != nil {
		return nil, nil, err
	}
	res := &Result{Device: dev, Boundary: c.Boundary, Origin: OriginFitted, Profile: runtime, Mode: ModeSpec, Nodes: make([]law.Prediction, len(a.Graph.Nodes)), NoEnergy: !joules}
	p := law.New(c, dev)
	p.HostWatts = opts.HostWatts
	if dev.ID != c.Device {
		from, err := c.Row()
		if err != nil {
			return nil, nil, err
		}
		res.Origin = OriginEstimated
		p.ScaleFrom(&from)
		res.Warnf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, c.Device)
	}
	if !joules {
		res.Warnf("energy is not known: the coefficients of %s were fitted to times alone", c.Device)
	}
	if runtime != c.Profile {
		res.Warnf("the coefficients were measured under the runtime profile %s, kernels are formed as %s does", c.Profile, runtime)
	}
	return &binding{p, a, plan}, res, nil
}

// The origins of coefficients.
const (
	OriginFitted    = "measured" // on the device itself
	OriginEstimated = "scaled"   // on another one
)

func (r *Result) Warnf(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// kernels predicts every kernel and puts it on the node that does the work.
func (p *binding) kernels(res *Result) {
	for i := range p.Plan.Kernels {
		k := &p.Plan.Kernels[i]
		f := p.Machine.Features(k, p.a.Eval)
		pr := p.Predict(&f)
		res.Nodes[k.Node.ID] = pr
		for _, m := range k.Members {
			if m != k.Node {
				res.Nodes[m.ID] = law.Prediction{Known: pr.Known, Class: pr.Class, Kernel: k.Node}
			}
		}
	}
}

// calls adds what calls without a kernel cost the host.
func (p *binding) calls(res *Result) {
	for _, n := range p.Plan.Calls {
		bytes, known := p.a.Eval(p.a.Inference.Facts[n.Outputs[0].ID].Bytes())
		pr := law.Prediction{Known: known, Class: "view"}
		if known {
			pr.Energy, pr.Time = p.Host(p.Machine.Host(2 * float64(bytes)))
			p.Interval(&pr)
		}
		res.Nodes[n.ID] = pr
	}
}

// idle marks the nodes that launch nothing as known zeros.
func (p *binding) idle(res *Result) {
	for _, n := range p.a.Graph.Nodes {
		if p.a.Tree.Of[n.ID] != nil && p.Plan.Of[n.ID] < 0 && res.Nodes[n.ID].Class == "" {
			res.Nodes[n.ID] = law.Prediction{Known: true, Class: "view"}
		}
	}
}

// part is what of a subtree's energy was measured like this, and what stands outside with wider intervals.
type part struct{ fitted, wide50, wide90 energy.Joules }

// Sum adds the operators of every subtree. A module's interval is that of its level around the part that was measured
// like this, and the sum of the operators' intervals around the part that was scaled or extrapolated.
func (r *Result) Sum(root *graph.Module, bands *coefficients.Residuals) {
	r.Modules = map[*graph.Module]Sum{}
	var visit func(m *graph.Module) (Sum, part)
	visit = func(m *graph.Module) (s Sum, w part) {
		for _, n := range m.Nodes {
			s.add(&r.Nodes[n.ID], &w, r.Origin == OriginEstimated)
		}
		for _, c := range m.Children {
			cs, cw := visit(c)
			s.Energy, s.Time = s.Energy+cs.Energy, s.Time+cs.Time
			s.Unknown, s.StandIns, s.Extrapolated = s.Unknown+cs.Unknown, s.StandIns+cs.StandIns, s.Extrapolated+cs.Extrapolated
			w.fitted, w.wide50, w.wide90 = w.fitted+cw.fitted, w.wide50+cw.wide50, w.wide90+cw.wide90
		}
		level := energy.LevelModule
		switch {
		case m.Parent == nil:
			level = energy.LevelModel
		case len(m.Children) == 0:
			level = energy.LevelOperator
		}
		band := bands.Band(level, "", s.Time)
		s.Low, s.High = law.Around(s.Energy, energy.Joules(band.P90)*w.fitted+w.wide90)
		s.Low50, s.High50 = law.Around(s.Energy, energy.Joules(band.P50)*w.fitted+w.wide50)
		r.Modules[m] = s
		return s, w
	}
	visit(root)
}

// add adds an operator to a subtree.
func (s *Sum) add(p *law.Prediction, w *part, scaled bool) {
	if !p.Known {
		s.Unknown++
		return
	}
	s.Energy += p.Energy
	s.Time += p.Time
	if p.Metered {
		return
	}
	if p.StandIn || p.Extrapolated || scaled {
		w.wide50 += p.High50 - p.Energy
		w.wide90 += p.High - p.Energy
	} else {
		w.fitted += p.Energy
	}
	if p.StandIn {
		s.StandIns++
	}
	if p.Extrapolated {
		s.Extrapolated++
	}
}
