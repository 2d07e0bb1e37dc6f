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
	Constants []Constant     `json:"constants"`          // in the law's order; those of an earlier fit after those of a later one
	Groups    []Group        `json:"groups"`             // of kernels that were measured on the device, by class and element type; sorted by name
	LeftOut   string         `json:"left_out,omitempty"` // what was left out in turn for the errors of the groups: family, model, shape, part; none where too little was measured
	Launch    energy.Seconds `json:"launch_s,omitempty"` // seconds that the host takes for a launch, where it held the device up; 0 where it never did
	TF32      *bool          `json:"tf32,omitempty"`     // whether products of float32 rounded their inputs to TF32; none where the measurements do not say
	Runtime   string         `json:"runtime,omitempty"`  // runtime profile that both of these hold under
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

// WithOwn is the law with what was fitted to a device. What it held of the device before stays where the new fit says
// nothing of it. The original stays as it is.
func (o *Overlap) WithOwn(own Own) *Overlap {
	out := *o
	if earlier, ok := o.OwnOf(own.Device); ok {
		own = own.over(earlier)
	}
	out.Own = slices.DeleteFunc(slices.Clone(o.Own), func(x Own) bool { return x.Device == own.Device })
	out.Own = append(out.Own, own)
	slices.SortFunc(out.Own, func(a, b Own) int { return cmp.Compare(a.Device, b.Device) })
	return &out
}

// over is a fit with what an earlier one says beside it.
func (o Own) over(earlier *Own) Own {
	out := o
	out.Constants, out.Groups = slices.Clone(o.Constants), slices.Clone(o.Groups)
	for _, c := range earlier.Constants {
		if !slices.ContainsFunc(o.Constants, func(n Constant) bool { return n.Name == c.Name && n.Of == c.Of }) {
			out.Constants = append(out.Constants, c)
		}
	}
	for _, g := range earlier.Groups {
		if _, ok := o.Group(g.Name); !ok {
			out.Groups = append(out.Groups, g)
		}
	}
	slices.SortFunc(out.Groups, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	if out.Runtime == "" || out.Runtime == earlier.Runtime {
		out.Launch, out.TF32, out.Runtime = cmp.Or(out.Launch, earlier.Launch), cmp.Or(out.TF32, earlier.TF32), earlier.Runtime
	}
	return out
}

// Group finds a group by its name.
func (o *Own) Group(name string) (*Group, bool) { return groupOf(o.Groups, name) }

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
