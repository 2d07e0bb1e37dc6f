package predict

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Options steer predictions.
type Options struct {
	Profile    string          // kernel profile; "" is that under which models were measured for the coefficients, else what the file asks for
	HostWatts  *energy.Watts   // see law.Options, as the others
	HostLaunch *energy.Seconds // of the host for one kernel
	PowerLimit energy.Watts    // 0: the board's own
	Clock      energy.Hertz    // 0: boost
	Boundary   energy.Boundary // "" is that of the coefficients
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
	// PowerLimit is the limit that was asked for; 0: the board's own.
	PowerLimit energy.Watts
	NoEnergy   bool         // the coefficients hold times alone: every energy is unknown, not zero
	Idle       energy.Watts // that the meter shows while nothing runs: of the board, and of the host at the plug
	Warnings   []string
}

// Warnf adds a warning.
func (b *Basis) Warnf(format string, args ...any) {
	b.Warnings = append(slices.Clip(b.Warnings), fmt.Sprintf(format, args...))
}

// The origins of coefficients.
const (
	OriginFitted    = "fitted"    // to measurements of the device itself
	OriginEstimated = "estimated" // from its row and what was measured on others
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
	programs, err := BindAll(a, []Target{t})
	if err != nil {
		return nil, err
	}
	return programs[0], nil
}

// BindAll binds an analyzed graph to each of several targets: see [Target.Bind]. Those that run the same kernels share the
// plan of them.
func BindAll(a *analysis.Analysis, targets []Target) ([]*Program, error) {
	type key struct {
		profile   string
		functions bool
	}
	plans, laws := map[key]*Plan{}, lawMaker{}
	out := make([]*Program, len(targets))
	for i, t := range targets {
		p, err := t.program(a, laws)
		if err != nil {
			return nil, err
		}
		var options []kernel.Option
		k := key{p.Profile, t.Coefficients.Overlaps()}
		if k.functions {
			options = append(options, kernel.Functions)
		}
		if p.Plan = plans[k]; p.Plan == nil {
			if p.Plan, err = NewPlan(a, p.Profile, options...); err != nil {
				return nil, err
			}
			plans[k] = p.Plan
		}
		p.Warnings = append(p.Warnings, p.Notes...)
		out[i] = p
	}
	return out, nil
}

// program is a program that has no plan yet.
func (t Target) program(a *analysis.Analysis, laws lawMaker) (*Program, error) {
	c, dev, opts := t.Coefficients, t.Device, t.Options
	joules, seconds := c.Holds()
	if !seconds && !c.Overlaps() {
		return nil, fmt.Errorf("the coefficients hold no times: they predict the energy of single operators (irene predict), no models")
	}
	p := &Program{residuals: &c.Residuals, Basis: Basis{Device: dev, Boundary: cmp.Or(opts.Boundary, c.Boundary), Origin: OriginFitted, Profile: t.ProfileOf(a)}}
	t.Options.Profile = p.Profile
	var err error
	if p.law, err = laws.of(t); err != nil {
		return nil, err
	}
	p.Idle, p.PowerLimit = p.law.Idle(), opts.PowerLimit
	if c.Overlaps() {
		if devices := c.Overlap.Devices(); !slices.Contains(devices, dev.ID) {
			p.Origin = OriginEstimated
			p.Warnf("nothing was measured on %s: its specifications and what was measured on %d devices say this", dev.ID, len(devices))
		}
		return p, nil
	}
	p.NoEnergy = !joules
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

// Law is what predicts single kernels on the target; a [*law.SettingError] where the device does not take its settings.
func (t Target) Law() (law.Law, error) { return law.New(t.Coefficients, t.Device, t.lawOptions()) }

func (t *Target) lawOptions() law.Options {
	o := &t.Options
	return law.Options{
		HostWatts: o.HostWatts, HostLaunch: o.HostLaunch, PowerLimit: o.PowerLimit, Clock: o.Clock, Runtime: cmp.Or(o.Profile, t.Coefficients.Profile), Boundary: o.Boundary,
	}
}

// lawMaker has the laws of targets that differ by their profiles alone.
type lawMaker map[lawKey]*law.Overlap

type lawKey struct {
	coefficients *coefficients.Coefficients
	device       string
	options      Options // but for the profile
}

func (m lawMaker) of(t Target) (law.Law, error) {
	key := lawKey{t.Coefficients, t.Device.ID, t.Options}
	key.options.Profile = ""
	if l := m[key]; l != nil {
		return l.Under(t.lawOptions()), nil
	}
	l, err := t.Law()
	if o, ok := l.(*law.Overlap); ok && err == nil {
		m[key] = o
	}
	return l, err
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
	res := &Result{law: p.law, wide: p.Origin == OriginEstimated && !p.overlaps(), Basis: p.Basis, Mode: ModeSpec, Nodes: make([]Operator, len(g.Nodes))}
	res.Kernels = p.Predict(func(i int) law.Kernel { return p.Steps[i].At(eval) })
	unknown, view := &law.Outcome{}, &law.Outcome{Known: true, Class: law.View}
	for _, n := range g.Nodes {
		res.Nodes[n.ID].Outcome = unknown
		if tree.Of[n.ID] != nil && p.of[n.ID] < 0 {
			res.Nodes[n.ID].Outcome = view
		}
	}
	for i := range res.Kernels {
		res.Kernels[i].share(p.Analysis, eval, res.Nodes)
	}
	res.Sum(tree.Root, p.residuals)
	res.LeftOut = p.leftOut(res.Kernels)
	return res
}

// leftOut is the mean error of kernels like these on devices left out.
func (p *Program) leftOut(kernels []Kernel) float64 {
	l, ok := p.law.(*law.Overlap)
	if !ok {
		return 0
	}
	var sum, time float64
	for i := range kernels {
		if off, known := l.LeftOut(kernels[i].Group); known {
			sum += off * float64(kernels[i].Time)
			time += float64(kernels[i].Time)
		}
	}
	if time == 0 {
		return 0
	}
	return sum / time
}

// overlaps says that the law is that of overlapping kernels, whose errors are those of GPUs that were left out.
func (p *Program) overlaps() bool {
	_, ok := p.law.(*law.Overlap)
	return ok
}

// Law predicts single kernels as the program does.
func (p *Program) Law() law.Law { return p.law }
