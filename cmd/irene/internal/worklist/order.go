package worklist

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/workload"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// rank gives every task its gain. Tasks of a class (of operators in an element type, of modules, of whole models) are
// taken so that each is as unlike those before it as can be, sizes being compared by their logarithms; classes take turns
// by their share of the expected time, a class that was taken n times waiting n times as long.
func (b *builder) rank() {
	groups := map[string]*group{}
	var names []string
	for i := range b.tasks {
		t := &b.tasks[i]
		name := string(t.Record.Level)
		if t.Record.Level == energy.LevelOperator {
			name = t.Record.Class + " " + t.Record.DType
		}
		g := groups[name]
		if g == nil {
			g = &group{}
			groups[name] = g
			names = append(names, name)
		}
		g.members = append(g.members, i)
		g.share += t.calls * float64(t.Expected)
	}
	slices.Sort(names)
	total := 0.0
	for _, name := range names {
		groups[name].spreadOut(b.tasks)
		total += groups[name].share
	}
	for rank := len(b.tasks); rank > 0; rank-- {
		best, most := (*group)(nil), -1.0
		for _, name := range names {
			g := groups[name]
			if g.taken == len(g.members) {
				continue
			}
			if urge := math.Sqrt(g.share/total+0.01) / float64(g.taken+1); urge > most {
				best, most = g, urge
			}
		}
		b.tasks[best.members[best.taken]].Gain = float64(rank)
		best.taken++
	}
}

// group is the tasks of one class.
type group struct {
	members []int // in the order of what they add
	share   float64
	taken   int
}

// spreadOut orders the members: first the one that takes the most time, then always the one farthest from all before.
func (g *group) spreadOut(tasks []task) {
	first := slices.MaxFunc(g.members, func(a, b int) int {
		return cmp.Or(cmp.Compare(tasks[a].calls*float64(tasks[a].Expected), tasks[b].calls*float64(tasks[b].Expected)), b-a)
	})
	order := []int{first}
	distance := map[int]float64{}
	for _, m := range g.members {
		distance[m] = math.Inf(1)
	}
	for len(order) < len(g.members) {
		last := order[len(order)-1]
		delete(distance, last)
		best := -1
		for _, m := range g.members {
			d, open := distance[m]
			if !open {
				continue
			}
			d = min(d, apart(&tasks[last].Record, &tasks[m].Record))
			distance[m] = d
			if best < 0 || d > distance[best] {
				best = m
			}
		}
		order = append(order, best)
	}
	g.members = order
}

// apart is how unlike two measurements are: the distance of the logarithms of their operations and bytes.
func apart(a, b *energy.Record) float64 {
	d := 0.0
	for _, f := range []string{"flops", "bytes"} {
		x := math.Log(a.Features[f]+1) - math.Log(b.Features[f]+1)
		d += x * x
	}
	return math.Sqrt(d) + 1e-9
}

// maxAnchors is how many operators are measured again and again.
const maxAnchors = 3

// anchors chooses operators that tell drift: the longest product, the longest operator that only moves bytes, and the
// longest of another class.
func (b *builder) anchors() {
	var chosen []string
	for range maxAnchors {
		best := -1
		for i := range b.tasks {
			t := &b.tasks[i]
			if t.Record.Level != energy.LevelOperator || slices.Contains(chosen, t.Record.Class) {
				continue
			}
			if best < 0 || t.Expected > b.tasks[best].Expected {
				best = i
			}
		}
		if best < 0 {
			return
		}
		b.tasks[best].Anchor = true
		chosen = append(chosen, b.tasks[best].Record.Class)
	}
}

// In a model that an operator is repeated in, the repetitions take about this share of the model's own time.
const (
	repeatedShare = 0.5
	maxRepeated   = 48
)

// inContext adds the operators with the highest gains once more, measured within the models they stand in.
func (b *builder) inContext() {
	var sample []int
	for i := range b.tasks {
		t := &b.tasks[i]
		if t.kernel != nil && len(t.kernel.Members) == 1 && t.Record.Class != "" {
			sample = append(sample, i)
		}
	}
	slices.SortStableFunc(sample, func(x, y int) int { return cmp.Compare(b.tasks[y].Gain, b.tasks[x].Gain) })
	for _, i := range sample[:min(b.InContext, len(sample))] {
		b.tasks = append(b.tasks, b.within(&b.tasks[i]))
	}
}

// within is the task that measures an operator as what one more of it adds to its model.
func (b *builder) within(t *task) task {
	p := t.point
	_, kernels := p.kernelsOf(p.Analysis.Tree.Root)
	whole := b.expected(p.work(kernels))
	times := int(repeatedShare*float64(whole/max(t.Expected, launch))) + 1
	times = min(times, maxRepeated, max(1, int(maxBytes/max(t.Record.Features["bytes"], 1))))
	part := workload.Part{Analysis: p.Analysis, Nodes: p.Analysis.Graph.Main.Nodes, Name: p.Model.Name}
	opts := workload.Options{Seed: b.Seed, Dir: b.Dir}
	more := opts
	more.Repeat, more.Times = t.kernel.Node, times
	work := p.work(kernels)
	out := task{point: p, kernel: t.kernel, calls: t.calls, Task: profiler.Task{Record: t.Record, Expected: t.Expected, Gain: t.Gain}}
	out.Record.Context, out.Record.Buffers = energy.ContextModel, ""
	build := func(o workload.Options, extra []energy.Work) func() (profiler.Workload, error) {
		return func() (profiler.Workload, error) {
			w, err := b.build(part, o)
			w.Name = fmt.Sprintf("%s with %d more %s", p.Model.Name, o.Times, t.Record.Op)
			w.Work, w.Graph = append(slices.Clone(work), extra...), b.Graph
			return w, err
		}
	}
	extra := slices.Clone(t.Record.Work)
	for i := range extra {
		extra[i].Count *= int64(times)
	}
	out.Workload, out.Base, out.Times = build(more, extra), build(opts, nil), times
	return out
}
