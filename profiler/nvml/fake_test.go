//go:build cgo && linux

package nvml

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/irene-onnx/irene/profiler"
)

// fakes compiles variants of the fake library, each once.
type fakes struct {
	mu    sync.Mutex
	dir   string
	built map[string]string
}

var library = fakes{built: map[string]string{}}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fakenvml")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	library.dir = dir
	for _, name := range []string{"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"} {
		os.Unsetenv(name)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// fakeLibrary is the path of the fake library without some groups of functions.
func fakeLibrary(t *testing.T, without ...string) string {
	t.Helper()
	library.mu.Lock()
	defer library.mu.Unlock()
	name := "libfake-" + strings.ToLower(strings.Join(without, "-")) + ".so"
	if path := library.built[name]; path != "" {
		return path
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc to compile the fake library with")
	}
	path := filepath.Join(library.dir, name)
	args := []string{"-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1", "-o", path, filepath.Join("testdata", "fakenvml.c")}
	for _, w := range without {
		args = append(args, "-DWITHOUT_"+w)
	}
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	library.built[name] = path
	return path
}

// knobs sets variables of the environment, "NAME=value", for a test; a name without a prefix is the fake library's.
func knobs(t *testing.T, settings ...string) {
	t.Helper()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		if !strings.HasPrefix(name, "CUDA_") {
			name = "FAKE_NVML_" + name
		}
		t.Setenv(name, value)
	}
}

// openFake opens a meter on a fake library, to be closed at the end of the test.
func openFake(t *testing.T, gpu string, without ...string) *Meter {
	t.Helper()
	m, err := Open(Options{Library: fakeLibrary(t, without...), GPU: gpu})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// closeMeter closes a meter before the end of the test, so that another library can be opened.
func closeMeter(t *testing.T, m *Meter) {
	t.Helper()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// openFails returns the line that a user reads when a meter cannot be opened.
func openFails(t *testing.T, gpu string, without ...string) string {
	t.Helper()
	m, err := Open(Options{Library: fakeLibrary(t, without...), GPU: gpu})
	if err == nil {
		m.Close()
		t.Fatal("opened")
	}
	return err.Error()
}

// worker is the device that another process works on.
type worker struct{ busy, energy *atomic.Int64 }

// fakeDevice makes a device for the fake library to count the energy of.
func fakeDevice(t *testing.T) worker {
	t.Helper()
	path := filepath.Join(t.TempDir(), "device")
	if err := os.WriteFile(path, make([]byte, 24), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	memory, err := syscall.Mmap(int(f.Fd()), 0, 24, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	t.Setenv("FAKE_DEVICE", path)
	return worker{(*atomic.Int64)(unsafe.Pointer(&memory[8])), (*atomic.Int64)(unsafe.Pointer(&memory[16]))}
}

// span bounds the time between two moments, each of which lies somewhere in a stretch of time.
type span struct{ from, to [2]time.Time }

// during runs f and returns the stretch of time that it took.
func during(f func()) [2]time.Time {
	before := time.Now()
	f()
	return [2]time.Time{before, time.Now()}
}

func (s span) least() float64 { return s.to[0].Sub(s.from[1]).Seconds() }
func (s span) most() float64  { return s.to[1].Sub(s.from[0]).Seconds() }

// within fails the test unless low <= got <= high, give or take rounding.
func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if got < low-1e-6 || got > high+1e-6 {
		t.Errorf("%s is %g, want between %g and %g", what, got, low, high)
	}
}

// capability finds a capability of a meter by its name.
func capability(t *testing.T, m profiler.Meter, name string) profiler.Capability {
	t.Helper()
	for _, c := range m.Describe().Capabilities {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no capability %q", name)
	return profiler.Capability{}
}
