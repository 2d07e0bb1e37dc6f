package onnxgo

import (
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/tensor"

	"github.com/irene-onnx/irene/graph"
)

// dtypes maps the element types of gorgonia's tensors.
var dtypes = map[tensor.Dtype]graph.DType{
	tensor.Float32: graph.Float32, tensor.Float64: graph.Float64, tensor.Bool: graph.Bool, tensor.String: graph.String,
	tensor.Int8: graph.Int8, tensor.Int16: graph.Int16, tensor.Int32: graph.Int32, tensor.Int64: graph.Int64,
	tensor.Uint8: graph.Uint8, tensor.Uint16: graph.Uint16, tensor.Uint32: graph.Uint32, tensor.Uint64: graph.Uint64,
	tensor.Complex64: graph.Complex64, tensor.Complex128: graph.Complex128,
}

// maxKept bounds the elements that a converted tensor keeps: those that shapes depend on are few.
const maxKept = 4096

// convert makes a tensor of the type and dims of t, with its elements where they are few.
func convert(name string, t tensor.Tensor) (*graph.Tensor, error) {
	if t == nil {
		return nil, fmt.Errorf("tensor %q: nil", name)
	}
	out := &graph.Tensor{Name: name, DType: dtypes[t.Dtype()]}
	if out.DType == graph.Undefined {
		return nil, fmt.Errorf("tensor %q: elements of type %v", name, t.Dtype())
	}
	for _, d := range t.Shape() {
		out.Dims = append(out.Dims, int64(d))
	}
	n := out.Len()
	if n < 0 || n > maxKept {
		return out, nil
	}
	switch t.Dtype() {
	case tensor.Float32:
		out.Floats = cast[float64](elements[float32](t))
	case tensor.Float64:
		out.Floats = slices.Clone(elements[float64](t))
	case tensor.Int32:
		out.Ints = cast[int64](elements[int32](t))
	case tensor.Int64:
		out.Ints = slices.Clone(elements[int64](t))
	case tensor.Bool:
		out.Ints = bits(elements[bool](t))
	}
	if k := int64(len(out.Ints) + len(out.Floats)); k > 0 && k != n {
		return nil, fmt.Errorf("tensor %q: %d elements, dims %d need %d", name, k, out.Dims, n)
	}
	return out, nil
}

// elements are those of a tensor; a single one is not in a slice.
func elements[T any](t tensor.Tensor) []T {
	if one, ok := t.Data().(T); ok {
		return []T{one}
	}
	list, _ := t.Data().([]T)
	return list
}

func cast[T, S int32 | int64 | float32 | float64](in []S) []T {
	out := make([]T, len(in))
	for i, x := range in {
		out[i] = T(x)
	}
	return out
}

func bits(in []bool) []int64 {
	out := make([]int64, len(in))
	for i, x := range in {
		if x {
			out[i] = 1
		}
	}
	return out
}

// attributes converts the attributes of an operation, sorted by name.
func attributes(in map[string]any) ([]graph.Attr, error) {
	var out []graph.Attr
	for _, name := range slices.Sorted(maps.Keys(in)) {
		a := graph.Attr{Name: name}
		switch v := in[name].(type) {
		case struct{}: // the file gives no type
		case float32:
			a.Type, a.Float = graph.AttrFloat, v
		case int64:
			a.Type, a.Int = graph.AttrInt, v
		case string:
			a.Type, a.Str = graph.AttrString, v
		case []float32:
			a.Type, a.Floats = graph.AttrFloats, v
		case []int64:
			a.Type, a.Ints = graph.AttrInts, v
		case []string:
			a.Type, a.Strs = graph.AttrStrings, v
		case tensor.Tensor:
			t, err := convert("", v)
			if err != nil {
				return nil, fmt.Errorf("attribute %q: %w", name, err)
			}
			a.Type, a.Tensor = graph.AttrTensor, t
		default:
			return nil, fmt.Errorf("attribute %q: a %T", name, v)
		}
		out = append(out, a)
	}
	return out, nil
}
