package page

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Settings say how the models of a page are costed.
type Settings struct {
	Options analysis.Options // precision, and values of inputs; dims are the page's own
	Target  *predict.Target  // with the device shown first; nil: nothing is predicted
	Given   bool             // the target's coefficients were given and stand for every device; else each has those that ship
	Flags   string           // of the command line, beside dims and device, that numbers depend on
}

// New makes the page of a report: the model is analyzed once more, with all its sizes open.
func New(r *report.Report, s *Settings) (Page, error) {
	open, err := analysis.Run(r.Graph, analysis.Options{Symbolic: true, Values: s.Options.Values, As: s.Options.As})
	if err != nil {
		return Page{}, err
	}
	recipes, err := recipes(open, s)
	if err != nil {
		return Page{}, err
	}
	return Page{Report: r, Open: open, Recipes: recipes, Flags: s.Flags}, nil
}

// OfModel makes the page of a model of which nobody said anything: at sizes that are assumed, on the default device first.
// Version is that of irene.
func OfModel(g *graph.Graph, version string) (Page, error) {
	a, err := analysis.Run(g, analysis.Options{})
	if err != nil {
		return Page{}, err
	}
	t, err := defaultTarget()
	if err != nil {
		return Page{}, err
	}
	result, err := t.Run(a)
	if err != nil {
		return Page{}, err
	}
	r := report.Build(a, result, report.Options{Version: version, Mode: predict.ModeSpec, Convention: graph.TwoMACPlusElementwise, DefaultDevice: true})
	return New(r, &Settings{Target: &t})
}

func defaultTarget() (t predict.Target, err error) {
	if t.Device, err = energy.LookupDevice(energy.DefaultDevice); err == nil {
		t.Coefficients, err = coefficients.OfDevice(t.Device)
	}
	return t, err
}

// recipes are those of the device asked for, then of all others: a device is a few numbers.
func recipes(open *analysis.Analysis, s *Settings) ([]*predict.Recipe, error) {
	if s.Target == nil {
		return nil, nil
	}
	t := *s.Target
	devices := slices.DeleteFunc(energy.Devices(), func(d energy.Device) bool { return d.ID == t.Device.ID })
	var out []*predict.Recipe
	for i, d := range append([]energy.Device{t.Device}, devices...) {
		t.Device = d
		if !s.Given {
			var err error
			if t.Coefficients, err = coefficients.OfDevice(d); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			t.Options = elsewhere(s.Target.Options, t.Coefficients)
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
