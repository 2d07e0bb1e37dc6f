//go:build cgo && linux

package ort_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/ort"
)

func wantUnsupported(t *testing.T, err error, want bool) {
	t.Helper()
	if got := errors.Is(err, profiler.ErrUnsupported); got != want {
		t.Errorf("%v: ErrUnsupported is %v, want %v", err, got, want)
	}
	if errors.Is(err, profiler.ErrDevice) {
		t.Errorf("%v: the device is not gone", err)
	}
}

func TestCrashWhileAModelIsLoaded(t *testing.T) {
	for _, tt := range []struct {
		kind string
		want []string
	}{
		{"segv", []string{"segmentation fault", "fake: segv in Softmax"}},
		{"abort", []string{"aborted"}},
		{"kill", []string{"killed", "memory"}},
		{"exit", []string{"exit status 3"}},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			t.Setenv("FAKE_ORT_FAULT", tt.kind+"@Softmax")
			e := open(t, ort.Options{Provider: ort.CUDA})
			before := prepare(t, e, square("Relu", 8))
			_, err := e.Prepare(t.Context(), square("Softmax", 8))
			wantError(t, err, append(tt.want, "Softmax: the process died")...)
			wantUnsupported(t, err, false)
			_, err = before.Burst(t.Context(), 1)
			wantError(t, err, "Relu: the process died")
			if err := before.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			burst(t, prepare(t, e, square("Relu", 8)), 3)
		})
	}
}

func TestCrashInARun(t *testing.T) {
	t.Setenv("FAKE_ORT_FAULT", "segv@Softmax:50")
	e := open(t, ort.Options{Provider: ort.CUDA})
	r := prepare(t, e, square("Softmax", 8))
	burst(t, r, 40)
	_, err := r.Burst(t.Context(), 40)
	wantError(t, err, "segmentation fault")

	l := start(t, prepare(t, e, square("Softmax", 8)))
	for err = nil; err == nil; _, err = l.Progress() {
		time.Sleep(time.Millisecond)
	}
	wantError(t, err, "segmentation fault")
	_, err = l.Stop()
	wantError(t, err, "segmentation fault")
	burst(t, prepare(t, e, square("Relu", 8)), 3)
}

func TestErrorInARun(t *testing.T) {
	t.Setenv("FAKE_ORT_FAULT", "error@Softmax:50")
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	l := start(t, prepare(t, e, square("Softmax", 8)))
	var err error
	for ; err == nil; _, err = l.Progress() {
		time.Sleep(time.Millisecond)
	}
	wantError(t, err, "Softmax: CUDA failure 700")
	_, err = l.Stop()
	wantError(t, err, "Softmax: CUDA failure 700")
	// The GPU's state in that process cannot be trusted.
	burst(t, prepare(t, e, square("Relu", 8)), 3)
	if n := len(pids(t, report())); n != 2 {
		t.Errorf("%d processes, want a second one", n)
	}
}

func TestHangWhileAModelIsLoaded(t *testing.T) {
	t.Setenv("FAKE_ORT_FAULT", "hang@Softmax")
	e := open(t, ort.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := e.Prepare(ctx, square("Softmax", 8))
	wantError(t, err, "Softmax")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
	burst(t, prepare(t, e, square("Relu", 8)), 3)
}

func TestHangInARun(t *testing.T) {
	t.Setenv("FAKE_ORT_FAULT", "hang@Softmax:50")
	e := open(t, ort.Options{Grace: 100 * time.Millisecond})
	r := prepare(t, e, square("Softmax", 8))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := r.Burst(ctx, 100)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}

	l := start(t, prepare(t, e, square("Softmax", 8)))
	_, err = l.Progress()
	if err != nil {
		t.Errorf("a load that hangs answers: %v", err)
	}
	time.Sleep(20 * time.Millisecond)
	_, err = l.Stop()
	wantError(t, err, "no answer within")
	burst(t, prepare(t, e, square("Relu", 8)), 3)
}

func TestBurstIsCancelled(t *testing.T) {
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	r := prepare(t, e, square("MatMul", 1024))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := r.Burst(ctx, 1_000_000) // 107 s
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
	// It was asked to end, not killed.
	burst(t, r, 3)
	if n := len(pids(t, report())); n != 1 {
		t.Errorf("%d processes, want one", n)
	}
}

func TestLoadIsCancelled(t *testing.T) {
	r := prepare(t, open(t, ort.Options{Provider: ort.CUDA}), square("Softmax", 8))
	ctx, cancel := context.WithCancel(t.Context())
	l, err := r.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := l.Progress(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
	if _, err := l.Stop(); err != nil {
		t.Error(err)
	}
	burst(t, r, 3)
}

func TestNoKernel(t *testing.T) {
	t.Setenv("FAKE_ORT_MISSING", "Gelu,Softmax")
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	_, err := e.Prepare(t.Context(), square("Softmax", 8))
	wantError(t, err, "the cuda provider has no kernel for Softmax(17) with these types (node /fc/Softmax)")
	wantUnsupported(t, err, true)
	prepare(t, e, square("Relu", 8))
	if n := len(pids(t, report())); n != 1 {
		t.Errorf("%d processes, want one", n)
	}
}

func TestOutOfMemory(t *testing.T) {
	t.Setenv("FAKE_ORT_OOM_BYTES", "1e6")
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	_, err := e.Prepare(t.Context(), square("Softmax", 1024)) // two tensors of 4 MiB
	wantError(t, err, "not enough memory for a tensor of 8388608 bytes")
	wantUnsupported(t, err, true)
	prepare(t, e, square("Relu", 8))
	if n := len(pids(t, report())); n != 2 {
		t.Errorf("%d processes, want a second one", n)
	}
}

func TestProviderCannotBeLoaded(t *testing.T) {
	t.Setenv("FAKE_ORT_PROVIDER_ERROR", "Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory")
	for _, provider := range []string{ort.CUDA, ort.TensorRT} {
		_, err := fake(t, ort.Options{Provider: provider}, nil)
		wantError(t, err, "the "+provider+" provider cannot be loaded: libcublasLt.so.13 is missing")
	}
	t.Setenv("FAKE_ORT_PROVIDER_ERROR", "")
	t.Setenv("FAKE_ORT_PROVIDERS", "AzureExecutionProvider,CPUExecutionProvider")
	_, err := fake(t, ort.Options{Provider: ort.CUDA}, nil)
	wantError(t, err, "no cuda provider", "AzureExecutionProvider", "onnxruntime-gpu")
	open(t, ort.Options{})
}

func TestLibraryThatIsNone(t *testing.T) {
	_, err := fake(t, ort.Options{Library: filepath.Join(t.TempDir(), "none.so")}, nil)
	wantError(t, err, "none.so")
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = fake(t, ort.Options{Library: text}, nil)
	wantError(t, err, "text.so")
	_, err = fake(t, ort.Options{Provider: "rocm"}, nil)
	wantError(t, err, `"rocm"`)
}

// TestNoLibrary looks where there is none, unless the system has one.
func TestNoLibrary(t *testing.T) {
	t.Setenv("ONNXRUNTIME_LIB", "")
	t.Setenv("VIRTUAL_ENV", "")
	e, err := ort.Open(t.Context(), ort.Options{})
	if err == nil {
		e.Close()
		t.Skip("the system has one")
	}
	wantError(t, err, "no libonnxruntime.so found", "pip install onnxruntime", "--ort-lib")
}

func TestProgramThatDoesNotServe(t *testing.T) {
	_, err := fake(t, ort.Options{Command: []string{"/bin/sh", "-c", "echo what is __ort >&2; exit 2"}}, nil)
	wantError(t, err, "exit status 2", "it said: what is __ort")
	_, err = fake(t, ort.Options{Command: []string{filepath.Join(t.TempDir(), "none")}}, nil)
	wantError(t, err, "cannot start the child process")
	_, err = fake(t, ort.Options{Command: []string{"/bin/sh", "-c", "echo hello; exec sleep 100"}, Grace: 50 * time.Millisecond}, nil)
	wantError(t, err, "it stopped answering")
}

// TestDeviceGone takes the library away, and with it what makes a second process work.
func TestDeviceGone(t *testing.T) {
	library := filepath.Join(t.TempDir(), "libonnxruntime.so")
	b, err := os.ReadFile(fakeLibrary(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(library, b, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE_ORT_FAULT", "segv@Softmax")
	e := open(t, ort.Options{Library: library})
	if _, err := e.Prepare(t.Context(), square("Softmax", 8)); errors.Is(err, profiler.ErrDevice) {
		t.Errorf("the device is not gone yet: %v", err)
	}
	if err := os.Remove(library); err != nil {
		t.Fatal(err)
	}
	_, err = e.Prepare(t.Context(), square("Relu", 8))
	wantError(t, err, "libonnxruntime.so")
	if !errors.Is(err, profiler.ErrDevice) {
		t.Errorf("%v, want ErrDevice", err)
	}
}

func TestCloseEndsTheChild(t *testing.T) {
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	start(t, prepare(t, e, square("Softmax", 8)))
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	gone(t, pids(t, report())[0])
	_, err := e.Prepare(t.Context(), square("Softmax", 8))
	wantError(t, err, "closed")
	if err := e.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}

func TestChildDiesWithItsParent(t *testing.T) {
	library := fakeLibrary(t)
	report := reported(t)
	parent := exec.Command(os.Args[0], parentArgument, library)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
		t.Errorf("the parent says %q, %v", line, err)
	}
	child := pids(t, report())[0]
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = parent.Wait() // it was killed
	gone(t, child)
}

// TestRenewed holds that a child is replaced after so many workloads, and that a workload which runs out of memory after
// others have been there is given a child of its own before it is said to need too much.
func TestRenewed(t *testing.T) {
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	children := func(n int, when string) {
		t.Helper()
		if got := len(pids(t, report())); got != n {
			t.Errorf("%d processes %s, want %d", got, when, n)
		}
	}
	for range 64 {
		if err := prepare(t, e, square("Relu", 8)).Close(); err != nil {
			t.Fatal(err)
		}
	}
	children(1, "after 64 workloads")
	prepare(t, e, square("Relu", 8))
	children(2, "after 65")
}

// A workload that runs out of memory where others have been is tried once more, in a child of its own.
func TestOutOfMemoryAfterOthers(t *testing.T) {
	t.Setenv("FAKE_ORT_OOM_BYTES", "1e6")
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	if err := prepare(t, e, square("Relu", 8)).Close(); err != nil {
		t.Fatal(err)
	}
	_, err := e.Prepare(t.Context(), square("Softmax", 1024))
	wantUnsupported(t, err, true)
	if n := len(pids(t, report())); n != 2 {
		t.Errorf("%d processes, want a second one for the second try", n)
	}
}
