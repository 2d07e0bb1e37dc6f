package measured

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// leastJoined is the share of a trace's time that must be found in the model for it to be a trace of the model.
const leastJoined = 0.5

// allJoined is the share from which on the trace accounts for the model: what is not in it did not run by itself.
const allJoined = 0.95

// FromTrace joins another tool's trace to an analyzed graph: each event is the work of one operator or of several that
// the tool ran as one. Times of events that are nothing in the model are left out, and Notes says how much that is. It is
// an error where less than half of the time is found in the model, or where the sizes in the trace are other than those
// of the analysis.
func FromTrace(a *analysis.Analysis, t *trace.Trace) (*Overlay, error) {
	j := newJoiner(a, t)
	var err error
	switch t.Kind {
	case trace.KindONNXRuntime:
		err = j.onnxRuntime()
	case trace.KindTRTExec:
		j.layers()
	case trace.KindTorch:
		err = j.torch()
	default:
		err = fmt.Errorf("a trace of kind %q", t.Kind)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.File, err)
	}
	return j.overlay()
}

// joiner finds the operators of a graph that the events of a trace are.
type joiner struct {
	a        *analysis.Analysis
	t        *trace.Trace
	nodes    map[string][]*graph.Node // operators of the tree by name, and by the names that inlining gives them
	values   map[string]*graph.Value
	of       []int // place in groups by Node.ID; -1 for operators that no event is yet
	groups   []joined
	leftOver []*trace.Event // events that are nothing of the model
	notes    []string
}

// joined are operators that ran together, and how long.
type joined struct {
	nodes []*graph.Node
	time  energy.Seconds
	fused bool // ran as something else than the file says: neighbours without an event of their own are in it
}

func newJoiner(a *analysis.Analysis, t *trace.Trace) *joiner {
	j := &joiner{a: a, t: t, nodes: map[string][]*graph.Node{}, values: map[string]*graph.Value{}, of: make([]int, len(a.Graph.Nodes))}
	for _, n := range a.Graph.Nodes {
		j.of[n.ID] = -1
		if a.Tree.Of[n.ID] == nil {
			continue
		}
		for _, name := range nodeNames(n) {
			j.nodes[name] = append(j.nodes[name], n)
		}
	}
	for _, v := range a.Graph.Values {
		if _, ok := j.values[v.Name]; !ok {
			j.values[v.Name] = v
		}
	}
	return j
}

// nodeNames lists what a node may be called: its name, and within functions the name of the function or of the call before
// it, which is how ONNX Runtime names what it inlines.
func nodeNames(n *graph.Node) []string {
	if n.Name == "" {
		return nil
	}
	c := n.Call
	if c == nil {
		return []string{n.Name}
	}
	out := []string{c.Function + "_" + n.Name}
	if c.Node != c.Function && c.Node != "" {
		out = append(out, c.Node+"_"+n.Name)
		if c.Parent != nil {
			out = append(out, c.Parent.Function+"_"+c.Node+"_"+n.Name)
		}
	}
	return out
}

// in reports whether a node is an operator that an event can be.
func (j *joiner) in(n *graph.Node) bool { return n != nil && j.a.Tree.Of[n.ID] != nil }

// claim gives the time of an event to operators. Operators that another event has share the time of both.
func (j *joiner) claim(e *trace.Event, fused bool, nodes ...*graph.Node) {
	at := -1
	for _, n := range nodes {
		if at < 0 && j.of[n.ID] >= 0 {
			at = j.of[n.ID]
		}
	}
	if at < 0 {
		at = len(j.groups)
		j.groups = append(j.groups, joined{})
	}
	j.groups[at].time += e.Time
	j.groups[at].fused = j.groups[at].fused || fused
	for _, n := range nodes {
		switch old := j.of[n.ID]; {
		case old < 0:
			j.add(n, at)
		case old != at:
			j.mergeInto(at, old)
		}
	}
}

func (j *joiner) add(n *graph.Node, at int) {
	j.of[n.ID] = at
	j.groups[at].nodes = append(j.groups[at].nodes, n)
}

// mergeInto makes two groups one.
func (j *joiner) mergeInto(into, from int) {
	for _, n := range j.groups[from].nodes {
		j.add(n, into)
	}
	j.groups[into].time += j.groups[from].time
	j.groups[into].fused = j.groups[into].fused || j.groups[from].fused
	j.groups[from] = joined{}
}

// unclaimed lists those of nodes that no event is yet.
func (j *joiner) unclaimed(nodes []*graph.Node) []*graph.Node {
	var out []*graph.Node
	for _, n := range nodes {
		if j.in(n) && j.of[n.ID] < 0 {
			out = append(out, n)
		}
	}
	return out
}

// shape is the shape of a value at the dims of the analysis; nil where it is not known.
func (j *joiner) shape(v *graph.Value) []int64 {
	if v == nil || j.a.Inference.Facts[v.ID].Shape == nil {
		return nil
	}
	out := []int64{}
	for _, d := range j.a.Inference.Facts[v.ID].Shape {
		n, ok := j.a.Eval(d)
		if !ok {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// growFused spreads the fused groups over their neighbours that no event is: what a runtime fuses has one event for all of
// it. It goes one step at a time from all groups at once, so that each takes what is closest to it.
func (j *joiner) growFused() {
	var edge []*graph.Node
	for i := range j.groups {
		if j.groups[i].fused {
			edge = append(edge, j.groups[i].nodes...)
		}
	}
	for len(edge) > 0 {
		var next []*graph.Node
		for _, n := range edge {
			for _, m := range neighbours(n) {
				if j.in(m) && j.of[m.ID] < 0 && m.Body == n.Body {
					j.add(m, j.of[n.ID])
					next = append(next, m)
				}
			}
		}
		edge = next
	}
}

// neighbours are the nodes that make what n reads, and those that read what it makes.
func neighbours(n *graph.Node) []*graph.Node {
	var out []*graph.Node
	for _, v := range n.Inputs {
		if v != nil && v.Producer != nil {
			out = append(out, v.Producer)
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			for _, u := range v.Consumers {
				out = append(out, u.Node)
			}
		}
	}
	return out
}

// plan forms kernels of the operators that are in the tree.
func (j *joiner) plan(profile string) (*kernel.Plan, error) {
	return kernel.Group(j.a.Graph, j.a.Inference, j.a.Costs, j.in, profile)
}

// overlay is the outcome.
func (j *joiner) overlay() (*Overlay, error) {
	m := &Overlay{Modules: map[*graph.Module]Measurement{}, Nodes: map[*graph.Node]Measurement{}}
	var found energy.Seconds
	operators := 0
	for _, g := range j.groups {
		if len(g.nodes) == 0 {
			continue
		}
		found += g.time
		operators += len(g.nodes)
		m.Traced = append(m.Traced, Kernel{Nodes: g.nodes, Measurement: Measurement{Time: g.time}})
	}
	total := j.t.Total()
	share := float64(found / total)
	rest := j.leftOverText()
	if share < leastJoined {
		return nil, fmt.Errorf("%s: only %.1f %% of its time is of operators of this model%s: is it a trace of this model, exported like this?", j.t.File, 100*share, rest)
	}
	m.AllRun = share >= allJoined
	of := string(j.t.Kind) + ", " + overRuns(j.t)
	m.Notes = append(m.Notes, fmt.Sprintf("%s: %s: %.1f %% of %s joined to %d operators%s", j.t.File, of, 100*share, energy.Seconds(total).String(), operators, rest))
	m.Notes = append(append(m.Notes, j.t.Notes...), j.notes...)
	return m, nil
}

// overRuns says what the times are means over.
func overRuns(t *trace.Trace) string {
	s := fmt.Sprintf("mean of %d runs", t.Runs)
	if t.Runs == 1 {
		s = "one run"
	}
	if t.Dropped > 0 {
		s += fmt.Sprintf(" after %d to warm up", t.Dropped)
	}
	return s
}

// leftOverText says what found nothing, by kind of operator, the most first.
func (j *joiner) leftOverText() string {
	sums := map[string]energy.Seconds{}
	var kinds []string
	for _, e := range j.leftOver {
		kind := e.Op
		if kind == "" {
			kind = e.Name
		}
		if _, ok := sums[kind]; !ok {
			kinds = append(kinds, kind)
		}
		sums[kind] += e.Time
	}
	slices.SortStableFunc(kinds, func(x, y string) int {
		switch {
		case sums[x] > sums[y]:
			return -1
		case sums[x] < sums[y]:
			return 1
		}
		return strings.Compare(x, y)
	})
	if len(kinds) == 0 {
		return ""
	}
	total := j.t.Total()
	var list []string
	for i, k := range kinds {
		if i == 3 {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprintf("%s %.1f %%", shortened(k), 100*float64(sums[k]/total)))
	}
	return "; not joined: " + strings.Join(list, ", ")
}

// shortened keeps a name of a layer or a kernel from filling the line.
func shortened(name string) string {
	const most = 60
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}
