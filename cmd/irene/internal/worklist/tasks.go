package worklist

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/workload"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
	"github.com/irene-onnx/irene/profiler"
)

// Options says what of the points is measured, and on what.
type Options struct {
	Levels    []energy.Level
	InContext int           // so many operators are measured within their models, too
	Device    energy.Device // as far as it is known: what it can do tells how long a task takes, and how often a part is copied
	Graph     bool          // ask for recorded launches
	Dir       string        // for the files of models that are too large for memory
	Seed      uint64
	Pretend   bool // the executor only pretends to run: workloads say what they do, but hold no model
}

// Tasks lists the distinct measurements of the points, each with its gain: how much it tells where there is no time for
// all.
func Tasks(points []*Point, o Options) []profiler.Task {
	b := builder{Options: o, seen: map[string]int{}}
	for _, p := range points {
		if slices.Contains(o.Levels, energy.LevelModel) {
			b.module(p, p.Analysis.Tree.Root, energy.LevelModel)
		}
		if slices.Contains(o.Levels, energy.LevelModule) {
			p.Analysis.Tree.Root.Walk(func(m *graph.Module) {
				if m != p.Analysis.Tree.Root {
					b.module(p, m, energy.LevelModule)
				}
			})
		}
		if slices.Contains(o.Levels, energy.LevelOperator) {
			for i := range p.Kernels.Kernels {
				b.operator(p, &p.Kernels.Kernels[i])
			}
		}
	}
	b.rank()
	b.anchors()
	b.inContext()
	tasks := make([]profiler.Task, len(b.tasks))
	for i := range b.tasks {
		tasks[i] = b.tasks[i].Task
	}
	return tasks
}

// builder collects tasks.
type builder struct {
	Options
	tasks []task
	seen  map[string]int // index in tasks by what makes measurements equal
}

// task is a task with what ranking it needs.
type task struct {
	profiler.Task
	point  *Point
	kernel *kernel.Kernel // nil for modules
	calls  float64        // how often it runs in the points
}

// module adds a module, or the whole model. A module of a single kernel is that operator, and one within the branch of an
// If, or the body of a loop, is measured with that.
func (b *builder) module(p *Point, m *graph.Module, level energy.Level) {
	ids, kernels := p.kernelsOf(m)
	if len(kernels) == 0 || level == energy.LevelModule && (len(kernels) == 1 || !p.whole(ids)) {
		return
	}
	signature := analysis.ModuleSignature(p.Analysis, m)
	key := fmt.Sprint(level, p.Profile, signature)
	if level == energy.LevelModel {
		key += fmt.Sprint(p.Model.Name, p.Dims)
	}
	if i, ok := b.seen[key]; ok {
		b.tasks[i].calls++
		return
	}
	r := p.record(level, kernels)
	r.Path, r.Class, r.Signature = m.Path, m.Class, signature
	var nodes []*graph.Node
	for _, n := range p.Analysis.Graph.Nodes {
		if ids[n.ID] && n.Body.Owner == nil {
			nodes = append(nodes, n)
		}
	}
	name := p.Model.Name
	if level == energy.LevelModule {
		name += " " + m.Path
	}
	b.add(key, p, nil, r, nodes, name)
}

// kernelsOf lists the kernels whose work stands in a module, and marks its nodes by ID.
func (p *Point) kernelsOf(m *graph.Module) (ids map[int]bool, kernels []*kernel.Kernel) {
	ids = map[int]bool{}
	m.Walk(func(m *graph.Module) {
		for _, n := range m.Nodes {
			ids[n.ID] = true
		}
	})
	for i := range p.Kernels.Kernels {
		if k := &p.Kernels.Kernels[i]; ids[k.Node.ID] {
			kernels = append(kernels, k)
		}
	}
	return ids, kernels
}

// whole reports whether marked nodes can be cut out: none stands in the branch, or the body, of one that is not among them.
func (p *Point) whole(ids map[int]bool) bool {
	return !slices.ContainsFunc(p.Analysis.Graph.Nodes, func(n *graph.Node) bool {
		return ids[n.ID] && n.Body.Owner != nil && !ids[n.Body.Owner.ID]
	})
}

// operator adds one kernel.
func (b *builder) operator(p *Point, k *kernel.Kernel) {
	members := slices.Clone(k.Members)
	slices.SortFunc(members, func(a, c *graph.Node) int { return a.ID - c.ID })
	if slices.ContainsFunc(members, func(n *graph.Node) bool { return n.Body.Owner != nil }) {
		return // of a loop's body: it is measured with the loop
	}
	var parts []string
	for _, n := range members {
		parts = append(parts, analysis.Signature(p.Analysis, n))
	}
	signature := strings.Join(parts, " + ")
	key := p.Profile + signature
	if i, ok := b.seen[key]; ok {
		b.tasks[i].calls++
		return
	}
	r := p.record(energy.LevelOperator, []*kernel.Kernel{k})
	r.Op, r.Class, r.Signature = k.Node.Kind(), k.Cost.Class, signature
	if m := p.Analysis.Tree.Of[k.Node.ID]; m != nil {
		r.Path = m.Path
	}
	b.add(key, p, k, r, members, fmt.Sprintf("%s %s", k.Node.Kind(), k.Node.Label()))
}

// record is what is known of a measurement before it is taken.
func (p *Point) record(level energy.Level, kernels []*kernel.Kernel) energy.Record {
	r := energy.Record{Schema: energy.RecordSchema, Level: level, Model: p.Model.Name, Dims: p.Dims, Work: p.work(kernels)}
	r.Runtime.Profile = p.Profile
	r.Features = map[string]float64{}
	count := int64(0)
	for _, w := range r.Work {
		count += w.Count
		n := float64(w.Count)
		r.Features["flops"] += 2 * n * float64(w.MACs)
		r.Features["bytes"] += n * float64(w.Read+w.Written)
		r.Features["launches"] += n
	}
	if n := int64(len(kernels)) - count; n > 0 {
		r.Features[energy.FeatureUnknown] = float64(n)
	}
	if len(r.Work) == 1 {
		r.DType = r.Work[0].DType
	}
	return r
}

// work is the kernels as records hold them, equal ones together, in the order of the graph. Kernels of unknown cost are
// left out.
func (p *Point) work(kernels []*kernel.Kernel) []energy.Work {
	var out []energy.Work
	at := map[string]int{}
	for _, k := range kernels {
		w, ok := workOf(k.Cost, p.Analysis.Eval)
		if !ok {
			continue
		}
		same := w.Identity()
		if i, ok := at[same]; ok {
			out[i].Count++
			continue
		}
		at[same] = len(out)
		out = append(out, w)
	}
	return out
}

// add adds a task that builds its workload when its turn comes.
func (b *builder) add(key string, p *Point, k *kernel.Kernel, r energy.Record, nodes []*graph.Node, name string) {
	expected := b.expected(r.Work)
	copies := b.copies(&r, expected, storedBytes(nodes))
	r.Buffers = b.buffers(&r, copies)
	part := workload.Part{Analysis: p.Analysis, Nodes: nodes, Name: name}
	opts := workload.Options{Copies: copies, Seed: b.Seed ^ hash(key), Dir: b.Dir}
	graphs := b.Graph && r.Level != energy.LevelModel
	work := r.Work
	t := profiler.Task{Record: r, Expected: expected, Workload: func() (profiler.Workload, error) {
		w, err := b.build(part, opts)
		w.Graph, w.Work = graphs, work
		return w, err
	}}
	t.GraphToo = b.Graph && !graphs
	b.seen[key] = len(b.tasks)
	b.tasks = append(b.tasks, task{Task: t, point: p, kernel: k, calls: 1})
}

// build makes a workload, or what passes for one.
func (b *builder) build(p workload.Part, o workload.Options) (profiler.Workload, error) {
	if b.Pretend {
		return profiler.Workload{Name: p.Name, Copies: o.Copies}, nil
	}
	return workload.Build(p, o)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// Rates that stand for a device nobody knows: those of a processor's core or two.
const (
	unknownRate      = 5e10 // operations a second
	unknownBandwidth = 1e10 // bytes a second
	unknownCache     = 32 << 20
)

// launch is what a kernel takes at least.
const launch energy.Seconds = 3e-6

// expected is a guess of how long work takes: the longer of its arithmetic and its traffic, kernel by kernel.
func (b *builder) expected(work []energy.Work) energy.Seconds {
	var sum energy.Seconds
	for _, w := range work {
		rate, _ := b.Device.MatrixRate(w.DType)
		rate, bandwidth := cmp.Or(max(rate, 0), unknownRate), cmp.Or(max(b.Device.Bandwidth, 0), unknownBandwidth)
		t := max(rate.Time(2*float64(w.MACs)), bandwidth.Time(float64(w.Read+w.Written)), launch)
		sum += energy.Seconds(float64(w.Count) * float64(t))
	}
	return sum
}

// Bounds of copies: so many that their operands exceed the cache so many times, and that a run is long beside the call
// that starts it.
const (
	beyond    = 2       // caches
	maxBytes  = 1 << 29 // of all copies, for the sake of the cache
	enough    = 500e-6  // seconds of one run
	fewBytes  = 1 << 27 // of all copies, for the sake of a long run
	maxCopies = 256
)

// copies is how often a part with that many bytes of weights is there in its model.
func (b *builder) copies(r *energy.Record, expected energy.Seconds, stored float64) int {
	bytes := r.Features["bytes"]
	if r.Level == energy.LevelModel || bytes <= 0 {
		return 1
	}
	size := max(bytes, stored)
	cold := min(beyond*float64(b.cache())/bytes, maxBytes/size)
	long := min(enough/float64(max(expected, launch)), fewBytes/size)
	return max(1, int(math.Ceil(min(max(cold, long), maxCopies))))
}

// storedBytes is the size of the weights that nodes read.
func storedBytes(nodes []*graph.Node) float64 {
	sum := 0.0
	seen := map[*graph.Tensor]bool{}
	for _, n := range nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Init != nil && !seen[v.Init] {
				seen[v.Init] = true
				sum += float64(v.Init.DType.Size(max(v.Init.Len(), 0)))
			}
		}
	}
	return sum
}

// buffers says whether the operands of one run are still in the cache at the next.
func (b *builder) buffers(r *energy.Record, copies int) string {
	if float64(copies)*r.Features["bytes"] >= beyond*float64(b.cache())*0.99 {
		return "rotated"
	}
	return "hot"
}

func (b *builder) cache() int64 { return cmp.Or(max(b.Device.L2Bytes, 0), unknownCache) }
