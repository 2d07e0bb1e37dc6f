//go:build cgo && linux

package ort_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/irene-onnx/irene/profiler/ort"
)

var strayLine = regexp.MustCompile(`(?m)^stray (\d+)$`)

// strays waits until the library has reported so many processes of its own.
func strays(t *testing.T, report func() string, n int) []int {
	t.Helper()
	for range 200 {
		found := strayLine.FindAllStringSubmatch(report(), -1)
		if len(found) < n {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		var out []int
		for _, m := range found {
			pid, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, pid)
		}
		return out
	}
	t.Fatalf("the library started no process:\n%s", report())
	return nil
}

// TestStrays: however a child ends, what its library started ends with it, in its process group or out of it.
func TestStrays(t *testing.T) {
	library := fakeLibrary(t)
	for _, kind := range []string{"fork", "daemon"} {
		setUp := func(t *testing.T) func() string {
			t.Setenv("FAKE_ORT_LOAD", kind)
			return reported(t)
		}
		t.Run(kind+" and close", func(t *testing.T) {
			report := setUp(t)
			e := open(t, ort.Options{Provider: ort.CUDA})
			before := strays(t, report, 1)
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			gone(t, before[0])
		})
		t.Run(kind+" and crash", func(t *testing.T) {
			report := setUp(t)
			t.Setenv("FAKE_ORT_FAULT", "segv@Softmax")
			e := open(t, ort.Options{Provider: ort.CUDA})
			before := strays(t, report, 1)
			_, err := e.Prepare(t.Context(), square("Softmax", 8))
			wantError(t, err, "segmentation fault")
			gone(t, before[0])
		})
		t.Run(kind+" and hang", func(t *testing.T) {
			report := setUp(t)
			t.Setenv("FAKE_ORT_FAULT", "hang@Identity") // of the workload that probes the provider
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			begin := time.Now()
			_, err := ort.Open(ctx, ort.Options{Library: library})
			wantError(t, err, "open: context deadline exceeded")
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			gone(t, strays(t, report, 1)[0])
		})
		t.Run(kind+" and a killed parent", func(t *testing.T) {
			report := setUp(t)
			parent := exec.Command(os.Args[0], parentArgument, library)
			out, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
				t.Error(err)
			}
			stray, child := strays(t, report, 1)[0], pids(t, report())[0]
			if err := parent.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = parent.Wait() // it was killed
			gone(t, child)
			gone(t, stray)
		})
	}
}

// TestHangWhileTheLibraryIsLoaded: the context bounds that, too.
func TestHangWhileTheLibraryIsLoaded(t *testing.T) {
	library := fakeLibrary(t)
	t.Setenv("FAKE_ORT_LOAD", "hang")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := ort.Open(ctx, ort.Options{Library: library})
	wantError(t, err, "open: context deadline exceeded")
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}
