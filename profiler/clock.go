package profiler

import (
	"context"
	"time"
)

// Clock tells the time to the protocol. Time passes for meter and executor as the clock says.
type Clock interface {
	// Now is the time since an origin that stays the same; it never goes back.
	Now() time.Duration

	// Sleep waits, or returns the context's error when it ends first.
	Sleep(context.Context, time.Duration) error
}

// SystemClock is the machine's monotonic clock.
func SystemClock() Clock { return systemClock{start: time.Now()} }

type systemClock struct{ start time.Time }

func (c systemClock) Now() time.Duration { return time.Since(c.start) }

func (c systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
