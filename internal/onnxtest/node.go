package onnxtest

import (
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
)

// Node makes a node. Names of inputs and outputs are separated by spaces, "-" stands for one that is absent; parts are
// Name, Domain, Overload, Attr, Ref, Meta and Doc.
func Node(op, inputs, outputs string, parts ...Part) Part {
	b := repeat(repeat(nil, 1, names(inputs), stringField), 2, names(outputs), stringField)
	b = stringField(b, 4, op)
	b, rest := inNode.encode(b, parts)
	mustFit("a node", rest)
	return Part{at: fields{inGraph: 1, inFunction: 7}, body: b}
}

func names(list string) []string {
	out := strings.Fields(list)
	for i := range out {
		if out[i] == "-" {
			out[i] = ""
		}
	}
	return out
}

// Name is the name of a node.
func Name(name string) Part { return Part{at: fields{inGraph: 2, inNode: 3}, body: []byte(name)} }

// Domain is the domain of a node's operator.
func Domain(domain string) Part { return Part{at: fields{inNode: 7}, body: []byte(domain)} }

// Overload tells functions of one name apart; it belongs to functions and to nodes that call them.
func Overload(name string) Part {
	return Part{at: fields{inNode: 8, inFunction: 13}, body: []byte(name)}
}

// Attr is an attribute of a node, or of a function with its default. The Go type of the value decides its type: int or
// int64, float64, string, []int64, []float64, []string, Tensor, []Tensor, Subgraph, []Subgraph, graph.Type.
func Attr(name string, value any) Part {
	b := stringField(nil, 1, name)
	var t graph.AttrType
	switch v := value.(type) {
	case int:
		b, t = varintField(b, 3, int64(v)), graph.AttrInt
	case int64:
		b, t = varintField(b, 3, v), graph.AttrInt
	case float64:
		b, t = floatField(b, 2, v), graph.AttrFloat
	case string:
		b, t = stringField(b, 4, v), graph.AttrString
	case Tensor:
		b, t = tensorField(b, 5, v), graph.AttrTensor
	case Subgraph:
		b, t = bytesField(b, 6, v.b), graph.AttrGraph
	case graph.Type:
		b, t = bytesField(b, 14, encodeType(v)), graph.AttrTypeProto
	default:
		b, t = listAttr(b, value)
	}
	return Part{at: fields{inNode: 5, inFunction: 11}, body: varintField(b, 20, int64(t))}
}

func listAttr(b []byte, value any) ([]byte, graph.AttrType) {
	switch v := value.(type) {
	case []int64:
		return repeat(b, 8, v, varintField), graph.AttrInts
	case []float64:
		return repeat(b, 7, v, floatField), graph.AttrFloats
	case []string:
		return repeat(b, 9, v, stringField), graph.AttrStrings
	case []Tensor:
		return repeat(b, 10, v, tensorField), graph.AttrTensors
	case []Subgraph:
		return repeat(b, 11, v, func(b []byte, num protowire.Number, g Subgraph) []byte { return bytesField(b, num, g.b) }), graph.AttrGraphs
	}
	panic(fmt.Sprintf("onnxtest: no attribute holds a %T", value))
}

// Ref is an attribute of a node in a function whose value is that of the function's attribute ref.
func Ref(name, ref string, t graph.AttrType) Part {
	b := stringField(stringField(nil, 1, name), 21, ref)
	return Part{at: fields{inNode: 5, inFunction: 11}, body: varintField(b, 20, int64(t))}
}

// RawAttr is an attribute given by its encoded fields.
func RawAttr(encoded []byte) Part { return Part{at: fields{inNode: 5, inFunction: 11}, body: encoded} }

func floatField(b []byte, num protowire.Number, x float64) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type), math.Float32bits(float32(x)))
}
