package profiler_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/irene-onnx/irene/profiler"
)

func TestSystemClock(t *testing.T) {
	c := profiler.SystemClock()
	before := c.Now()
	if err := c.Sleep(t.Context(), 2*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if d := c.Now() - before; d < 2*time.Millisecond {
		t.Errorf("slept %s", d)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Sleep(ended, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
