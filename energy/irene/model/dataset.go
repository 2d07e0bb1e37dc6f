package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy/irene"
)

// dataset is trees prepared for training: the distinct rows of features of all their nodes, and a plan for each tree.
type dataset struct {
	features []feature
	rows     [][]float64
	plans    []*plan
	rowOf    map[string]int32 // by the bytes of a row
}

// plan is a tree whose equal subtrees are one. Layers of a model that were measured once and copied, and the operators
// in them, are most of a tree.
type plan struct {
	tree  *irene.Tree
	nodes []planNode // children before parents, the root last
	walk  []int32    // the node at each place of irene.Node.Walk
}

// planNode is one distinct subtree.
type planNode struct {
	source      *irene.Node // one of the nodes it stands for
	row         int32       // of dataset.rows
	kind        string      // type of operator, of a leaf
	groundTruth float64     // measured energy, 0 if there is none
	count       float64     // how often the subtree occurs in the tree
	children    []edge
}

// leaf says whether n is an operator, and not a sum.
func (n *planNode) leaf() bool { return len(n.children) == 0 }

// edge is a child and how often it occurs among the children of its parent.
type edge struct {
	node  int32
	times float64
}

func newDataset(features []feature, trees []*irene.Tree) (*dataset, error) {
	d := &dataset{features: features, rowOf: map[string]int32{}}
	for _, t := range trees {
		if err := d.add(t); err != nil {
			return nil, fmt.Errorf("%s: %w", treeLabel(t), err)
		}
	}
	return d, nil
}

// treeLabel names a tree in messages.
func treeLabel(t *irene.Tree) string {
	switch {
	case t == nil:
		return "a tree"
	case t.File != "":
		return fmt.Sprintf("%s:%d", t.File, t.Line)
	}
	return fmt.Sprintf("%s, batch %d, sequence %d", t.Model, t.Batch, t.Sequence)
}

func (d *dataset) add(t *irene.Tree) error {
	if t == nil || t.Root == nil {
		return errors.New("it has no nodes")
	}
	b := planner{data: d, plan: &plan{tree: t}, known: map[string]int32{}}
	root, err := b.subtree(t.Root)
	if err != nil {
		return err
	}
	nodes := b.plan.nodes
	nodes[root].count = 1
	for i := len(nodes) - 1; i >= 0; i-- { // a parent's own count is complete before it is passed on
		for _, e := range nodes[i].children {
			nodes[e.node].count += e.times * nodes[i].count
		}
	}
	d.plans = append(d.plans, b.plan)
	return nil
}

// planner builds one plan.
type planner struct {
	data  *dataset
	plan  *plan
	known map[string]int32 // distinct subtrees by key
	key   []byte           // scratch
	row   []float64        // scratch
}

// subtree finds or makes the distinct subtree of n.
func (b *planner) subtree(n *irene.Node) (int32, error) {
	if n == nil {
		return 0, errors.New("a node is missing")
	}
	switch n.Type {
	case irene.TypeModel, irene.TypeModule, irene.TypeML, irene.TypeMLNoParam:
	default:
		return 0, fmt.Errorf("%s: type %q is none of model, module, ml and ml-np", n.Scope, n.Type)
	}
	at := len(b.plan.walk)
	b.plan.walk = append(b.plan.walk, 0)
	var children []edge
	for _, c := range n.Children {
		id, err := b.subtree(c)
		if err != nil {
			return 0, err
		}
		children = addEdge(children, id)
	}
	row, err := b.data.rowFor(b, n)
	if err != nil {
		return 0, err
	}
	node := planNode{source: n, row: row, groundTruth: n.Energy, children: children}
	if node.leaf() {
		node.kind = kindOf(n)
	}
	if math.IsNaN(n.Energy) || math.IsInf(n.Energy, 0) || n.Energy < 0 {
		return 0, fmt.Errorf("%s: ground_truth_energy is %v", n.Scope, n.Energy)
	}
	id, seen := b.known[string(b.subtreeKey(&node))]
	if !seen {
		id = int32(len(b.plan.nodes))
		b.known[string(b.key)] = id
		b.plan.nodes = append(b.plan.nodes, node)
	}
	b.plan.walk[at] = id
	return id, nil
}

// kindOf is the type of operator of a leaf. Published trees spell one type in two ways: MatMul and matmul.
func kindOf(n *irene.Node) string { return strings.ToLower(n.InstanceType) }

// subtreeKey is equal for equal subtrees.
func (b *planner) subtreeKey(n *planNode) []byte {
	k := binary.LittleEndian.AppendUint32(b.key[:0], uint32(n.row))
	k = binary.LittleEndian.AppendUint64(k, math.Float64bits(n.groundTruth))
	for _, e := range n.children {
		k = binary.LittleEndian.AppendUint32(k, uint32(e.node))
		k = binary.LittleEndian.AppendUint32(k, uint32(e.times))
	}
	b.key = append(k, n.kind...)
	return b.key
}

// rowFor finds or makes the row of the features of n.
func (d *dataset) rowFor(b *planner, n *irene.Node) (int32, error) {
	b.row, b.key = b.row[:0], b.key[:0]
	for _, f := range d.features {
		v := f.value(b.plan.tree, n)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("%s: %s is %v", n.Scope, f.name, v)
		}
		b.row = append(b.row, v)
		b.key = binary.LittleEndian.AppendUint64(b.key, math.Float64bits(v))
	}
	id, seen := d.rowOf[string(b.key)]
	if !seen {
		id = int32(len(d.rows))
		d.rowOf[string(b.key)] = id
		d.rows = append(d.rows, append([]float64(nil), b.row...))
	}
	return id, nil
}

func addEdge(edges []edge, node int32) []edge {
	for i := range edges {
		if edges[i].node == node {
			edges[i].times++
			return edges
		}
	}
	return append(edges, edge{node, 1})
}

// counts says how many nodes of some plans each row of d stands for.
func (d *dataset) counts(plans []*plan) []float64 {
	counts := make([]float64, len(d.rows))
	for _, p := range plans {
		for _, n := range p.nodes {
			counts[n.row] += n.count
		}
	}
	return counts
}
