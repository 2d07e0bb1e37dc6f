package profiler_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/fake"
)

// product is the work of a float16 matrix product.
func product(m, n, k int64) []energy.Work {
	return []energy.Work{{
		Class: "gemm", DType: "float16", Count: 1, MACs: m * n * k, Read: 2 * (m*k + k*n), Written: 2 * m * n,
		Products: []energy.Product{{Batch: 1, M: m, N: n, K: k}},
	}}
}

// copying is the work of so many kernels that move so many bytes each.
func copying(bytes, count int64) []energy.Work {
	return []energy.Work{{Class: "elementwise", DType: "float32", Count: count, Read: bytes / 2, Written: bytes / 2}}
}

// medium is a workload whose kernels keep the device busy, away from its limits.
func medium() profiler.Workload {
	return profiler.Workload{Name: "medium", Work: copying(64<<20, 1), Copies: 4, Graph: true}
}

// bench is a device to measure on, and what was said about it.
type bench struct {
	*fake.Device
	env profiler.Environment
	log []string
}

func newBench(opts fake.Options) *bench {
	d := fake.New(opts)
	b := &bench{Device: d}
	b.env = profiler.Environment{
		Executor: d.Executor(), Meter: d.Meter(), Clock: d.Clock(), Now: d.Now, Session: "s1",
		Logf: func(format string, args ...any) { b.log = append(b.log, fmt.Sprintf(format, args...)) },
	}
	return b
}

// measure prepares and measures a workload.
func (b *bench) measure(t *testing.T, w profiler.Workload, opts profiler.Options) profiler.Measurement {
	t.Helper()
	m, err := b.tryMeasure(t, w, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *bench) tryMeasure(t *testing.T, w profiler.Workload, opts profiler.Options) (profiler.Measurement, error) {
	t.Helper()
	run, err := b.env.Executor.Prepare(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	return profiler.Measure(t.Context(), run, w, b.env, opts)
}

// near reports whether a value is within a share of another.
func near[T ~float64](got, want T, share float64) bool {
	return math.Abs(float64(got/want)-1) <= share
}

// isTrue holds a measurement against the truth.
func (b *bench) isTrue(t *testing.T, m profiler.Measurement, w profiler.Workload, share float64) {
	t.Helper()
	e, s := b.Expect(w, w.Graph)
	if !near(m.Time, s, share) {
		t.Errorf("time %v s, want %v", float64(m.Time), float64(s))
	}
	switch {
	case m.Energy == nil:
		t.Error("no energy")
	case !near(*m.Energy, e, share):
		t.Errorf("energy %v J, want %v", float64(*m.Energy), float64(e))
	}
}

func (b *bench) logged(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(strings.Join(b.log, "\n"), text) {
		t.Errorf("log %q does not say %q", b.log, text)
	}
}

// TestMeasureFindsTheTruth holds that a perfect device is measured to a thousandth: neither warm-up nor the ends of the
// load nor the meter's period leave anything behind.
func TestMeasureFindsTheTruth(t *testing.T) {
	for name, w := range map[string]profiler.Workload{
		"medium":         medium(),
		"power limit":    {Work: product(8192, 8192, 8192), Copies: 2, Graph: true},
		"small, by host": {Work: copying(4096, 3)},
		"small, replay":  {Work: copying(4096, 1), Copies: 64, Graph: true},
		"in the cache":   {Work: copying(8<<20, 1), Graph: true},
		"0.15 s a run":   {Work: copying(1<<30, 200)},
		"1.5 s a run":    {Work: copying(1<<30, 2000)}, // 32 runs would be 48 s
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(fake.Options{})
			b.isTrue(t, b.measure(t, w, profiler.Options{}), w, 0.001)
		})
	}
}

// TestMeasureWhateverThePeriod holds the same for meters of all speeds.
func TestMeasureWhateverThePeriod(t *testing.T) {
	for _, period := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, 730 * time.Millisecond} {
		for _, hidden := range []bool{false, true} {
			t.Run(fmt.Sprint(period, hidden), func(t *testing.T) {
				b := newBench(fake.Options{CounterPeriod: period, HidePeriod: hidden})
				m := b.measure(t, medium(), profiler.Options{})
				b.isTrue(t, m, medium(), 0.002)
				if m.Spread.CounterPeriod == nil || !near(float64(*m.Spread.CounterPeriod), period.Seconds(), 0.25) {
					t.Errorf("period %v, want %v", m.Spread.CounterPeriod, period)
				}
				if len(m.Flags) > 0 {
					t.Errorf("flags %q", m.Flags)
				}
			})
		}
	}
}

// TestMeasurement holds what comes with energy and time.
func TestMeasurement(t *testing.T) {
	b := newBench(fake.Options{})
	b.env.Locked = true
	w := medium()
	m := b.measure(t, w, profiler.Options{})
	e, s := b.Expect(w, true)
	switch sp := m.Spread; {
	case m.Method != energy.MethodCounter:
		t.Errorf("method %q", m.Method)
	case len(sp.Windows) != 3 || len(sp.Times) != 3 || sp.CV == nil || *sp.CV > 0.001:
		t.Errorf("windows %v J, %v s, CV %v", sp.Windows, sp.Times, sp.CV)
	case sp.Window == nil || *sp.Window < 4.99 || *sp.Window > 5.2:
		t.Errorf("window %v, want 50 updates", sp.Window)
	case !near(float64(sp.Iterations), float64(*sp.Window/s), 0.01):
		t.Errorf("%d executions in a window, want about %g", sp.Iterations, float64(*sp.Window/s))
	}
	if m.Power == nil || !near(*m.Power, e.Over(s), 0.002) {
		t.Errorf("power %v, want %s", m.Power, e.Over(s))
	}
	if m.KernelTime == nil || *m.KernelTime != m.Time {
		t.Errorf("replayed, but kernel time %v and time %s", m.KernelTime, m.Time)
	}
	if m.Busy == nil || *m.Busy < 0.97 || m.Utilisation["sm"] < 97 {
		t.Errorf("busy %v, %v", m.Busy, m.Utilisation)
	}
	if c := m.Clocks; c == nil || !c.Locked || *c.SMBefore != 1.7e9 || *c.SMAfter != 1.7e9 || c.TempAfter == nil || *c.TempAfter < *c.TempBefore {
		t.Errorf("clocks %+v", m.Clocks)
	}
	if !m.End.Equal(b.Now()) && b.Now().Sub(m.End) > time.Second {
		t.Errorf("ended at %s, now %s", m.End, b.Now())
	}
}

// TestPausesAreRandom holds that the seed decides when windows begin.
func TestPausesAreRandom(t *testing.T) {
	end := func(seed uint64) time.Time {
		b := newBench(fake.Options{CounterPeriod: 20 * time.Millisecond})
		return b.measure(t, medium(), profiler.Options{Seed: seed, Windows: 9}).End
	}
	if end(1).Equal(end(2)) && end(1).Equal(end(3)) && end(1).Equal(end(4)) {
		t.Error("four seeds, one end")
	}
	if !end(1).Equal(end(1)) {
		t.Error("one seed, two ends")
	}
}

// TestMediansUnderNoise holds that noise of 5 % per workload goes away in the median of many.
func TestMediansUnderNoise(t *testing.T) {
	b := newBench(fake.Options{Seed: 3, Noise: 0.05, Jitter: 0.003})
	var times, joules []float64
	for i := range int64(41) {
		w := profiler.Workload{Work: copying((16+i)<<20, 1), Copies: 4, Graph: true}
		m := b.measure(t, w, profiler.Options{})
		e, s := b.Expect(w, true)
		times, joules = append(times, float64(m.Time/s)), append(joules, float64(*m.Energy/e))
	}
	// Of 41 values, a median has a standard deviation of 1.25/√41 times theirs: 1 % for time, 1.4 % for energy.
	if x, y := stats.Median(times), stats.Median(joules); math.Abs(x-1) > 0.03 || math.Abs(y-1) > 0.042 {
		t.Errorf("medians of measured over true: time %g, energy %g", x, y)
	}
	if d := stats.StdDev(times); d < 0.03 || d > 0.08 {
		t.Errorf("times are off by %g, want about 0.05", d)
	}
}

// TestFlags holds what every kind of trouble leaves in a measurement.
func TestFlags(t *testing.T) {
	const soon, later = 3 * time.Second, 1000 * time.Second // learning and warm-up take 7 s
	small := profiler.Workload{Work: copying(4096, 3)}
	for name, c := range map[string]struct {
		device fake.Options
		w      profiler.Workload
		want   []string
		log    string
	}{
		"none":            {fake.Options{}, medium(), nil, ""},
		"always hot":      {fake.Options{Throttled: fake.Span{From: soon, To: later}}, medium(), []string{energy.FlagThrottled}, ""},
		"hot for a while": {fake.Options{Throttled: fake.Span{From: soon, To: 15 * time.Second}}, medium(), nil, ""}, // taken anew
		"clock":           {fake.Options{ClockChange: 15 * time.Second}, medium(), nil, ""},                          // taken anew
		"others":          {fake.Options{Foreign: fake.Span{From: 15 * time.Second, To: 16500 * time.Millisecond}}, medium(), []string{energy.FlagForeign}, ""},
		"wanders":         {fake.Options{Unsteady: 0.2}, medium(), []string{energy.FlagCV}, ""},
		"power limit":     {fake.Options{}, profiler.Workload{Work: product(8192, 8192, 8192), Graph: true}, []string{energy.FlagPowerCap}, ""},
		"host":            {fake.Options{}, small, []string{energy.FlagHostBound}, ""},
		"nobody knows":    {fake.Options{NoBusy: true}, small, nil, ""},
		"above the limit": {fake.Options{CounterRate: 3, NoPower: true}, medium(), []string{energy.FlagPower}, "is above the power limit 300 W"},
		"below idle":      {fake.Options{CounterRate: 0.2, NoPower: true}, medium(), []string{energy.FlagPower}, "is below the idle power 65.0 W"},
		"stuck":           {fake.Options{Stuck: true, NoPower: true}, medium(), []string{energy.FlagShort}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(c.device)
			b.env.Idle = new(b.Idle())
			m := b.measure(t, c.w, profiler.Options{})
			if !slices.Equal(m.Flags, c.want) {
				t.Errorf("flags %q, want %q; log %q", m.Flags, c.want, b.log)
			}
			b.logged(t, c.log)
		})
	}
}

// TestClockFlag holds that windows at different clocks are flagged where there is no other try.
func TestClockFlag(t *testing.T) {
	b := newBench(fake.Options{ClockChange: 15 * time.Second})
	m := b.measure(t, medium(), profiler.Options{Retries: -1})
	if !slices.Equal(m.Flags, []string{energy.FlagCV, energy.FlagClock}) {
		t.Errorf("flags %q", m.Flags)
	}
}

// TestStuckCounter holds that a counter that does not move never gives an energy of zero.
func TestStuckCounter(t *testing.T) {
	b := newBench(fake.Options{Stuck: true, NoPower: true})
	m := b.measure(t, medium(), profiler.Options{})
	if m.Energy != nil || m.Power != nil || len(m.Spread.Windows) > 0 {
		t.Errorf("energy %v, windows %v", m.Energy, m.Spread.Windows)
	}
	if _, s := b.Expect(medium(), true); !near(m.Time, s, 0.001) {
		t.Errorf("time %v s, want %v", float64(m.Time), float64(s))
	}
}

// TestSlowCounter holds that windows grow until they hold enough updates, and are flagged where they may not grow.
func TestSlowCounter(t *testing.T) {
	b := newBench(fake.Options{CounterPeriod: 700 * time.Millisecond})
	m := b.measure(t, medium(), profiler.Options{MinUpdates: 4, Window: 200 * time.Millisecond, MaxWindow: 20 * time.Second})
	if m.Spread.Window == nil || *m.Spread.Window < 0.69 || len(m.Flags) > 0 {
		t.Errorf("window %v, flags %q: want one update at least", m.Spread.Window, m.Flags)
	}
	b.isTrue(t, m, medium(), 0.01)
}

// TestNoCounter holds that a meter without a counter is used as it is, without a check against itself.
func TestNoCounter(t *testing.T) {
	b := newBench(fake.Options{NoCounter: true})
	m := b.measure(t, medium(), profiler.Options{})
	if m.Method != energy.MethodIntegral || len(m.Flags)+len(b.log) > 0 {
		t.Errorf("method %q, flags %q, log %q", m.Method, m.Flags, b.log)
	}
	b.isTrue(t, m, medium(), 0.001)
}

// TestWrongCounter holds that a counter at half the rate is found out, and power integrated instead.
func TestWrongCounter(t *testing.T) {
	b := newBench(fake.Options{CounterRate: 0.5})
	m := b.measure(t, medium(), profiler.Options{})
	b.isTrue(t, m, medium(), 0.005)
	if m.Method != energy.MethodIntegral || m.Busy == nil || *m.Busy < 0.97 || len(m.Flags) > 0 {
		t.Errorf("method %q, busy %v, flags %q", m.Method, m.Busy, m.Flags)
	}
	b.logged(t, "counter/integral is 0.5")
	b.logged(t, "the energy counter is not used")

	b = newBench(fake.Options{CounterRate: 0.9})
	if m := b.measure(t, medium(), profiler.Options{}); m.Method != energy.MethodCounter {
		t.Errorf("off by 10 %%: method %q", m.Method)
	}
	b.logged(t, "counter/integral is 0.9")
}

// shy is a meter that does not tell the power when it was asked a moment ago, as one that derives it from a counter.
type shy struct {
	profiler.Meter
	clock profiler.Clock
	asked time.Duration
}

func (s *shy) State() (profiler.State, error) {
	state, err := s.Meter.State()
	now := s.clock.Now()
	if now-s.asked < 10*time.Millisecond {
		state.Power = nil
	}
	s.asked = now
	return state, err
}

// TestPowerWithGaps holds that the check of the counter bears samples without power, at its ends too.
func TestPowerWithGaps(t *testing.T) {
	for _, period := range []time.Duration{time.Millisecond, 100 * time.Millisecond} {
		b := newBench(fake.Options{CounterPeriod: period})
		b.env.Meter = &shy{Meter: b.env.Meter, clock: b.env.Clock}
		records, sum := b.run(t, tasks(1), profiler.Options{})
		if c := sum.Counter; c.Load == nil || c.Idle == nil || !near(*c.Load, 1, 0.02) || !near(*c.Idle, 1, 0.02) {
			t.Errorf("%s: counter %+v", period, c)
		}
		if len(records) != 1 || records[0].Method != energy.MethodCounter || len(b.log) > 0 {
			t.Errorf("%s: %d records, log %q", period, len(records), b.log)
		}
	}
}

// TestCounterReset holds that a counter that goes back costs a window, not the measurement.
func TestCounterReset(t *testing.T) {
	for _, at := range []time.Duration{3 * time.Second, 15 * time.Second} { // while the counter is looked into, and in a window
		b := newBench(fake.Options{CounterReset: at})
		b.isTrue(t, b.measure(t, medium(), profiler.Options{}), medium(), 0.001)
		b = newBench(fake.Options{CounterReset: at})
		if _, err := b.tryMeasure(t, medium(), profiler.Options{Retries: -1}); err == nil || !strings.Contains(err.Error(), "the energy counter went back") {
			t.Errorf("without another try: %v", err)
		}
	}
}

// TestTimeOnly holds what is left without a meter.
func TestTimeOnly(t *testing.T) {
	b := newBench(fake.Options{})
	b.env.Meter = nil
	m := b.measure(t, medium(), profiler.Options{})
	_, s := b.Expect(medium(), true)
	if m.Method != energy.MethodTime || m.Energy != nil || !near(m.Time, s, 0.001) || m.Busy != nil || m.Clocks != nil || len(m.Flags) > 0 {
		t.Errorf("%+v; want %v s and nothing else", m, float64(s))
	}
	if m.Spread.CV == nil || len(m.Spread.Times) != 3 || m.Spread.CounterPeriod != nil {
		t.Errorf("spread %+v", m.Spread)
	}
}

// alarm is a clock that calls somebody at a time.
type alarm struct {
	profiler.Clock
	at   time.Duration
	call func()
}

func (a *alarm) Sleep(ctx context.Context, d time.Duration) error {
	err := a.Clock.Sleep(ctx, d)
	if a.call != nil && a.Now() >= a.at {
		a.call()
		a.call = nil
	}
	return err
}

// TestMeasureStopsTheLoad holds that a measurement that ends early leaves no load behind.
func TestMeasureStopsTheLoad(t *testing.T) {
	b := newBench(fake.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.env.Clock = &alarm{Clock: b.env.Clock, at: 9 * time.Second, call: cancel}
	run, err := b.env.Executor.Prepare(ctx, medium())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := profiler.Measure(ctx, run, medium(), b.env, profiler.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := run.Burst(t.Context(), 1); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// halting is a run whose load gets stuck, or fails when it is stopped.
type halting struct {
	profiler.Run
	fails error
}

func (h halting) Start(ctx context.Context) (profiler.Load, error) {
	l, err := h.Run.Start(ctx)
	return haltingLoad{l, h.fails}, err
}

type haltingLoad struct {
	profiler.Load
	fails error
}

func (l haltingLoad) Progress() (profiler.Progress, error) {
	p, err := l.Load.Progress()
	if l.fails == nil {
		p = profiler.Progress{Runs: min(p.Runs, 1000), At: min(p.At, 1)}
	}
	return p, err
}

func (l haltingLoad) Stop() (profiler.Progress, error) {
	p, err := l.Load.Stop()
	return p, errors.Join(err, l.fails)
}

// TestHaltingLoad holds that a load that does not get on is an error in the end, and that no measurement comes of one
// that has failed.
func TestHaltingLoad(t *testing.T) {
	lost := errors.New("a run was lost")
	for want, fails := range map[string]error{"no run has ended for 2m0": nil, "a run was lost": lost} {
		b := newBench(fake.Options{})
		run, err := b.env.Executor.Prepare(t.Context(), medium())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := profiler.Measure(t.Context(), halting{run, fails}, medium(), b.env, profiler.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
