package graph

// AttrType is the type of an attribute, numbered as AttributeProto.AttributeType.
type AttrType uint8

// The attribute types of the ONNX format.
const (
	AttrUndefined AttrType = iota
	AttrFloat
	AttrInt
	AttrString
	AttrTensor
	AttrGraph
	AttrFloats
	AttrInts
	AttrStrings
	AttrTensors
	AttrGraphs
	AttrSparseTensor
	AttrSparseTensors
	AttrTypeProto
	AttrTypeProtos
)

// Attr is one attribute of a node; Type says which field holds its value.
type Attr struct {
	Name    string
	Type    AttrType
	Elided  bool // a string of it is too long to be kept
	Float   float32
	Int     int64
	Str     string
	Tensor  *Tensor
	Body    *Body
	Floats  []float32
	Ints    []int64
	Strs    []string
	Tensors []*Tensor
	Bodies  []*Body
	TypeVal *Type // of AttrTypeProto
}

// Attr returns the attribute of that name.
func (n *Node) Attr(name string) (*Attr, bool) {
	for i := range n.Attrs {
		if n.Attrs[i].Name == name {
			return &n.Attrs[i], true
		}
	}
	return nil, false
}

// Constant is the tensor that a Constant node of the standard holds, dense, sparse or a list of floats; nil where n is none.
func (n *Node) Constant() *Tensor {
	if n == nil || n.Op != "Constant" || n.Domain != "" {
		return nil
	}
	for i := range n.Attrs {
		switch a := &n.Attrs[i]; a.Name {
		case "value", "sparse_value":
			return a.Tensor
		case "value_floats":
			t := &Tensor{DType: Float32, Dims: []int64{int64(len(a.Floats))}}
			for _, x := range a.Floats {
				t.Floats = append(t.Floats, float64(x))
			}
			return t
		}
	}
	return nil
}

// Int returns an integer attribute, or def where it is absent.
func (n *Node) Int(name string, def int64) int64 {
	if a, ok := n.Attr(name); ok && a.Type == AttrInt {
		return a.Int
	}
	return def
}

// Float returns a float attribute, or def where it is absent.
func (n *Node) Float(name string, def float64) float64 {
	if a, ok := n.Attr(name); ok && a.Type == AttrFloat {
		return float64(a.Float)
	}
	return def
}

// Str returns a string attribute, or def where it is absent.
func (n *Node) Str(name, def string) string {
	if a, ok := n.Attr(name); ok && a.Type == AttrString {
		return a.Str
	}
	return def
}

// Ints returns an integer-list attribute and whether it is there.
func (n *Node) Ints(name string) ([]int64, bool) {
	if a, ok := n.Attr(name); ok && a.Type == AttrInts {
		return a.Ints, true
	}
	return nil, false
}

// Bodies returns the subgraphs of a node with the attribute that holds each, in file order.
func (n *Node) Bodies() []*Body {
	var out []*Body
	for i := range n.Attrs {
		if b := n.Attrs[i].Body; b != nil {
			out = append(out, b)
		}
		out = append(out, n.Attrs[i].Bodies...)
	}
	return out
}
