package law_test

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// only predicts one kernel.
func only(t *testing.T, c *coefficients.Coefficients, dev energy.Device, k law.Kernel) law.Prediction {
	t.Helper()
	l, err := law.New(c, dev, law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l.Kernel(&k)
}

func wantPrediction(t *testing.T, p law.Prediction, seconds, joules float64, scaled bool) {
	t.Helper()
	if !p.Known || energytest.Relative(float64(p.Time), seconds) > 1e-9 || energytest.Relative(float64(p.Energy), joules) > 1e-9 {
		t.Errorf("%v in %v, want %g J in %g s", p.Energy, p.Time, joules, seconds)
	}
	if p.StandIn != scaled || (p.Why == "") == scaled {
		t.Errorf("scaled %v (%q), want %v", p.StandIn, p.Why, scaled)
	}
}

// matmul is [128, 64]·[64, 32], of 2·128·64·32 FLOPs and 128·64 + 64·32 + 128·32 = 14336 elements.
func matmul(t graph.DType) law.Kernel {
	return law.Kernel{Known: true, Class: "gemm", DType: t, MACs: productFLOPs / 2, Bytes: float64(t.Size(productElements)), Products: []law.Product{{Batch: 1, M: 128, N: 32, K: 64}}}
}

// moving is a kernel that moves bytes.
func moving(class string, t graph.DType, bytes float64) law.Kernel {
	return law.Kernel{Known: true, Class: class, DType: t, Bytes: bytes}
}

const (
	productFLOPs    = 2 * 128 * 64 * 32
	productElements = 14336
)

// TestMeasured sums the terms by hand where class and element type were measured.
func TestMeasured(t *testing.T) {
	c := energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 2e-12, 3e-5))
	p := only(t, c, energytest.Device(t, "gtx-1070"), matmul(graph.Float32))
	seconds := productFLOPs*1e-13 + 4*productElements*2e-12 + 3e-5
	wantPrediction(t, p, seconds, energytest.Power*seconds, false)
	if p.Class != "gemm" {
		t.Errorf("class %s", p.Class)
	}
}

// TestOtherType: a type that was not measured scales what counts operations by the device's peaks (19.5 and 312 TFLOP/s
// in float32 and float16 on an A100; a GTX 1070, of 6.463 and 0.101, computes in float32); bytes count true widths.
func TestOtherType(t *testing.T) {
	gemm := energytest.Row("gemm", graph.Float32, 1e-13, 2e-12, 3e-5)
	for id, ratio := range map[string]float64{"gtx-1070": 1, "a100-pcie-40gb": 19.5 / 312} {
		c := energytest.CoefficientsOf(gemm)
		c.Device = id
		p := only(t, c, energytest.Device(t, id), matmul(graph.Float16))
		seconds := productFLOPs*1e-13*ratio + 2*productElements*2e-12 + 3e-5
		wantPrediction(t, p, seconds, energytest.Power*seconds, true)
		if !strings.Contains(p.Why, "float16") || !strings.Contains(p.Why, "float32") {
			t.Errorf("why %q", p.Why)
		}
	}
	// integers move like float32 of their width, without a stand-in
	p := only(t, energytest.CoefficientsOf(energytest.Row("move", graph.Float32, 0, 1e-12, 0)), energytest.Device(t, "gtx-1070"), moving("move", graph.Int64, 1600))
	wantPrediction(t, p, 1600e-12, energytest.Power*1600e-12, false)
}

// TestStandIns: a class that was never measured takes the coefficients of the one that stands in for it.
func TestStandIns(t *testing.T) {
	dev := energytest.Device(t, "gtx-1070")
	base := energytest.Row("elementwise", graph.Float32, 0, 1e-12, 1e-6)
	for _, c := range []struct {
		name    string
		classes []coefficients.ClassCoefficients
		kernel  law.Kernel
		seconds float64
		scaled  bool
	}{
		{"softmax by norm", []coefficients.ClassCoefficients{base, energytest.Row("norm", graph.Float32, 0, 5e-12, 2e-6)}, moving("softmax", graph.Float32, 32000), 32000*5e-12 + 2e-6, true},
		{"activation by elementwise", []coefficients.ClassCoefficients{base}, moving("activation", graph.Float32, 32000), 32000*1e-12 + 1e-6, true},
		{"itself", []coefficients.ClassCoefficients{base, energytest.Row("activation", graph.Float32, 0, 3e-12, 4e-6)}, moving("activation", graph.Float32, 32000), 32000*3e-12 + 4e-6, false},
		{"all zeros say nothing", []coefficients.ClassCoefficients{base, energytest.Row("activation", graph.Float32, 0, 0, 0)}, moving("activation", graph.Float32, 32000), 32000*1e-12 + 1e-6, true},
		{"gemm by bmm", []coefficients.ClassCoefficients{base, energytest.Row("bmm", graph.Float32, 1e-13, 0, 0)}, matmul(graph.Float32), productFLOPs * 1e-13, true},
		{
			"conv by gemm", []coefficients.ClassCoefficients{base, energytest.Row("gemm", graph.Float32, 1e-13, 0, 0)}, // 1·8·16·16 outputs of 4·3·3 products
			law.Kernel{Known: true, Class: "conv", DType: graph.Float32, MACs: 8 * 16 * 16 * 36}, 2 * 8 * 16 * 16 * 36 * 1e-13, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := only(t, energytest.CoefficientsOf(c.classes...), dev, c.kernel)
			wantPrediction(t, p, c.seconds, energytest.Power*c.seconds, c.scaled)
		})
	}
	t.Run("roofline", func(t *testing.T) { // nothing stands in for a product: 6.463 TFLOP/s, 256 GB/s, 150 W
		p := only(t, energytest.CoefficientsOf(base), dev, matmul(graph.Float32))
		least := productFLOPs / 6.463e12
		if !p.StandIn || !strings.Contains(p.Why, "roofline") || float64(p.Time) < least || energytest.Relative(float64(p.Energy), 150*float64(p.Time)) > 1e-9 {
			t.Errorf("%v in %v (%q), want at least %g s at 150 W", p.Energy, p.Time, p.Why, least)
		}
	})
}

// TestTransferTypes: a type of which the device that was measured has no peak is scaled to one that has. A type that
// neither has a peak of is scaled as float32 is.
func TestTransferTypes(t *testing.T) {
	c := energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 0, 0)) // of a GTX 1070: 6.463 TFLOP/s
	for _, w := range []struct {
		id        string
		dtype     graph.DType
		teraflops float64
	}{
		{"a100-pcie-40gb", graph.Float16, 312},
		{"a100-pcie-40gb", graph.BFloat16, 312},
		{"h100-sxm", graph.BFloat16, 989.4},
		{"h100-sxm", graph.Float8E4M3FN, 1978.9},
		{"gtx-1080", graph.BFloat16, 8.873},
		{"gtx-1080", graph.Float16, 8.873}, // 0.1386 of its own
		{"gtx-1080", graph.Float64, 8.873},
		{"p100-sxm2-16gb", graph.Float16, 21.2},
	} {
		p := only(t, c, energytest.Device(t, w.id), matmul(w.dtype))
		want := productFLOPs * 1e-13 * 6.463 / w.teraflops
		if energytest.Relative(float64(p.Time), want) > 0.06 || !p.StandIn { // what is sustained is not the peak
			t.Errorf("%s in %v: %v, want %g s", w.id, w.dtype, p.Time, want)
		}
	}
	for _, dev := range energy.Devices() { // narrower floating-point types are never slower
		single := only(t, c, dev, matmul(graph.Float32))
		for _, narrow := range []graph.DType{graph.Float16, graph.BFloat16} {
			if p := only(t, c, dev, matmul(narrow)); float64(p.Time) > float64(single.Time)*(1+1e-9) || float64(p.Time) < float64(single.Time)/80 {
				t.Errorf("%s: %v in %v, %v in float32", dev.ID, p.Time, narrow, single.Time)
			}
		}
	}
}

// TestTransfer: on a device that nobody measured, operations take time by the peaks, bytes by the bandwidths, launches
// what they took; power grows with the board's limit.
func TestTransfer(t *testing.T) {
	from := 256.0 // GB/s of the GTX 1070, with 6.463 TFLOP/s and 150 W
	for _, c := range []struct {
		id                   string
		bandwidth, teraflops float64
	}{{"gtx-1080", 320, 8.873}, {"a100-pcie-40gb", 1555, 19.5}} {
		dev := energytest.Device(t, c.id)
		byBytes := only(t, energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 0, 2e-12, 0)), dev, matmul(graph.Float32))
		byFLOPs := only(t, energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 0, 0)), dev, matmul(graph.Float32))
		byLaunch := only(t, energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 0, 0, 3e-5)), dev, matmul(graph.Float32))
		for name, x := range map[string]struct {
			got       law.Prediction
			want      float64
			tolerance float64 // what is sustained is not the peak, nor the bandwidth reached that of the data sheet
		}{
			"bytes": {byBytes, 4 * productElements * 2e-12 * from / c.bandwidth, 0.06}, "launches": {byLaunch, 3e-5, 1e-6},
			"FLOPs": {byFLOPs, productFLOPs * 1e-13 * 6.463 / c.teraflops, 0.25},
		} {
			if energytest.Relative(float64(x.got.Time), x.want) > x.tolerance {
				t.Errorf("%s on %s: %v, want %g s", name, c.id, x.got.Time, x.want)
			}
			if x.got.Energy <= 0 || x.got.Low > x.got.Energy/2 {
				t.Errorf("%s on %s: %v from %v on", name, c.id, x.got.Energy, x.got.Low)
			}
		}
		if got, want := float64(byBytes.Energy.Over(byBytes.Time)), float64(byFLOPs.Energy.Over(byFLOPs.Time)); energytest.Relative(got, want) > 1e-9 {
			t.Errorf("%s: %g W for bytes, %g for FLOPs, alike on the device measured", c.id, got, want)
		}
	}
	// boards of 180 and 250 W
	a := only(t, energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 0, 0)), energytest.Device(t, "gtx-1080"), matmul(graph.Float32))
	b := only(t, energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 0, 0)), energytest.Device(t, "a100-pcie-40gb"), matmul(graph.Float32))
	if got := float64(b.Energy.Over(b.Time) / a.Energy.Over(a.Time)); energytest.Relative(got, 250.0/180) > 1e-9 {
		t.Errorf("power grows by %g, want %g", got, 250.0/180)
	}
	c := energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1, 0, 0))
	c.Device = "abacus"
	if _, err := law.New(c, energytest.Device(t, "gtx-1080"), law.Options{}); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("coefficients of an unknown device: error %v", err)
	}
}

// TestExtrapolated: a kernel far outside the fitted range is marked, and its interval is wider.
func TestExtrapolated(t *testing.T) {
	c := energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 2e-12, 3e-5))
	dev := energytest.Device(t, "gtx-1070")
	width := func(p law.Prediction) energy.Joules { return (p.High - p.Low) / p.Energy }
	inside := only(t, c, dev, matmul(graph.Float32))
	for why, r := range map[string]map[string]coefficients.Range{
		"larger than any measured: flops above ": {"flops": {Low: 1, High: productFLOPs / 2}}, "larger than any measured: bytes above ": {"bytes": {Low: 1, High: productElements}},
		"larger than any measured: k above 32": {"k": {Low: 1, High: 32}}, "smaller than any measured: k below 128": {"k": {Low: 128, High: 256}},
	} {
		c.Classes[0].Range = r
		p := only(t, c, dev, matmul(graph.Float32))
		if !p.Extrapolated || p.StandIn || !strings.HasPrefix(p.Why, why) || p.Energy != inside.Energy || !(width(p) > width(inside)) {
			t.Errorf("%s: extrapolated %v (%q), %v … %v", why, p.Extrapolated, p.Why, p.Low, p.High)
		}
	}
	c.Classes[0].Range = map[string]coefficients.Range{"flops": {Low: 1, High: 1.05 * productFLOPs}, "bytes": {Low: 1, High: 1e9}, "k": {Low: 64, High: 64}}
	if p := only(t, c, dev, matmul(graph.Float32)); p.Extrapolated || width(p) != width(inside) {
		t.Errorf("inside the range: extrapolated (%q)", p.Why)
	}
}

// TestCauses splits one product of 100×64 by 64×200 on 15 multiprocessors: two tiles of 128×128 in one wave of 15.
func TestCauses(t *testing.T) {
	gemm := energytest.Row("gemm", graph.Float32, 3, 5, 7)
	gemm.Time[coefficients.WavesL], gemm.Energy[coefficients.WavesL] = 11, 11*energytest.Power
	c := energytest.CoefficientsOf(gemm, energytest.Row(coefficients.HostClass, graph.Float32, 0, 0, 13))
	dev := energytest.Device(t, "gtx-1070")
	const flops, bytes, waves = 2 * 100 * 64 * 200, 4 * (100*64 + 64*200 + 100*200), 2 * 15 * 128 * 128 * 64
	p := only(t, c, dev, law.Kernel{Known: true, Class: "gemm", DType: graph.Float32, MACs: flops / 2, Bytes: bytes, Products: []law.Product{{Batch: 1, M: 100, N: 200, K: 64}}})
	want := [law.NumCauses]float64{
		law.Arithmetic: (3 + 11) * flops, law.Waves: 11 * (waves - flops), law.Memory: 5 * bytes, law.Launch: 7,
		law.Host: 13 * (1 - bytes/(256e9*8e-6)),
	}
	sum := 0.0
	for i, w := range want {
		sum += w
		if got := p.Causes[i]; energytest.Relative(float64(got.Time), w) > 1e-9 || energytest.Relative(float64(got.Energy), energytest.Power*w) > 1e-9 {
			t.Errorf("%v: %v, want %v s at %v W", law.Cause(i), got, w, energytest.Power)
		}
	}
	wantPrediction(t, p, sum, energytest.Power*sum, false)
	if bound, ok := p.Causes.Bound(); !ok || bound != law.Arithmetic {
		t.Errorf("bound by %v, %v", bound, ok)
	}
	if p.Tile != [2]float64{128, 128} || energytest.Relative(p.Fill, float64(flops)/waves) > 1e-12 {
		t.Errorf("tiles of %v, %v full", p.Tile, p.Fill)
	}
}

// TestIdle: the board's idle power, with the host's share at the plug, or the least that the fit saw where nobody parted it.
func TestIdle(t *testing.T) {
	c, dev := energytest.Truth(), energytest.Device(t, "gtx-1070")
	for _, x := range []struct {
		boundary energy.Boundary
		host     *coefficients.HostPower
		want     energy.Watts
	}{
		{energy.BoundaryBoard, nil, dev.Idle},
		{energy.BoundaryWall, &coefficients.HostPower{Watts: 100, Factor: 1.5}, 100 + 1.5*dev.Idle},
		{energy.BoundaryWall, nil, energytest.Power},
	} {
		c.Boundary, c.Host = x.boundary, x.host
		l, err := law.New(c, dev, law.Options{})
		if err != nil || l.Idle() != x.want {
			t.Errorf("%s, host %v: %v (%v), want %v", x.boundary, x.host, l.Idle(), err, x.want)
		}
	}
}
