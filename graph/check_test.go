package graph

import (
	"strings"
	"testing"
)

// valid is a graph with an input, an initializer and a node that holds a body, which reads a value of the main one.
func valid() *Graph {
	g := &Graph{Main: &Body{Name: "main"}}
	inner := &Body{Name: "inner"}
	value := func(name string, b *Body) *Value {
		v := &Value{ID: len(g.Values), Name: name, Body: b}
		g.Values = append(g.Values, v)
		return v
	}
	node := func(op string, b *Body, in []*Value, out ...*Value) *Node {
		n := &Node{ID: len(g.Nodes), Op: op, Body: b, Inputs: in, Outputs: out}
		g.Nodes = append(g.Nodes, n)
		b.Nodes = append(b.Nodes, n)
		for _, v := range out {
			v.Producer = n
		}
		for i, v := range in {
			if v != nil {
				v.Consumers = append(v.Consumers, Use{Node: n, Slot: i})
			}
		}
		return n
	}
	x, w, h, y := value("x", g.Main), value("w", g.Main), value("h", g.Main), value("y", g.Main)
	o := value("if/o", inner)
	x.IsInput, y.IsOutput, o.IsOutput = true, true, true
	w.Init = &Tensor{DType: Int8}
	g.Main.Inputs, g.Main.Inits, g.Main.Outputs, inner.Outputs = []*Value{x}, []*Value{w}, []*Value{y}, []*Value{o}
	node("Add", g.Main, []*Value{x, w}, h)
	owner := node("If", g.Main, []*Value{h, nil}, y)
	owner.Attrs = []Attr{{Name: "then_branch", Type: AttrGraph, Body: inner}}
	inner.Owner = owner
	node("Neg", inner, []*Value{h}, o).Call = &Call{Node: "c", Inputs: []*Value{x, nil}}
	return g
}

// TestCheckValid breaks one invariant at a time.
func TestCheckValid(t *testing.T) {
	if err := CheckValid(valid()); err != nil {
		t.Fatal(err)
	}
	stranger := &Value{Name: "stranger"}
	for want, damage := range map[string]func(*Graph){
		"without a main body":                            func(g *Graph) { g.Main = nil },
		"Nodes[1] is nil":                                func(g *Graph) { g.Nodes[1] = nil },
		"Nodes[0] is nil or has another ID":              func(g *Graph) { g.Nodes[0].ID = 1 },
		"Values[2] is nil or has another ID":             func(g *Graph) { g.Values[2].ID = 0 },
		"value 2 has no name":                            func(g *Graph) { g.Values[2].Name = "" },
		`value "x": the name repeats`:                    func(g *Graph) { g.Values[2].Name = "x" },
		"the main body has an owner":                     func(g *Graph) { g.Main.Owner = g.Nodes[0] },
		"2 nodes stand in bodies, the graph lists 3":     func(g *Graph) { g.Nodes[1].Attrs[0].Body.Nodes = nil },
		"an input is no value of it":                     func(g *Graph) { g.Main.Inputs[0] = stranger },
		"an input that is not marked":                    func(g *Graph) { g.Values[0].IsInput = false },
		"its body lists it 2 times as an input":          func(g *Graph) { g.Main.Inputs = append(g.Main.Inputs, g.Values[0]) },
		"an input of the main body with an initializer":  func(g *Graph) { g.Values[0].Init = &Tensor{} },
		"an initializer is no value of it, or has no":    func(g *Graph) { g.Values[1].Init = nil },
		"its body lists it 0 times as an initializer":    func(g *Graph) { g.Main.Inits = nil },
		"its tensor has the impossible dims [-1]":        func(g *Graph) { g.Values[1].Init.Dims = []int64{-1} },
		"an output is no value of it, or not marked":     func(g *Graph) { g.Values[3].IsOutput = false },
		"its body does not list it as an output":         func(g *Graph) { g.Main.Outputs = nil },
		"holds a node that the graph does not list":      func(g *Graph) { g.Main.Nodes[0] = &Node{} },
		"out of order in its body":                       func(g *Graph) { g.Main.Nodes[0], g.Main.Nodes[1] = g.Main.Nodes[1], g.Main.Nodes[0] },
		"names another body than the one that lists it":  func(g *Graph) { g.Nodes[0].Body = nil },
		"node 0: no operator":                            func(g *Graph) { g.Nodes[0].Op = "" },
		"input 0 is no value of the graph":               func(g *Graph) { g.Nodes[0].Inputs[0] = stranger },
		`input "y" is produced later`:                    func(g *Graph) { g.Nodes[2].Inputs[0] = g.Values[3] },
		`input "if/o" belongs to a body that is not aro`: func(g *Graph) { g.Nodes[0].Inputs[0] = g.Values[4] },
		"an output is no value of its body":              func(g *Graph) { g.Nodes[0].Outputs[0] = stranger },
		"or names another producer":                      func(g *Graph) { g.Values[2].Producer = g.Nodes[1] },
		"its producer lists it 0 times":                  func(g *Graph) { g.Nodes[0].Outputs = nil },
		"want either a producer or an input":             func(g *Graph) { g.Values[2].Producer = nil },
		"argument that is no value of the graph":         func(g *Graph) { g.Nodes[2].Call.Inputs[0] = stranger },
		"its calls have a cycle":                         func(g *Graph) { g.Nodes[2].Call.Parent = g.Nodes[2].Call },
		`attribute "then_branch" does not hold what`:     func(g *Graph) { g.Nodes[1].Attrs[0].Type = AttrInt },
		`attribute "t" does not hold what its type`:      func(g *Graph) { g.Nodes[0].Attrs = []Attr{{Name: "t", Type: AttrTensor}} },
		`attribute "t" holds a nil tensor`:               func(g *Graph) { g.Nodes[0].Attrs = []Attr{{Name: "t", Type: AttrTensors, Tensors: []*Tensor{nil}}} },
		"a nil body":                                     func(g *Graph) { g.Nodes[0].Attrs = []Attr{{Name: "b", Type: AttrGraphs, Bodies: []*Body{nil}}} },
		"names another owner":                            func(g *Graph) { g.Nodes[2].Body.Owner = g.Nodes[0] },
		`body "inner" is held twice`:                     func(g *Graph) { g.Nodes[1].Attrs = append(g.Nodes[1].Attrs, g.Nodes[1].Attrs[0]) },
		`value "if/o": its body is none of the graph`:    func(g *Graph) { g.Values[4].Body = &Body{} },
		"reads it, consumer 0 does not say so":           func(g *Graph) { g.Values[0].Consumers = nil },
		"reads it, consumer 1 does not say so":           func(g *Graph) { g.Values[2].Consumers[1].Slot = 1 },
		"2 consumers listed, 1 nodes read it":            func(g *Graph) { g.Values[0].Consumers = append(g.Values[0].Consumers, Use{}) },
	} {
		g := valid()
		damage(g)
		err := CheckValid(g)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: reported %v", want, err)
		}
	}
}

func TestCheckValidStopsReporting(t *testing.T) {
	g := valid()
	for range 1000 {
		g.Main.Inputs = append(g.Main.Inputs, nil)
	}
	if n := strings.Count(CheckValid(g).Error(), "\n"); n != maxProblems {
		t.Errorf("%d lines", n+1)
	}
}
