// Package profilertest holds meters and executors to the contracts of package profiler.
package profilertest

import (
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// checkShare reports a share outside of its bounds.
func checkShare(t *testing.T, name string, share, highest float64) {
	t.Helper()
	if !(share >= 0 && share <= highest) {
		t.Errorf("%s is %g, want 0 to %g", name, share, highest)
	}
}

// checkDevice reports a device that no record could name.
func checkDevice(t *testing.T, d energy.RecordDevice) {
	t.Helper()
	if d.ID == "" && d.Name == "" {
		t.Error("the device has neither id nor name")
	}
	if d.PowerLimit != nil && *d.PowerLimit <= 0 {
		t.Errorf("power limit %s", *d.PowerLimit)
	}
	if d.Units < 0 || d.CacheBytes < 0 || d.MemoryBytes < 0 {
		t.Errorf("negative sizes: %+v", d)
	}
}

// sleep lets time pass.
func sleep(t *testing.T, c profiler.Clock, d time.Duration) {
	t.Helper()
	if err := c.Sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}
