package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// htmlFormat is a page that predicts by itself.
func htmlFormat() render.Format[*exportJob] {
	return render.Format[*exportJob]{
		Name: "html", Help: "one file to open in a browser: sizes and device are chosen there", Ext: []string{".html", ".htm"},
		Numbers: true, Several: true, Sizes: true, Write: writeHTML,
	}
}

// writeHTML writes a page of one model, or of several side by side.
func writeHTML(w io.Writer, j *exportJob) error {
	var pages []page.Page
	for _, m := range j.models {
		p, err := htmlPage(j.env, j.exportRequest, m)
		if err != nil {
			return err
		}
		pages = append(pages, p)
	}
	return page.Write(w, pages)
}

// htmlPage analyzes a model once more, with all its sizes open.
func htmlPage(env *environment, want *exportRequest, m exportedModel) (page.Page, error) {
	open, err := analysis.Run(m.report.Graph, want.open())
	if err != nil {
		return page.Page{}, err
	}
	recipes, err := htmlRecipes(env, open, want.prediction)
	if err != nil {
		return page.Page{}, err
	}
	return page.Page{Report: m.report, Open: open, Recipes: recipes, Flags: htmlFlags(want)}, nil
}

// htmlFlags spells the flags that make analyze give the page's numbers.
func htmlFlags(want *exportRequest) string {
	var b strings.Builder
	if want.convention != graph.TwoMACPlusElementwise {
		fmt.Fprintf(&b, " --flops %s", want.convention)
	}
	if as := want.options.As; as != "" {
		fmt.Fprintf(&b, " --as %s", as)
	}
	q := want.prediction
	if q.coefficients != "" {
		fmt.Fprintf(&b, " --coefficients %s", q.coefficients)
	}
	if p := q.settings.Profile; p != "" {
		fmt.Fprintf(&b, " --runtime %s", p)
	}
	b.WriteString(settingsText(&q.settings))
	for _, name := range slices.Sorted(maps.Keys(want.options.Values)) {
		list := strings.Trim(strings.ReplaceAll(fmt.Sprint(want.options.Values[name]), " ", ","), "[]")
		fmt.Fprintf(&b, " --value %s=%s", name, list)
	}
	return b.String()
}

// htmlRecipes are those of the device asked for, then of all others: a device is a few numbers.
func htmlRecipes(env *environment, open *analysis.Analysis, q predictionRequest) ([]*predict.Recipe, error) {
	if q.none {
		return nil, nil
	}
	t, err := q.target(env)
	if err != nil {
		return nil, err
	}
	devices := slices.DeleteFunc(energy.Devices(), func(d energy.Device) bool { return d.ID == t.Device.ID })
	var out []*predict.Recipe
	for i, d := range append([]energy.Device{t.Device}, devices...) {
		t.Device = d
		if q.coefficients == "" {
			if t.Coefficients, err = coefficients.OfDevice(d); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			t.Options = elsewhere(q.settings, t.Coefficients)
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
