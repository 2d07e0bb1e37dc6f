package onnxgo

import (
	"fmt"
	"strings"

	"github.com/owulveryck/onnx-go"
	gonum "gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
	"gorgonia.org/tensor"
)

// Backend receives a model from onnx-go; make it with [NewBackend]. It is a gonum graph whose nodes are values; operators
// and input slots are kept beside it until [Backend.Graph] asks for them. It holds one model and is not safe for
// concurrent use.
type Backend struct {
	*simple.WeightedDirectedGraph

	nodes   []*node // as created
	names   map[string]bool
	sets    []assignment // tensors that nodes were given while declarations were read, in order
	ops     []operation
	pending []*node // inputs by slot of the operation that is being announced
	fake    *node   // stands among them for inputs that the node does not have
	err     error   // the first thing that no model of onnx-go does
}

var (
	_ onnx.Backend     = (*Backend)(nil)
	_ onnx.Namer       = (*node)(nil)
	_ onnx.DataCarrier = (*node)(nil)
)

// NewBackend makes an empty backend.
func NewBackend() *Backend {
	return &Backend{WeightedDirectedGraph: simple.NewWeightedDirectedGraph(0, 0), names: map[string]bool{}}
}

// node is a value: several may carry one name, and absent inputs and outputs are nodes called "".
type node struct {
	owner    *Backend
	id       int64
	name     string
	repeated bool // the name was known when the node got it
	tensor   tensor.Tensor
}

// assignment is a tensor that a node was given.
type assignment struct {
	node   *node
	tensor tensor.Tensor
}

// operation is one node of the model.
type operation struct {
	onnx.Operation
	ins, outs []*node
	fake      bool // ins[0] is a stand-in that onnx-go invents for a node without inputs
}

// ID identifies the node in the gonum graph.
func (n *node) ID() int64 { return n.id }

// GetName returns the name of the value.
func (n *node) GetName() string { return n.name }

// SetName names the value.
func (n *node) SetName(name string) {
	n.repeated = n.owner.names[name]
	n.name = name
	n.owner.names[name] = true
}

// GetTensor returns the tensor that was set last.
func (n *node) GetTensor() tensor.Tensor { return n.tensor }

// SetTensor is called by onnx-go with a placeholder for a declared value and with the data of an initializer, and by its
// users with inputs for a run, which the graph ignores.
func (n *node) SetTensor(t tensor.Tensor) error {
	n.tensor = t
	if b := n.owner; len(b.ops) == 0 && b.pending == nil {
		b.sets = append(b.sets, assignment{n, t})
	}
	return nil
}

// NewNode makes the node of a value, which AddNode adds.
func (b *Backend) NewNode() gonum.Node {
	n := &node{owner: b, id: b.WeightedDirectedGraph.NewNode().ID()}
	b.nodes = append(b.nodes, n)
	return n
}

// maxSlot bounds the inputs of an operation.
const maxSlot = 1 << 20

// SetWeightedEdge is called once per output and input slot of an operation, from the output to the input, before the
// operation is applied. The gonum graph keeps no edge from a node to itself, and one of several between the same two.
func (b *Backend) SetWeightedEdge(e gonum.WeightedEdge) {
	from, ok := e.From().(*node)
	to, ok2 := e.To().(*node)
	slot := e.Weight()
	if !ok || !ok2 || slot != float64(int(slot)) || slot < 0 || slot > maxSlot {
		b.fail("an edge of weight %v that is no input slot, or between foreign nodes", slot)
		return
	}
	if slot == 0 && b.pending == nil && to == b.nodes[len(b.nodes)-1] && strings.HasSuffix(to.name, "/input") && to.tensor == nil {
		b.fake = to
	}
	for len(b.pending) <= int(slot) {
		b.pending = append(b.pending, nil)
	}
	b.pending[int(slot)] = to
	if from.id != to.id {
		b.WeightedDirectedGraph.SetWeightedEdge(e)
	}
}

// ApplyOperation is called once per node of the model, after the edges from its outputs to its inputs.
func (b *Backend) ApplyOperation(op onnx.Operation, outs ...gonum.Node) error {
	o := operation{Operation: op, ins: b.pending}
	o.fake = b.fake != nil && len(o.ins) == 1 && o.ins[0] == b.fake
	for _, out := range outs {
		n, ok := out.(*node)
		if !ok {
			return fmt.Errorf("operator %q: an output is a %T, no node of this backend", op.Name, out)
		}
		o.outs = append(o.outs, n)
	}
	b.ops, b.pending, b.fake = append(b.ops, o), nil, nil
	return nil
}

func (b *Backend) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}
