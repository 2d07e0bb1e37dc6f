package analysis

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// chooseBranches infers a graph in which a branch stands for every If: the one that its condition decides, else the one with
// more work, with a warning. An If in a loop that takes now one, now the other stays.
func (a *Analysis) chooseBranches(opts Options) error {
	if err := a.decided(opts); err != nil {
		return err
	}
	before := len(a.Warnings)
	var standing []string
	for {
		a.Assumed, a.Warnings = nil, a.Warnings[:before]
		if err := a.infer(opts); err != nil {
			return err
		}
		choice, open := a.branches()
		if standing = append(standing, open...); len(choice) == 0 {
			break
		}
		a.Graph = graph.WithBranches(a.Graph, choice)
	}
	const shown = 5
	if n := len(standing) - shown; n > 0 {
		standing = append(standing[:shown], fmt.Sprintf("%d more nodes (If) have conditions that are not constant", n))
	}
	a.Warnings = append(a.Warnings, standing...)
	return nil
}

// decided puts those branches in the place of their Ifs that constants, given values and given dims decide: nothing of the
// others matters for the dims that are assumed.
func (a *Analysis) decided(opts Options) error {
	if !hasIf(a.Graph) {
		return nil
	}
	given, err := bind(a.Graph, opts.Dims)
	if err != nil {
		return err
	}
	choice := map[*graph.Node]int{}
	for n, i := range ops.Infer(a.Graph, ops.Options{Dims: consts(given), Values: opts.Values}).Taken {
		if i != ops.BothBranches {
			choice[n] = i
		}
	}
	if len(choice) > 0 {
		a.Graph = graph.WithBranches(a.Graph, choice)
	}
	return nil
}

func hasIf(g *graph.Graph) bool {
	for _, n := range g.Nodes {
		if isIf(n) {
			return true
		}
	}
	return false
}

func isIf(n *graph.Node) bool { return n.Op == "If" && n.Domain == "" && len(n.Bodies()) > 0 }

// branches chooses one branch of every If that is left, and says of those that nothing decides which stands for them. The
// Ifs in a branch that is left out are not asked.
func (a *Analysis) branches() (choice map[*graph.Node]int, standing []string) {
	choice = map[*graph.Node]int{}
	var costs []*graph.Cost
	out := map[*graph.Body]bool{} // left out
	for _, n := range a.Graph.Nodes {
		if !isIf(n) || leftOut(n.Body, out) {
			continue
		}
		i, known := a.Inference.Taken[n]
		if i == ops.BothBranches {
			continue
		}
		bodies := n.Bodies()
		if !known {
			if costs == nil {
				costs = ops.Count(a.Graph, a.Inference)
			}
			i = a.Inference.Branch(n, costs, a.Eval)
			standing = append(standing, standsFor(n, bodies[i]))
		}
		choice[n] = i
		for k, b := range bodies {
			out[b] = k != i
		}
	}
	return choice, standing
}

func standsFor(n *graph.Node, b *graph.Body) string {
	return fmt.Sprintf("node %q (If): the condition is not constant; the branch %q with more work stands for it", n.Label(), b.Name)
}

// leftOut reports whether a body stands in one that is left out.
func leftOut(b *graph.Body, out map[*graph.Body]bool) bool {
	for ; b.Owner != nil; b = b.Owner.Body {
		if out[b] {
			return true
		}
	}
	return false
}
