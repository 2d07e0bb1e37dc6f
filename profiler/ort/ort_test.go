//go:build cgo && linux

package ort_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/ort"
)

// parentArgument makes the test binary a parent that never closes its executor.
const parentArgument = "__parent"

// TestMain is the child's main too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == ort.ServeArgument {
		if err := ort.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == parentArgument {
		neverCloses(os.Args[2])
	}
	// Under the race detector, every child would sleep a second before it ends.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// built is the fake library, compiled when the first test asks for it.
var built struct {
	once      sync.Once
	dir, file string
	err       error
}

// fakeLibrary is the file of a libonnxruntime.so that computes nothing.
func fakeLibrary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		cc, err := exec.LookPath("cc")
		if err != nil {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "fakeort"); built.err != nil {
			return
		}
		built.file = filepath.Join(built.dir, "libonnxruntime.so")
		out, err := exec.Command(cc, "-std=gnu11", "-Wall", "-shared", "-fPIC", "-O1", "-I", filepath.Join("..", "testdata"),
			filepath.Join("testdata", "fakeort.c"), "-o", built.file, "-lm", "-lpthread").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	if built.file == "" {
		t.Skip("no C compiler")
	}
	return built.file
}

// fake opens an executor on the fake library. Its notes go to the log and to notes where that is not nil.
func fake(t *testing.T, o ort.Options, notes io.Writer) (*ort.Executor, error) {
	t.Helper()
	if o.Library == "" {
		o.Library = fakeLibrary(t)
	}
	o.Stderr = t.Output()
	o.Logf = func(format string, args ...any) {
		t.Logf(format, args...)
		if notes != nil {
			fmt.Fprintf(notes, format+"\n", args...)
		}
	}
	e, err := ort.Open(t.Context(), o)
	if err == nil {
		t.Cleanup(func() { e.Close() })
	}
	return e, err
}

// open is fake for those who need one.
func open(t *testing.T, o ort.Options) *ort.Executor {
	t.Helper()
	e, err := fake(t, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// reported is what the fake library says that it was asked for, up to now.
func reported(t *testing.T) func() string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report")
	t.Setenv("FAKE_ORT_REPORT", file)
	return func() string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

var pidLine = regexp.MustCompile(`(?m)^pid (\d+) `)

// pids are the children that a report names, in their order.
func pids(t *testing.T, report string) []int {
	t.Helper()
	var out []int
	for _, m := range pidLine.FindAllStringSubmatch(report, -1) {
		pid, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pid)
	}
	return out
}

// gone waits until no such process is left.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 100 {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		// A process that init has not reaped yet is gone too.
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && bytes.Contains(b, []byte(") Z ")) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

// square is a workload of one operator on n×n matrices, of two inputs where it is a product.
func square(op string, n int) profiler.Workload {
	parts := []onnxtest.Part{onnxtest.In("a", graph.Float32, n, n), onnxtest.Out("c", graph.Float32, n, n)}
	inputs := []profiler.Input{{Name: "a", DType: graph.Float32, Dims: []int64{int64(n), int64(n)}}}
	operands := "a"
	if op == "MatMul" {
		parts = append(parts, onnxtest.In("b", graph.Float32, n, n))
		inputs = append(inputs, profiler.Input{Name: "b", DType: graph.Float32, Dims: inputs[0].Dims})
		operands = "a b"
	}
	parts = append(parts, onnxtest.Node(op, operands, "c", onnxtest.Name("/fc/"+op)))
	return profiler.Workload{Name: op, Model: onnxtest.Model(parts...).Bytes(), Inputs: inputs}
}

func prepare(t *testing.T, e profiler.Executor, w profiler.Workload) profiler.Run {
	t.Helper()
	r, err := e.Prepare(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func burst(t *testing.T, r profiler.Run, n int) float64 {
	t.Helper()
	s, err := r.Burst(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return float64(s) / float64(n)
}

func start(t *testing.T, r profiler.Run) profiler.Load {
	t.Helper()
	l, err := r.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// wantError says where an error is not one line that holds all of the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one about %q", words)
	}
	text := err.Error()
	if strings.Contains(text, "\n") {
		t.Errorf("error of several lines: %q", text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("error %q does not say %q", text, w)
		}
	}
}

// neverCloses starts a load and waits to be killed.
func neverCloses(library string) {
	e, err := ort.Open(context.Background(), ort.Options{Library: library, Provider: ort.CUDA})
	if err != nil {
		panic(err)
	}
	r, err := e.Prepare(context.Background(), square("Softmax", 8))
	if err != nil {
		panic(err)
	}
	if _, err := r.Start(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	select {}
}
