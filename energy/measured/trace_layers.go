package measured

import (
	"slices"

	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/graph"
)

// layers joins TensorRT's layers: first those that list their nodes, then those that hold everything between two, the
// smallest first, of what is left.
func (j *joiner) layers() {
	var regions []region
	for i := range j.t.Events {
		e := &j.t.Events[i]
		if e.Between && len(e.Names) == 2 {
			regions = append(regions, j.region(e))
			continue
		}
		if nodes := j.listed(e.Names); len(nodes) > 0 {
			j.claim(e, false, nodes...)
		} else {
			j.leftOver = append(j.leftOver, e)
		}
	}
	slices.SortStableFunc(regions, func(x, y region) int { return (x.last - x.first) - (y.last - y.first) })
	for _, r := range regions {
		var nodes []*graph.Node
		for _, n := range j.a.Graph.Nodes[r.first:r.last] {
			if n.Body == r.body {
				nodes = append(nodes, n)
			}
		}
		if nodes = j.unclaimed(nodes); len(nodes) > 0 {
			j.claim(r.event, false, nodes...)
		} else {
			j.leftOver = append(j.leftOver, r.event)
		}
	}
}

// listed is the nodes of a layer: those of its names that name operators; where none does, what makes the values or
// reads the weights that are named.
func (j *joiner) listed(names []string) []*graph.Node {
	var out, near []*graph.Node
	for _, name := range names {
		if n := j.named([]string{name}); n != nil {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
			continue
		}
		if n := j.makes(name); n != nil && !slices.Contains(near, n) {
			near = append(near, n)
		}
	}
	if len(out) == 0 {
		return near
	}
	return out
}

// makes is the operator that makes a value, or the first that reads a stored one; nil for names of neither.
func (j *joiner) makes(name string) *graph.Node {
	v := j.values[name]
	switch {
	case v == nil:
	case j.in(v.Producer):
		return v.Producer
	case v.Producer == nil && len(v.Consumers) > 0 && j.in(v.Consumers[0].Node):
		return v.Consumers[0].Node
	}
	return nil
}

// region is a stretch of the graph that one layer ran: nodes from first to before last, in the order of the file.
type region struct {
	event       *trace.Event
	first, last int
	body        *graph.Body
}

// region finds the stretch between the two names of a layer. Where only one is a name of the model, it is that node.
func (j *joiner) region(e *trace.Event) region {
	from, to := j.end(e.Names[0]), j.end(e.Names[1])
	switch {
	case from == nil && to == nil:
		return region{event: e}
	case from == nil:
		from = to
	case to == nil:
		to = from
	}
	if from.ID > to.ID {
		from, to = to, from
	}
	return region{event: e, first: from.ID, last: to.ID + 1, body: to.Body}
}

// end is the operator at one end of a region.
func (j *joiner) end(name string) *graph.Node {
	if nodes := j.nodes[name]; len(nodes) > 0 {
		return nodes[0]
	}
	return j.makes(name)
}
