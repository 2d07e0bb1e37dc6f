package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// htmlFormat is a page that predicts by itself.
func htmlFormat() render.Format[*exportJob] {
	return render.Format[*exportJob]{
		Name: "html", Help: "one file to open in a browser: sizes, device, runtime and type are chosen there", Ext: []string{".html", ".htm"},
		Numbers: true, Several: true, Sizes: true, Write: writeHTML,
	}
}

// writeHTML writes a page of one model, or of several side by side.
func writeHTML(w io.Writer, j *exportJob) error {
	var reports []*report.Report
	for _, m := range j.models {
		reports = append(reports, m.report)
	}
	return j.writePage(w, j.env, reports)
}

// writePage writes the page of the models that the request made reports of.
func (q *modelRequest) writePage(w io.Writer, env *environment, reports []*report.Report) error {
	want, err := q.page(env)
	if err != nil {
		return err
	}
	var pages []page.Page
	for _, r := range reports {
		p, err := page.New(r, want)
		if err != nil {
			return err
		}
		pages = append(pages, p)
	}
	return page.Write(w, pages)
}

// page is what the request asks of a page.
func (q *modelRequest) page(env *environment) (page.Request, error) {
	out := page.Request{Options: q.options, Own: q.prediction.coefficients != "", Flags: q.pageFlags(), Setting: pageSettings(&q.prediction.settings)}
	if q.prediction.none {
		return out, nil
	}
	t, err := q.prediction.target(env)
	out.Target = &t
	return out, err
}

// pageFlags spells the flags that make analyze give the page's numbers, but for those of what is chosen on it.
func (q *modelRequest) pageFlags() string {
	var b strings.Builder
	if q.convention != graph.TwoMACPlusElementwise {
		fmt.Fprintf(&b, " --flops %s", q.convention)
	}
	if file := q.prediction.coefficients; file != "" {
		fmt.Fprintf(&b, " --coefficients %s", file)
	}
	for _, name := range slices.Sorted(maps.Keys(q.options.Values)) {
		list := strings.Trim(strings.ReplaceAll(fmt.Sprint(q.options.Values[name]), " ", ","), "[]")
		fmt.Fprintf(&b, " --value %s=%s", name, list)
	}
	return b.String()
}

// pageSettings spells the flags that set the device, by what sets the same on the page.
func pageSettings(o *predict.Options) []page.Setting {
	var out []page.Setting
	if o.PowerLimit != 0 {
		out = append(out, page.Setting{Key: "limit", Flag: fmt.Sprintf("--power-limit %v", float64(o.PowerLimit))})
	}
	if o.Clock != 0 {
		out = append(out, page.Setting{Key: "clock", Flag: fmt.Sprintf("--clock %vHz", float64(o.Clock))})
	}
	if o.Boundary != "" {
		out = append(out, page.Setting{Key: "host", Flag: fmt.Sprintf("--boundary %s", o.Boundary), Everywhere: o.HostWatts != nil || o.Boundary != energy.BoundaryWall})
	}
	if t := o.HostLaunch; t != nil {
		out = append(out, page.Setting{Key: "launch", Flag: fmt.Sprintf("--host-launch %vns", float64(*t)*1e9), Everywhere: true})
	}
	if w := o.HostWatts; w != nil {
		out = append(out, page.Setting{Key: "host", Flag: fmt.Sprintf("--host-watts %v", float64(*w)), Everywhere: true})
	}
	return out
}
