package workload

import (
	"fmt"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/profiler"
)

// fixInputs decides what the inputs of an extracted graph hold. Those whose elements inference knows, such as shapes and
// axes, become stored tensors.
func (b *builder) fixInputs(g *graph.Graph) error {
	byName := b.byName()
	var open []*graph.Value
	for _, v := range g.Main.Inputs {
		from := byName[v.Name]
		if from == nil {
			return fmt.Errorf("input %q: not a value of the model", v.Name)
		}
		if t := b.known(from); t != nil {
			v.Init, v.IsInput = t, false
			g.Main.Inits = append(g.Main.Inits, v)
			continue
		}
		in, err := b.input(v, from)
		if err != nil {
			return err
		}
		open = append(open, v)
		b.inputs = append(b.inputs, in)
	}
	g.Main.Inputs = open
	return nil
}

// known is the tensor of a small integer value whose elements all follow from the model and its dims; nil where they do
// not.
func (b *builder) known(v *graph.Value) *graph.Tensor {
	a := b.part.Analysis
	f := &a.Inference.Facts[v.ID]
	if f.Data == nil || !(f.DType.IsInt() || f.DType == graph.Bool) || f.DType.Bits() < 8 {
		return nil
	}
	dims, err := b.dims(v)
	if err != nil {
		return nil
	}
	var raw []byte
	for _, d := range f.Data {
		n, ok := a.Eval(d)
		if !ok {
			return nil
		}
		raw = appendInt(raw, f.DType, n)
	}
	t := &graph.Tensor{Name: v.Name, DType: f.DType, Dims: dims, Raw: raw}
	if t.Len() != int64(len(f.Data)) {
		return nil
	}
	return t
}

// dims are the sizes of a value at the bound dims.
func (b *builder) dims(v *graph.Value) ([]int64, error) {
	f := &b.part.Analysis.Inference.Facts[v.ID]
	if f.Kind != graph.KindTensor || f.Shape == nil {
		return nil, fmt.Errorf("input %q: its shape is not known", v.Name)
	}
	dims := make([]int64, len(f.Shape))
	for i, d := range f.Shape {
		n, ok := b.part.Analysis.Eval(d)
		if !ok {
			return nil, fmt.Errorf("input %q: its size %v is not known", v.Name, d)
		}
		dims[i] = n
	}
	return dims, nil
}

// input says what an input is to hold.
func (b *builder) input(v, from *graph.Value) (profiler.Input, error) {
	dims, err := b.dims(from)
	if err != nil {
		return profiler.Input{}, err
	}
	t := b.part.Analysis.Inference.Facts[from.ID].DType
	in := profiler.Input{Name: v.Name, DType: t, Dims: dims}
	tensor := graph.Tensor{DType: t, Dims: dims}
	n := tensor.Len()
	switch {
	case n < 0 || t.Bits() == 0:
		return in, fmt.Errorf("input %q: %v of %d elements cannot be given", v.Name, t, n)
	case t.IsInt() && t.Bits() >= 8:
		s := spanOf(b.part.Analysis, from)
		if t.Bits() == 8 && s == ones { // quantised activations
			s = span{0, 127}
		}
		in.Low, in.High = s.low, s.high
	case t == graph.Bool:
	case t.IsFloat() && t.Bits() >= 16:
		if wantsPositive(from) {
			in.Data = b.random.floats(t, n, true)
		}
	default: // types under eight bits, and floats of eight
		in.Data = b.random.bytes(t.Size(n))
	}
	return in, nil
}
