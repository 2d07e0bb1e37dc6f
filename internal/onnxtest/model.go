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
	kind kind
	body []byte // encoded message or string
	n    int64  // of numbers
}

type kind int

const (
	kindIR kind = iota
	kindProducer
	kindOpset
	kindMeta
	kindFunction
	kindTraining
	kindName
	kindInput
	kindOutput
	kindInfo
	kindInit
	kindSparse
	kindNode
	kindAttr
	kindAttrName
	kindFormal
	kindResult
	kindDomain
	kindOverload
	kindDoc
	kindRaw
)

// fieldsOf maps the parts a message takes to its field numbers (onnx.proto).
type fieldsOf map[kind]protowire.Number

var (
	modelFields = fieldsOf{kindIR: 1, kindProducer: 2, kindDoc: 6, kindOpset: 8, kindMeta: 14, kindTraining: 20, kindFunction: 25}
	graphFields = fieldsOf{
		kindNode: 1, kindName: 2, kindInit: 5, kindInput: 11, kindOutput: 12, kindInfo: 13, kindSparse: 15,
	}
	nodeFields     = fieldsOf{kindName: 3, kindAttr: 5, kindDoc: 6, kindDomain: 7, kindOverload: 8, kindMeta: 9}
	functionFields = fieldsOf{
		kindFormal: 4, kindResult: 5, kindAttrName: 6, kindNode: 7, kindDoc: 8, kindOpset: 9, kindAttr: 11, kindInfo: 12,
		kindOverload: 13, kindMeta: 14,
	}
)

// encode writes the parts that fit and returns the rest.
func (f fieldsOf) encode(b []byte, parts []Part) ([]byte, []Part) {
	var rest []Part
	for _, p := range parts {
		num, ok := f[p.kind]
		switch {
		case p.kind == kindRaw:
			b = append(b, p.body...)
		case !ok:
			rest = append(rest, p)
		case p.kind == kindIR:
			b = protowire.AppendTag(b, num, protowire.VarintType)
			b = protowire.AppendVarint(b, uint64(p.n))
		default:
			b = bytesField(b, num, p.body)
		}
	}
	return b, rest
}

// mustFit panics where parts were given to something that does not take them.
func mustFit(what string, rest []Part) {
	if len(rest) > 0 {
		panic(fmt.Sprintf("onnxtest: %s takes no part of kind %d", what, rest[0].kind))
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
	has := map[kind]bool{}
	for _, p := range parts {
		has[p.kind] = true
	}
	if !has[kindIR] {
		parts = append([]Part{IR(10)}, parts...)
	}
	if !has[kindOpset] {
		parts = append(parts, Opset("", 17))
	}
	if !has[kindName] {
		parts = append([]Part{GraphName("main")}, parts...)
	}
	b, rest := modelFields.encode(nil, parts)
	g, rest := graphFields.encode(nil, rest)
	mustFit("a model", rest)
	return File{bytesField(b, 7, g)}
}

// Subgraph is the value of a GRAPH attribute.
type Subgraph struct{ b []byte }

// Graph makes a subgraph from In, Out, Info, Node and the parts that make initializers.
func Graph(name string, parts ...Part) Subgraph {
	b, rest := graphFields.encode(stringField(nil, 2, name), parts)
	mustFit("a graph", rest)
	return Subgraph{b}
}

// IR is the version of the format.
func IR(version int64) Part { return Part{kind: kindIR, n: version} }

// Producer names the tool that wrote the model.
func Producer(name string) Part { return Part{kind: kindProducer, body: []byte(name)} }

// GraphName names the main graph.
func GraphName(name string) Part { return Part{kind: kindName, body: []byte(name)} }

// Doc is a doc_string of a model, node or function.
func Doc(text string) Part { return Part{kind: kindDoc, body: []byte(text)} }

// Opset imports a version of a domain into a model or a function.
func Opset(domain string, version int64) Part {
	return Part{kind: kindOpset, body: varintField(stringField(nil, 1, domain), 2, version)}
}

// Meta is a metadata property of a model, node or function.
func Meta(key, value string) Part {
	return Part{kind: kindMeta, body: stringField(stringField(nil, 1, key), 2, value)}
}

// Training is an empty training_info of a model.
func Training() Part { return Part{kind: kindTraining} }

// Raw is an encoded field of any message, written as it is.
func Raw(field []byte) Part { return Part{kind: kindRaw, body: field} }

// Function makes a model-local function. The names of inputs and outputs are separated by spaces; parts are Node, Opset,
// Info, Overload, Meta, AttrName for an attribute without default and Attr for one with. Opset 17 is added where none is
// given.
func Function(domain, name, inputs, outputs string, parts ...Part) Part {
	b := stringField(stringField(nil, 1, name), 10, domain)
	b = repeat(repeat(b, 4, strings.Fields(inputs), stringField), 5, strings.Fields(outputs), stringField)
	if !slices.ContainsFunc(parts, func(p Part) bool { return p.kind == kindOpset }) {
		parts = append(parts, Opset("", 17))
	}
	b, rest := functionFields.encode(b, parts)
	mustFit("a function", rest)
	return Part{kind: kindFunction, body: b}
}

// AttrName declares an attribute of a function that has no default.
func AttrName(name string) Part { return Part{kind: kindAttrName, body: []byte(name)} }

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
