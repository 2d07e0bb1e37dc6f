package graph

import "iter"

// Graph is one decoded model: its operations in the order of the file, with model-local functions already inlined.
type Graph struct {
	File            string // as the user named it, for messages
	Producer        string
	ProducerVersion string
	IRVersion       int64
	Opsets          map[string]int64 // domain → version the model imports; "" is ai.onnx
	Metadata        []Property

	Main   *Body
	Nodes  []*Node  // every node of every body; Nodes[i].ID == i
	Values []*Value // every value of every body; Values[i].ID == i

	Warnings []string // what the decoder had to say about the file
}

// Property is one key with its value from a metadata_props field.
type Property struct{ Key, Value string }

// Body is a list of operations with its formal inputs and outputs: the main graph, an If branch, a Loop or Scan body.
type Body struct {
	Name    string
	Owner   *Node // the node whose attribute holds this body; nil for the main graph
	Inputs  []*Value
	Outputs []*Value
	Nodes   []*Node  // in an order in which producers come before consumers
	Inits   []*Value // values with an initializer, in file order
}

// Node is one operation. Its identity is ID: names may be empty and may repeat.
type Node struct {
	ID       int
	Name     string
	Domain   string // "" is ai.onnx
	Op       string
	Opset    int64 // version of Domain in force where the node stands
	Overload string
	Inputs   []*Value // nil where an optional input is absent
	Outputs  []*Value // nil where an optional output is absent
	Attrs    []Attr
	Metadata []Property
	Body     *Body
	Call     *Call // the function call the node was inlined from; nil outside functions
	If       *Node // of the file, in whose branch the node stands where that takes its place (see WithBranches); nil elsewhere
	// Ordinal is the place among the nodes of the file's graph, those of a subgraph after their owner; -1 for nodes that are
	// not in the graph of the file: those of inlined functions, and copies that the decoder makes.
	Ordinal int
}

// Call is one call of a model-local function that was inlined.
type Call struct {
	Parent   *Call // the call in whose body this one stands; nil at the top
	Node     string
	Domain   string
	Function string
	Overload string
	Metadata []Property // of the calling node
	Ordinal  int        // of the calling node; see Node
	Inputs   []*Value   // actual arguments; nil where absent
}

// Kind tells what sort of thing a value holds.
type Kind uint8

// The kinds of TypeProto.
const (
	KindUnknown Kind = iota
	KindTensor
	KindSequence
	KindOptional
	KindMap
	KindSparse
	KindOpaque
)

// Type is a type as a file declares it.
type Type struct {
	Kind  Kind
	DType DType
	Shape Shape // nil where the file declares none
	Elem  *Type // of sequences and optionals; the value type of maps
}

// Value is one edge: a graph input, an initializer or an output of a node.
type Value struct {
	ID        int
	Name      string // unique: prefixed with its call path inside functions and subgraphs
	Local     string // the name as the file spells it
	Type      Type   // as declared; zero where nothing is
	Body      *Body
	Producer  *Node   // nil for inputs and initializers
	Init      *Tensor // nil unless stored in the file
	Consumers []Use
	IsInput   bool // a formal input of its body (an initializer may be its default)
	IsOutput  bool
	Metadata  []Property
}

// Use is one input slot that reads a value.
type Use struct {
	Node *Node
	Slot int
}

// Input returns the i-th input, or nil where there is none.
func (n *Node) Input(i int) *Value {
	if i < 0 || i >= len(n.Inputs) {
		return nil
	}
	return n.Inputs[i]
}

// Output returns the i-th output, or nil where there is none.
func (n *Node) Output(i int) *Value {
	if i < 0 || i >= len(n.Outputs) {
		return nil
	}
	return n.Outputs[i]
}

// Label is the name by which messages call the node.
func (n *Node) Label() string {
	if n.Name != "" {
		return n.Name
	}
	for _, o := range n.Outputs {
		if o != nil {
			return n.Op + " → " + o.Name
		}
	}
	return n.Op
}

// Readers ranges over the input slots that read the node's outputs.
func (n *Node) Readers() iter.Seq[Use] {
	return func(yield func(Use) bool) {
		for _, o := range n.Outputs {
			if o == nil {
				continue
			}
			for _, u := range o.Consumers {
				if !yield(u) {
					return
				}
			}
		}
	}
}

// Kind is the operator's qualified name: "MatMul", "com.microsoft:Attention".
func (n *Node) Kind() string {
	if n.Domain == "" {
		return n.Op
	}
	return n.Domain + ":" + n.Op
}

// Meta returns the value of a metadata property, "" where absent.
func Meta(props []Property, key string) string {
	for _, p := range props {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}
