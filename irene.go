// Package irene tells other programs what a Transformer in an ONNX file costs to run: energy and time of every module, on
// a named GPU.
//
//	m, err := irene.Open("bert.onnx")
//	if err != nil {
//		return err
//	}
//	p, err := m.Predict(irene.Options{Dims: map[string]int64{"batch": 8, "sequence": 128}, Device: "h100-sxm"})
//	if err != nil {
//		return err
//	}
//	for _, mod := range p.Modules() {
//		fmt.Println(mod.Path, mod.Energy, mod.Time)
//	}
//
// Numbers are those of the command's irene analyze. This package goes the whole way at once; the steps are packages that
// other programs may import, too: onnx reads files (onnx/onnxgo takes models of onnx-go), graph is what they hold,
// graph/analysis infers shapes and counts work, energy has units, devices and records of measurements, and
// energy/coefficients, energy/law and energy/predict make energy and time of work. Other packages serve the command and
// may change.
package irene

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// Model is a model that was read. It never changes, and may be used by several goroutines.
type Model struct {
	graph *graph.Graph
}

// Open reads an ONNX file, compressed with gzip or not. Weights are not read, and may lie in files that are not there.
// An error names the place in the file.
func Open(path string) (*Model, error) {
	g, err := onnx.Decode(path, onnx.Options{})
	if err != nil {
		return nil, err
	}
	return &Model{g}, nil
}

// Dims lists the dims that the file leaves open, by name, in the order of its inputs.
func (m *Model) Dims() []string { return analysis.Declared(m.graph) }

// Options say at which sizes and on what to predict. The zero value is a valid choice.
type Options struct {
	Dims         map[string]int64 // by name; those left out are assumed
	As           string           // element types to cost the model in, by a name of analysis.Precisions; "" are those of the file
	Device       string           // a GPU of energy.Devices, by ID, name or alias; "" is the one that the coefficients are of
	Profile      string           // which operators run as one kernel: "eager", "vllm" …; "" is that under which models were measured for the coefficients, else what the file asks for
	Coefficients string           // a file that irene train wrote; "" are those that come with this package
}

// Prediction is what a model costs at some sizes on a device.
type Prediction struct {
	Device    energy.Device
	Boundary  energy.Boundary  // of what the energy is: of the board or, at the plug, of the whole machine
	Estimated bool             // nothing was measured on the device: its numbers follow from its specifications
	Dims      map[string]int64 // what was predicted at
	Assumed   []string         // dims among them that Options left out
	Warnings  []string

	result  *predict.Result
	modules []Module
	tree    *graph.Module
	index   map[*graph.Module]int // of modules
}

// Module is what a module of the model costs, with everything in it.
type Module struct {
	Path  string // "encoder.layer.0.attention"; "" is the whole model
	Class string // BertAttention; "" where the file does not tell
	Depth int    // 0 is the whole model

	// Energy lies between Low and High with a probability of 90 %. All are NaN where the coefficients are of times alone.
	Energy, Low, High energy.Joules
	Time              energy.Seconds

	FLOPs     int64 // a multiply-accumulate is two, an element computed is one
	MACs      int64 // multiply-accumulates alone
	Bytes     int64 // read and written
	Params    int64 // elements of weights, each weight once
	Operators int
	Unknown   int // operators among them that could not be predicted: energy and time are the sum of the others
}

// Predict predicts energy and time of every module. It fails where a dim is none of the model or contradicts it, where
// precision or device is not known, and where coefficients cannot be read.
func (m *Model) Predict(o Options) (*Prediction, error) {
	a, err := analysis.Run(m.graph, analysis.Options{Dims: o.Dims, As: o.As})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.graph.File, err)
	}
	c, dev, err := o.target()
	if err != nil {
		return nil, err
	}
	r, err := predict.Target{Coefficients: c, Device: dev, Options: predict.Options{Profile: o.Profile}}.Run(a)
	if err != nil {
		return nil, err
	}
	p := &Prediction{
		Device: r.Device, Boundary: r.Boundary, Estimated: r.Origin == predict.OriginEstimated,
		Dims: maps.Clone(a.Dims), Assumed: slices.Clone(a.Assumed), Warnings: slices.Concat(a.Warnings, r.Warnings),
		result: r, tree: a.Tree.Root, index: map[*graph.Module]int{},
	}
	p.add(a, r, a.Tree.Root, 0)
	return p, nil
}

// target finds the coefficients, and the device to predict for.
func (o *Options) target() (c *coefficients.Coefficients, dev energy.Device, err error) {
	if o.Device != "" || o.Coefficients == "" {
		if dev, err = energy.LookupDevice(cmp.Or(o.Device, energy.DefaultDevice)); err != nil {
			return nil, dev, err
		}
	}
	if o.Coefficients == "" {
		c, err = coefficients.OfDevice(dev)
	} else {
		c, err = load(o.Coefficients)
	}
	if err == nil && dev.ID == "" {
		dev, err = c.Row()
	}
	return c, dev, err
}

func load(path string) (*coefficients.Coefficients, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c, err := coefficients.Load(f, path)
	return c, errors.Join(err, f.Close())
}

// add appends a module and everything in it, and returns the module's place.
func (p *Prediction) add(a *analysis.Analysis, r *predict.Result, g *graph.Module, depth int) int {
	at := len(p.modules)
	p.index[g] = at
	p.modules = append(p.modules, Module{})
	sum := r.Modules[g]
	m := Module{
		Path: g.Path, Class: g.Class, Depth: depth,
		Energy: sum.Energy, Low: sum.Low, High: sum.High, Time: sum.Time, Params: a.Params.Module(g), Unknown: sum.Unknown,
	}
	if r.NoEnergy {
		none := energy.Joules(math.NaN())
		m.Energy, m.Low, m.High = none, none, none
	}
	for _, n := range g.Nodes {
		m.count(a, a.NodeMetrics(n), &r.Nodes[n.ID])
	}
	for _, child := range g.Children {
		c := p.modules[p.add(a, r, child, depth+1)]
		m.FLOPs, m.MACs, m.Bytes, m.Operators = m.FLOPs+c.FLOPs, m.MACs+c.MACs, m.Bytes+c.Bytes, m.Operators+c.Operators
	}
	p.modules[at] = m
	return at
}

// count adds what is known of the work of one operator, whose bytes are those of its part of a kernel.
func (m *Module) count(a *analysis.Analysis, work analysis.Metrics, predicted *predict.Operator) {
	read, written := predicted.Moved(a.Bound(work.Read), a.Bound(work.Written))
	for _, x := range []struct {
		to *int64
		n  graph.Dim
	}{{&m.FLOPs, work.FLOPs(graph.TwoMACPlusElementwise)}, {&m.MACs, work.MACs}, {&m.Bytes, read}, {&m.Bytes, written}} {
		n, _ := a.Eval(x.n)
		*x.to += n
	}
	m.Operators++
}

// Total is the whole model.
func (p *Prediction) Total() Module { return p.modules[0] }

// Modules lists the whole model, then its modules in the order in which they begin to work, each before those in it.
func (p *Prediction) Modules() []Module { return slices.Clone(p.modules) }

// Pair is a module of one model beside the one of another model that answers to it.
type Pair struct {
	A, B *Module // nil where that model has none
	By   string  // what tells that they answer to each other: "path", "module" (the weights' path), "role"; "" for one alone

	Energy, Time Ratio // of B to A
}

// Ratio is what one module takes over what another does, which lies between Low and High with a probability of 90 %: what
// both run errs alike. All are NaN where one of the modules is not there or has no number; Value is, and an end that nothing
// bounds, where operators could not be predicted.
type Ratio struct {
	Value, Low, High float64

	// Verdict is "lower" or "higher" where the interval does not hold 1, else "open"; "unknown" where that is not known.
	Verdict string
}

// Compare puts the modules of two predictions side by side: of two models, or of one at other sizes or on another
// device. The whole models come first, then pairs in the order of a, with what b alone has where it would stand.
func Compare(a, b *Prediction) []Pair {
	d := paired.NewDraws()
	first, other := a.result.Paired(d, a.tree), b.result.Paired(d, b.tree)
	ratio := func(r *align.Row, quantity int, known bool) Ratio {
		x := paired.Ratio{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
		if ma, mb := first[r.Modules[0]], other[r.Modules[1]]; ma != nil && mb != nil && known {
			x = d.Ratio(ma, mb, quantity)
		}
		return Ratio{x.Value, x.Low, x.High, string(x.Verdict())}
	}
	var out []Pair
	align.Align(a.side(), b.side()).Walk(func(r *align.Row) {
		out = append(out, Pair{
			A: a.module(r.Modules[0]), B: b.module(r.Modules[1]), By: string(r.Reason),
			Energy: ratio(r, paired.Energy, !a.result.NoEnergy && !b.result.NoEnergy), Time: ratio(r, paired.Time, true),
		})
	})
	return out
}

// side is the prediction as alignment reads it.
func (p *Prediction) side() align.Tree {
	return align.Tree{Root: p.tree, Weigh: func(g *graph.Module) align.Weight {
		m := p.module(g)
		w := align.Weight{Params: float64(m.Params), MACs: float64(m.MACs), Work: float64(m.Energy)}
		if math.IsNaN(w.Work) {
			w.Work = float64(m.Time)
		}
		return w
	}}
}

// module is the cost of a module of the graph.
func (p *Prediction) module(g *graph.Module) *Module {
	if g == nil {
		return nil
	}
	m := p.modules[p.index[g]]
	return &m
}
