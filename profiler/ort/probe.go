package ort

import (
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/profiler"
)

// probeWorkload is the smallest of models: y = Identity(x), float32, one element.
func probeWorkload() profiler.Workload {
	message := func(field byte, body ...byte) []byte { return append([]byte{field<<3 | 2, byte(len(body))}, body...) }
	text := func(field byte, s string) []byte { return message(field, []byte(s)...) }
	join := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	// ValueInfoProto: name 1, type 2; its tensor 1 has elem_type 1 and shape 2, which has dims 1 of dim_value 1.
	value := func(name string) []byte {
		shape := message(2, message(1, 1<<3, 1)...)
		tensor := message(1, join([]byte{1 << 3, byte(graph.Float32)}, shape)...)
		return join(text(1, name), message(2, tensor...))
	}
	node := join(text(1, "x"), text(2, "y"), text(4, "Identity"))
	main := join(message(1, node...), text(2, "probe"), message(11, value("x")...), message(12, value("y")...))
	model := join([]byte{1 << 3, 8}, message(7, main...), message(8, 2<<3, 13)) // IR 8, opset 13
	return profiler.Workload{Name: "probe", Model: model, Inputs: []profiler.Input{{Name: "x", DType: graph.Float32, Dims: []int64{1}}}}
}
