package coefficients

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy"
)

// Own is what the law of overlapping kernels was fitted to on one device: constants that hold there in the place of the
// shared ones, and factors of the device's own.
type Own struct {
	Device    string         `json:"device"`             // id in the device table
	Constants []Constant     `json:"constants"`          // in the law's order
	Groups    []Group        `json:"groups"`             // of kernels that were measured on the device, by class and element type; sorted by name
	LeftOut   string         `json:"left_out,omitempty"` // what was left out in turn for the errors of the groups: family, model, shape, part; none where too little was measured
	Launch    energy.Seconds `json:"launch_s,omitempty"` // seconds that the host takes for a launch, where it held the device up; 0 where it never did
}

// OwnOf finds what was fitted to a device.
func (o *Overlap) OwnOf(device string) (*Own, bool) {
	for i := range o.Own {
		if o.Own[i].Device == device {
			return &o.Own[i], true
		}
	}
	return nil, false
}

// WithOwn is the law with what was fitted to a device, in the place of what it held of it. The original stays as it is.
func (o *Overlap) WithOwn(own Own) *Overlap {
	out := *o
	out.Own = slices.DeleteFunc(slices.Clone(o.Own), func(x Own) bool { return x.Device == own.Device })
	out.Own = append(out.Own, own)
	slices.SortFunc(out.Own, func(a, b Own) int { return cmp.Compare(a.Device, b.Device) })
	return &out
}

// Group finds a group by its name.
func (o *Own) Group(name string) (*Group, bool) {
	for i := range o.Groups {
		if o.Groups[i].Name == name {
			return &o.Groups[i], true
		}
	}
	return nil, false
}

// Devices lists the devices that have rows, sorted.
func (o *Overlap) Devices() []string {
	seen := map[string]bool{}
	for i := range o.Groups {
		for _, id := range o.Groups[i].Devices {
			seen[id] = true
		}
	}
	for i := range o.Own {
		seen[o.Own[i].Device] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// checkConstants refuses constants that no fit leaves.
func checkConstants(list []Constant) error {
	for _, c := range list {
		if !(c.Value >= 0) || c.Value > 1e300 {
			return fmt.Errorf("constant %s %s is %v: constants are finite and not negative", c.Name, c.Of, c.Value)
		}
	}
	return nil
}
