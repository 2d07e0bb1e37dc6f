package page

import (
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Most is how many models a page shows side by side.
const Most = 6

// Default is the page of a model of which nobody said anything: at sizes that are assumed, with the default device shown first.
func Default(g *graph.Graph) (Page, error) {
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
	r := report.Build(a, result, report.Options{Version: report.Version(), Mode: predict.ModeSpec, Convention: graph.TwoMACPlusElementwise, DefaultDevice: true, DefaultProfile: true})
	return New(r, Request{Target: &t})
}

func defaultTarget() (t predict.Target, err error) {
	if t.Device, err = energy.LookupDevice(energy.DefaultDevice); err == nil {
		t.Coefficients, err = coefficients.OfDevice(t.Device)
	}
	return t, err
}
