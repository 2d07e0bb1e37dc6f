package ops

import "github.com/irene-onnx/irene/graph"

// controlOps are the operators that run subgraphs. They cost nothing themselves: the nodes of their bodies are counted
// where they stand, as often as their body runs.
// https://onnx.ai/onnx/operators/onnx__If.html
// https://onnx.ai/onnx/operators/onnx__Loop.html
func controlOps() []Op {
	return append(generationOps(), []Op{
		row("If", 1, "control", ifRule, freeCost),
		row("Loop", 1, "control", loop, freeCost),
		row("Scan", 8, "control", scan8, freeCost),
		row("Scan", 9, "control", scan, freeCost),
	}...)
}

// body returns the subgraph that an attribute holds, nil where it holds none.
func (c *Context) body(attr string) *graph.Body {
	a, ok := c.Node.Attr(attr)
	if !ok {
		return nil
	}
	return a.Body
}

// ifRule: a constant condition, or the caller's choice, decides for one branch, and only that one is inferred. Otherwise
// outputs have what both branches agree on.
func ifRule(c *Context) error {
	then, els := c.body("then_branch"), c.body("else_branch")
	if then == nil || els == nil {
		return c.Errorf("a branch is missing")
	}
	delete(c.s.out.Taken, c.Node)
	taken, decided := then, true
	switch data, _ := c.Data(0); {
	case len(data) == 1 && data[0].Is(1):
		c.s.out.Taken[c.Node] = bodyIndex(c.Node, then)
	case len(data) == 1 && data[0].Is(0):
		taken = els
		c.s.out.Taken[c.Node] = bodyIndex(c.Node, els)
	default:
		var choice int
		if choice, decided = c.s.opts.Branches[c.Node]; decided && choice == bodyIndex(c.Node, els) {
			taken = els
		}
	}
	if decided {
		facts, err := c.Infer(taken, nil)
		if err != nil {
			return err
		}
		for i, f := range facts {
			c.SetFact(i, f)
		}
		return nil
	}
	return c.either(then, els)
}

// bodyIndex is the place of a body among the bodies of its node.
func bodyIndex(n *graph.Node, b *graph.Body) int {
	for i, x := range n.Bodies() {
		if x == b {
			return i
		}
	}
	return 0
}

// either infers two branches of which one runs. What contradicts in a branch only says that it is not the one; an
// equality holds where both imply it.
func (c *Context) either(then, els *graph.Body) error {
	a, err := c.s.try(then, nil)
	if err != nil {
		return err
	}
	b, err := c.s.try(els, nil)
	if err != nil {
		return err
	}
	switch {
	case len(a.conflicts) > 0 && len(b.conflicts) == 0:
		a = b
	case len(b.conflicts) > 0 && len(a.conflicts) == 0:
		b = a
	default:
		c.s.out.Conflicts = append(append(c.s.out.Conflicts, a.conflicts...), b.conflicts...)
	}
	for name, d := range a.solved {
		if e, ok := b.solved[name]; ok && e.Equal(d) {
			c.s.solved[name] = d
		}
	}
	for i := range c.Node.Outputs {
		if i >= len(a.out) || i >= len(b.out) {
			break
		}
		c.SetFact(i, c.s.join(&a.out[i], &b.out[i], func(axis int) graph.Dim { return c.Fresh(i, axis) }))
	}
	return nil
}

// Branch chooses the branch that stands for an If: the one a constant condition decides, else the one with more
// multiply-accumulates, then with more bytes, at the dims that eval knows. It is an index into n.Bodies().
func (inf *Inference) Branch(n *graph.Node, costs []*graph.Cost, eval func(graph.Dim) (int64, bool)) int {
	i, _ := inf.heavier(n, costs, eval)
	return i
}

// work is what the nodes of a body take, as far as it is known.
type work struct{ macs, bytes float64 }

func (w work) plus(o work) work { return work{w.macs + o.macs, w.bytes + o.bytes} }

// heavier returns the branch that stands for an If, and its work.
func (inf *Inference) heavier(n *graph.Node, costs []*graph.Cost, eval func(graph.Dim) (int64, bool)) (int, work) {
	bodies := n.Bodies()
	if i, ok := inf.Taken[n]; ok && i >= 0 && i < len(bodies) {
		return i, inf.work(bodies[i], costs, eval)
	}
	choice, most := 0, work{}
	for i, b := range bodies {
		w := inf.work(b, costs, eval)
		if i == 0 || w.macs > most.macs || (w.macs == most.macs && w.bytes > most.bytes) {
			choice, most = i, w
		}
	}
	return choice, most
}

// work sums the nodes of a body and of the bodies in it, of an If only its branch.
func (inf *Inference) work(b *graph.Body, costs []*graph.Cost, eval func(graph.Dim) (int64, bool)) work {
	value := func(d graph.Dim) float64 {
		n, ok := eval(d)
		if !ok || n < 0 {
			return 0
		}
		return float64(n)
	}
	var sum work
	for _, n := range b.Nodes {
		if n.ID < len(costs) && costs[n.ID].Known {
			k := costs[n.ID]
			sum = sum.plus(work{value(k.MACs), value(k.Read) + value(k.Written)})
		}
		if n.Op == "If" && n.Domain == "" {
			_, w := inf.heavier(n, costs, eval)
			sum = sum.plus(w)
			continue
		}
		for _, x := range n.Bodies() {
			sum = sum.plus(inf.work(x, costs, eval))
		}
	}
	return sum
}
