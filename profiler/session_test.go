package profiler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/fake"
)

// tasks makes n tasks that copy different numbers of bytes, the first of which gains most.
func tasks(n int) []profiler.Task {
	var out []profiler.Task
	for i := range n {
		out = append(out, task(fmt.Sprintf("copy%d", i), profiler.Workload{Work: copying(int64(32+i)<<20, 1), Copies: 4, Graph: true}))
		out[i].Gain = float64(n - i)
	}
	return out
}

// task is one operator.
func task(name string, w profiler.Workload) profiler.Task {
	return profiler.Task{
		Record: energy.Record{
			Level: energy.LevelOperator, Path: name, Op: "Identity", Signature: "sig " + name, Work: w.Work, Buffers: "rotated",
			Runtime: energy.Runtime{Profile: "ort-basic"}, Dims: map[string]int64{"batch": 8},
		},
		Workload: func() (profiler.Workload, error) { return w, nil },
	}
}

// anchor makes a task one.
func anchor(t profiler.Task) profiler.Task {
	t.Anchor = true
	return t
}

// run runs tasks and returns their records.
func (b *bench) run(t *testing.T, list []profiler.Task, opts profiler.Options) ([]energy.Record, profiler.Summary) {
	t.Helper()
	var out []energy.Record
	sum, err := profiler.RunTasks(t.Context(), list, b.env, opts, func(r energy.Record) error {
		out = append(out, r)
		return energy.WriteRecord(io.Discard, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, sum
}

// paths lists the paths of records; those of anchors in brackets.
func paths(records []energy.Record) []string {
	var out []string
	for _, r := range records {
		if r.Anchor {
			r.Path = "[" + r.Path + "]"
		}
		out = append(out, r.Path)
	}
	return out
}

// TestRunTasks holds a whole session on a perfect device: every record is complete and true.
func TestRunTasks(t *testing.T) {
	b := newBench(fake.Options{})
	list := tasks(5)
	records, sum := b.run(t, list, profiler.Options{})
	if len(records) != 5 || sum.Measured != 5 || sum.Failed+sum.Remaining+sum.Unusable != 0 || len(b.log) > 0 {
		t.Fatalf("%d records, %+v, log %q", len(records), sum, b.log)
	}
	if sum.Idle == nil || !near(*sum.Idle, b.Idle(), 0.005) {
		t.Errorf("idle power %v, want %s", sum.Idle, b.Idle())
	}
	c := sum.Counter
	if c.Method != energy.MethodCounter || c.Period != 0.1 || c.Load == nil || c.Idle == nil || !near(*c.Load, 1, 0.01) || !near(*c.Idle, 1, 0.01) {
		t.Errorf("counter %+v", c)
	}
	for _, r := range records {
		e, s := b.Expect(profiler.Workload{Work: r.Work, Copies: 4}, true)
		if !near(*r.Energy, e, 0.002) || !near(*r.Time, s, 0.002) || !near(*r.NetEnergy, e-sum.Idle.Times(s), 0.003) {
			t.Errorf("%s: %v J, net %v J, %v s; want %v J, %v s", r.Path, *r.Energy, *r.NetEnergy, *r.Time, e, s)
		}
		want := energy.RecordDevice{
			Name: "fake-gpu", UUID: "GPU-fake", PowerLimit: new(energy.Watts(300)), Kind: "gpu",
			Units: 80, CacheBytes: 40 << 20, MemoryBytes: 16 << 30,
		}
		if !reflect.DeepEqual(r.Device, want) {
			t.Errorf("device %+v", r.Device)
		}
		if r.Runtime.Name != "fake" || r.Runtime.Version != "1" || r.Runtime.Profile != "ort-basic" || r.Driver != "fake 1" {
			t.Errorf("runtime %+v, driver %q", r.Runtime, r.Driver)
		}
		if r.Boundary != energy.BoundaryBoard || r.Session != "s1" || r.Idle == nil || r.Busy == nil || r.Clocks == nil || r.Spread == nil || r.Timestamp.IsZero() {
			t.Errorf("incomplete: %+v", r)
		}
		if r.Signature != "sig "+r.Path || r.Dims["batch"] != 8 || r.Buffers != "rotated" || r.Anchor {
			t.Errorf("the task's own members changed: %+v", r)
		}
		i := slices.IndexFunc(list, func(t profiler.Task) bool { return t.Record.Path == r.Path })
		if filled := b.env.Fill(list[i].Record); filled.Key() != r.Key() {
			t.Errorf("key %s before the measurement, %s after it", filled.Key(), r.Key())
		}
	}
}

// TestRunTasksIsDeterministic holds that equal seeds give equal bytes, and others another order.
func TestRunTasksIsDeterministic(t *testing.T) {
	write := func(seed uint64) ([]string, string) {
		b := newBench(fake.Realistic(5))
		records, _ := b.run(t, append(tasks(6), anchor(task("a", medium()))), profiler.Options{Seed: seed})
		var out bytes.Buffer
		for _, r := range records {
			if err := energy.WriteRecord(&out, r); err != nil {
				t.Fatal(err)
			}
		}
		return paths(records), out.String()
	}
	order, first := write(1)
	_, again := write(1)
	if first != again {
		t.Error("the same seed gives other records")
	}
	other, _ := write(2)
	if slices.Equal(order, other) {
		t.Errorf("two seeds give the order %q", order)
	}
}

// TestAnchors holds that anchors come first, after every minute, and last; and that the drift between them is reported
// and can be taken out again.
func TestAnchors(t *testing.T) {
	const drift = 0.06
	b := newBench(fake.Options{Drift: drift})
	records, sum := b.run(t, append(tasks(40), anchor(task("a", medium())), anchor(task("b", medium()))), profiler.Options{Seed: 4})
	names := paths(records)
	if sum.Measured != 42 || sum.Remaining != 0 {
		t.Errorf("%+v", sum)
	}
	if !records[0].Anchor || !records[1].Anchor || !records[len(records)-1].Anchor || names[0] == names[1] {
		t.Errorf("order %q", names)
	}
	last := records[1].Timestamp
	for i, r := range records[2:] {
		if r.Anchor {
			last = r.Timestamp
		} else if r.Timestamp.Sub(last) > 80*time.Second { // a minute, and the measurement that was under way
			t.Errorf("%s, record %d, ended %s after the last anchor", r.Path, i+2, r.Timestamp.Sub(last))
		}
	}
	if len(sum.Anchors) != 2 || sum.Anchors[0].Rounds < 4 || sum.Anchors[0].Time < driftAt(sum.Elapsed, drift)/3 || sum.Anchors[0].Time > drift {
		t.Errorf("drift %+v after %s", sum.Anchors, sum.Elapsed)
	}
	b.logged(t, "anchor a (Identity) moved by")
	if n := len(slices.DeleteFunc(names, func(n string) bool { return n != "[a]" })); n != sum.Anchors[0].Rounds {
		t.Errorf("%d records of an anchor, %d rounds", n, sum.Anchors[0].Rounds)
	}
	corrected, _ := energy.CorrectDrift(records)
	var raw, left []float64
	for i, r := range corrected {
		if !r.Anchor {
			_, s := b.Expect(profiler.Workload{Work: r.Work, Copies: 4}, true)
			raw, left = append(raw, float64(*records[i].Time/s)), append(left, float64(*r.Time/s))
		}
	}
	if spread(left) > 0.02+0.001 || spread(raw) < 0.03 { // up to 1 % to either side, nothing is corrected
		t.Errorf("corrected times spread by %g of the truth, raw ones by %g", spread(left), spread(raw))
	}
}

// driftAt is by how much the fake takes longer after a time: exponentially, in ten minutes to 63 %.
func driftAt(t time.Duration, drift float64) float64 {
	return drift * (1 - math.Exp(-t.Minutes()/10))
}

func spread(values []float64) float64 { return slices.Max(values) - slices.Min(values) }

// TestAnchorsAlone holds that anchors without other tasks are measured once.
func TestAnchorsAlone(t *testing.T) {
	b := newBench(fake.Options{})
	records, sum := b.run(t, []profiler.Task{anchor(task("a", medium()))}, profiler.Options{})
	if got := paths(records); !slices.Equal(got, []string{"[a]"}) || sum.Measured != 1 {
		t.Errorf("%q, %+v", got, sum)
	}
}

// TestBudget holds that a session ends in time, with what gains most, and with its anchors.
func TestBudget(t *testing.T) {
	for seconds := range 20 { // one of them leaves just time for a task, but not for the anchor after it
		testBudget(t, 150*time.Second+time.Duration(seconds)*time.Second)
	}
}

func testBudget(t *testing.T, budget time.Duration) {
	t.Helper()
	b := newBench(fake.Options{})
	records, sum := b.run(t, append(tasks(30), anchor(task("a", medium()))), profiler.Options{Budget: budget})
	got := paths(records)
	if sum.Elapsed > budget || sum.Elapsed < budget*8/10 {
		t.Errorf("%s of %s", sum.Elapsed, budget)
	}
	if got[0] != "[a]" || got[len(got)-1] != "[a]" {
		t.Errorf("order %q", got)
	}
	plain := slices.DeleteFunc(got, func(n string) bool { return n == "[a]" })
	for i, name := range plain {
		if name != fmt.Sprintf("copy%d", i) {
			t.Fatalf("order %q, want that of gain", plain)
		}
	}
	if len(plain) == 0 || sum.Measured != len(plain)+1 || sum.Remaining != 31-sum.Measured {
		t.Errorf("%d measured: %+v", len(plain), sum)
	}
}

// TestBudgetLeavesLongTasksOut holds that a task that does not fit makes room for one that does.
func TestBudgetLeavesLongTasksOut(t *testing.T) {
	b := newBench(fake.Options{})
	long := task("long", profiler.Workload{Work: copying(1<<30, 400)}) // 32 runs of 0.3 s are 10 s
	long.Expected, long.Gain = 0.3, 1
	records, sum := b.run(t, []profiler.Task{long, task("short", medium())}, profiler.Options{Budget: 30 * time.Second})
	if got := paths(records); !slices.Equal(got, []string{"short"}) || sum.Remaining != 1 {
		t.Errorf("%q, %+v", got, sum)
	}
	records, sum = b.run(t, tasks(2), profiler.Options{Budget: 5 * time.Second})
	if len(records) != 0 || sum.Remaining != 2 {
		t.Errorf("in 5 s: %q, %+v", paths(records), sum)
	}
}

// TestFailures holds that what cannot be measured costs itself and one line.
func TestFailures(t *testing.T) {
	b := newBench(fake.Options{Unsupported: []string{"attention"}, MemoryBytes: 1 << 30, CrashOn: 2})
	list := append(tasks(4),
		task("att", profiler.Workload{Work: []energy.Work{{Class: "attention", DType: "float16", Count: 1}}}),
		task("huge", profiler.Workload{Work: copying(2<<30, 1)}))
	list = append(list, list[0])
	list[6].Record.Path = "broken"
	list[6].Workload = func() (profiler.Workload, error) { return profiler.Workload{}, errors.New("no such node") }
	records, sum := b.run(t, list, profiler.Options{})
	failed := 4 // or 3, where the crash hits one of those that fail anyway
	if hit := strings.Contains(strings.Join(b.log, "\n"), "copy"); !hit {
		failed = 3
	}
	if sum.Failed != failed || sum.Measured != 7-failed || len(records) != sum.Measured || len(b.log) != failed {
		t.Errorf("%+v, log %q", sum, b.log)
	}
	for _, text := range []string{"the executor crashed", "broken (Identity): no such node"} {
		b.logged(t, text)
	}
}

// TestFailedAnchor holds that an anchor that cannot be measured is not tried again.
func TestFailedAnchor(t *testing.T) {
	b := newBench(fake.Options{Unsupported: []string{"attention"}})
	bad := anchor(task("att", profiler.Workload{Work: []energy.Work{{Class: "attention", DType: "float16", Count: 1}}}))
	records, sum := b.run(t, append(tasks(8), bad, anchor(task("a", medium()))), profiler.Options{})
	if sum.Failed != 1 || sum.Measured != 9 || len(b.log) != 1 || len(records) < 8+3 {
		t.Errorf("%+v, log %q, %q", sum, b.log, paths(records))
	}
}

// TestDeviceGone holds that nothing more is tried once the device is gone.
func TestDeviceGone(t *testing.T) {
	b := newBench(fake.Options{Gone: 60 * time.Second})
	n := 0
	sum, err := profiler.RunTasks(t.Context(), tasks(8), b.env, profiler.Options{}, func(energy.Record) error { n++; return nil })
	if !errors.Is(err, profiler.ErrDevice) || !strings.Contains(err.Error(), "copy") {
		t.Errorf("got %v", err)
	}
	if n == 0 || sum.Measured != n || sum.Failed != 0 || sum.Remaining != 8-n {
		t.Errorf("%d records, %+v", n, sum)
	}
}

// TestCancel holds that a session ends when its context does, and says what it left.
func TestCancel(t *testing.T) {
	b := newBench(fake.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.env.Clock = &alarm{Clock: b.env.Clock, at: 60 * time.Second, call: cancel}
	n := 0
	sum, err := profiler.RunTasks(ctx, append(tasks(8), anchor(task("a", medium()))), b.env, profiler.Options{}, func(energy.Record) error { n++; return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n == 0 || sum.Measured != n || sum.Remaining != 9-n || len(b.log) > 0 || sum.Elapsed < 60*time.Second || sum.Elapsed > 61*time.Second {
		t.Errorf("%d records, %+v, log %q", n, sum, b.log)
	}
}

// TestSinkFails holds that a session ends where records cannot be kept.
func TestSinkFails(t *testing.T) {
	full := errors.New("disk full")
	sum, err := profiler.RunTasks(t.Context(), tasks(3), newBench(fake.Options{}).env, profiler.Options{}, func(energy.Record) error { return full })
	if !errors.Is(err, full) || sum.Measured != 0 || sum.Remaining != 3 {
		t.Errorf("%v, %+v", err, sum)
	}
}

// TestWrongCounterInSession holds that a session keeps both figures of a counter that it does not use.
func TestWrongCounterInSession(t *testing.T) {
	b := newBench(fake.Options{CounterRate: 0.5})
	records, sum := b.run(t, tasks(2), profiler.Options{})
	c := sum.Counter
	if c.Method != energy.MethodIntegral || c.Load == nil || !near(*c.Load, 0.5, 0.01) || c.Idle == nil || !near(*c.Idle, 0.5, 0.01) {
		t.Errorf("counter %+v", c)
	}
	if !near(*sum.Idle, b.Idle(), 0.005) {
		t.Errorf("idle power %s, want %s", *sum.Idle, b.Idle())
	}
	for _, r := range records {
		e, _ := b.Expect(profiler.Workload{Work: r.Work, Copies: 4}, true)
		if r.Method != energy.MethodIntegral || !near(*r.Energy, e, 0.005) || len(r.Flags) > 0 {
			t.Errorf("%s: %s %s, want %s; flags %q", r.Path, r.Method, *r.Energy, e, r.Flags)
		}
	}
}

// TestQuantum holds that a session finds the millijoules in which a counter of unknown period counts.
func TestQuantum(t *testing.T) {
	_, sum := newBench(fake.Options{HidePeriod: true}).run(t, tasks(1), profiler.Options{})
	if sum.Counter.Quantum != 0.001 || !near(sum.Counter.Period, 0.1, 0.02) {
		t.Errorf("counter %+v", sum.Counter)
	}
}

// TestGraphToo holds that a second pass tells the time without the host, and from it how busy the device was.
func TestGraphToo(t *testing.T) {
	w := profiler.Workload{Work: copying(4096, 30)} // 30 launches that the host cannot keep up with
	for _, c := range []struct {
		device fake.Options
		kernel bool
	}{{fake.Options{}, true}, {fake.Options{NoBusy: true}, true}, {fake.Options{NoBusy: true, NoGraph: true}, false}} {
		b := newBench(c.device)
		model := task("model", w)
		model.GraphToo = true
		records, _ := b.run(t, []profiler.Task{model}, profiler.Options{})
		r := records[0]
		_, slow := b.Expect(w, false)
		_, fast := b.Expect(w, true)
		if !near(*r.Time, slow, 0.001) {
			t.Errorf("time %s, want %s", *r.Time, slow)
		}
		if !c.kernel {
			if r.KernelTime != nil || r.Busy != nil || len(r.Flags) > 0 {
				t.Errorf("kernel time %v, busy %v, flags %q of what cannot be recorded", r.KernelTime, r.Busy, r.Flags)
			}
			continue
		}
		if r.KernelTime == nil || !near(*r.KernelTime, fast, 0.001) {
			t.Errorf("kernel time %v, want %s", r.KernelTime, fast)
		}
		if c.device.NoBusy && (r.Busy == nil || !near(*r.Busy, float64(fast/slow), 0.002)) {
			t.Errorf("busy %v, want %g", r.Busy, float64(fast/slow))
		}
		if !slices.Equal(r.Flags, []string{energy.FlagHostBound}) {
			t.Errorf("flags %q", r.Flags)
		}
	}
}

// within is an operator measured as what more of it adds to a model.
func within(work []energy.Work, times int64) (profiler.Task, []energy.Work) {
	model := append(copying(90<<20, 4), product(2048, 2048, 1024)...)
	more := slices.Clone(model)
	for _, k := range work {
		k.Count *= times
		more = append(more, k)
	}
	t := task("op", profiler.Workload{Work: more, Graph: true})
	t.Record.Work, t.Record.Context = work, energy.ContextModel
	t.Base = func() (profiler.Workload, error) { return profiler.Workload{Work: model, Graph: true}, nil }
	t.Times = int(times)
	return t, model
}

// TestDifference holds that an operator within a model takes what it takes alone, noise of its kernels included.
func TestDifference(t *testing.T) {
	op := copying(50<<20, 1)
	for _, noise := range []float64{0, 0.05} {
		b := newBench(fake.Options{Noise: noise, Seed: 2})
		inModel, _ := within(op, 8)
		records, sum := b.run(t, []profiler.Task{inModel, task("alone", profiler.Workload{Work: op, Copies: 4, Graph: true})}, profiler.Options{})
		if sum.Measured != 2 || len(b.log) > 0 {
			t.Fatalf("%+v, log %q", sum, b.log)
		}
		slices.SortFunc(records, func(x, y energy.Record) int { return strings.Compare(y.Path, x.Path) })
		in, alone := records[0], records[1]
		if !near(*in.Energy, *alone.Energy, 0.01) || !near(*in.Time, *alone.Time, 0.01) || !near(*in.NetEnergy, *alone.NetEnergy, 0.01) || !near(*in.KernelTime, *alone.KernelTime, 0.01) {
			t.Errorf("in the model %v J, %v s; alone %v J, %v s", *in.Energy, *in.Time, *alone.Energy, *alone.Time)
		}
		if len(in.Spread.Windows) != 3 || !near(in.Spread.Windows[1], *in.Energy, 0.02) || in.Spread.CV == nil || len(in.Flags) > 0 || in.Context != energy.ContextModel {
			t.Errorf("spread %+v, flags %q", in.Spread, in.Flags)
		}
	}
}

// TestDifferenceFails holds that a difference that is none costs its task.
func TestDifferenceFails(t *testing.T) {
	swapped, _ := within(copying(50<<20, 1), 8)
	swapped.Workload, swapped.Base = swapped.Base, swapped.Workload
	none, _ := within(copying(50<<20, 1), 8)
	none.Times = 0
	b := newBench(fake.Options{})
	if _, sum := b.run(t, []profiler.Task{swapped, none}, profiler.Options{}); sum.Failed != 2 || len(b.log) != 2 {
		t.Errorf("%+v", sum)
	}
	b.logged(t, "without what is measured")
	b.logged(t, "a difference over 0 executions")
}

// TestDifferenceDisagrees holds that windows that agree one by one may still not agree in their difference.
func TestDifferenceDisagrees(t *testing.T) {
	small, _ := within(copying(2<<20, 1), 1) // half a per cent of the model
	records, _ := newBench(fake.Options{Unsteady: 0.003, Seed: 1}).run(t, []profiler.Task{small}, profiler.Options{})
	if len(records) != 1 || !slices.Contains(records[0].Flags, energy.FlagCV) {
		t.Errorf("want one record whose windows do not agree: %+v", records)
	}
}

// TestTimeOnlySession holds that records without a meter pass, without boundary and idle power.
func TestTimeOnlySession(t *testing.T) {
	b := newBench(fake.Options{})
	b.env.Meter = nil
	records, sum := b.run(t, tasks(1), profiler.Options{})
	if r := records[0]; r.Method != energy.MethodTime || r.Boundary != "" || r.Energy != nil || r.Idle != nil || r.Time == nil || sum.Idle != nil {
		t.Errorf("%+v", records[0])
	}
}

// TestMeterOfAnotherDevice holds that a meter of another device than the executor's is refused.
func TestMeterOfAnotherDevice(t *testing.T) {
	b := newBench(fake.Options{})
	b.env.Meter = elsewhere{b.env.Meter}
	sum, err := profiler.RunTasks(t.Context(), tasks(2), b.env, profiler.Options{}, nil)
	if err == nil || err.Error() != "the meter reads GPU-other, but the executor runs on GPU-fake" || sum.Remaining != 2 {
		t.Errorf("%v, %+v", err, sum)
	}
}

type elsewhere struct{ profiler.Meter }

func (e elsewhere) Describe() profiler.MeterDescription {
	d := e.Meter.Describe()
	d.Device.UUID = "GPU-other"
	return d
}
