//go:build cgo && linux

package nvml

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
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
	return openWith(t, Options{Library: fakeLibrary(t, without...), GPU: gpu})
}

func openWith(t *testing.T, options Options) *Meter {
	t.Helper()
	m, err := Open(options)
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

// worker is the device that another process works on. In a bubble (testing/synctest) it is the clock, too: then no time
// passes for the fake library but what somebody sleeps by it.
type worker struct {
	profiler.Clock
	busy, energy, now *atomic.Int64
}

// inBubble runs a test whose time passes by the clock of the device alone.
func inBubble(t *testing.T, test func(*testing.T, worker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := fakeDevice(t)
		w.Clock = profiler.SystemClock()
		w.tell()
		test(t, w)
	})
}

// tell sets the device's time, which begins at a second: zero would be the machine's.
func (w worker) tell() { w.now.Store(int64(time.Second + w.Now())) }

// Sleep lets time pass.
func (w worker) Sleep(ctx context.Context, d time.Duration) error {
	err := w.Clock.Sleep(ctx, d)
	w.tell()
	return err
}

// pass lets time pass that nobody ends.
func (w worker) pass(d time.Duration) { _ = w.Sleep(context.Background(), d) }

// open opens a meter by the device's clock, to be closed at the end of the test.
func (w worker) open(t *testing.T, without ...string) *Meter {
	t.Helper()
	return openWith(t, Options{Library: fakeLibrary(t, without...), Clock: w})
}

// fakeDevice makes a device for the fake library to count the energy of.
func fakeDevice(t *testing.T) worker {
	t.Helper()
	path := filepath.Join(t.TempDir(), "device")
	if err := os.WriteFile(path, make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	memory, err := syscall.Mmap(int(f.Fd()), 0, 32, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	t.Setenv("FAKE_DEVICE", path)
	at := func(offset int) *atomic.Int64 { return (*atomic.Int64)(unsafe.Pointer(&memory[offset])) }
	return worker{busy: at(8), energy: at(16), now: at(24)}
}

// is fails the test unless got is want, give or take rounding.
func is(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s is %g, want %g", what, got, want)
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
