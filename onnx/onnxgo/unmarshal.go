package onnxgo

import (
	"errors"
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

// decode calls onnx-go, which panics on some input, and whose errors may print a whole attribute.
func decode(m *onnx.Model, data []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %s", line(fmt.Sprint(r)))
		}
	}()
	err = m.UnmarshalBinary(data)
	var missing *onnx.ErrNotImplemented
	switch {
	case err == nil:
	case errors.As(err, &missing) && missing.AttributeName != "":
		err = fmt.Errorf("attribute %q: %s", missing.AttributeName, missing.Message)
	default:
		err = errors.New(line(err.Error()))
	}
	return err
}

func line(s string) string {
	const most = 200
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
