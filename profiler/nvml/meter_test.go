//go:build cgo && linux

package nvml

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/internal/profilertest"
)

// TestWholeProgram holds that go-nvml leaves nothing for the dynamic linker to find: the program would end at the first
// call of a function that the driver lacks, and, bound when it starts, before main.
func TestWholeProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := elf.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	imported, err := program.ImportedSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range imported {
		if strings.HasPrefix(s.Name, "nvml") {
			t.Errorf("functions.h lacks %s", s.Name)
		}
	}
	bound := exec.Command(self, "-test.run=^TestClosed$")
	bound.Env = append(os.Environ(), "LD_BIND_NOW=1")
	if out, err := bound.CombinedOutput(); err != nil {
		t.Errorf("bound at the start: %v\n%s", err, out)
	}
}

// TestContract holds both kinds of meter to what every meter promises.
func TestContract(t *testing.T) {
	for name, counter := range map[string]string{"counter": "", "integral": "none"} {
		t.Run(name, func(t *testing.T) {
			fakeDevice(t)
			knobs(t, "COUNTER="+counter)
			path := fakeLibrary(t)
			profilertest.TestMeter(t, profilertest.MeterCase{
				Open: func(t *testing.T) profiler.Meter {
					m, err := Open(Options{Library: path})
					if err != nil {
						t.Fatal(err)
					}
					return m
				},
				Clock: profiler.SystemClock(),
				Moves: 100 * time.Millisecond,
			})
		})
	}
}

// TestLoad reads the lines that say why the library cannot be used.
func TestLoad(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "odd.so")
	if err := os.WriteFile(odd, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := fakeLibrary(t)
	for _, tt := range []struct{ name, init, library, want string }{
		{"wrong path", "", "/nowhere/libnvidia-ml.so", "nvml: /nowhere/libnvidia-ml.so: cannot open shared object file: No such file or directory"},
		{"no library", "", odd, "nvml: " + odd + ": file too short"},
		{"no driver", "9", good, "nvml: " + good + " does not start: Driver Not Loaded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			knobs(t, "INIT="+tt.init)
			if _, err := Open(Options{Library: tt.library}); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestNoDriver opens the driver's own library where there is none: in a process of its own, since the name would find a
// fake library that is still loaded.
func TestNoDriver(t *testing.T) {
	const alone = "NVML_TEST_ALONE"
	if os.Getenv(alone) != "" {
		_, err := Open(Options{})
		fmt.Printf("opened: %v\n", err)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestNoDriver$")
	child.Env = append(os.Environ(), alone+"=1")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	switch want := "opened: nvml: libnvidia-ml.so.1 not found: is the NVIDIA driver installed? Give it with --nvml-lib"; {
	case line == "opened: <nil>":
		t.Skip("this machine has a driver")
	case line != want:
		t.Errorf("got  %s\nwant %s", line, want)
	}
}

// TestMIG refuses a divided GPU and takes the other.
func TestMIG(t *testing.T) {
	knobs(t, "NAMES=NVIDIA H100 80GB HBM3;NVIDIA H100 80GB HBM3", "MIG=0")
	want := "nvml: GPU 0 (NVIDIA H100 80GB HBM3, GPU-0000abcd-0000-0000-0000-000000000000) is divided into instances (MIG), and the energy of one cannot be told from its board's: choose another GPU with --gpu, or turn it off with nvidia-smi -i 0 -mig 0"
	if got := openFails(t, ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	m := openFake(t, "1")
	if got := m.Describe().Device; got.ID != "h100-sxm" || got.UUID != "GPU-1111abcd-0000-0000-0000-000000000000" {
		t.Errorf("opened %+v", got)
	}
}

// TestDescribe holds what records say of a device that the table knows, and of one that it does not.
func TestDescribe(t *testing.T) {
	for name, id := range map[string]string{"NVIDIA H200": "h200-sxm", "NVIDIA Odd 9": ""} {
		knobs(t, "NAMES="+name)
		d := openFake(t, "").Describe()
		if d.Name != "nvml" || d.Method != energy.MethodCounter || d.Boundary != energy.BoundaryBoard || d.Driver != "580.65.06" || d.Period != 0 {
			t.Errorf("got %+v", d)
		}
		r := d.Device
		if r.ID != id || r.Name != name || r.Kind != "gpu" || r.PowerLimit == nil || *r.PowerLimit != 700 || r.MemoryBytes != 150754820096 {
			t.Errorf("%s: got %+v", name, r)
		}
		if known := r.Units > 0 && r.CacheBytes > 0; known != (id != "") {
			t.Errorf("%s: %d units, %d bytes of cache", name, r.Units, r.CacheBytes)
		}
	}
}

// TestBareLibrary opens a library that lacks whatever the meter can do without, and holds that it says so.
func TestBareLibrary(t *testing.T) {
	m := openFake(t, "", "FIELDS", "GPM", "EVENTS", "TEMPERATURE", "PROCESSES", "LOCKS", "PCI", "ERRORSTRING")
	s, err := m.State()
	if err != nil {
		t.Fatal(err)
	}
	if s.Power == nil || s.Temperature == nil || *s.Temperature != 44 { // that of the newer function
		t.Errorf("power %v, temperature %v, want some and 44 °C", s.Power, s.Temperature)
	}
	want := []profiler.Capability{
		{Name: "energy counter", Have: true},
		{Name: "power", Have: true, Note: "nvmlDeviceGetPowerUsage (from Ampere on, A100 aside, an average over a second)"},
		{Name: "power limit", Have: true},
		{Name: "memory size", Have: true},
		{Name: "SM clock", Have: true},
		{Name: "memory clock", Have: true},
		{Name: "temperature", Have: true},
		{Name: "clock event reasons", Have: true},
		{Name: "GPM", Note: "the driver's library has no nvmlGpmQueryDeviceSupport"},
		{Name: "utilisation rates", Have: true, Note: "busy is an approximation: the share of up to a second in which a kernel ran"},
		{Name: "process list", Note: "the driver's library has no nvmlDeviceGetComputeRunningProcesses"},
		{Name: "clock locking", Note: "the driver's library has no nvmlDeviceSetGpuLockedClocks"},
	}
	if got := m.Describe().Capabilities; !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	_, err = m.LockClocks(1410e6, 0)
	wantError(t, err, "nvml: the clock of the multiprocessors cannot be locked here (Function Not Found): leave --lock-clocks out and the clocks are recorded instead")
}

// TestLockClocks reads from the fake library's log which clocks were set and reset.
func TestLockClocks(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	knobs(t, "LOG="+log)
	logged := func(want string) {
		t.Helper()
		got, _ := os.ReadFile(log)
		if string(got) != want {
			t.Errorf("log %q, want %q", got, want)
		}
		os.Remove(log)
	}
	m := openFake(t, "")
	unlock, err := m.LockClocks(1410e6, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.LockClocks(1410e6, 0)
	wantError(t, err, "nvml: the clocks are locked already")
	for range 2 {
		if err := unlock(); err != nil {
			t.Error(err)
		}
	}
	logged("lock sm 1410\nreset sm\n")

	if _, err := m.LockClocks(1200e6, 2619e6); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	logged("lock sm 1200\nlock memory 2619\nreset sm\nreset memory\n")

	m = openFake(t, "")
	_, err = m.LockClocks(5, 0)
	wantError(t, err, "nvml: clocks of 5 Hz and 0 Hz cannot be locked")
	const denied = "nvml: locking clocks takes root (CAP_SYS_ADMIN): run as root, or leave --lock-clocks out and the clocks are recorded instead"
	knobs(t, "NO_PERMISSION=1")
	_, err = m.LockClocks(1410e6, 0)
	wantError(t, err, denied)
	logged("")
	knobs(t, "NO_PERMISSION=2")
	_, err = m.LockClocks(1410e6, 2619e6)
	wantError(t, err, denied)
	logged("lock sm 1410\nreset sm\n")
}

// TestUnlockFails says what to do by hand.
func TestUnlockFails(t *testing.T) {
	m := openFake(t, "")
	unlock, err := m.LockClocks(1410e6, 0)
	if err != nil {
		t.Fatal(err)
	}
	knobs(t, "NO_PERMISSION=1")
	wantError(t, unlock(), "nvml: unlock the clocks (nvidia-smi -rgc -rmc does so by hand): Insufficient Permissions")
}

// TestClosed uses a meter after its end.
func TestClosed(t *testing.T) {
	m := openFake(t, "")
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	_, energyErr := m.Energy()
	_, stateErr := m.State()
	_, lockErr := m.LockClocks(1410e6, 0)
	for _, err := range []error{energyErr, stateErr, lockErr} {
		wantError(t, err, "nvml: the meter is closed")
	}
}

// TestTwoMeters has two GPUs read at once; the library stays until both are closed, and no other one comes in between.
func TestTwoMeters(t *testing.T) {
	knobs(t, "NAMES=NVIDIA H200;NVIDIA H200")
	a, b := openFake(t, "0"), openFake(t, "1")
	_, err := Open(Options{Library: fakeLibrary(t, "GPM")})
	wantError(t, err, "nvml: another NVML library is in use")
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.Energy(); err != nil {
		t.Error(err)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
