package law

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
)

// near fails where a number is further from what was worked out than a part of it.
func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if !(math.Abs(got-want) <= part*want) {
		t.Errorf("%s: %.6g, want %.6g", what, got, want)
	}
}

// handConstants are rounded constants that expectations of tests were worked out with.
func handConstants() *Constants {
	c := StartConstants()
	c.Product = ProductConstants{
		Tiles: tiles(), Fill: 271, Bandwidth: 0.851, Overlap: 2.58, Split: 2.83e-6,
		Floor:   [numSMKinds]float64{ampere: 4550, hopper: 4680, blackwell: 4180, graphics: 4850},
		Latency: [numSMKinds]float64{ampere: 356, hopper: 159, blackwell: 158, graphics: 608},
		Load:    [numSMKinds]float64{ampere: 41.5, hopper: 164, blackwell: 198, graphics: 25.1},
	}
	c.Vector = VectorConstants{
		Rate: 0.907, Floor: 24.5e-6, Split: 22.8e-6, Stored: 0.855, Wide: 0.87, Reread: 36.9e9, Drift: [numPascals]float64{1.03e4, 1.08e5},
		Lanes: [numWideLanes]float64{0.86, 0.75},
	}
	c.Power.Vector = 1.177
	return c
}

// onDevice is the law of those constants on a device.
func onDevice(t *testing.T, d energy.Device) *Overlap {
	t.Helper()
	l, err := Fitting(handConstants(), d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The expectations come from another implementation of the form, in another language and with the same constants. It
// stretches what exceeds the board's limit by a closed form of its own, which the test applies to the time at boost.
func TestProductTimes(t *testing.T) {
	joules := map[string]float64{"a100-sxm-80gb": 1.24e-12, "h100-sxm": 0.833e-12, "l40s": 1.756e-12, "b200-sxm": 0.645e-12} // per FLOP
	for _, c := range []struct {
		device  string
		m, n, k float64
		µs      float64
		tile    [2]float64
	}{
		{"h100-sxm", 1, 4096, 4096, 15.18, [2]float64{16, 64}},
		{"h100-sxm", 16, 14336, 4096, 44.49, [2]float64{}},
		{"h100-sxm", 128, 4096, 4096, 15.64, [2]float64{64, 64}},
		{"h100-sxm", 512, 4096, 14336, 81.87, [2]float64{128, 128}},
		{"h100-sxm", 4096, 4096, 4096, 177.5, [2]float64{}},
		{"h100-sxm", 8192, 8192, 8192, 1389, [2]float64{}},
		{"l40s", 1, 4096, 4096, 48.85, [2]float64{}},
		{"l40s", 4096, 4096, 4096, 652.9, [2]float64{}},
		{"b200-sxm", 1, 4096, 4096, 8.89, [2]float64{}},
		{"b200-sxm", 8192, 8192, 8192, 701.7, [2]float64{}},
		{"a100-sxm-80gb", 1, 4096, 4096, 27.10, [2]float64{16, 64}},
		{"a100-sxm-80gb", 4096, 4096, 4096, 517.7, [2]float64{}},
	} {
		dev := energytest.Device(t, c.device)
		if c.device == "h100-sxm" {
			dev.BoostClock, dev.L2Bytes = 1755e6, 50e6 // as the expectations have them
		}
		l := onDevice(t, dev)
		o, _ := l.plainOperand(graph.BFloat16)
		x := l.product(Product{1, c.m, c.n, c.k}, &o, true)
		at := x.time(1)
		stretched := at * math.Pow(math.Max(1, 0.2+joules[c.device]*2*c.m*c.n*c.k/at/float64(dev.TDP)), 0.7)
		near(t, c.device, 1e6*stretched, c.µs, 1e-3)
		if c.tile != [2]float64{} && x.tile != c.tile {
			t.Errorf("%s %v×%v×%v: tile %v, want %v", c.device, c.m, c.n, c.k, x.tile, c.tile)
		}
	}
}

// The expectations come from another implementation of the form, which takes the row's idle power for what the board
// draws with its clocks up, and lets it draw the whole limit. It gives a byte of every memory 40 pJ, and splits K by powers of two: the first expectation is the
// form's with 3 parts, 96 blocks on 108 multiprocessors, 24.5 + 22.8 + 2.8 µs beside 68.9 µs of arithmetic. Its waves
// are all as long as the mean block: for the first bmm, of 384 blocks in 4 waves, the last as long as a whole tile, (3·14336
// + 16384)·128 multiplications at 64·1.41e9·0.907 are 92.9 µs; with 19.6 µs of memory 93.6, and the floor of 24.5.
func TestVectorTimes(t *testing.T) {
	for _, c := range []struct {
		device string
		class  string
		Product
		ms float64
	}{
		{"a100-pcie-40gb", "gemm", Product{1, 512, 1024, 1024}, 0.11900},
		{"a100-pcie-40gb", "gemm", Product{1, 4096, 4096, 4096}, 8.7317},
		{"a100-pcie-40gb", "bmm", Product{96, 196, 196, 64}, 0.11814},
		{"t4", "gemm", Product{1, 4096, 50272, 1024}, 113.749},
		{"p100-pcie-16gb", "gemm", Product{1, 8192, 30522, 1024}, 195.040},
		{"p4", "gemm", Product{1, 8192, 30522, 1024}, 169.744},
		{"v100-pcie-32gb", "bmm", Product{192, 512, 80, 512}, 0.85483},
		{"a100-pcie-80gb", "bmm", Product{64, 1024, 64, 1024}, 0.56452},
	} {
		dev := energytest.Device(t, c.device)
		dev.Awake, dev.Busy, dev.TDP = dev.Idle, 0, dev.TDP/atLimit
		l := onDevice(t, dev)
		l.constants.Power.Byte = [numMemoryGenerations]float64{40e-12, 40e-12, 40e-12}
		k := Kernel{Class: c.class, DType: graph.Float32, Known: true, Products: []Product{c.Product}}
		near(t, c.device, 1e3*l.Time(&k), c.ms, 5e-4)
	}
}
