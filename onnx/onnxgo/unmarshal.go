package onnxgo

import (
	"fmt"
	"strings"

	"github.com/owulveryck/onnx-go"

	"github.com/irene-onnx/irene/graph"
)

// Unmarshal decodes a model with onnx-go and returns its graph. Panics of onnx-go are errors, and the shapes that it would
// get wrong are unknown.
func Unmarshal(data []byte, opts ...Option) (*graph.Graph, error) {
	open, err := openShapes(data)
	if err != nil {
		return nil, fmt.Errorf("onnx-go: %w", err)
	}
	b := NewBackend()
	m := onnx.NewModel(b)
	if err := decode(m, data); err != nil {
		return nil, fmt.Errorf("onnx-go: %w", err)
	}
	exact := func(s *settings) { s.model, s.open, s.trusted = m, open, true }
	return b.Graph(append([]Option{exact}, opts...)...)
}

// decode calls onnx-go, which panics on some input. Errors are cut to one line: some print a whole attribute.
func decode(m *onnx.Model, data []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %s", line(fmt.Sprint(r)))
		}
	}()
	if err := m.UnmarshalBinary(data); err != nil {
		return fmt.Errorf("%s", line(err.Error()))
	}
	return nil
}

func line(s string) string {
	const most = 200
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
