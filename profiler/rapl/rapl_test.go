package rapl

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/internal/profilertest"
)

// tree is a folder like /sys/class/powercap. Zones are links there, as in the kernel's.
type tree struct {
	t          *testing.T
	root, real string
}

func newTree(t *testing.T) tree {
	t.Helper()
	base := t.TempDir()
	tr := tree{t, filepath.Join(base, "class"), filepath.Join(base, "devices")}
	if err := os.Mkdir(tr.root, 0o777); err != nil {
		t.Fatal(err)
	}
	tr.zone("intel-rapl", "", "", "") // the control type itself
	return tr
}

func (tr tree) zone(folder, name, energy, limit string) {
	tr.t.Helper()
	if err := os.MkdirAll(filepath.Join(tr.real, folder), 0o777); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(tr.real, folder), filepath.Join(tr.root, folder)); err != nil {
		tr.t.Fatal(err)
	}
	for file, text := range map[string]string{"name": name, "energy_uj": energy, "max_energy_range_uj": limit} {
		if text != "" {
			tr.set(folder, file, text)
		}
	}
}

func (tr tree) set(folder, file, text string) {
	tr.t.Helper()
	if err := os.WriteFile(filepath.Join(tr.real, folder, file), []byte(text+"\n"), 0o666); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr tree) energy(folder string, microjoules int64) {
	tr.t.Helper()
	tr.set(folder, "energy_uj", strconv.FormatInt(microjoules, 10))
}

func (tr tree) open(o Options) *Meter {
	tr.t.Helper()
	o.Root = tr.root
	if o.CPUInfo == "" {
		o.CPUInfo = filepath.Join(tr.root, "no such file")
	}
	m, err := Open(o)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.t.Cleanup(func() { m.Close() })
	return m
}

// steps is a clock that goes on by a step each time it is looked at.
type steps struct{ now, step time.Duration }

func (c *steps) Now() time.Duration {
	c.now += c.step
	return c.now
}

func (c *steps) Sleep(context.Context, time.Duration) error { return nil }

// server is a machine of two packages with memory, and everything that overlaps with them.
func server(t *testing.T) tree {
	tr := newTree(t)
	tr.zone("intel-rapl:0", "package-0", "5000000", "262143328850")
	tr.zone("intel-rapl:0:0", "core", "1", "262143328850")
	tr.zone("intel-rapl:0:1", "dram", "7000000", "65712999613")
	tr.zone("intel-rapl:1", "package-1", "262143000000", "262143328850")
	tr.zone("intel-rapl:1:0", "dram", "9000000", "65712999613")
	tr.zone("intel-rapl:2", "psys", "3000000", "262143328850")
	tr.zone("intel-rapl-mmio", "", "", "")
	tr.zone("intel-rapl-mmio:0", "package-0", "5000000", "262143328850")
	tr.zone("dtpm", "", "", "")
	return tr
}

func wantEnergy(t *testing.T, m *Meter, want float64) {
	t.Helper()
	got, err := m.Energy()
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(got)-want) > 1e-9 {
		t.Errorf("%v J, want %v", float64(got), want)
	}
}

func TestEnergy(t *testing.T) {
	tr := server(t)
	m := tr.open(Options{Clock: &steps{step: 10 * time.Millisecond}})
	wantEnergy(t, m, 0)
	tr.energy("intel-rapl:0", 6500000)   // 1.5 J
	tr.energy("intel-rapl:0:1", 7250000) // 0.25 J
	for _, overlapping := range []string{"intel-rapl:0:0", "intel-rapl:2", "intel-rapl-mmio:0"} {
		tr.energy(overlapping, 99000000)
	}
	wantEnergy(t, m, 1.75)
	wantEnergy(t, m, 1.75)
	tr.energy("intel-rapl:1", 671150) // begins again: 0.328850 J to the end of the range and 0.671150 J on, 1 J
	wantEnergy(t, m, 2.75)
	tr.energy("intel-rapl:1", 2671150)
	tr.energy("intel-rapl:1:0", 9500000)
	wantEnergy(t, m, 5.25)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.Energy(); err == nil {
		t.Error("energy of a closed meter")
	}
}

func TestState(t *testing.T) {
	tr := server(t)
	clock := &steps{step: 10 * time.Millisecond}
	m := tr.open(Options{Clock: clock})
	clock.step = 0
	state := func(after time.Duration, microjoules int64) *energy.Watts {
		t.Helper()
		clock.now += after
		tr.energy("intel-rapl:0", microjoules)
		s, err := m.State()
		if err != nil {
			t.Fatal(err)
		}
		if s.Temperature != nil || s.SMClock != nil || s.Foreign != nil || s.Busy != nil {
			t.Errorf("a state of what RAPL does not read: %+v", s)
		}
		return s.Power
	}
	if p := state(time.Second, 6000000); p != nil {
		t.Errorf("the first state has a power of %v", *p)
	}
	if p := state(500*time.Millisecond, 36000000); p == nil || math.Abs(float64(*p)-60) > 1e-9 {
		t.Errorf("30 J in half a second: %v", p)
	}
	if p := state(time.Millisecond, 36100000); p != nil {
		t.Errorf("a power of one millisecond: %v", *p)
	}
	if p := state(5*time.Second, 66100000); p != nil {
		t.Errorf("a power of five seconds: %v", *p)
	}
}

func TestDescribe(t *testing.T) {
	tr := server(t)
	info := filepath.Join(tr.root, "cpuinfo")
	two := func(physical, core string) string {
		return "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9654 96-Core Processor\nphysical id\t: " + physical + "\ncore id\t\t: " + core + "\nflags\t: a b\n\n"
	}
	if err := os.WriteFile(info, []byte(two("0", "0")+two("0", "1")+two("1", "0")+two("0", "0")), 0o666); err != nil {
		t.Fatal(err)
	}
	d := tr.open(Options{CPUInfo: info, Clock: &steps{step: 10 * time.Millisecond}}).Describe()
	if d.Name != "rapl" || d.Method != energy.MethodCounter || d.Boundary != energy.BoundaryPackage || d.Period != 0 {
		t.Errorf("%+v", d)
	}
	if d.Device != (energy.RecordDevice{Kind: "cpu", Name: "AMD EPYC 9654 96-Core Processor", Units: 3}) {
		t.Errorf("device %+v", d.Device)
	}
	if c := d.Capabilities; c[0].Note != "package-0, package-1" || !c[1].Have {
		t.Errorf("capabilities %+v", c)
	}
	if d := tr.open(Options{Clock: &steps{step: 10 * time.Millisecond}}).Describe().Device; d.Name != "cpu" || d.Units != 0 {
		t.Errorf("without a list of processors: %+v", d)
	}
}

// TestPeriod reads a counter that changes every millisecond; reading takes 50 µs.
func TestPeriod(t *testing.T) {
	for _, c := range []struct {
		every, want time.Duration
	}{{time.Millisecond, time.Millisecond}, {2500 * time.Microsecond, 2500 * time.Microsecond}, {time.Hour, 0}} {
		now := time.Duration(0)
		got, err := updatePeriod(func() (uint64, error) {
			now += 50 * time.Microsecond
			return uint64(now / c.every), nil
		}, func() time.Duration { return now })
		if err != nil || got != c.want {
			t.Errorf("%v, %v; want %v", got, err, c.want)
		}
	}
	broken := errors.New("broken")
	if _, err := updatePeriod(func() (uint64, error) { return 0, broken }, func() time.Duration { return 0 }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(tree)
		want   string
	}{
		"no packages":       {func(tr tree) { os.RemoveAll(tr.root); os.Mkdir(tr.root, 0o777) }, "no package of a processor there"},
		"no powercap":       {func(tr tree) { os.RemoveAll(tr.root) }, "not there: no RAPL"},
		"unknown domain":    {func(tr tree) { tr.zone("intel-rapl:3", "battery", "1", "2") }, `unknown RAPL domain "battery"`},
		"unknown part":      {func(tr tree) { tr.zone("intel-rapl:0:2", "npu", "1", "2") }, `unknown RAPL domain "npu"`},
		"dram by itself":    {func(tr tree) { tr.zone("intel-rapl:3", "dram", "1", "2") }, `unknown RAPL domain "dram"`},
		"no number":         {func(tr tree) { tr.set("intel-rapl:1", "energy_uj", "") }, `intel-rapl:1/energy_uj: "" is not a number`},
		"no range":          {func(tr tree) { tr.set("intel-rapl:0", "max_energy_range_uj", "-1") }, "is not a number"},
		"gone":              {func(tr tree) { os.Remove(filepath.Join(tr.real, "intel-rapl:0", "energy_uj")) }, "no such file"},
		"name not readable": {func(tr tree) { os.Remove(filepath.Join(tr.real, "intel-rapl:0", "name")) }, "no such file"},
	} {
		tr := server(t)
		c.change(tr)
		_, err := Open(Options{Root: tr.root})
		if err == nil || !strings.HasPrefix(err.Error(), "rapl: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}

// TestPermission: since Linux 5.10 the counters are root's.
func TestPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	tr := server(t)
	if err := os.Chmod(filepath.Join(tr.real, "intel-rapl:0", "energy_uj"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Options{Root: tr.root})
	if err == nil || !strings.Contains(err.Error(), "sudo chmod a+r "+tr.root+"/intel-rapl:*/energy_uj") {
		t.Errorf("error %v", err)
	}
}

// TestGone: a counter that cannot be read any more ends the device.
func TestGone(t *testing.T) {
	tr := server(t)
	m := tr.open(Options{Clock: &steps{step: 10 * time.Millisecond}})
	if err := os.Remove(filepath.Join(tr.real, "intel-rapl:1", "energy_uj")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Energy(); !errors.Is(err, profiler.ErrDevice) {
		t.Errorf("energy: %v", err)
	}
	if _, err := m.State(); !errors.Is(err, profiler.ErrDevice) {
		t.Errorf("state: %v", err)
	}
}

// load is a clock under which a package takes 100 W.
type load struct {
	steps
	tree tree
}

func (c *load) Sleep(_ context.Context, d time.Duration) error {
	c.now += d
	c.tree.energy("intel-rapl:0", 5000000+100*c.now.Microseconds())
	return nil
}

func TestMeter(t *testing.T) {
	tr := server(t)
	clock := &load{steps{step: 10 * time.Millisecond}, tr}
	profilertest.TestMeter(t, profilertest.MeterCase{
		Open: func(t *testing.T) profiler.Meter {
			m, err := Open(Options{Root: tr.root, Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			return m
		},
		Clock: clock, Moves: time.Second,
	})
}
