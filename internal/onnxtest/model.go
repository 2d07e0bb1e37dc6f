package onnxtest

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Part is a piece of a model, a graph, a function or a node. Which pieces fit where is said at the function that makes
// it.
type Part struct {
	at     fields
	body   []byte // encoded message, string or number; the whole field where at has none
	number bool
}

// message is one that takes parts.
type message int

const (
	inModel message = iota
	inGraph
	inNode
	inFunction
	messages
)

// fields are the numbers of a part's field in the messages that take it (onnx.proto); 0 in others.
type fields [messages]protowire.Number

// encode writes the parts that fit into a message and returns the rest.
func (m message) encode(b []byte, parts []Part) ([]byte, []Part) {
	var rest []Part
	for _, p := range parts {
		switch num := p.at[m]; {
		case p.at == fields{}:
			b = append(b, p.body...)
		case num == 0:
			rest = append(rest, p)
		case p.number:
			b = append(protowire.AppendTag(b, num, protowire.VarintType), p.body...)
		default:
			b = bytesField(b, num, p.body)
		}
	}
	return b, rest
}

// has reports whether one of the parts stands in a field of a message.
func (m message) has(parts []Part, num protowire.Number) bool {
	return slices.ContainsFunc(parts, func(p Part) bool { return p.at[m] == num })
}

// mustFit panics where parts were given to something that does not take them.
func mustFit(what string, rest []Part) {
	if len(rest) > 0 {
		panic(fmt.Sprintf("onnxtest: %s takes no part of fields %d", what, rest[0].at))
	}
}

// File is an encoded model.
type File struct{ b []byte }

// Bytes is the model file.
func (f File) Bytes() []byte { return f.b }

// Model puts together a model from its own parts (IR, Opset, Meta, Producer, Function, Training) and those of its main
// graph (see [Graph]). IR version 10 and opset 17 are added where none is given; the graph is called "main" unless
// GraphName says otherwise.
func Model(parts ...Part) File {
	if !inModel.has(parts, 1) {
		parts = append([]Part{IR(10)}, parts...)
	}
	if !inModel.has(parts, 8) {
		parts = append(parts, Opset("", 17))
	}
	if !inGraph.has(parts, 2) {
		parts = append([]Part{GraphName("main")}, parts...)
	}
	b, rest := inModel.encode(nil, parts)
	g, rest := inGraph.encode(nil, rest)
	mustFit("a model", rest)
	return File{bytesField(b, 7, g)}
}

// Subgraph is the value of a GRAPH attribute.
type Subgraph struct{ b []byte }

// Graph makes a subgraph from In, Out, Info, Node and the parts that make initializers.
func Graph(name string, parts ...Part) Subgraph {
	b, rest := inGraph.encode(stringField(nil, 2, name), parts)
	mustFit("a graph", rest)
	return Subgraph{b}
}

// IR is the version of the format.
func IR(version int64) Part {
	return Part{at: fields{inModel: 1}, body: protowire.AppendVarint(nil, uint64(version)), number: true}
}

// Producer names the tool that wrote the model.
func Producer(name string) Part { return Part{at: fields{inModel: 2}, body: []byte(name)} }

// GraphName names the main graph.
func GraphName(name string) Part { return Part{at: fields{inGraph: 2, inNode: 3}, body: []byte(name)} }

// Doc is a doc_string of a model, node or function.
func Doc(text string) Part {
	return Part{at: fields{inModel: 6, inNode: 6, inFunction: 8}, body: []byte(text)}
}

// Opset imports a version of a domain into a model or a function.
func Opset(domain string, version int64) Part {
	return Part{at: fields{inModel: 8, inFunction: 9}, body: varintField(stringField(nil, 1, domain), 2, version)}
}

// Meta is a metadata property of a model, node or function.
func Meta(key, value string) Part {
	return Part{at: fields{inModel: 14, inNode: 9, inFunction: 14}, body: stringField(stringField(nil, 1, key), 2, value)}
}

// Training is an empty training_info of a model.
func Training() Part { return Part{at: fields{inModel: 20}} }

// Raw is an encoded field of any message, written as it is.
func Raw(field []byte) Part { return Part{body: field} }

// Function makes a model-local function. The names of inputs and outputs are separated by spaces; parts are Node, Opset,
// Info, Overload, Meta, AttrName for an attribute without default and Attr for one with. Opset 17 is added where none is
// given.
func Function(domain, name, inputs, outputs string, parts ...Part) Part {
	b := stringField(stringField(nil, 1, name), 10, domain)
	b = repeat(repeat(b, 4, strings.Fields(inputs), stringField), 5, strings.Fields(outputs), stringField)
	if !inFunction.has(parts, 9) {
		parts = append(parts, Opset("", 17))
	}
	b, rest := inFunction.encode(b, parts)
	mustFit("a function", rest)
	return Part{at: fields{inModel: 25}, body: b}
}

// AttrName declares an attribute of a function that has no default.
func AttrName(name string) Part { return Part{at: fields{inFunction: 6}, body: []byte(name)} }

// repeat writes a repeated field, element by element.
func repeat[T any](b []byte, num protowire.Number, list []T, field func([]byte, protowire.Number, T) []byte) []byte {
	for _, x := range list {
		b = field(b, num, x)
	}
	return b
}

func bytesField(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

func stringField(b []byte, num protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

func varintField(b []byte, num protowire.Number, n int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(n))
}
