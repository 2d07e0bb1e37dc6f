package profiler

import (
	"time"

	"github.com/irene-onnx/irene/energy"
)

// Meter reads the energy that a device has spent. A reading has no meaning of its own, only the difference of two has.
// A meter is used by one goroutine at a time.
type Meter interface {
	// Energy is the energy spent since an origin that stays the same until Close. It never decreases: where the
	// hardware's counter wraps, the meter carries on. An error, never zero, says that nothing could be read.
	Energy() (energy.Joules, error)

	// Resolution is the time between two updates of what Energy reads. A window much shorter than this measures nothing.
	Resolution() time.Duration

	// Close releases the device. Energy fails afterwards.
	Close() error
}
