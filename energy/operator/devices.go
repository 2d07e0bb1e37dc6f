package operator

import (
	"github.com/irene-onnx/irene/energy"
)

// DevicesOf finds the device of every row; one that names none is of the given device.
func DevicesOf(rows []Operator, otherwise energy.Device) ([]energy.Device, error) {
	known := map[string]energy.Device{"": otherwise}
	out := make([]energy.Device, len(rows))
	for i, o := range rows {
		d, ok := known[o.Device]
		if !ok {
			var err error
			if d, err = energy.LookupDevice(o.Device); err != nil {
				return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
			}
			known[o.Device] = d
		}
		out[i] = d
	}
	return out, nil
}
