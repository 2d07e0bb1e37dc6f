package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/export"
	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

func exportCommand() command {
	return command{
		name:    "export",
		summary: "the model with its costs, for other programs: browsers, Graphviz, pprof, Model Explorer, ONNX, spreadsheets",
		args:    "MODEL",
		min:     1,
		max:     page.Most,
		details: exportDetails(),
		flags:   exportFlags,
		run:     runExport,
	}
}

func exportDetails() string {
	var b strings.Builder
	b.WriteString("The format is that of the output file's extension, unless --format names one:\n\n")
	for _, f := range exportFormats() {
		fmt.Fprintf(&b, "     %-15s %-15s %s\n", f.Name, strings.Join(f.Ext, " "), f.Help)
	}
	b.WriteString(`
   Pictures show modules as nested boxes, darker where more energy goes. Without --depth modules are opened as far as a
   page has room for, and operators that cost nothing are left out; --depth N opens N levels and draws everything, modules
   below are one box each. --focus shows one module and what is --radius steps around it.

     irene export bert.onnx -o bert.svg
     irene export bert.onnx -o bert.html
     irene export bert.onnx distilbert.onnx -o both.html
     irene export bert.onnx -o layer.svg --focus encoder.layer.0 --depth 9
     irene export bert.onnx -o bert.pb.gz && go tool pprof -top -cum bert.pb.gz`)
	return b.String()
}

func exportFlags() []cli.Flag {
	own := []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, whole or not at all; - is standard output"},
		oneOfFlag(cli.StringFlag{Name: "format", DefaultText: "by the extension", Usage: "`FORMAT`: WORDS"}, render.FormatNames(exportFormats())),
		&cli.IntFlag{Name: "depth", Value: -1, DefaultText: "about a page", Usage: "open `N` levels of modules"},
		&cli.StringFlag{Name: "focus", Usage: "show the `MODULE` and its neighbours"},
		&cli.IntFlag{Name: "radius", Value: 1, Usage: "neighbours are `N` steps away or less"},
	}
	return append(own, predictedFlags()...)
}

// exportFormats is the table of formats for other programs.
func exportFormats() []render.Format[*exportJob] {
	var out []render.Format[*exportJob]
	for _, f := range export.Formats() {
		out = append(out, render.Format[*exportJob]{
			Name: f.Name, Help: f.Help, Ext: f.Ext, Levels: f.Levels, Picture: f.Picture, Numbers: f.Numbers,
			Write: func(w io.Writer, j *exportJob) error { return f.Write(w, j.models[0].report) },
		})
	}
	return append(out, htmlFormat(), onnxFormat())
}

// exportJob is what formats are written from; each takes what it needs of it.
type exportJob struct {
	*exportRequest
	env    *environment
	models []exportedModel
}

// exportedModel is a model with its report.
type exportedModel struct {
	path     string
	graph    *graph.Graph
	report   *report.Report
	annotate annotator
}

// exportRequest is what the flags of export ask for.
type exportRequest struct {
	modelRequest
	format render.Format[*exportJob]
	focus  string
	shown  report.View
}

func parseExport(ctx *cli.Context) (*exportRequest, error) {
	q := &exportRequest{focus: ctx.String("focus"), shown: report.View{Depth: ctx.Int("depth"), Top: -1, Radius: ctx.Int("radius")}}
	if ctx.String("output") == "" {
		hint := meantOutput(ctx.Args().Slice())
		if hint == "" {
			hint = ", such as -o report.html"
		}
		return nil, usagef("export needs -o FILE%s (- is standard output, with --format)", hint)
	}
	var err error
	if q.modelRequest, err = parseModel(ctx); err != nil {
		return nil, err
	}
	if q.format, err = exportFormat(ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	return q, q.check(ctx)
}

// check refuses flags that mean nothing to the format.
func (q *exportRequest) check(ctx *cli.Context) error {
	if err := notNegative(ctx, "depth", "radius"); err != nil {
		return err
	}
	f := q.format
	for _, x := range []struct {
		flag string
		fits bool
	}{{"depth", f.Levels}, {"focus", f.Picture}, {"radius", f.Picture}, {"symbolic", !f.Numbers}} {
		if ctx.IsSet(x.flag) && !x.fits {
			return usagef("--%s: the format %s has no place for it", x.flag, f.Name)
		}
	}
	if ctx.IsSet("measured") && f.Sizes {
		return usagef("--measured: a page calculates from the file alone, at any sizes")
	}
	if ctx.IsSet("radius") && q.focus == "" {
		return usagef("--radius %d: around what? --focus MODULE says", ctx.Int("radius"))
	}
	return nil
}

// exportFormat finds the format by its name, else by the extension of the output file.
func exportFormat(name, output string) (render.Format[*exportJob], error) {
	table := exportFormats()
	f, known := render.FormatOf(table, output)
	switch {
	case name != "":
		return chooseFormat(table, name, output)
	case known:
		return f, nil
	case output == "-":
		return f, usagef("-o -: which format? --format is one of %s", strings.Join(render.FormatNames(table), ", "))
	}
	all := extensions(table)
	ext := filepath.Ext(output)
	if ext == "" {
		return f, usagef("-o %s: no extension tells the format; one of %s, or --format NAME", output, strings.Join(all, " "))
	}
	return f, usagef("-o %s: no format has the extension %s; one of %s, or --format NAME", output, ext, strings.Join(all, " "))
}

// runExport analyzes and predicts as analyze does, and writes the model in another form.
func runExport(env *environment, ctx *cli.Context) error {
	want, err := parseExport(ctx)
	if err != nil {
		return err
	}
	if ctx.NArg() > 1 && !want.format.Several {
		return usagef("export takes one MODEL, got %q too; several go into the format html", ctx.Args().Get(1))
	}
	j := &exportJob{exportRequest: want, env: env}
	for _, path := range ctx.Args().Slice() {
		m := exportedModel{path: path}
		if m.graph, m.annotate, err = readExported(env, path); err != nil {
			return err
		}
		if _, m.report, err = want.report(env, m.graph); err != nil {
			return err
		}
		m.report.View = want.shown
		if want.focus != "" {
			if m.report.View.Focus, err = focusOn(m.report, want.focus); err != nil {
				return err
			}
		}
		j.models = append(j.models, m)
	}
	return streamOutput(env, want.output, func(w io.Writer) error { return want.format.Write(w, j) })
}

// focusOn finds the one module that a path or a pattern means.
func focusOn(r *report.Report, pattern string) (*report.Module, error) {
	found, err := findModules(r, "--focus "+pattern, pattern)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 1:
		return found[0], nil
	}
	for _, m := range found {
		if m.Path == pattern {
			return m, nil
		}
	}
	var paths []string
	for _, m := range found {
		paths = append(paths, m.Path)
	}
	return nil, usagef("--focus %s: it means %s; one can be in focus", pattern, listing(paths))
}

// annotator writes a model anew with what an annotation says.
type annotator func(io.Writer, onnx.Annotation) error

// readExported decodes a model, and says how its bytes are to be had again: a stream flows once.
func readExported(env *environment, path string) (*graph.Graph, annotator, error) {
	if path != "-" {
		g, err := decodeModel(env, path)
		return g, func(w io.Writer, a onnx.Annotation) error { return onnx.AnnotateFile(w, path, a) }, err
	}
	const name = "standard input"
	b, err := io.ReadAll(env.stdin)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	g, err := onnx.DecodeBytes(b, name, "", onnx.Options{})
	return g, func(w io.Writer, a onnx.Annotation) error { return onnx.AnnotateBytes(w, b, name, a) }, err
}
