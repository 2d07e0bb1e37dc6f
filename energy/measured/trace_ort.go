package measured

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// onnxRuntime joins a session's profile. An event has the name of its node where the optimiser left the node alone, one
// made of it where it fused (".../MatMul/MatMulScaleFusion/", "fused .../Gemm"), and a name of its own for some fusions
// ("BiasGelu_token_11"): those are found in order, by what they must hold.
func (j *joiner) onnxRuntime() error {
	events := byIndex(j.t.Events)
	sizes := &sizeCheck{}
	events = j.byName(events, func(e *trace.Event) []string { return []string{e.Name} }, sizes)
	if err := sizes.err(); err != nil {
		return err
	}
	events = j.byName(events, madeOf, nil)
	events = j.byOperator(events)
	plan, err := j.plan("ort-extended")
	if err != nil {
		return err
	}
	events = j.byAnchor(events, plan)
	j.byValue(events)
	j.growFused()
	return nil
}

// byIndex sorts events as their nodes stand in the runtime's graph: that is the order of the file, and of the fusions
// behind it. The order of execution is another one.
func byIndex(events []trace.Event) []*trace.Event {
	var out []*trace.Event
	for i := range events {
		out = append(out, &events[i])
	}
	slices.SortStableFunc(out, func(x, y *trace.Event) int {
		if (x.Index < 0) != (y.Index < 0) {
			return y.Index - x.Index
		}
		return x.Index - y.Index
	})
	return out
}

// byName gives events to the nodes of one of their names, those of equal names in order, and returns those that are left.
func (j *joiner) byName(events []*trace.Event, names func(*trace.Event) []string, sizes *sizeCheck) []*trace.Event {
	var left []*trace.Event
	for _, e := range events {
		n := j.named(names(e))
		if n == nil {
			left = append(left, e)
			continue
		}
		if sizes != nil && n.Op == e.Op && len(e.Outputs) > 0 {
			sizes.compare(n, e.Outputs[0], j.shape(n.Output(0)))
		}
		j.claim(e, n.Op != e.Op, n)
	}
	return left
}

// named is the node of the first name that there is one of: one that no event is yet, else the last.
func (j *joiner) named(names []string) *graph.Node {
	for _, name := range names {
		nodes := j.nodes[name]
		if free := j.unclaimed(nodes); len(free) > 0 {
			return free[0]
		}
		if len(nodes) > 0 {
			return nodes[len(nodes)-1]
		}
	}
	return nil
}

var tokens = regexp.MustCompile(`_token_\d+`)

// madeOf lists the names that an optimiser may have made an event's name of.
func madeOf(e *trace.Event) []string {
	name := strings.TrimSuffix(strings.TrimPrefix(e.Name, "fused "), "/")
	var out []string
	add := func(name string) {
		out = append(out, name)
		for cut := strings.LastIndexByte(name, '/'); cut > 0; cut = strings.LastIndexByte(name[:cut], '/') {
			out = append(out, name[:cut])
		}
	}
	add(name)
	if inlined, ok := strings.CutPrefix(name, "_inlfunc_"); ok {
		for _, full := range []string{inlined, tokens.ReplaceAllString(inlined, "")} {
			for full != "" {
				add(full)
				_, full, _ = strings.Cut(full, "_")
			}
		}
	}
	return out
}

// nameGiven reports whether an event has a name that someone gave its node; without one it is called by its operator
// ("Cast_2", "Transpose_token_4").
func nameGiven(e *trace.Event) bool { return !strings.HasPrefix(e.Name, e.Op) }

// byOperator gives events to nodes of the same operator and the same output that no event is, in order: nodes without
// names, and nodes that an optimiser made anew. An event with a name of another model is none of them.
func (j *joiner) byOperator(events []*trace.Event) []*trace.Event {
	kinds := map[string][]*graph.Node{}
	for _, n := range j.a.Graph.Nodes {
		kinds[n.Op] = append(kinds[n.Op], n)
	}
	var left []*trace.Event
	for _, e := range events {
		if len(e.Outputs) == 0 {
			left = append(left, e)
			continue
		}
		free := j.unclaimed(kinds[e.Op])
		i := slices.IndexFunc(free, func(n *graph.Node) bool {
			shape := j.shape(n.Output(0))
			return shape != nil && slices.Equal(shape, e.Outputs[0]) && (n.Name == "" || !nameGiven(e))
		})
		if i < 0 {
			left = append(left, e)
			continue
		}
		j.claim(e, false, free[i])
	}
	return left
}

// anchor says by what a fused operator is found: an operator that it must hold, or a kernel of a class whose pattern the
// profile knows.
type anchor struct {
	ops    []string // of the node
	within string   // operator of the node in a kernel of several; "" for none
	same   bool     // the output has the shape of the fused operator's
	adds   int      // additions before it that are in the fused operator
	more   bool     // it holds more than the kernel and those, which only what is left around it tells
}

// anchorOf is the anchor of a fused operator of ONNX Runtime.
func anchorOf(e *trace.Event) (anchor, bool) {
	op := e.Op
	norms := []string{"LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"}
	switch op {
	case "Gelu":
		return anchor{ops: []string{"Gelu"}, within: "Erf", same: true}, true
	case "BiasGelu":
		return anchor{ops: []string{"Gelu"}, within: "Erf", same: true, adds: 1}, true
	case "FastGelu":
		return anchor{ops: []string{"Gelu", "Tanh"}, same: true, more: true}, true
	case "QuickGelu":
		return anchor{ops: []string{"Sigmoid"}, same: true, more: true}, true
	case "LayerNormalization":
		return anchor{ops: norms, within: "Div", same: true}, true
	case "SkipLayerNormalization", "SkipSimplifiedLayerNormalization":
		a := anchor{ops: norms, within: "Div", same: true, adds: 1}
		if len(e.Inputs) == 5 { // input, skip, gamma, beta, bias
			a.adds = 2
		}
		return a, true
	case "EmbedLayerNormalization":
		return anchor{ops: norms, within: "Div", same: true, more: true}, true
	case "BiasSoftmax":
		return anchor{ops: []string{"Softmax"}, same: true, more: true}, true
	}
	if strings.HasSuffix(op, "Attention") { // Multi-head, group-query, packed, quantized
		return anchor{ops: []string{"Softmax", "Attention"}, more: true}, true
	}
	return anchor{}, false
}

// byAnchor finds fused operators that kept no name.
func (j *joiner) byAnchor(events []*trace.Event, plan *kernel.Plan) []*trace.Event {
	var left []*trace.Event
	for _, e := range events {
		want, ok := anchorOf(e)
		if !ok || strings.Contains(e.Name, "/") { // the name of a module's node, in another model
			left = append(left, e)
			continue
		}
		nodes := j.anchored(e, want, plan)
		if len(nodes) == 0 {
			left = append(left, e)
			continue
		}
		j.claim(e, want.more, append(nodes, j.additions(nodes, want.adds)...)...)
	}
	return left
}

// additions are up to count additions that no event is, one feeding the other and the last feeding one of nodes.
func (j *joiner) additions(nodes []*graph.Node, count int) []*graph.Node {
	var out []*graph.Node
	for ; count > 0; count-- {
		var next *graph.Node
		for _, n := range nodes {
			for _, v := range n.Inputs {
				if v != nil && j.in(v.Producer) && v.Producer.Op == "Add" && j.of[v.Producer.ID] < 0 && !slices.Contains(nodes, v.Producer) {
					next = v.Producer
				}
			}
		}
		if next == nil {
			break
		}
		nodes, out = []*graph.Node{next}, append(out, next)
	}
	return out
}

// anchored is the first node, with its kernel, that a fused operator may be.
func (j *joiner) anchored(e *trace.Event, want anchor, plan *kernel.Plan) []*graph.Node {
	for _, n := range j.a.Graph.Nodes {
		if !j.in(n) || j.of[n.ID] >= 0 {
			continue
		}
		members := []*graph.Node{n}
		if !slices.Contains(want.ops, n.Op) {
			k := plan.Of[n.ID]
			if n.Op != want.within || k < 0 || len(plan.Kernels[k].Members) < 2 || plan.Kernels[k].Node != n {
				continue
			}
			members = j.unclaimed(plan.Kernels[k].Members)
		}
		if want.same && len(e.Outputs) > 0 {
			if shape := j.shape(n.Output(0)); shape != nil && !slices.Equal(shape, e.Outputs[0]) {
				continue
			}
		}
		return members
	}
	return nil
}

// byValue gives what a runtime put around a value ("InsertedPrecisionFreeCast_/a/Add_output_0") to the operator that
// makes the value. What is left is nothing of the model.
func (j *joiner) byValue(events []*trace.Event) {
	for _, e := range events {
		_, name, _ := strings.Cut(e.Name, "_")
		v := j.values[name]
		if v == nil || !j.in(v.Producer) {
			j.leftOver = append(j.leftOver, e)
			continue
		}
		j.claim(e, false, v.Producer)
	}
}

// sizeCheck compares the sizes of a trace with those of the analysis, node by node.
type sizeCheck struct {
	same, other int
	first       string
}

func (c *sizeCheck) compare(n *graph.Node, traced, analyzed []int64) {
	switch {
	case traced == nil || analyzed == nil || len(traced) == 0:
	case slices.Equal(traced, analyzed):
		c.same++
	default:
		if c.other == 0 {
			c.first = fmt.Sprintf("%s makes %v there, %v here", n.Label(), traced, analyzed)
		}
		c.other++
	}
}

// err is not nil where more sizes differ than agree.
func (c *sizeCheck) err() error {
	if c.other <= c.same {
		return nil
	}
	return fmt.Errorf("the trace was taken at other sizes: %s; bind the dims of the trace with --dim", c.first)
}
