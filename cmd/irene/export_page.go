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
	"github.com/irene-onnx/irene/graph"
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
	out := page.Request{Options: q.options, Own: q.prediction.coefficients != "", Flags: q.pageFlags()}
	if q.prediction.none {
		return out, nil
	}
	t, err := q.prediction.target(env)
	out.Target = &t
	return out, err
}

// pageFlags spells the flags that make analyze give the page's numbers.
func (q *modelRequest) pageFlags() string {
	var b strings.Builder
	if q.convention != graph.TwoMACPlusElementwise {
		fmt.Fprintf(&b, " --flops %s", q.convention)
	}
	if as := q.options.As; as != "" {
		fmt.Fprintf(&b, " --as %s", as)
	}
	if c := q.prediction.coefficients; c != "" {
		fmt.Fprintf(&b, " --coefficients %s", c)
	}
	if p := q.prediction.settings.Profile; p != "" {
		fmt.Fprintf(&b, " --runtime %s", p)
	}
	b.WriteString(settingsText(&q.prediction.settings))
	for _, name := range slices.Sorted(maps.Keys(q.options.Values)) {
		list := strings.Trim(strings.ReplaceAll(fmt.Sprint(q.options.Values[name]), " ", ","), "[]")
		fmt.Fprintf(&b, " --value %s=%s", name, list)
	}
	return b.String()
}
