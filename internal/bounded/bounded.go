// Package bounded holds tests to what a small input may take, so that fuzzing finds inputs that take more. Only tests
// import it.
package bounded

import (
	"flag"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// What handling one small input may take.
const (
	MaxCPU   = 200 * time.Millisecond // of the process: how busy the machine is does not count
	MaxBytes = 200 << 20              // allocated
)

// tries is how often an input is handled that took more: the processor itself is slower while others use it, or garbage of
// other inputs was collected.
const tries = 5

// Run runs f, which can be repeated, and fails t where it takes more than an input may each time.
func Run(t testing.TB, what string, f func()) {
	t.Helper()
	most := time.Duration(MaxCPU)
	if fuzzing() {
		most *= 2
	}
	took, allocated := measure(f)
	for n := 1; n < tries && (took > most || allocated > MaxBytes); n++ {
		again, bytes := alone(f)
		took, allocated = min(took, again), min(allocated, bytes)
	}
	if took > most {
		t.Errorf("%s: %v of processor time, at most %v", what, took, most)
	}
	if allocated > MaxBytes {
		t.Errorf("%s: %d MB allocated, at most %d", what, allocated>>20, MaxBytes>>20)
	}
}

// fuzzing reports whether inputs are made up: then the code counts its branches, and takes about twice the time.
func fuzzing() bool {
	f := flag.Lookup("test.fuzz")
	return f != nil && f.Value.String() != ""
}

// alone measures without collections, whose time is that of all that the process holds.
func alone(f func()) (time.Duration, uint64) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	return measure(f)
}

// measure is the processor time and the bytes that f takes.
func measure(f func()) (time.Duration, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpu()
	f()
	took := cpu() - start
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}
