package paired

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// flat is a law whose kernels take a joule and a second a byte, times a factor.
type flat struct{ factor float64 }

func (f flat) Kernel(k *law.Kernel) law.Prediction {
	var p law.Prediction
	p.Known, p.Group, p.Energy, p.Time = true, k.Class, energy.Joules(f.factor*k.Bytes), energy.Seconds(f.factor*k.Bytes)
	return p
}
func (f flat) Call(float64) law.Prediction                { return law.Prediction{} }
func (f flat) Form(*graph.Cost) (law.Form, error)         { return law.Form{}, nil }
func (f flat) CallForm(graph.Dim) (law.Form, error)       { return law.Form{}, nil }
func (f flat) Describe(map[law.FormulaKind]bool) []string { return nil }
func (f flat) Idle() energy.Watts                         { return 0 }
func (f flat) Variation() *law.Variation                  { return nil }
func (f flat) Excess(int, energy.Seconds) law.Share       { return law.Share{} }
func (f flat) Cache() float64                             { return 0 }

// bench makes sums by one law.
type bench struct {
	*Draws
	v *law.Variation
}

func newBench(of string, s coefficients.Spread) *bench {
	return &bench{NewDraws(), &law.Variation{Of: of, Energy: s.Model, Time: s.Model, Spread: func(*law.Outcome) coefficients.Spreads {
		return coefficients.Spreads{Energy: s, Time: s}
	}}}
}

// part is n kernels of a class that take a joule and a second for each of their bytes.
type part struct {
	class    string
	bytes, n float64
}

func (b *bench) sum(parts ...part) *Sum {
	s := &Sum{}
	for _, p := range parts {
		k := &law.Kernel{Class: p.class, Bytes: p.bytes}
		o := flat{1}.Kernel(k).Outcome
		s.Add(b.Draws, b.v, flat{1}, k, &o, Amounts{p.n * p.bytes, p.n * p.bytes})
	}
	return s
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestShared: what both run cancels, whatever it errs by.
func TestShared(t *testing.T) {
	b := newBench("law", coefficients.Spread{Group: 0.5, Kernel: 0.5})
	one := b.sum(part{"gemm", 100, 6}, part{"norm", 10, 6})
	for _, c := range []struct {
		name           string
		other          *Sum
		low, ratio, up float64
	}{
		{"the same work", b.sum(part{"norm", 10, 6}, part{"gemm", 100, 6}), 1, 1, 1},
		{"twice of all", b.sum(part{"gemm", 100, 12}, part{"norm", 10, 12}), 2, 2, 2},
	} {
		r := b.Ratio(one, c.other, Energy)
		near(t, c.name, r.Value, c.ratio, 1e-12)
		near(t, c.name+" at least", r.Low, c.low, 1e-12)
		near(t, c.name+" at most", r.High, c.up, 1e-12)
	}
	more := b.Ratio(one, b.sum(part{"gemm", 100, 6}, part{"norm", 10, 6}, part{"move", 1, 1}), Energy)
	if more.Verdict() != Higher || more.Low <= 1 || more.Low > more.Value || more.High < more.Value {
		t.Errorf("all that the first runs and a kernel more: %+v", more)
	}
}

// TestSpreads: the logarithm of a ratio of two kernels is normal, with the variances of what they do not share.
func TestSpreads(t *testing.T) {
	const group, kernel, model = 0.03, 0.04, 0.05
	for _, c := range []struct {
		name     string
		s        coefficients.Spread
		other    part
		variance float64
	}{
		{"groups", coefficients.Spread{Group: group}, part{"norm", 50, 1}, 2 * group * group},
		{"one group", coefficients.Spread{Group: group}, part{"gemm", 50, 1}, 0},
		{"sizes of one group", coefficients.Spread{Group: group, Kernel: kernel}, part{"gemm", 50, 1}, 2 * kernel * kernel},
		{"models", coefficients.Spread{Model: model}, part{"gemm", 100, 2}, 2 * model * model},
	} {
		b := newBench("law", c.s)
		r := b.Ratio(b.sum(part{"gemm", 100, 1}), b.sum(c.other), Time)
		half := coefficients.Normal90 * math.Sqrt(c.variance)
		near(t, c.name+" below", math.Log(r.Low/r.Value), -half, 0.1*half+1e-12)
		near(t, c.name+" above", math.Log(r.High/r.Value), half, 0.1*half+1e-12)
	}
}

// TestLawsApart: laws of two names share no error.
func TestLawsApart(t *testing.T) {
	b := newBench("one", coefficients.Spread{Group: 0.1})
	here := b.sum(part{"gemm", 100, 1})
	there := (&bench{b.Draws, newBench("two", coefficients.Spread{Group: 0.1}).v}).sum(part{"gemm", 100, 1})
	r := b.Ratio(here, there, Energy)
	near(t, "two laws", math.Log(r.High), coefficients.Normal90*0.1*math.Sqrt2, 0.03)
	if got := b.Apart(here, there, Energy); got != (Apart{2, 2, 2}) {
		t.Errorf("apart by %v", got)
	}
}

// TestResampled: laws of resampled measurements move what one of both runs, and nothing that both do.
func TestResampled(t *testing.T) {
	b := newBench("law", coefficients.Spread{})
	b.v.Drawn = []law.Law{flat{0.8}, flat{1.25}}
	one := b.sum(part{"gemm", 100, 1})
	same := b.Ratio(one, b.sum(part{"gemm", 100, 3}), Energy)
	near(t, "one kernel below", same.Low, 3, 1e-12)
	near(t, "one kernel above", same.High, 3, 1e-12)
	near(t, "its variance", b.Resampled(one, b.sum(part{"gemm", 100, 3}), Energy), 0, 1e-12)
	told := &Sum{}
	told.AddCertain(Amounts{100, 100})
	r := b.Ratio(told, one, Energy)
	near(t, "beside a meter, below", r.Low, 0.8, 1e-12)
	near(t, "beside a meter, above", r.High, 1.25, 1e-12)
	near(t, "its variance", b.Resampled(told, one, Energy), math.Log(1.25)*math.Log(1.25), 1e-12)
}

// TestUnknown: what is not known on one side leaves a bound, on both nothing.
func TestUnknown(t *testing.T) {
	b := newBench("law", coefficients.Spread{Kernel: 0.01})
	small, large := b.sum(part{"gemm", 100, 1}), b.sum(part{"gemm", 200, 1})
	open, alsoOpen := b.sum(part{"gemm", 200, 1}), b.sum(part{"gemm", 100, 1})
	open.Unknown, alsoOpen.Unknown = 1, 2
	for _, c := range []struct {
		name      string
		a, b      *Sum
		verdict   Verdict
		low, high bool
	}{
		{"more in the first", open, small, Lower, false, true},
		{"more in the second", small, open, Higher, true, false},
		{"more in the first, which is less already", alsoOpen, large, Unknown, false, true},
		{"more in both", alsoOpen, open, Unknown, false, false},
		{"nothing predicted", &Sum{}, small, Unknown, false, false},
	} {
		r := b.Ratio(c.a, c.b, Energy)
		if r.Verdict() != c.verdict || math.IsNaN(r.Low) == c.low || math.IsNaN(r.High) == c.high || !math.IsNaN(r.Value) {
			t.Errorf("%s: %s, %+v", c.name, r.Verdict(), r)
		}
	}
}

// TestApart counts shares by hand: 3/4 and 1/4 of the first, 1/2 and 1/2 of the second, in two groups of a kernel each.
func TestApart(t *testing.T) {
	b := newBench("law", coefficients.Spread{})
	x, y := b.sum(part{"gemm", 30, 1}, part{"norm", 10, 1}), b.sum(part{"gemm", 30, 1}, part{"norm", 10, 3})
	if got := b.Apart(x, y, Energy); got != (Apart{2.0 / 16, 2.0 / 16, 2}) {
		t.Errorf("apart by %v", got)
	}
	if got := b.Apart(x, x, Energy); got != (Apart{}) {
		t.Errorf("apart from itself by %v", got)
	}
	near(t, "logarithm", Log(x, y, Energy), math.Log(1.5), 1e-12)
}

// TestSameDraws: whoever draws, in whatever order kernels come, gets the same interval.
func TestSameDraws(t *testing.T) {
	s := coefficients.Spread{Group: 0.1, Kernel: 0.1, Model: 0.1}
	x, y := newBench("law", s), newBench("law", s)
	first := x.Ratio(x.sum(part{"gemm", 100, 1}, part{"norm", 10, 2}), x.sum(part{"move", 5, 9}), Energy)
	other := y.sum(part{"move", 5, 9})
	if again := y.Ratio(y.sum(part{"norm", 10, 2}, part{"gemm", 100, 1}), other, Energy); math.Abs(again.Low-first.Low) > 1e-12 || math.Abs(again.High-first.High) > 1e-12 {
		t.Errorf("%+v, then %+v", first, again)
	}
}

// TestDevices: laws of one file on two devices share its resampled measurements, and nothing else. Where nothing is shared, the
// logarithm of the ratio has the variances of both.
func TestDevices(t *testing.T) {
	d := NewDraws()
	on := func(device, from string, s coefficients.Spread, drawn ...law.Law) *Sum {
		b := newBench(device+" "+from, s)
		b.v.From, b.v.Drawn = from, drawn
		return (&bench{d, b.v}).sum(part{"gemm", 100, 1})
	}
	one, two := on("l4", "file", coefficients.Spread{}, flat{0.8}, flat{1.25}), on("t4", "file", coefficients.Spread{}, flat{0.8}, flat{1.25})
	r := d.Ratio(one, two, Energy)
	near(t, "one file, below", r.Low, 1, 1e-12)
	near(t, "one file, above", r.High, 1, 1e-12)
	other := on("t4", "another", coefficients.Spread{}, flat{0.8}, flat{1.25})
	if r = d.Ratio(one, other, Energy); r.Low > 0.65 || r.High < 1.55 {
		t.Errorf("two files: %+v, want all of 0.64 to 1.5625", r)
	}
	const x, y = 0.03, 0.04
	r = d.Ratio(on("h100", "f", coefficients.Spread{Group: x}), on("b200", "f", coefficients.Spread{Group: y}), Time)
	near(t, "nothing shared", math.Log(r.High), coefficients.Normal90*math.Hypot(x, y), 0.01)
	near(t, "nothing shared", -math.Log(r.Low), coefficients.Normal90*math.Hypot(x, y), 0.01)
}
