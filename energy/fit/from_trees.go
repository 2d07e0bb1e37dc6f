package fit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Trees are IrEne's measurements of models on a device.
type Trees struct {
	Trees   []*irene.Tree
	Models  map[string]*graph.Graph // by the model name of the trees
	Exclude []string                // model names left out
	Device  energy.Device
	Profile string   // runtime profile the measurements were taken under; "" is eager
	Files   []string // names of the data
}

// FromTrees joins the nodes of measured trees to the modules and operators of their models. A model without a file is an
// error, unless it is left out; nodes that a model does not have are counted.
func FromTrees(in Trees) (*Data, error) {
	if in.Profile == "" {
		in.Profile = "eager"
	}
	d := &Data{
		Kind: measured.KindTrees, Device: in.Device, Boundary: energy.BoundaryWall, Profile: in.Profile, Files: in.Files,
		Account: Account{Missing: map[string]int{}},
	}
	bound := map[string]*boundModel{}
	for run, t := range in.Trees {
		d.addPlug(run, t)
		if slices.Contains(in.Exclude, t.Model) {
			continue
		}
		if bound[t.Model] == nil {
			g := in.Models[t.Model]
			if g == nil {
				return nil, fmt.Errorf("%s:%d: no model file for %q: give one with --model %s=FILE, or --exclude it", t.File, t.Line, t.Model, t.Model)
			}
			m, err := bindModel(g, in.Profile)
			if err != nil {
				return nil, fmt.Errorf("model %s: %w", t.Model, err)
			}
			bound[t.Model] = m
		}
		r := treeReader{boundModel: bound[t.Model], Data: d, tree: t, run: run, seen: map[string]bool{}, flops: map[*graph.Module]float64{}}
		r.read()
	}
	for _, name := range slices.Sorted(maps.Keys(d.Missing)) {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%d measured nodes of %s are not in its model file", d.Missing[name], name))
	}
	return d, nil
}

// boundModel is what a model runs, with sizes as expressions in its dims.
type boundModel struct {
	*predict.Plan
	scopes *irene.Scopes
	batch  []string    // declared dims that a tree's batch size binds
	seq    []string    // and those that its sequence length binds
	flops  []graph.Dim // by Node.ID
}

func bindModel(g *graph.Graph, profile string) (*boundModel, error) {
	a, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		return nil, err
	}
	plan, err := predict.NewPlan(a, profile)
	if err != nil {
		return nil, err
	}
	m := &boundModel{Plan: plan, scopes: irene.NewScopes(a.Tree)}
	for _, d := range analysis.Declared(g) {
		if analysis.IsBatch(g, d) {
			m.batch = append(m.batch, d)
		} else {
			m.seq = append(m.seq, d)
		}
	}
	for _, n := range g.Nodes {
		metrics := a.NodeMetrics(n)
		m.flops = append(m.flops, metrics.FLOPs(graph.TwoMACPlusElementwise))
	}
	return m, nil
}

// treeReader makes the items of one tree.
type treeReader struct {
	*boundModel
	*Data
	tree    *irene.Tree
	run     int
	dims    map[string]int64
	kernels []Kernel // by step of the plan, at the dims of the tree
	work    map[*graph.Module]*Work
	seen    map[string]bool // measurements of equal layers
	leaves  []Leaf          // so far, in the order of the walk
	flops   map[*graph.Module]float64
}

func (r *treeReader) read() {
	r.dims = map[string]int64{}
	for _, d := range r.batch {
		r.dims[d] = r.tree.Batch
	}
	for _, d := range r.seq {
		r.dims[d] = r.tree.Sequence
	}
	for i := range r.Steps {
		r.kernels = append(r.kernels, Kernel{Kernel: law.KernelAt(r.Steps[i].Cost, r.eval), Count: 1})
	}
	r.work = map[*graph.Module]*Work{}
	r.module(r.Analysis.Tree.Root)
	index := 0
	r.node(r.tree.Root, &index)
}

// eval gives dims their values at the sizes of the tree.
func (r *treeReader) eval(d graph.Dim) (int64, bool) {
	return d.Eval(func(name string) (int64, bool) { v, ok := r.dims[name]; return v, ok })
}

// module makes the work of a module and of those below it.
func (r *treeReader) module(m *graph.Module) *Work {
	w := &Work{Level: energy.LevelModule}
	switch {
	case m.Parent == nil:
		w.Level = energy.LevelModel
	case len(m.Children) == 0:
		w.Level = energy.LevelOperator
	}
	for _, n := range m.Nodes {
		if i := r.Of(n); i >= 0 && r.Steps[i].Node == n {
			w.Kernels = append(w.Kernels, r.kernels[i])
		}
	}
	for _, c := range m.Children {
		w.Parts = append(w.Parts, r.module(c))
	}
	r.work[m] = w
	return w
}

// node makes the items of a node of the tree and of those below it.
func (r *treeReader) node(n *irene.Node, index *int) {
	it := &Item{
		Level: levelOf(n.Type), Type: n.Type, Kind: n.InstanceType, Class: n.InstanceType, Model: r.tree.Model, Group: r.tree.Model,
		Shape: fmt.Sprintf("batch=%d sequence=%d", r.tree.Batch, r.tree.Sequence), Batch: r.tree.Batch, Sequence: r.tree.Sequence,
		Run: r.run, Device: &r.Device, Energy: energy.Joules(n.Energy), Time: energy.Seconds(n.Time), Clock: energy.Hertz(n.GPUClock * 1e6),
		Tree: r.tree, Node: n, Index: *index,
	}
	*index++
	found := r.place(it)
	first := len(r.leaves)
	if n.Type == irene.TypeMLNoParam { // published trees spell some in two ways
		it.Class = strings.ToLower(n.InstanceType)
	}
	if it.leaf() {
		r.leaves = append(r.leaves, Leaf{Kind: n.InstanceType, FLOPs: it.FLOPs, Work: it.Work})
	}
	if n.Energy > 0 && n.Time > 0 && !measured.IsCopy(n) {
		if found {
			key := fmt.Sprint(n.InstanceType, n.Energy)
			it.Copy, r.seen[key] = r.seen[key], true
			r.Items = append(r.Items, it)
		} else {
			r.Missing[r.tree.Model]++
		}
	}
	for _, c := range n.Children {
		r.node(c, index)
	}
	it.Leaves = r.leaves[first:]
}

// place finds a node in the model; false where the model does not have it.
func (r *treeReader) place(it *Item) bool {
	it.Work = &Work{}
	module, op := r.scopes.Find(it.Node)
	switch {
	case module != nil:
		it.Work, it.FLOPs = r.work[module], r.flopsOf(module)
	case op != nil:
		if i := r.Of(op); i >= 0 && !r.Steps[i].IsCall() {
			it.Work.Kernels = r.kernels[i : i+1]
		}
		it.FLOPs = r.number(op)
	}
	return module != nil || op != nil
}

// flopsOf sums the operations of a module, each module once.
func (r *treeReader) flopsOf(m *graph.Module) float64 {
	if v, ok := r.flops[m]; ok {
		return v
	}
	sum := 0.0
	for _, n := range m.Nodes {
		sum += r.number(n)
	}
	for _, c := range m.Children {
		sum += r.flopsOf(c)
	}
	r.flops[m] = sum
	return sum
}

// number is the operations of an operator; what nobody knows counts as zero.
func (r *treeReader) number(n *graph.Node) float64 {
	v, _ := r.eval(r.boundModel.flops[n.ID])
	return float64(v)
}

// leaf says that a node of a tree is an operator.
func (it *Item) leaf() bool { return it.Type == irene.TypeML || it.Type == irene.TypeMLNoParam }

func levelOf(kind string) energy.Level {
	switch kind {
	case irene.TypeModel:
		return energy.LevelModel
	case irene.TypeModule:
		return energy.LevelModule
	}
	return energy.LevelOperator
}
