package export

import (
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// findConstants marks the operators that compute from stored tensors alone and cost nothing. They have no box of their own:
// where they are read, a note stands for them.
func (p *picture) findConstants() {
	p.constant = make([]bool, len(p.r.Operators))
	folded := analysis.Foldable(p.r.Graph)
	for i := range p.r.Operators {
		op := &p.r.Operators[i]
		p.constant[i] = idle(op) && isConstant(op.Node, folded)
	}
}

// isConstant reports whether all that a node makes follows from stored tensors, and other nodes read it.
func isConstant(n *graph.Node, folded []bool) bool {
	read := false
	for _, v := range n.Outputs {
		if v != nil && (!folded[v.ID] || v.IsOutput) {
			return false
		}
		read = read || v != nil && len(v.Consumers) > 0
	}
	return read
}

// onlyConstants reports whether a module and what is below it has no other operators.
func (p *picture) onlyConstants(m *report.Module) bool {
	all := true
	m.Walk(func(c *report.Module) {
		for _, i := range c.Operators {
			all = all && p.constant[i]
		}
	})
	return all
}

// note puts a box beside that of an operator for the constants that it reads and that nothing else stands for.
func (p *picture) note(to *box) {
	if p.compact || to.operator == nil {
		return
	}
	var of []*graph.Value
	for _, v := range to.operator.Node.Inputs {
		if v == nil || v.Producer == nil || slices.Contains(of, v) {
			continue
		}
		if i := p.index[v.Producer.ID]; i != nowhere && p.constant[i] && p.at[i] == nowhere {
			of = append(of, v)
		}
	}
	if of != nil {
		p.flows = append(p.flows, &flow{from: p.add(&box{constants: of, in: to.in, number: to.number}), to: to, values: of})
	}
}
