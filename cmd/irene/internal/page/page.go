package page

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

//go:embed html
var htmlFiles embed.FS

// scripts are the parts of the page's program, in their order.
var scripts = []string{
	"overlap_waits.js", "overlap.js", "engine.js", "dom.js", "text.js", "page.js", "tree.js", "controls.js", "answer.js", "icicle.js", "table.js", "detail.js", "report.js", "paired.js", "ranking.js", "compare.js",
}

// htmlText is what the template reads.
type htmlText struct {
	Title, Version string
	Policy         string
	Style          template.CSS
	Scripts        []template.JS
	Data           template.JS
	Pages          []htmlSummary
}

// htmlSummary is what the page says of a model where no script runs.
type htmlSummary struct {
	File  string
	Notes []htmlNote
}

type htmlNote struct{ Key, Text string }

// Write writes one file that shows the models, and predicts them anew at any sizes and on any of their devices. It
// asks nothing of the network, which its content security policy makes sure of.
func Write(w io.Writer, pages []Page) error {
	text, err := htmlPage(pages)
	if err != nil {
		return err
	}
	t, err := template.ParseFS(htmlFiles, "html/report.html.tmpl")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, text); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

func htmlPage(pages []Page) (*htmlText, error) {
	style, err := Style()
	if err != nil {
		return nil, err
	}
	data, err := htmlData(pages)
	if err != nil {
		return nil, err
	}
	out := &htmlText{Style: template.CSS(style), Data: template.JS(data)}
	for _, name := range scripts {
		script, err := htmlFiles.ReadFile("html/" + name)
		if err != nil {
			return nil, err
		}
		out.Scripts = append(out.Scripts, template.JS(script))
	}
	if out.Policy, err = Policy(); err != nil {
		return nil, err
	}
	var titles []string
	for i := range pages {
		r := pages[i].report
		out.Version = r.Version
		titles = append(titles, shortFile(r.Model.File))
		s := htmlSummary{File: shortFile(r.Model.File)}
		for _, n := range append(r.HeadNotes(), r.AnswerNotes()...) {
			s.Notes = append(s.Notes, htmlNote{n.Key, render.Clean(n.Text)})
		}
		out.Pages = append(out.Pages, s)
	}
	out.Title = strings.Join(titles, ", ")
	if len(titles) == 2 {
		out.Title = strings.Join(titles, " and ")
	}
	return out, nil
}

// shortFile is a file's name without folders and compression.
func shortFile(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".gz")
}
