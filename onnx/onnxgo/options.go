package onnxgo

import (
	"github.com/owulveryck/onnx-go"

	"github.com/irene-onnx/irene/graph"
)

// DefaultOpset is the version of ai.onnx that holds where [Opset] gives none.
const DefaultOpset = 13

// Option supplies what onnx-go does not tell a backend.
type Option func(*settings)

type settings struct {
	opset   int64
	domains map[string]string
	types   map[string]graph.Type
	open    map[string]bool // values whose shape onnx-go gets wrong
	model   *onnx.Model
	trusted bool // open is complete
}

func newSettings(opts []Option) *settings {
	s := &settings{opset: DefaultOpset, domains: map[string]string{}, types: map[string]graph.Type{}}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Opset is the version of ai.onnx that the model imports.
func Opset(version int64) Option { return func(s *settings) { s.opset = version } }

// Domain says that operators called op belong to a domain other than ai.onnx, of which version 1 holds.
func Domain(op, domain string) Option { return func(s *settings) { s.domains[op] = domain } }

// Declare gives the type of an input or output; it goes before what onnx-go says.
func Declare(value string, t graph.Type) Option { return func(s *settings) { s.types[value] = t } }

// Model names the onnx-go model that filled the backend. It knows the inputs and outputs exactly. Without it, outputs
// are the produced values that no node reads, and inputs are told from initializers by the order in which onnx-go
// creates nodes.
func Model(m *onnx.Model) Option { return func(s *settings) { s.model = m } }
