package predict

import (
	"slices"

	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Plan is what a graph runs under a runtime profile.
type Plan struct {
	Analysis *analysis.Analysis
	Steps    []Step   // in graph order
	Notes    []string // on how kernels were formed

	of []int32 // index of the step by Node.ID; -1 for nodes that take nothing
}

// Step is a kernel, or a call without one: a call has no members, and reads what hides it.
type Step struct{ *kernel.Kernel }

// IsCall reports whether the step launches nothing.
func (s *Step) IsCall() bool { return s.Members == nil }

// Bytes are the bytes that the step reads and writes, or that hide a call.
func (s *Step) Bytes() graph.Dim { return s.Cost.Read.Add(s.Cost.Written) }

// NewPlan forms the kernels of a graph. It fails on an unknown profile.
func NewPlan(a *analysis.Analysis, profile string, options ...kernel.Option) (*Plan, error) {
	k, err := kernel.Group(a.Graph, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, profile, options...)
	if err != nil {
		return nil, err
	}
	p := &Plan{Analysis: a, Steps: make([]Step, 0, len(k.Kernels)+len(k.Calls)), Notes: k.Notes, of: k.Of}
	for i := range k.Kernels {
		p.Steps = append(p.Steps, Step{&k.Kernels[i]})
	}
	if len(k.Calls) == 0 {
		return p, nil
	}
	for _, n := range k.Calls {
		bytes := a.Inference.Facts[n.Outputs[0].ID].Bytes().MulInt(2)
		cost := &graph.Cost{Class: law.View, Known: !bytes.IsUnknown(), Read: bytes, Written: graph.Const(0)}
		p.Steps = append(p.Steps, Step{&kernel.Kernel{Node: n, Cost: cost}})
	}
	slices.SortFunc(p.Steps, func(a, b Step) int { return a.Node.ID - b.Node.ID })
	for i, s := range p.Steps {
		p.of[s.Node.ID] = int32(i)
		for _, m := range s.Members {
			p.of[m.ID] = int32(i)
		}
	}
	return p, nil
}

// Of is the index of the step that does a node's work; -1 where the node takes nothing.
func (p *Plan) Of(n *graph.Node) int { return int(p.of[n.ID]) }
