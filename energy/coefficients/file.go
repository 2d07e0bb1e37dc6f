package coefficients

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// CoefficientSchema is the version of the coefficient file.
const CoefficientSchema = 1

// Coefficients are what training leaves: joules and seconds per unit of each term, by operator class and element type,
// on one device under one runtime profile.
type Coefficients struct {
	Schema     int                 `json:"schema"`               // version of the format
	Device     string              `json:"device"`               // id in the device table, or of DeviceRow
	DeviceRow  *energy.Device      `json:"device_row,omitempty"` // of a device that the table does not have
	Boundary   energy.Boundary     `json:"scope"`                // what energies cover
	Profile    string              `json:"runtime"`              // runtime profile: which nodes run as one kernel
	Provenance Provenance          `json:"provenance"`
	Power      PowerRange          `json:"power_w"`
	Classes    []ClassCoefficients `json:"classes"` // sorted by class and type
	Residuals  Residuals           `json:"residuals"`
	Spread     *Spreads            `json:"spread,omitempty"`    // of pairs of models that were left out together
	Condition  float64             `json:"condition,omitempty"` // of the fit; large: some coefficients can be traded against others
	Host       *HostPower          `json:"host,omitempty"`
	Overlap    *Overlap            `json:"overlap,omitempty"` // constants of the law of overlapping kernels
}

// Provenance says what a coefficient file rests on.
type Provenance struct {
	Data      []string `json:"data,omitempty"`    // files of measurements
	Models    []string `json:"models"`            // that were measured
	Devices   []string `json:"devices,omitempty"` // that single operators were measured on
	Equations int      `json:"equations"`         // distinct measurements
	Batch     [2]int64 `json:"batch"`             // smallest and largest size of a batch that was measured
	Sequence  [2]int64 `json:"sequence"`          // shortest and longest sequence that was measured
	Note      string   `json:"note,omitempty"`    // for people

	Clock energy.Hertz `json:"clock_hz,omitempty"` // hertz: mean clock of the models that were measured; none where it is not known
}

// PowerRange encloses the power of every operator: the fit keeps each coefficient's joules per second inside.
type PowerRange struct {
	Low  energy.Watts `json:"low"`  // watts
	High energy.Watts `json:"high"` // watts
}

// ClassCoefficients are the coefficients of one class in one element type.
type ClassCoefficients struct {
	Key
	Energy    TermValues       `json:"energy_j"`         // joules per FLOP, per byte, per launch
	Time      TermValues       `json:"time_s"`           // seconds per FLOP, per byte, per launch
	Range     map[string]Range `json:"range,omitempty"`  // of a kernel's bytes, flops and k in training
	Equations int              `json:"equations"`        // distinct measurements
	Scaled    bool             `json:"scaled,omitempty"` // of another device, scaled to this one: none of the measurements is this device's

	// Interval is the 90 % bootstrap interval of each coefficient of energy, in joules as in Energy. Only Identified
	// coefficients are narrow enough to be read as physics; the others share their work with terms that move alike.
	Interval   map[string]Range `json:"energy_interval_j,omitempty"`
	Identified []string         `json:"identified,omitempty"` // terms whose coefficients are
	Draws      *Draws           `json:"draws,omitempty"`      // of bootstrap fits
}

// Range is the interval a quantity was measured on.
type Range struct {
	Low  float64 `json:"low"`  // smallest
	High float64 `json:"high"` // largest
}

// HostPower parts energy at the plug into the board's and the rest: E = Factor·E_board + Watts·t.
type HostPower struct {
	Watts  energy.Watts `json:"watts"`  // that the rest draws in any case
	Factor float64      `json:"factor"` // losses of the power supply
}

// Load reads a coefficient file.
func Load(r io.Reader, name string) (*Coefficients, error) {
	c := &Coefficients{}
	dec := json.NewDecoder(r)
	if err := dec.Decode(c); err == io.EOF {
		return nil, fmt.Errorf("%s: not a coefficient file: it is empty", name)
	} else if err != nil {
		return nil, fmt.Errorf("%s: not a coefficient file: %w", name, err)
	}
	if c.Device == "" || len(c.Classes) == 0 && c.Overlap == nil {
		return nil, fmt.Errorf("%s: not a coefficient file: no device or no classes; irene train writes them", name)
	}
	if c.Schema != CoefficientSchema {
		return nil, fmt.Errorf("%s: coefficient file of version %d, this program reads version %d: train it anew", name, c.Schema, CoefficientSchema)
	}
	for i := range c.Classes {
		if k := c.Classes[i].Key; k.Class == "" || k.DType == graph.Undefined {
			return nil, fmt.Errorf("%s: entry %d of classes names no class or no dtype", name, i)
		}
	}
	if c.Overlap != nil {
		if err := c.Overlap.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if c.DeviceRow != nil && c.DeviceRow.ID != c.Device {
		return nil, fmt.Errorf("%s: coefficients of %q with the device row of %q", name, c.Device, c.DeviceRow.ID)
	}
	return c, nil
}

// Row is the device that the coefficients were measured on: the row in the file, or else that of the device table.
func (c *Coefficients) Row() (energy.Device, error) {
	if c.DeviceRow != nil {
		return *c.DeviceRow, nil
	}
	d, err := energy.LookupDevice(c.Device)
	if err != nil {
		return d, fmt.Errorf("coefficients of %q: %w", c.Device, err)
	}
	return d, nil
}

// Write writes a coefficient file: the same coefficients give the same bytes.
func (c *Coefficients) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(c)
}

// Find returns the coefficients of a class in an element type; nil where there are none.
func (c *Coefficients) Find(k Key) *ClassCoefficients {
	for i := range c.Classes {
		if c.Classes[i].Key == k {
			return &c.Classes[i]
		}
	}
	return nil
}

// HasEnergy reports whether the coefficients hold energies: those of measured times alone do not.
func (c *Coefficients) HasEnergy() bool {
	joules, _ := c.Holds()
	return joules
}

// Holds tells whether coefficients hold energies and times: measurements may lack one of them.
func (c *Coefficients) Holds() (joules, seconds bool) {
	for i := range c.Classes {
		for t := range c.Classes[i].Time {
			joules = joules || c.Classes[i].Energy[t] > 0
			seconds = seconds || c.Classes[i].Time[t] > 0
		}
	}
	return joules, seconds
}

// PowerMargin widens the range of measured powers on both sides: a part of a kernel may draw more than the kernel.
const PowerMargin = 1.05

// StandIn finds the coefficients of a class, or of the class that stands in for it.
func (c *Coefficients) StandIn(k Key) *ClassCoefficients {
	for range Classes {
		if cc := c.Find(k); cc != nil {
			return cc
		}
		if k.Class = ClassOf(k.Class).Like; k.Class == "" {
			return nil
		}
	}
	return nil
}

// Usable reports whether any coefficient of the class was observed: all zeros predict nothing.
func (cc *ClassCoefficients) Usable(c *Coefficients) bool {
	joules, seconds := c.Holds()
	for t := range cc.Energy {
		if (cc.Energy[t] > 0 || !joules) && (cc.Time[t] > 0 || !seconds) {
			return true
		}
	}
	return false
}
