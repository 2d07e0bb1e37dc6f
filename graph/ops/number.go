package ops

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// number is an element of a small float tensor: what it is exactly, and what a runtime makes of it at given dims,
// rounding after every operation. Whatever is made an integer is held against the latter at trial sizes, so that a
// formula stands only where rounding does not show. The zero value is unknown.
type number struct {
	exact graph.Ratio
	at    func(size sizes) float64 // NaN where it does not exist
	ops   int                      // operations behind it
	fixed bool                     // a constant, known even where no exact ratio is
}

// sizes gives symbols their values.
type sizes = func(name string) (int64, bool)

// maxOps bounds the operations behind a number: each trial repeats them.
const maxOps = 32

// known reports whether anything is known of x.
func (x number) known() bool { return x.at != nil && !x.exact.IsUnknown() }

// ofDim is an integer as a number of a float type.
func ofDim(t graph.DType, d graph.Dim) number {
	if d.IsUnknown() {
		return number{}
	}
	return number{exact: d.Ratio(), at: func(size sizes) float64 {
		n, ok := d.Eval(size)
		if !ok {
			return math.NaN()
		}
		return rounded(t, float64(n))
	}}
}

// ofReal is a constant. It stands for the ratio of small integers that its type rounds to it, else for what it is.
func ofReal(t graph.DType, x float64) number {
	x = rounded(t, x)
	out := number{at: func(sizes) float64 { return x }, fixed: true}
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		out.exact = graph.Const(int64(x)).Ratio()
		return out
	}
	for q := 1; q <= 1024; q++ {
		if p := math.Round(x * float64(q)); math.Abs(p) < 1<<31 && p != 0 && rounded(t, p/float64(q)) == x {
			out.exact = graph.Const(int64(p)).Ratio().Quo(graph.Const(int64(q)).Ratio())
			return out
		}
	}
	for q := 1e4; q <= 1e9; q *= 10 {
		if p := math.Round(x * q); math.Abs(p) < 1<<31 && p != 0 && rounded(t, p/q) == x {
			out.exact = graph.Const(int64(p)).Ratio().Quo(graph.Const(int64(q)).Ratio())
			return out
		}
	}
	if p := math.Ldexp(x, 30); p == math.Trunc(p) && math.Abs(p) < 1<<53 {
		out.exact = graph.Const(int64(p)).Ratio().Quo(graph.Const(1 << 30).Ratio())
	}
	return out
}

// apply is x op y in a float type.
func (op floatOp) apply(t graph.DType, x, y number) number {
	if x.fixed && y.fixed {
		return ofReal(computedIn(t), op.of(t, x.at(nil), y.at(nil)))
	}
	if !x.known() || !y.known() || op.exact == nil || x.ops+y.ops >= maxOps {
		return number{}
	}
	return number{
		exact: op.exact(x.exact, y.exact), ops: x.ops + y.ops + 1,
		at: func(size sizes) float64 { return op.of(t, x.at(size), y.at(size)) },
	}.settled(t)
}

// apply is the function of x in a float type.
func (f floatFunction) apply(t graph.DType, x number) number {
	if !x.known() || f.exact == nil || x.ops >= maxOps {
		return number{}
	}
	return number{
		exact: f.exact(x.exact), ops: x.ops + 1,
		at: func(size sizes) float64 { return f.of(t, x.at(size)) },
	}.settled(t)
}

// settled forgets the operations behind an integer. One that the runtime's rounding does not always give is unknown.
func (x number) settled(t graph.DType) number {
	d, ok := x.exact.Integer()
	switch {
	case !ok:
		return x
	case x.agrees(d):
		return ofDim(computedIn(t), d)
	}
	return number{}
}

// truncated is the integer that x is cast to; unknown where rounding shows, or the sign of what is no integer.
func (x number) truncated() graph.Dim {
	if !x.known() {
		return graph.Dim{}
	}
	if _, whole := x.exact.Integer(); !whole && !x.exact.NonNegative() {
		return graph.Dim{}
	}
	d := x.exact.Floor()
	whole := number{exact: d.Ratio(), at: func(size sizes) float64 { return math.Trunc(x.at(size)) }}
	if x.ops > 0 && !whole.agrees(d) {
		return graph.Dim{}
	}
	return d
}

// trialSizes are sizes at which formulas are tried: small ones, and such as models have.
var trialSizes = [...]int64{
	7, 100, 49, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 29, 31, 33, 36, 41, 47, 50, 56, 63,
	64, 75, 77, 83, 96, 97, 112, 120, 128, 141, 160, 196, 197, 224, 255, 256, 257, 300, 320, 333, 384, 500, 512, 640, 768, 1000, 1023, 1024, 1500,
}

// lastTrial is the size up to which formulas of one dim are tried at every size: rounding shows at few of them.
const lastTrial = 1024

// agrees reports whether the runtime's value of x is d wherever it is tried.
func (x number) agrees(d graph.Dim) bool {
	names := d.Symbols()
	if d.IsUnknown() || len(names) > 8 {
		return false
	}
	tried := 0
	try := func(size sizes) bool {
		want, ok := d.Eval(size)
		got := x.at(size)
		if !ok || math.IsNaN(got) {
			return true
		}
		tried++
		return got == float64(want)
	}
	for i := range trialSizes {
		if !try(func(name string) (int64, bool) {
			k, ok := slices.BinarySearch(names, name)
			if !ok {
				k = len(names) // it cancels out of d
			}
			return trialSizes[(i*(2*k+1)+5*k)%len(trialSizes)], true
		}) {
			return false
		}
	}
	for n := int64(1); n <= lastTrial && len(names) == 1; n++ {
		if !try(func(string) (int64, bool) { return n, true }) {
			return false
		}
	}
	return tried > 0
}

// numbers returns the elements of input i as numbers of a float type, each of which may be unknown.
func (c *Context) numbers(i int, t graph.DType) ([]number, bool) {
	f := c.In(i)
	if f.Numbers != nil {
		return f.Numbers, true
	}
	if r, ok := c.Reals(i); ok && (f.DType.IsFloat() || len(r) > 0) {
		out := make([]number, len(r))
		for k, x := range r {
			out[k] = ofReal(t, x)
		}
		return out, true
	}
	data, ok := c.Data(i)
	if !ok {
		return nil, false
	}
	out := make([]number, len(data))
	for k, d := range data {
		out[k] = ofDim(t, d)
	}
	return out, true
}

// symbolic reports whether elements of input i are numbers that depend on dims.
func (c *Context) symbolic(i int) bool { return c.In(i).Numbers != nil }

// setFloats gives output i, whose type is set, the values of its elements, as Dims too where they are integers.
func (c *Context) setFloats(i int, numbers []number) {
	v := c.Node.Output(i)
	if v == nil || len(numbers) > maxData {
		return
	}
	f := &c.s.facts[v.ID]
	if !slices.ContainsFunc(numbers, func(x number) bool { return !x.fixed }) {
		f.Reals = make([]float64, len(numbers))
		for k, x := range numbers {
			f.Reals[k] = x.at(nil)
		}
		f.Data = integers(f.Reals)
		return
	}
	f.Numbers = numbers
	data, known := make([]graph.Dim, len(numbers)), false
	for k, x := range numbers {
		if d, ok := x.exact.Integer(); ok && x.known() {
			data[k], known = d, true
		}
	}
	if known {
		f.Data = data
	}
}

// sameNumbers reports whether two lists of numbers say the same.
func sameNumbers(a, b []number) bool {
	return slices.EqualFunc(a, b, func(x, y number) bool {
		return x.known() == y.known() && (!x.known() || x.exact.Equal(y.exact) && x.ops == y.ops)
	})
}
