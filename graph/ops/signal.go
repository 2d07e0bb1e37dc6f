package ops

import (
	"math/bits"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// signalOps are Fourier transforms and what prepares them.
// https://onnx.ai/onnx/operators/onnx__DFT.html
func signalOps() []Op {
	return []Op{
		row("DFT", 17, "fft", shaped(dft), dftCost),
		row("STFT", 17, "fft", stft, stftCost),
		row("MelWeightMatrix", 17, "elementwise", melWeights, pointwise(4)), // two slopes, two extremes
		row("HannWindow", 17, "elementwise", window, pointwise(9)),
		row("HammingWindow", 17, "elementwise", window, pointwise(9)),
		row("BlackmanWindow", 17, "elementwise", window, pointwise(9)),
		contrib("Rfft", "fft", shaped(rfft), rfftCost),
		contrib("Irfft", "fft", shaped(irfft), rfftCost),
		// Four products and two sums for each pair of a real and an imaginary part.
		contrib("ComplexMul", "elementwise", arith, pointwise(3)),
		contrib("ComplexMulConj", "elementwise", arith, pointwise(3)),
	}
}

// dftAxis is the axis of a DFT: an attribute before opset 20, an input from then on; known is false where it is not
// known.
func (c *Context) dftAxis(rank int) (axis int, known bool, err error) {
	v := c.Node.Int("axis", 1)
	if c.Node.Opset >= 20 {
		v = -2
		if c.Has(2) {
			if v, known = c.Int(2); !known {
				return 0, false, nil
			}
		}
	}
	axis, err = c.Axis(v, rank)
	if err == nil && axis == rank-1 {
		err = c.Errorf("axis %d holds the parts of complex numbers", axis)
	}
	return axis, err == nil, err
}

// dft: the axis has the length of the transform, or half of it and one where one side suffices; the last axis holds the
// parts of complex numbers.
func dft(c *Context, in graph.Shape) (graph.Shape, error) {
	if len(in) < 2 {
		return nil, c.Errorf("input of rank %d, want at least 2", len(in))
	}
	inverse, oneSided := c.isSet("inverse"), c.isSet("onesided")
	parts := graph.Const(2)
	if inverse && oneSided {
		parts = graph.Const(1)
	}
	out := with(in, len(in)-1, parts)
	a, known, err := c.dftAxis(len(in))
	if err != nil {
		return nil, err
	}
	if !known {
		clear(out[:len(out)-1])
		return out, nil
	}
	out[a] = c.dftLength(in[a], inverse && oneSided)
	if out[a].IsUnknown() {
		out[a] = c.Fresh(0, a)
	} else if oneSided && !inverse {
		out[a] = oneSide(out[a])
	}
	return out, nil
}

// oneSide is the number of frequencies on one side of the spectrum of n real numbers.
func oneSide(n graph.Dim) graph.Dim { return n.FloorDiv(graph.Const(2)).AddInt(1) }

// dftLength is the length of a transform: the second input, or the size of the axis, or what one side of it stands for.
func (c *Context) dftLength(axis graph.Dim, half bool) graph.Dim {
	switch {
	case c.Has(1):
		return c.scalar(1)
	case half:
		return axis.AddInt(-1).MulInt(2)
	}
	return axis
}

// fftOps is the number of operations of a fast Fourier transform of n points, 5·n·log2(n), the usual count; unknown
// where n is not a number.
// https://www.fftw.org/speed/method.html
func fftOps(n graph.Dim) graph.Dim {
	v, ok := n.Const()
	if !ok || v < 0 {
		return graph.Dim{}
	}
	if v < 2 {
		return n
	}
	return n.MulInt(5 * int64(bits.Len64(uint64(v-1))))
}

func dftCost(c *Context) graph.Cost {
	in := c.Shape(0)
	if len(in) < 2 {
		return c.cost(graph.Dim{})
	}
	a, known, err := c.dftAxis(len(in))
	if err != nil || !known {
		return c.cost(graph.Dim{})
	}
	n := c.dftLength(in[a], c.isSet("inverse") && c.isSet("onesided"))
	transforms := with(in[:len(in)-1], a, graph.Const(1)).Elements()
	return c.cost(transforms.Mul(fftOps(n)))
}

// frame is the length of a frame of an STFT: given, or that of the window, or the whole signal.
func (c *Context) frame() graph.Dim {
	switch {
	case c.Has(3):
		return c.scalar(3)
	case c.Has(2) && len(c.Shape(2)) == 1:
		return c.Shape(2)[0]
	case !c.Has(2) && len(c.Shape(0)) >= 2:
		return c.Shape(0)[1]
	}
	return graph.Dim{}
}

// stft: the spectrum of each frame of each signal.
func stft(c *Context) error {
	out, in, frame := make(graph.Shape, 4), c.Shape(0), c.frame()
	if in != nil {
		if len(in) != 2 && len(in) != 3 {
			return c.Errorf("signal of rank %d, want 3", len(in))
		}
		step := c.scalar(1)
		if step.Is(0) || step.Negative() {
			return c.Errorf("frames %v apart", step)
		}
		frames := in[1].Sub(frame)
		if frames.Negative() {
			return c.Errorf("frames of %v in a signal of %v", frame, in[1])
		}
		out[0], out[1] = in[0], frames.FloorDiv(step).AddInt(1)
	}
	out[2], out[3] = frame, graph.Const(2)
	if c.Node.Int("onesided", 1) != 0 {
		out[2] = oneSide(frame)
	}
	for i, d := range out[1:3] {
		if d.IsUnknown() {
			out[1+i] = c.Fresh(0, 1+i)
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// stftCost: a window and a transform for each frame.
func stftCost(c *Context) graph.Cost {
	out, frame := c.Out(0).Shape, c.frame()
	if len(out) != 4 {
		return c.cost(graph.Dim{})
	}
	return c.cost(out[0].Mul(out[1]).Mul(fftOps(frame).Add(frame)))
}

// melWeights: a row for each bin of a one-sided spectrum, a column for each band.
func melWeights(c *Context) error {
	return c.sized(oneSide(c.scalar(1)), c.scalar(0))
}

// window: the size is the input.
func window(c *Context) error { return c.sized(c.scalar(0)) }

// sized sets output 0 to a shape made of values of inputs.
func (c *Context) sized(out ...graph.Dim) error {
	for i, d := range out {
		if d.Negative() {
			return c.Errorf("a size of %v", d)
		}
		if d.IsUnknown() {
			out[i] = c.Fresh(0, i)
		}
	}
	c.Set(0, c.attrType("output_datatype", graph.Float32), out)
	return nil
}

// rfft: the last axis becomes the one-sided spectrum, and an axis of two parts follows.
func rfft(c *Context, in graph.Shape) (graph.Shape, error) {
	last := len(in) - 1
	if last < 0 {
		return nil, c.Errorf("input of rank 0")
	}
	out := append(slices.Clone(in), graph.Const(2))
	if c.Node.Int("onesided", 1) != 0 {
		out[last] = oneSide(in[last])
	}
	return out, nil
}

// irfft undoes rfft of an even length.
func irfft(c *Context, in graph.Shape) (graph.Shape, error) {
	if len(in) < 2 {
		return nil, c.Errorf("input of rank %d, want at least 2", len(in))
	}
	last := len(in) - 2
	n := in[last]
	if c.Node.Int("onesided", 1) != 0 {
		n = n.AddInt(-1).MulInt(2)
	}
	if n.Negative() {
		return nil, c.Errorf("a spectrum of %v bins", in[last])
	}
	return with(in[:last+1], last, n), nil
}

// rfftCost counts a transform of all signal axes together, of the real side.
func rfftCost(c *Context) graph.Cost {
	real := c.Shape(0)
	if c.Node.Op == "Irfft" {
		real = c.Out(0).Shape
	}
	k := c.Node.Int("signal_ndim", 1)
	if real == nil || k < 1 || k > int64(len(real)) {
		return c.cost(graph.Dim{})
	}
	at := len(real) - int(k)
	return c.cost(real[:at].Elements().Mul(fftOps(real[at:].Elements())))
}
