package fake_test

import (
	"math"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/fake"
	"github.com/irene-onnx/irene/profiler/internal/profilertest"
)

// product is the work of count matrix products of float16.
func product(m, n, k, count int64) []energy.Work {
	return []energy.Work{{
		Class: "gemm", DType: "float16", Count: count, MACs: m * n * k, Read: 2 * (m*k + k*n), Written: 2 * m * n,
		Products: []energy.Product{{Batch: 1, M: m, N: n, K: k}},
	}}
}

// copying is the work of a kernel that moves so many bytes.
func copying(bytes int64) []energy.Work {
	return []energy.Work{{Class: "elementwise", DType: "float32", Count: 1, Read: bytes / 2, Written: bytes / 2}}
}

func TestMeter(t *testing.T) {
	for name, opts := range map[string]fake.Options{"perfect": {}, "realistic": fake.Realistic(1), "no counter": {NoCounter: true, NoBusy: true, NoPower: true}} {
		t.Run(name, func(t *testing.T) {
			d := fake.New(opts)
			profilertest.TestMeter(t, profilertest.MeterCase{
				Open: func(*testing.T) profiler.Meter { return d.Meter() }, Clock: d.Clock(), Moves: 250 * time.Millisecond,
			})
		})
	}
}

func TestExecutor(t *testing.T) {
	d := fake.New(fake.Options{Unsupported: []string{"attention"}})
	profilertest.TestExecutor(t, profilertest.ExecutorCase{
		Open: func(*testing.T) profiler.Executor { return d.Executor() }, Clock: d.Clock(),
		Workload: profiler.Workload{Name: "good", Work: product(1024, 1024, 1024, 3), Copies: 4},
		Refused:  &profiler.Workload{Name: "bad", Work: []energy.Work{{Class: "attention", DType: "float16", Count: 1}}},
		Scale:    1.001,
	})
}

// TestTruth holds the truth to what the description says of it.
func TestTruth(t *testing.T) {
	d := fake.New(fake.Options{})
	rate := func(m, n, k int64) float64 { // FLOP/s
		_, s := d.Truth(product(m, n, k, 1))
		return 2 * float64(m*n*k) / float64(s)
	}
	if good, odd := rate(4096, 4096, 1024), rate(4097, 4097, 1024); odd >= good {
		t.Errorf("tiles over the edges cost nothing: %g and %g FLOP/s", good, odd)
	}
	if large, small := rate(4096, 4096, 1024), rate(128, 128, 1024); small > large/5 {
		t.Errorf("a product of four tiles reaches %g FLOP/s, one that fills the device %g", small, large)
	}
	_, one := d.Truth(copying(1 << 28))
	_, two := d.Truth(copying(1 << 29))
	if ratio := float64(two / one); math.Abs(ratio-2) > 0.02 {
		t.Errorf("twice the bytes take %g times as long", ratio)
	}
	cold, _ := d.Expect(profiler.Workload{Work: copying(8 << 20), Copies: 16}, true)
	hot, _ := d.Expect(profiler.Workload{Work: copying(8 << 20)}, true)
	if hot >= cold {
		t.Errorf("operands in the cache cost %s, in memory %s", hot, cold)
	}
	w := profiler.Workload{Work: copying(4096), Copies: 16}
	_, launched := d.Expect(w, false)
	_, replayed := d.Expect(w, true)
	if replayed >= launched/1.5 {
		t.Errorf("a small kernel takes %s launched and %s replayed", launched, replayed)
	}
}

// TestPowerLimit holds that large products stay at the limit, and pay with time.
func TestPowerLimit(t *testing.T) {
	d := fake.New(fake.Options{})
	e, s := d.Truth(product(8192, 8192, 8192, 1))
	if p := e.Over(s); math.Abs(float64(p)-300) > 1 {
		t.Errorf("%s, want the limit of 300 W", p)
	}
	if p := func() energy.Watts { e, s := d.Truth(copying(1 << 28)); return e.Over(s) }(); p > 290 || p < 100 {
		t.Errorf("copying takes %s", p)
	}
}

// TestCounter holds what the counter says against the power that the device has: idle, it counts whole millijoules at
// each tenth of a second.
func TestCounter(t *testing.T) {
	d := fake.New(fake.Options{})
	m := d.Meter()
	for _, c := range []struct{ sleep, ticks float64 }{{0.099, 0}, {0.002, 1}, {0.09, 1}, {0.31, 5}} { // at 0.099, 0.101, 0.191, 0.501 s
		if err := d.Clock().Sleep(t.Context(), time.Duration(c.sleep*1e9)); err != nil {
			t.Fatal(err)
		}
		got, err := m.Energy()
		if want := math.Floor(float64(d.Idle())*0.1*c.ticks*1000) / 1000; err != nil || math.Abs(float64(got)-want) > 0.0011 {
			t.Errorf("after %s: %v J, %v; want %v J", d.Clock().Now(), float64(got), err, want)
		}
	}
}

// TestNoiseIsTheKernels holds that noise depends on the kernel and on the seed, not on when it runs or beside what.
func TestNoiseIsTheKernels(t *testing.T) {
	opts := fake.Options{Seed: 7, Noise: 0.05}
	burst := func(d *fake.Device, work []energy.Work) energy.Seconds {
		run, err := d.Executor().Prepare(t.Context(), profiler.Workload{Work: work, Copies: 8, Graph: true})
		if err != nil {
			t.Fatal(err)
		}
		s, err := run.Burst(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b := fake.New(opts), fake.New(opts)
	x, y := product(1024, 1024, 512, 1), product(1024, 512, 1024, 1)
	firstX, firstY := burst(a, x), burst(a, y)
	secondY, secondX := burst(b, y), burst(b, x)
	if math.Abs(float64(firstX/secondX)-1) > 1e-6 || math.Abs(float64(firstY/secondY)-1) > 1e-6 {
		t.Errorf("in another order: %v and %v s, %v and %v s", firstX, secondX, firstY, secondY)
	}
	if both := burst(a, append(product(1024, 1024, 512, 1), y...)); math.Abs(float64(both/(firstX+firstY))-1) > 0.001 {
		t.Errorf("together %v s, alone %v and %v s", both, firstX, firstY)
	}
	opts.Seed = 8
	if other := burst(fake.New(opts), x); math.Abs(float64(other/firstX)-1) < 1e-6 {
		t.Error("another seed has the same noise")
	}
}

// TestLockedClock holds that half the clock takes a product that is bound by arithmetic twice as long.
func TestLockedClock(t *testing.T) {
	d := fake.New(fake.Options{})
	run, err := d.Executor().Prepare(t.Context(), profiler.Workload{Work: product(2048, 2048, 2048, 1), Copies: 8})
	if err != nil {
		t.Fatal(err)
	}
	burst := func() energy.Seconds {
		s, err := run.Burst(t.Context(), 50)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := burst()
	unlock, err := d.Meter().(profiler.ClockLocker).LockClocks(0.85e9, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ratio := float64(burst() / before); math.Abs(ratio-2) > 0.01 {
		t.Errorf("at half the clock it takes %g times as long", ratio)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if ratio := float64(burst() / before); math.Abs(ratio-1) > 0.01 {
		t.Errorf("unlocked, it takes %g times as long", ratio)
	}
}
