package page

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Request says what a page shows of a model.
type Request struct {
	Options analysis.Options // dims apart, those of the report
	Target  *predict.Target  // the device shown first; nil: nothing is predicted
	Own     bool             // the target's coefficients are those of every device
	Flags   string           // of the command line, beside dims and device, that numbers depend on
}

// New makes the page of a report: the model is analyzed once more, with all its sizes open.
func New(r *report.Report, q Request) (Page, error) {
	open, err := analysis.Run(r.Graph, analysis.Options{Symbolic: true, Values: q.Options.Values, As: q.Options.As})
	if err != nil {
		return Page{}, err
	}
	recipes, err := recipes(open, &q)
	if err != nil {
		return Page{}, err
	}
	return Page{Report: r, Open: open, Recipes: recipes, Flags: q.Flags}, nil
}

// recipes are those of the device asked for, then of all others: a device is a few numbers.
func recipes(open *analysis.Analysis, q *Request) ([]*predict.Recipe, error) {
	if q.Target == nil {
		return nil, nil
	}
	t := *q.Target
	devices := slices.DeleteFunc(energy.Devices(), func(d energy.Device) bool { return d.ID == t.Device.ID })
	var out []*predict.Recipe
	for i, d := range append([]energy.Device{t.Device}, devices...) {
		t.Device = d
		if !q.Own {
			var err error
			if t.Coefficients, err = coefficients.OfDevice(d); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			t.Options = elsewhere(q.Target.Options, t.Coefficients)
		}
		p, err := t.Bind(open)
		if err != nil {
			return nil, err
		}
		if p.NoEnergy {
			return nil, fmt.Errorf("the coefficients of %s were fitted to times alone: a page calculates energies (irene analyze has the times)", t.Coefficients.Device)
		}
		r, err := p.Recipe()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// elsewhere is what settings of one device leave for others: its limit and its clock are its own, and coefficients that were
// measured with their host have none beside it.
func elsewhere(o predict.Options, c *coefficients.Coefficients) predict.Options {
	o.PowerLimit, o.Clock = 0, 0
	if c.Overlap == nil {
		o.HostLaunch = nil
	}
	if o.HostWatts == nil && o.Boundary == energy.BoundaryWall {
		o.Boundary = "" // of which machine nobody said
	}
	return o
}
