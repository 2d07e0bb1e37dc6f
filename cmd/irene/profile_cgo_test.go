//go:build cgo && linux

package main

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
)

// bench is a machine of fake libraries: an ONNX Runtime that takes the time a made-up GPU would take, and an NVML that
// counts its energy.
type bench struct {
	t       *testing.T
	dir     string
	env     []string
	runtime string
	driver  string
}

// newBench compiles the fakes.
func newBench(t *testing.T, define ...string) *bench {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler to make the fake libraries with")
	}
	b := &bench{t: t, dir: t.TempDir()}
	b.runtime, b.driver = filepath.Join(b.dir, "libonnxruntime.so"), filepath.Join(b.dir, "libnvidia-ml.so.1")
	const source = "../../profiler/"
	for _, args := range [][]string{
		{"-std=gnu11", "-I" + source + "testdata", source + "ort/testdata/fakeort.c", "-o", b.runtime, "-lm", "-lpthread"},
		append([]string{source + "nvml/testdata/fakenvml.c", "-o", b.driver}, define...),
	} {
		if out, err := exec.Command(cc, append([]string{"-shared", "-fPIC", "-O1"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("cc %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	device := filepath.Join(b.dir, "device")
	if err := os.WriteFile(device, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	b.env = []string{"FAKE_DEVICE=" + device, "FAKE_NVML_PERIOD_MS=5", "FAKE_NVML_IDLE_W=70"}
	for name, file := range fixtureModels() {
		if err := os.WriteFile(filepath.Join(b.dir, name), file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// with is the bench in another test.
func (b *bench) with(t *testing.T) *bench {
	c := *b
	c.t = t
	return &c
}

// tempDir is the folder for temporary files, in the bench's.
const tempDir = "tmp"

// quick are flags of measurements that are as short as they can be.
func (b *bench) quick(model string, more ...string) []string {
	return append([]string{
		"profile", model, "--provider", "cuda", "--runtime", "none", "--ort-lib", b.runtime, "--nvml-lib", b.driver,
		"--window", "100ms", "--warmup", "20ms", "--max-cv", "0.2",
	}, more...)
}

// command is a run of irene as a process, with settings of the fakes.
func (b *bench) command(settings []string, args ...string) *exec.Cmd {
	b.t.Helper()
	self, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Dir = b.dir
	temp := filepath.Join(b.dir, tempDir)
	if err := os.MkdirAll(temp, 0o700); err != nil {
		b.t.Fatal(err)
	}
	c.Env = append(append(append(os.Environ(), commandEnv+"=1", "ONNXRUNTIME_LIB=", "TMPDIR="+temp), b.env...), settings...)
	return c
}

// irene runs the command and returns its exit status and what it printed.
func (b *bench) irene(settings []string, args ...string) (status int, stdout, stderr string) {
	b.t.Helper()
	c := b.command(settings, args...)
	var out, err bytes.Buffer
	c.Stdout, c.Stderr = &out, &err
	if e := c.Run(); e != nil {
		var exit *exec.ExitError
		if !errors.As(e, &exit) {
			b.t.Fatal(e)
		}
		status = exit.ExitCode()
	}
	return status, out.String(), err.String()
}

// records reads a file of records in the bench's folder.
func (b *bench) records(name string) []energy.Record {
	b.t.Helper()
	f, err := os.Open(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	records, err := energy.ReadRecords(f, name)
	if err != nil {
		b.t.Fatal(err)
	}
	return records
}

// TestProfileFakes measures a model through both libraries and compares with the truth of the made-up GPU: a node works
// for max(FLOPs / 20 TFLOP/s, bytes / bandwidth, 2 µs), at 40 W of that time, 10 pJ a FLOP and 60 or 15 pJ a byte above
// the 70 W of an idle board (see fakeort.c).
func TestProfileFakes(t *testing.T) {
	b := newBench(t)
	if status, _, stderr := b.irene(nil, b.quick("tiny.onnx", "--dim", "batch=4096", "-o", "r.jsonl")...); status != exitDone {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	levels, products := map[energy.Level]int{}, 0
	for _, r := range b.records("r.jsonl") {
		levels[r.Level]++
		if r.Device.ID != "h200-sxm" || r.Method != energy.MethodCounter || r.Boundary != energy.BoundaryBoard || r.Energy == nil || r.Time == nil || r.Idle == nil {
			t.Fatalf("%s %s: %+v", r.Level, r.Op, r)
		}
		if idle := float64(*r.Idle); math.Abs(idle/70-1) > 0.15 {
			t.Errorf("idle power %v, want 70 W", *r.Idle)
		}
		if r.Level != energy.LevelOperator || r.Op != "MatMul" {
			continue
		}
		products++
		flops, bytes := 2*float64(r.Work[0].MACs), float64(r.Work[0].Read+r.Work[0].Written)
		bandwidth, perByte := 1e12, 60e-12
		if r.Buffers == "hot" {
			bandwidth, perByte = 4e12, 15e-12
		}
		seconds := max(flops/20e12, bytes/bandwidth, 2e-6)
		got := float64(*r.Time)
		if got < 0.95*seconds || got > 3*seconds { // longer where the test's machine is busy
			t.Errorf("%s %v takes %v, want about %.3g s", r.Op, r.Dims, *r.Time, seconds)
		}
		joules := 70*got + 40*seconds + flops*10e-12 + bytes*perByte
		if math.Abs(float64(*r.Energy)/joules-1) > 0.2 {
			t.Errorf("%s %v takes %v, want about %.3g J", r.Op, r.Dims, *r.Energy, joules)
		}
	}
	if levels[energy.LevelOperator] < 4 || levels[energy.LevelModel] != 1 || products == 0 {
		t.Errorf("levels %v with %d products", levels, products)
	}
	if status, _, stderr := b.irene(nil, b.quick("tiny.onnx", "--dim", "batch=4096", "-o", "r.jsonl")...); status != exitDone || !strings.Contains(stderr, "measured already") {
		t.Errorf("again: exit status %d: %s", status, stderr)
	}
	b.leavesNothing()
}

// leavesNothing looks for temporary files that outlive the command.
func (b *bench) leavesNothing() {
	b.t.Helper()
	left, err := os.ReadDir(filepath.Join(b.dir, tempDir))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range left {
		b.t.Errorf("%s is left", e.Name())
	}
}

// TestProfileTrouble: each of what can go wrong costs one clear line, and the rest of the plan goes on where it can.
func TestProfileTrouble(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name     string
		settings []string
		more     []string
		status   int
		want     string // in the lines of standard error
		records  bool   // other tasks are measured all the same
	}{
		{"no driver", nil, []string{"--nvml-lib", "absent.so"}, exitFailed, "absent.so", false},
		{"driver not loaded", []string{"FAKE_NVML_INIT=9"}, nil, exitFailed, "Driver Not Loaded", false},
		{"MIG", []string{"FAKE_NVML_MIG=0"}, nil, exitFailed, "MIG", false},
		{"no such GPU", nil, []string{"--gpu", "3"}, exitFailed, "3", false},
		{"no ONNX Runtime", nil, []string{"--ort-lib", "absent.so"}, exitFailed, "absent.so", false},
		{
			"provider that cannot be loaded",
			[]string{"FAKE_ORT_PROVIDER_ERROR=Failed to load library libonnxruntime_providers_cuda.so: libcublasLt.so.13: cannot open shared object file"},
			nil, exitFailed, "libcublasLt.so.13", false,
		},
		{"an operator that the provider lacks", []string{"FAKE_ORT_MISSING=Softmax"}, []string{"--level", "operator"}, exitFailed, "Softmax", true},
		{"out of memory", []string{"FAKE_ORT_OOM_BYTES=2500000"}, []string{"--level", "operator"}, exitFailed, "memory", true},
		{"a crash", []string{"FAKE_ORT_FAULT=segv@Softmax:3"}, []string{"--level", "operator"}, exitFailed, "Softmax", true},
		{"clocks that may not be set", []string{"FAKE_NVML_NO_PERMISSION=1"}, []string{"--level", "model", "--lock-clocks", "1000"}, exitDone, "clocks are recorded, not held", true},
		{"somebody else's process", []string{"FAKE_NVML_PIDS=1"}, []string{"--level", "model"}, exitDone, "1 of them flagged as no good", true},
		{"a device that goes", []string{"FAKE_NVML_LOST_MS=700"}, nil, exitFailed, "GPU is lost", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := b.with(t)
			file := strings.ReplaceAll(c.name, " ", "-") + ".jsonl"
			status, _, stderr := b.irene(c.settings, b.quick("tiny.onnx", append(c.more, "-o", file, "--windows", "1", "--window", "50ms")...)...)
			if status != c.status || !strings.Contains(stderr, c.want) {
				t.Errorf("exit status %d, want %d and %q in\n%s", status, c.status, c.want, stderr)
			}
			for _, line := range strings.Split(strings.TrimSpace(stderr), "\n") {
				if !strings.HasPrefix(line, "irene: ") {
					t.Errorf("a line that is not irene's: %q", line)
				}
			}
			if c.records && len(b.records(file)) == 0 {
				t.Error("nothing else was measured")
			}
		})
	}
}

// TestProfileOldDriver: functions that a driver lacks are capabilities that a meter lacks.
func TestProfileOldDriver(t *testing.T) {
	b := newBench(t, "-DWITHOUT_GPM", "-DWITHOUT_FIELDS", "-DWITHOUT_EVENTS")
	status, stdout, stderr := b.irene(nil, b.quick("tiny.onnx", "--dry-run")...)
	if status != exitDone || !strings.Contains(stdout, "GPM                      no") {
		t.Errorf("exit status %d:\n%s%s", status, stdout, stderr)
	}
	if status, _, stderr := b.irene(nil, b.quick("tiny.onnx", "--level", "model", "-o", "old.jsonl")...); status != exitDone {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	if status, _, stderr := b.irene([]string{"LD_BIND_NOW=1"}, b.quick("tiny.onnx", "--level", "model", "--dry-run")...); status != exitDone {
		t.Errorf("bound eagerly: exit status %d: %s", status, stderr)
	}
}

// TestProfileAgain: what could not be run is not tried again, and other clocks are other measurements.
func TestProfileAgain(t *testing.T) {
	b := newBench(t)
	again := func(settings []string, more ...string) string {
		t.Helper()
		_, _, stderr := b.irene(settings, b.quick("tiny.onnx", append(more, "--level", "operator", "--windows", "1", "--window", "30ms", "-o", "a.jsonl")...)...)
		return stderr
	}
	missing := []string{"FAKE_ORT_MISSING=Softmax"}
	if first := again(missing); !strings.Contains(first, "1 task could not be measured") || !strings.Contains(first, "a.jsonl.failed lists") {
		t.Errorf("first: %s", first)
	}
	before := len(b.records("a.jsonl"))
	second := again(missing)
	if !strings.Contains(second, "could not be run before") || strings.Contains(second, "tasks measured in") || len(b.records("a.jsonl")) != before {
		t.Errorf("second: %s", second)
	}
	if locked := again(nil, "--lock-clocks", "1200"); strings.Contains(locked, "measured already") || strings.Contains(locked, "run before") {
		t.Errorf("at other clocks: %s", locked)
	}
	clocks := map[string]int{}
	for _, r := range b.records("a.jsonl") {
		clocks[r.Runtime.Options["locked_mhz"]]++
		if locked := r.Clocks != nil && r.Clocks.Locked; locked != (r.Runtime.Options["locked_mhz"] != "") {
			t.Errorf("%s: locked %v, options %v", r.Op, locked, r.Runtime.Options)
		}
	}
	if len(clocks) != 2 || clocks[""] == 0 || clocks["1200"] == 0 {
		t.Errorf("records by clock: %v", clocks)
	}
	if status, _, stderr := b.irene(nil, b.quick("tiny.onnx", "--gpu", "7", "--dry-run")...); status != exitFailed || !strings.Contains(stderr, "7") {
		t.Errorf("a GPU that is not there: exit status %d: %s", status, stderr)
	}
	c := []string{"profile", "tiny.onnx", "--nvml-lib", b.driver, "--gpu", "7", "--ort-lib", b.runtime, "--dry-run"}
	if status, stdout, _ := b.irene(nil, c...); status != exitFailed {
		t.Errorf("a GPU that is not there becomes a processor:\n%s", stdout)
	}
}

// TestProfileMixedBoards: runs that share a folder measure on one kind of board, in one way; another kind is told that trying
// again is of no use, and measures nothing.
func TestProfileMixedBoards(t *testing.T) {
	b := newBench(t)
	run := func(settings []string, more ...string) (int, string) {
		t.Helper()
		status, _, stderr := b.irene(settings, b.quick("tiny.onnx", append(more, "--level", "model", "--windows", "1", "--window", "30ms")...)...)
		return status, stderr
	}
	if status, stderr := run(nil, "-o", "a.jsonl", "--claims", "shared"); status != exitDone || len(b.records("a.jsonl")) != 1 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	for _, c := range []struct {
		name     string
		settings []string
		more     []string
		want     string
	}{
		{"another board", []string{"FAKE_NVML_NAMES=NVIDIA H100 80GB HBM3"}, nil, "measure with device h200-sxm"},
		{"another runtime", []string{"FAKE_ORT_VERSION=1.26.0"}, nil, "this one with runtime onnxruntime 1.26.0"},
		{"other options", nil, []string{"--tf32"}, "tf32 false, this one with tf32 true"},
	} {
		status, stderr := run(c.settings, append(c.more, "-o", "b.jsonl", "--claims", "shared")...)
		if status != exitNever || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "measured in") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit status %d, want %d and %q in\n%s", c.name, status, exitNever, c.want, stderr)
		}
		if n := len(b.records("b.jsonl")); n != 0 {
			t.Errorf("%s: %d records", c.name, n)
		}
	}
	if status, stderr := run(nil, "-o", "b.jsonl", "--claims", "shared"); status != exitDone || !strings.Contains(stderr, "1 of 1 task measured already") || len(b.records("b.jsonl")) != 0 {
		t.Errorf("the same kind: exit status %d: %s", status, stderr)
	}
}
