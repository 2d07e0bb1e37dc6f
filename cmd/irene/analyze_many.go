package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/folder"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// manyFlags say which models analyze takes a line each of.
func manyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "files-from", TakesFile: true, Usage: "analyze the models whose paths are the lines of `FILE` (- is standard input), too: a line a model"},
		&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, DefaultText: "one a processor", Usage: "analyze `N` models at once: a line a model, in the order given"},
	}
}

// ofOneModel are the flags of analyze that a line has no place for.
var ofOneModel = []string{"depth", "top", "module", "sort", "values", "expand", "verbose", "measured", "mode"}

// isMany reports whether analyze writes a line a model: where there are several, or may be.
func isMany(ctx *cli.Context) bool {
	return ctx.NArg() != 1 || ctx.IsSet("files-from") || ctx.IsSet("jobs") || folder.IsFolder(ctx.Args().First())
}

// many analyzes models side by side.
type many struct {
	modelRequest
	assertions []condition
	junit      string // file of the assertions; "" for none
	env        *environment
	files      []string
	filesFrom  string
	jobs       int
	format     render.Format[report.Lines]
	strict     bool
	target     *predict.Target // nil where nothing is predicted
}

// candidate is a model to analyze.
type candidate struct {
	file string
	part folder.Part // zero for a file that was given by itself
	err  error       // why there is none
}

// outcome is what came of one.
type outcome struct {
	line     *report.Line
	checks   []check
	warnings string   // for standard error
	bound    []string // flags --dim and --value that had a say
	failed   bool
	lost     error // the output would be written over the model
}

// runAnalyzeMany writes a line for each model. A model that fails is a line with its error, and the rest goes on.
func runAnalyzeMany(env *environment, ctx *cli.Context) error {
	q, err := parseMany(env, ctx)
	if err != nil {
		return err
	}
	if len(q.files) == 1 && q.filesFrom == "" && folder.IsFolder(q.files[0]) { // nothing but the folder can be wrong
		if _, err := folder.Parts(q.files[0]); err != nil {
			return err
		}
	}
	list := &candidates{many: q}
	var models, failed, unmet int
	bound := map[string]bool{}
	var suites []render.JUnitSuite
	err = streamOutput(env, q.output, func(w io.Writer) error {
		var lost error
		err := q.format.Write(w, func(yield func(*report.Line) bool) {
			for o := range inOrder(q.jobs, list.all(), q.analyze) {
				if lost = o.lost; lost != nil {
					return
				}
				models++
				if o.failed {
					failed++
				}
				if len(o.line.Failed) > 0 {
					unmet++
				}
				for _, name := range o.bound {
					bound[name] = true
				}
				if q.junit != "" {
					suites = append(suites, o.suite())
				}
				io.WriteString(env.stderr, o.warnings)
				if !yield(o.line) {
					return
				}
			}
		})
		return cmp.Or(err, lost, list.err)
	})
	if err != nil {
		return err
	}
	if err := writeJUnit(env, q.junit, suites); err != nil {
		return err
	}
	return q.verdict(models, failed, unmet, bound)
}

func parseMany(env *environment, ctx *cli.Context) (*many, error) {
	q := &many{env: env, files: ctx.Args().Slice(), filesFrom: ctx.String("files-from"), jobs: runtime.GOMAXPROCS(0), strict: ctx.Bool("strict")}
	if len(q.files) == 0 && q.filesFrom == "" {
		return nil, usagef("analyze needs MODEL (irene analyze --help)")
	}
	for _, f := range ofOneModel {
		if ctx.IsSet(f) {
			return nil, usagef("--%s: of one model; several models, folders, --files-from and --jobs give a line a model", f)
		}
	}
	if ctx.IsSet("jobs") {
		if q.jobs = ctx.Int("jobs"); q.jobs < 1 {
			return nil, usagef("--jobs %d: want at least 1", q.jobs)
		}
	}
	if slices.Contains(q.files, "-") && (len(q.files) > 1 || q.filesFrom == "-") {
		return nil, usagef("-: standard input holds one model; --files-from - reads the paths of models")
	}
	var err error
	if q.modelRequest, err = parseModel(ctx); err != nil {
		return nil, err
	}
	if q.assertions, err = assertions().parse(ctx.StringSlice("assert")); err != nil {
		return nil, err
	}
	if q.junit, err = parseJUnit(ctx, "assert"); err != nil {
		return nil, err
	}
	if q.format, err = chooseFormat(report.LineFormats(), ctx.String("format"), q.output); err != nil {
		return nil, err
	}
	if q.options.Symbolic && q.format.Numbers {
		return nil, usagef("--symbolic: a line of %s has no place for expressions; json and csv have", q.format.Name)
	}
	if q.prediction.none || q.options.Symbolic {
		return q, nil
	}
	t, err := q.prediction.target(env)
	q.target = &t
	return q, err
}

// verdict is what the command ends with when all lines are written.
func (q *many) verdict(models, failed, unmet int, bound map[string]bool) error {
	if models == 0 {
		return fmt.Errorf("%s: names no model", q.filesFrom)
	}
	var nowhere []string
	for _, name := range q.names() {
		if !bound[name] {
			nowhere = append(nowhere, name)
		}
	}
	var asserted error
	if unmet > 0 {
		asserted = &assertionError{[]string{fmt.Sprintf("assertions failed: of %d of %s", unmet, render.Plural(models, "model"))}}
	}
	switch {
	case failed == 0 && len(nowhere) > 0:
		return usagef("--dim or --value %s: no model has it", strings.Join(nowhere, ", "))
	case failed == 0:
		return asserted
	case asserted != nil:
		fmt.Fprintf(q.env.stderr, "irene: %v\n", asserted)
	}
	return fmt.Errorf("%d of %s failed; their lines say why", failed, render.Plural(models, "model"))
}

// names are those of the flags --dim and --value.
func (q *many) names() []string {
	return append(slices.Sorted(maps.Keys(q.options.Dims)), slices.Sorted(maps.Keys(q.options.Values))...)
}

// candidates lists the models that were asked for. Err is what kept it from reading all of a list.
type candidates struct {
	*many
	err error
}

// all are the models given as arguments, then those of --files-from, those of folders in the folder's place.
func (c *candidates) all() iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		for _, file := range c.files {
			if !expand(file, yield) {
				return
			}
		}
		if c.filesFrom != "" {
			_, c.err = readInput(c.env, c.filesFrom, func(in io.Reader, path string) (struct{}, error) {
				return struct{}{}, eachPath(in, path, yield)
			})
		}
	}
}

// eachPath reads a path a line.
func eachPath(in io.Reader, path string, yield func(candidate) bool) error {
	list := bufio.NewReaderSize(in, 4096)
	begin, _ := list.Peek(4096)
	if what := onnx.LooksLike("", begin); what != "" && what != "text" {
		return fmt.Errorf("%s: it looks like %s, it should hold paths of models, a line each", path, what)
	}
	lines := bufio.NewScanner(list)
	n := 0
	for lines.Scan() {
		n++
		switch file := strings.TrimSuffix(lines.Text(), "\r"); {
		case file == "":
		case file == "-":
			if !yield(candidate{file: file, err: fmt.Errorf("%s:%d: -: standard input is no model of a list", path, n)}) {
				return nil
			}
		case !expand(file, yield):
			return nil
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%s:%d: more than %d bytes are no path", path, n+1, bufio.MaxScanTokenSize)
	case err != nil:
		return fmt.Errorf("%s:%d: %w", path, n+1, bare(err))
	}
	return nil
}

// expand yields a file, or the parts of a model in a folder.
func expand(file string, yield func(candidate) bool) bool {
	if !folder.IsFolder(file) {
		return yield(candidate{file: file})
	}
	parts, err := folder.Parts(file)
	if err != nil {
		return yield(candidate{file: file, err: err})
	}
	for _, p := range parts {
		if !yield(candidate{file: p.File, part: p}) {
			return false
		}
	}
	return true
}

// analyze does one model. It never panics: one model's fault is its own.
func (q *many) analyze(c candidate) (o *outcome) {
	o = &outcome{line: report.NewLine(report.Version(), c.file)}
	o.line.Tariff = q.tariff
	o.line.Part, o.line.Variant = render.Text(c.part.Role), render.Text(c.part.Variant)
	err := c.err
	defer func() {
		if v := recover(); v != nil {
			err = internalError(v, debug.Stack())
		}
		if err != nil {
			o.failed = true
			o.line.Error = render.Text(strings.TrimPrefix(oneLine(err.Error()), oneLine(c.file)+": "))
		}
	}()
	if err == nil {
		err = q.fill(o, c)
	}
	var lost *lostInputError
	if errors.As(err, &lost) {
		o.lost = lost
	}
	return o
}

func (q *many) fill(o *outcome, c candidate) error {
	g, err := decodeModel(q.env, c.file)
	if err != nil {
		return err
	}
	r, bound, err := q.reportOn(g, c.part.Role != "")
	o.bound = bound
	if err != nil {
		return err
	}
	o.line.Fill(r)
	var said bytes.Buffer
	if o.checks, err = judge(r, q.assertions); err != nil {
		return err
	}
	for _, k := range o.checks {
		for _, f := range k.failures {
			fmt.Fprintf(&said, "irene: %s: assertion failed: %s\n", oneLine(c.file), oneLine(f))
			o.line.Failed = append(o.line.Failed, f)
		}
	}
	o.warnings = said.String()
	if q.strict && len(r.Unknown) > 0 {
		return unknownError(r)
	}
	return nil
}

// reportOn builds the report of a graph. A part of a model takes those of --dim and --value that it has; bound are the
// names that it took.
func (q *many) reportOn(g *graph.Graph, part bool) (r *report.Report, bound []string, err error) {
	options := q.options
	if part {
		options.Dims, options.Values = maps.Clone(options.Dims), maps.Clone(options.Values)
		maps.DeleteFunc(options.Dims, func(name string, _ int64) bool { return !has(g, name) })
		maps.DeleteFunc(options.Values, func(name string, _ []float64) bool { return !hasInput(g, name) })
	}
	bound = append(slices.Sorted(maps.Keys(options.Dims)), slices.Sorted(maps.Keys(options.Values))...)
	a, err := derive(g, options)
	if err != nil {
		return nil, bound, err
	}
	var result *predict.Result
	if q.target != nil {
		if result, err = q.target.Run(a); err != nil {
			return nil, bound, err
		}
	}
	return q.build(a, result), bound, nil
}
