package onnx

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// Annotation says what to write into the metadata_props of the nodes of a file.
type Annotation struct {
	// Prefix begins every key that is written; entries of the file whose keys begin with it are dropped.
	Prefix string
	// Properties are the new entries of the node with that ordinal (graph.Node.Ordinal); nil for none.
	Properties func(ordinal int) []graph.Property
}

// AnnotateFile writes the model at path, decompressed, with other metadata on its nodes. Everything else keeps its bytes:
// weights, references to external data, fields nobody knows. Model-local functions are left alone: their nodes stand for
// every call at once.
func AnnotateFile(w io.Writer, path string, a Annotation) (err error) {
	model, mapped, err := mapModel(path, Options{}.withDefaults())
	if err != nil {
		return err
	}
	if mapped {
		defer recoverFault(path, &err)()
	}
	return annotate(w, model, path, a)
}

// AnnotateBytes is AnnotateFile for a model held in memory, compressed or not. Name is what messages call it.
func AnnotateBytes(w io.Writer, model []byte, name string, a Annotation) error {
	if isGzip(model) {
		var err error
		if model, err = gunzip(model, Options{}.withDefaults().MaxDecompressed); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return annotate(w, model, name, a)
}

func annotate(w io.Writer, model []byte, name string, a Annotation) error {
	r := &rewriter{annotation: a, in: &wire.Input{Size: cap(model)}}
	pieces, err := r.message(model, levelModel, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return pieces.write(w)
}

// level is a message on the way from the model to its nodes.
type level int

const (
	levelModel level = iota
	levelGraph
	levelNode
	levelAttribute
)

// inner says which fields of a message hold messages of the next level.
var inner = [...]map[protowire.Number]level{
	levelModel:     {7: levelGraph},
	levelGraph:     {1: levelNode},
	levelNode:      {5: levelAttribute},
	levelAttribute: {6: levelGraph, 11: levelGraph},
}

const nodeMetadata protowire.Number = 9

// rewriter copies messages and changes metadata of nodes on the way. Nodes are counted in the parser's order.
type rewriter struct {
	annotation Annotation
	in         *wire.Input
	ordinals   int
}

var errDeep = errors.New("subgraphs nested too deep")

// maxLevels is far beyond what the decoder lets pass.
const maxLevels = 1000

// message copies one message; depth counts the levels around it.
func (r *rewriter) message(b []byte, at level, depth int) (pieces, error) {
	var out pieces
	if depth > maxLevels {
		return out, errDeep
	}
	var added []graph.Property
	if at == levelNode {
		added = r.annotation.Properties(r.ordinals)
		r.ordinals++
	}
	kept := 0 // everything before is in out
	f := wire.New(b, r.in)
	begin := f.Position()
	for f.Next() {
		next, descend := inner[at][f.Num]
		end := f.Position() - begin
		start := end - len(f.Field())
		switch {
		case f.Typ != protowire.BytesType:
		case at == levelNode && f.Num == nodeMetadata && r.stale(f.Val):
			out.add(b[kept:start])
			kept = end
		case descend && holdsNodes(f.Val, next):
			below, err := r.message(f.Val, next, depth+1)
			if err != nil {
				return out, err
			}
			out.add(b[kept:start])
			out.message(f.Num, below)
			kept = end
		}
	}
	out.add(b[kept:])
	out.properties(nodeMetadata, added)
	return out, f.Err
}

// holdsNodes reports whether a message has to be looked into: attributes hold subgraphs seldom, and are many.
func holdsNodes(b []byte, at level) bool {
	if at != levelAttribute {
		return true
	}
	m := wire.Whole(b)
	for m.Next() {
		if (m.Num == 6 || m.Num == 11) && m.Typ == protowire.BytesType {
			return true
		}
	}
	return false
}

// stale reports whether an entry of metadata_props is one of an earlier annotation.
func (r *rewriter) stale(entry []byte) bool {
	key := lastString(wire.Whole(entry), 1)
	return r.annotation.Prefix != "" && strings.HasPrefix(key, r.annotation.Prefix)
}
