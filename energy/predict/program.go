package predict

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Options steer predictions.
type Options struct {
	Profile   string        // kernel profile; "" is that of the coefficients
	HostWatts *energy.Watts // of the host of a device that nobody measured: see law.Options
}

// Target is a device, and what predicts for it.
type Target struct {
	Coefficients *coefficients.Coefficients
	Device       energy.Device
	Options      Options
}

// Basis is what predictions of a graph rest on.
type Basis struct {
	Device   energy.Device
	Boundary energy.Boundary // board or wall
	Origin   string          // OriginFitted or OriginEstimated
	Profile  string          // kernel profile
	NoEnergy bool            // the coefficients hold times alone: every energy is unknown, not zero
	Idle     energy.Watts    // that the meter shows while nothing runs: of the board, and of the host at the plug
	Warnings []string
}

// Warnf adds a warning.
func (b *Basis) Warnf(format string, args ...any) {
	b.Warnings = append(slices.Clip(b.Warnings), fmt.Sprintf(format, args...))
}

// The origins of coefficients.
const (
	OriginFitted    = "measured" // on the device itself
	OriginEstimated = "scaled"   // on another one
)

// Program is a graph bound to a law.
type Program struct {
	*Plan
	Basis

	law       law.Law
	residuals *coefficients.Residuals
}

// Bind binds an analyzed graph to coefficients on a device. Where they are another device's, they are scaled to it by
// public specifications, and the program says so. It fails on coefficients without times, on those of single operators alone, and on an unknown
// profile.
func (t Target) Bind(a *analysis.Analysis) (*Program, error) {
	c, dev, opts := t.Coefficients, t.Device, t.Options
	joules, seconds := c.Holds()
	if c.Overlap != nil && c.Find(coefficients.Key{Class: "gemm", DType: graph.Float32}) == nil {
		return nil, fmt.Errorf("the coefficients are those of single operators on many devices: they predict rows (irene predict), no models")
	}
	if !seconds {
		return nil, fmt.Errorf("the coefficients hold no times: they predict the energy of single operators (irene predict), no models")
	}
	l, err := law.New(c, dev, law.Options{HostWatts: opts.HostWatts})
	if err != nil {
		return nil, err
	}
	p := &Program{law: l, residuals: &c.Residuals, Basis: Basis{
		Device: dev, Boundary: c.Boundary, Origin: OriginFitted, Profile: opts.Profile, NoEnergy: !joules, Idle: l.Idle(),
	}}
	if p.Profile == "" {
		p.Profile = c.Profile
	}
	if p.Plan, err = NewPlan(a, p.Profile); err != nil {
		return nil, err
	}
	if dev.ID != c.Device {
		p.Origin = OriginEstimated
		p.Warnf("nothing was measured on %s: coefficients of %s are scaled to it by public specifications", dev.ID, c.Device)
	}
	if p.NoEnergy {
		p.Warnf("energy is not known: the coefficients of %s were fitted to times alone", c.Device)
	}
	if p.Profile != c.Profile {
		p.Warnf("the coefficients were measured under the runtime profile %s, kernels are formed as %s does", c.Profile, p.Profile)
	}
	return p, nil
}

// Run predicts energy and time of every operator and module of an analyzed graph: see [Target.Bind].
func (t Target) Run(a *analysis.Analysis) (*Result, error) {
	p, err := t.Bind(a)
	if err != nil {
		return nil, err
	}
	return p.At(a.Eval), nil
}

// At predicts every step at the sizes that dims evaluate to, puts it on the node that does the work, and sums the modules.
func (p *Program) At(eval func(graph.Dim) (int64, bool)) *Result {
	g, tree := p.Analysis.Graph, p.Analysis.Tree
	res := &Result{law: p.law, Basis: p.Basis, Mode: ModeSpec, Nodes: make([]Operator, len(g.Nodes)), Kernels: make([]Kernel, len(p.Steps))}
	for i := range p.Steps {
		k, s := &res.Kernels[i], &p.Steps[i]
		*k = Kernel{Step: s, Outcome: &res.Nodes[s.Node.ID].Outcome}
		p.predict(k, eval)
		for _, m := range s.Members {
			if n := &res.Nodes[m.ID]; m != s.Node {
				n.Known, n.Class, n.Kernel = k.Known, k.Class, s.Node
			}
		}
	}
	for _, n := range g.Nodes {
		if tree.Of[n.ID] != nil && p.of[n.ID] < 0 {
			res.Nodes[n.ID].Known, res.Nodes[n.ID].Class = true, law.View
		}
	}
	res.Sum(tree.Root, p.residuals)
	return res
}

// predict puts what a step takes, at the sizes that dims evaluate to, where the kernel's prediction is.
func (p *Program) predict(k *Kernel, eval func(graph.Dim) (int64, bool)) {
	if !k.IsCall() {
		k.Sizes = law.KernelAt(&k.Cost, eval)
		k.put(p.law.Kernel(&k.Sizes))
	} else if bytes, known := eval(k.Step.Bytes()); known {
		k.put(p.law.Call(float64(bytes)))
	} else {
		k.Class = law.View
	}
}

// put keeps a prediction.
func (k *Kernel) put(p law.Prediction) { *k.Outcome, k.Detail = p.Outcome, p.Detail }

// Law predicts single kernels as the program does.
func (p *Program) Law() law.Law { return p.law }
