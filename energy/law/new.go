package law

import (
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
)

// Options steer a law.
type Options struct {
	// HostWatts is the power of the host, without the board, where energy is that of the plug; nil is that of the host that
	// was measured. Energy at the board has none.
	HostWatts *energy.Watts
	// HostLaunch is what the host takes to launch a kernel; nil is what the runtime takes.
	HostLaunch *energy.Seconds
	// Alone says that kernels are given by shape, not as parts of a model: what hides a launch is the same on every device.
	Alone bool
	// Runtime is the runtime profile: which arithmetic float32 products take, and what a launch takes.
	Runtime    string
	PowerLimit energy.Watts    // 0: the board's own
	Clock      energy.Hertz    // 0: boost
	Boundary   energy.Boundary // what energies cover; "" is what those of the coefficients do
}

// New makes the law that coefficients follow, on a device: that of overlapping kernels where they hold its constants, else
// the additive one. It fails where nobody knows the device of the coefficients, and where no law holds under the options.
func New(c *coefficients.Coefficients, dev energy.Device, opts Options) (Law, error) {
	if c.Overlap == nil {
		if opts.PowerLimit != 0 || opts.Clock != 0 || opts.HostLaunch != nil {
			return nil, fmt.Errorf("a power limit, a clock or a host's launches: the coefficients of %s hold as they were measured", c.Device)
		}
		return NewAdditive(c, dev, opts)
	}
	l, err := NewOverlap(c.Overlap, dev)
	if err != nil {
		return nil, err
	}
	if l.shift, err = c.ShiftTo(opts.Boundary, dev, opts.HostWatts); err != nil {
		return nil, err
	}
	return l, l.configure(opts)
}
