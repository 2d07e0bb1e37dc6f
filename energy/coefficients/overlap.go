package coefficients

import (
	"fmt"
	"slices"
)

// Overlap is what the law of overlapping kernels was fitted to: its constants, and for each group of kernels the devices
// that have rows and how far predictions were off on devices left out.
type Overlap struct {
	Constants []Constant `json:"constants"`     // in the law's order
	Groups    []Group    `json:"groups"`        // sorted by name
	Own       []Own      `json:"own,omitempty"` // devices that were fitted by themselves, sorted
}

// Overlaps says that models go by the law of overlapping kernels: that the file holds what it says of rows and products, which
// every model runs. A fit to a few operators holds less.
func (c *Coefficients) Overlaps() bool {
	holds := func(name string) bool {
		return slices.ContainsFunc(c.Overlap.Constants, func(k Constant) bool { return k.Name == name && k.Value > 0 })
	}
	return c.Overlap != nil && holds("row.bandwidth") && holds("product.bandwidth")
}

// Constant is one number of the law.
type Constant struct {
	Name  string  `json:"name"`           // such as product.floor
	Of    string  `json:"of,omitempty"`   // the kind of multiprocessor, process, memory, operator or quantisation that it holds for
	Value float64 `json:"value"`          // in the constant's unit
	Unit  string  `json:"unit"`           // of Value, Low and High
	Low   float64 `json:"low,omitempty"`  // 90 % interval, in the constant's unit
	High  float64 `json:"high,omitempty"` // 90 % interval, in the constant's unit
	Rows  int     `json:"rows,omitempty"` // that it was fitted to; 0: it was set
	Data  string  `json:"data,omitempty"` // names of the data
	Cost  float64 `json:"cost,omitempty"` // what leaving its term out adds to the mean error of times of its group, all else fitted anew: a ratio
}

// Group is a group of kernels that constants were fitted for together.
type Group struct {
	Name    string    `json:"name"`               // such as product fp8
	Devices []string  `json:"devices"`            // with rows, sorted
	Rows    int       `json:"rows"`               // distinct operators of all devices
	Data    []string  `json:"data,omitempty"`     // files that have rows, each with its folder, sorted
	Time    Band      `json:"time"`               // of times on devices left out
	Energy  Band      `json:"energy"`             // of energies on devices left out
	StandIn Band      `json:"standin"`            // of times on kinds of multiprocessors left out
	LeftOut []LeftOut `json:"left_out,omitempty"` // by device, sorted
	Spread  *Spreads  `json:"spread,omitempty"`   // on devices left out: of the group's mean on a device, and of kernels about it
}

// LeftOut is how far times on one device are off that constants fitted to the others predict.
type LeftOut struct {
	Device string  `json:"device"` // id in the device table
	Rows   int     `json:"rows"`   // distinct operators
	Error  float64 `json:"error"`  // mean of |predicted - measured| / measured
	Bias   float64 `json:"bias"`   // mean of log(measured / predicted)
}

// Off is how far times on a device are off that was left out; zero but for its id where it was not.
func (g *Group) Off(device string) LeftOut {
	for _, l := range g.LeftOut {
		if l.Device == device {
			return l
		}
	}
	return LeftOut{Device: device}
}

// Group finds a group by its name.
func (o *Overlap) Group(name string) (*Group, bool) { return groupOf(o.Groups, name) }

func groupOf(list []Group, name string) (*Group, bool) {
	for i := range list {
		if list[i].Name == name {
			return &list[i], true
		}
	}
	return nil, false
}

// Spreads of a group are those that the file tells, else its intervals as of one error that all its kernels share, no
// narrower than those of what nothing was measured of.
func (g *Group) Spreads() Spreads {
	if g.Spread != nil {
		return *g.Spread
	}
	wide := Spread{Group: max(LeastStandIn, g.Time.P90) / Normal90}
	return Spreads{Energy: wide, Time: wide}
}

// check refuses constants that no fit leaves.
func (o *Overlap) check() error {
	if err := checkConstants(o.Constants); err != nil {
		return err
	}
	for i := range o.Own {
		if err := checkConstants(o.Own[i].Constants); err != nil {
			return fmt.Errorf("%s: %w", o.Own[i].Device, err)
		}
	}
	return nil
}
