package law

import (
	"fmt"
	"strings"

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

// settings says what the device and its host are set to; "" where both are as they come.
func (o *Options) settings() string {
	var list []string
	if o.PowerLimit != 0 {
		list = append(list, fmt.Sprintf("a power limit of %v W", float64(o.PowerLimit)))
	}
	if o.Clock != 0 {
		list = append(list, fmt.Sprintf("a clock of %v", o.Clock))
	}
	if o.HostLaunch != nil {
		list = append(list, fmt.Sprintf("launches of %v", *o.HostLaunch))
	}
	return strings.Join(list, " and ")
}

// SettingError says that a device is not predicted at a setting that options ask for.
type SettingError struct {
	Setting string // "a power limit of 900 W"
	Why     string // "h100-sxm takes limits … up to 700 W"
}

// Error is one line.
func (e *SettingError) Error() string { return e.Setting + ": " + e.Why }

// New makes the law that coefficients follow, on a device: that of overlapping kernels where they hold its constants, else
// the additive one. It fails where nobody knows the device of the coefficients, and where no law holds under the options.
func New(c *coefficients.Coefficients, dev energy.Device, opts Options) (Law, error) {
	if c.Overlap == nil {
		if set := opts.settings(); set != "" {
			return nil, &SettingError{set, fmt.Sprintf("the coefficients of %s hold as they were measured", c.Device)}
		}
		return NewAdditive(c, dev, opts)
	}
	l, err := OverlapUnder(c.Overlap, dev, opts)
	if err != nil {
		return nil, err
	}
	l.shift, err = c.ShiftTo(opts.Boundary, dev, opts.HostWatts)
	return l, err
}
