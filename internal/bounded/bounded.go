// Package bounded holds tests to what a small input may take, so that fuzzing finds inputs that take more. Only tests
// import it.
package bounded

import (
	"runtime"
	"testing"
	"time"
)

// What handling one small input may take.
const (
	MaxCPU   = 200 * time.Millisecond // of the process: how busy the machine is does not count
	MaxBytes = 200 << 20              // allocated
)

// Run runs f and fails t where it takes more than an input may.
func Run(t testing.TB, what string, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpu()
	f()
	took := cpu() - start
	runtime.ReadMemStats(&after)
	if took > MaxCPU {
		t.Errorf("%s: %v of processor time, at most %v", what, took, MaxCPU)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > MaxBytes {
		t.Errorf("%s: %d MB allocated, at most %d", what, n>>20, MaxBytes>>20)
	}
}
