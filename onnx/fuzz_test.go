package onnx_test

import (
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/bounded"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// FuzzDecode holds that no input panics or takes much, and that what decodes is sound.
func FuzzDecode(f *testing.F) {
	f.Add(sample().Bytes())
	f.Add(zipped(sample().Bytes()))
	f.Add(small())
	f.Add(nested(5))
	f.Add(ot.Model(chain(4, 2)...).Bytes())
	for _, prefix := range []string{"", "\x08\x0a", "\x3a\x00", "{", "PK\x03\x04"} {
		f.Add([]byte(prefix))
	}
	for _, m := range ot.Hostile() {
		f.Add(m.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		opts := onnx.Options{MaxDecompressed: 1 << 20}
		var g *graph.Graph
		var err error
		bounded.Run(t, "decoding", func() { g, err = onnx.DecodeBytes(b, "m", "", opts) })
		if err != nil {
			return
		}
		if err := graph.CheckValid(g); err != nil {
			t.Fatal(err)
		}
		for _, v := range g.Values {
			if v.Init != nil {
				_, _ = v.Init.Elements(64)
				_, _ = v.Init.Reals(64)
			}
		}
	})
}
