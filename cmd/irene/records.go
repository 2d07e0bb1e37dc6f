package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
)

func recordsCommand() command {
	return command{
		name:    "records",
		summary: "look at records of measurements, check, choose, merge and convert them",
		args:    "FILE…",
		min:     1,
		max:     math.MaxInt,
		details: `Records are JSON Lines; irene profile writes them. Without --output, what is chosen of them is listed; with it, it is
   written as records. Files may be compressed with gzip.

     irene records h200.jsonl
     irene records h200.jsonl --check
     irene records h200.jsonl --filter level=operator --filter op=MatMul --filter batch=8 --format csv
     irene records shard-1.jsonl shard-2.jsonl --drift --merge -o h200.jsonl

   --filter takes ` + filterHelp() + `
   or the name of a dim; != for =, and * for any text. A record is chosen if all filters hold.

   IrEne's published trees become records, and records trees:

     irene records device_1.jsonl.gz --from-irene --device gtx-1070 -o published.jsonl
     irene records h200.jsonl --to-irene -o trees.jsonl`,
		flags: func() []cli.Flag {
			return []cli.Flag{
				&cli.StringSliceFlag{Name: "filter", Usage: "only records for which `KEY=VALUE` holds (repeatable)"},
				&cli.BoolFlag{Name: "check", Usage: "look for lines that are no records and for numbers that cannot be", DisableDefaultText: true},
				&cli.BoolFlag{Name: "drift", Usage: "take out how the machine drifted, told by the anchors of each session", DisableDefaultText: true},
				&cli.BoolFlag{Name: "merge", Usage: "make one record of all usable ones of the same measurement: medians", DisableDefaultText: true},
				&cli.BoolFlag{Name: "to-irene", Usage: "write trees in the format of IrEne's published measurements", DisableDefaultText: true},
				&cli.BoolFlag{Name: "from-irene", Usage: "read such trees", DisableDefaultText: true},
				&cli.StringFlag{Name: "device", Usage: "with --from-irene: the GPU that was measured, by `ID`"},
				oneOfFlag(cli.StringFlag{Name: "energies", Value: string(energy.BoundaryWall), Usage: "with --from-irene: take the energies at this `BOUNDARY`: WORDS"}, []string{string(energy.BoundaryWall), string(energy.BoundaryBoard)}),
				oneOfFlag(cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: WORDS"}, []string{"text", "json", "csv"}),
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write records, or trees, to `FILE`, whole or not at all (- is standard output)"},
			}
		},
		run: runRecords,
	}
}

func runRecords(env *environment, ctx *cli.Context) error {
	if err := checkRecordFlags(ctx); err != nil {
		return err
	}
	filters, err := parseFilters(ctx.StringSlice("filter"))
	if err != nil {
		return err
	}
	if ctx.Bool("check") {
		return checkRecordFiles(env, ctx.Args().Slice(), ctx.String("format"))
	}
	list, err := readRecordFiles(env, ctx)
	if err != nil {
		return err
	}
	if list, err = filterRecords(list, filters); err != nil {
		return err
	}
	if ctx.Bool("drift") {
		var report energy.DriftReport
		list, report = energy.CorrectDrift(list)
		fmt.Fprint(env.stderr, driftText(report))
	}
	if ctx.Bool("merge") {
		before := len(list)
		var unusable int
		list, unusable = energy.Combine(list)
		fmt.Fprintf(env.stderr, "irene: %s made of %d; %d not usable and left out\n", render.Plural(len(list), "record"), before, unusable)
	}
	switch output := ctx.String("output"); {
	case ctx.Bool("to-irene"):
		return writeTrees(env, list, output)
	case output != "":
		return writeRecords(env, list, output)
	}
	return writeOutput(env, "", listRecords(env.screen, list, ctx.String("format")))
}

// checkRecordFlags refuses flags that do not go together.
func checkRecordFlags(ctx *cli.Context) error {
	output := ctx.String("output")
	if ctx.Bool("check") {
		for _, other := range []string{"filter", "drift", "merge", "to-irene", "from-irene", "output"} {
			if ctx.IsSet(other) {
				return usagef("--check looks at whole files of records; it does not go with --%s", other)
			}
		}
	}
	switch from := ctx.Bool("from-irene"); {
	case from && ctx.String("device") == "":
		return usagef("--from-irene needs --device ID: the GPU that was measured")
	case !from && (ctx.IsSet("device") || ctx.IsSet("energies")):
		return usagef("--device and --energies go with --from-irene; --filter device=ID chooses records")
	case ctx.Bool("to-irene") && output == "":
		return usagef("--to-irene needs --output FILE (- is standard output)")
	case output != "" && ctx.IsSet("format"):
		return usagef("--format is of the list; --output writes records or trees")
	}
	return nil
}

// readRecordFiles reads all files. An end that an interrupted writer left is said and passed over.
func readRecordFiles(env *environment, ctx *cli.Context) ([]energy.Record, error) {
	if ctx.Bool("from-irene") {
		return readTreesAsRecords(env, ctx)
	}
	var list []energy.Record
	for _, path := range ctx.Args().Slice() {
		in, err := openInput(env, path)
		if err != nil {
			return nil, err
		}
		more, err := energy.ReadRecords(in, path)
		torn, bad := splitTorn(err)
		if err := errors.Join(in.misread(bad, path, ofRecords), in.Close()); err != nil {
			return nil, err
		}
		if torn != nil {
			fmt.Fprintf(env.stderr, "irene: %v\n", torn)
		}
		list = append(list, more...)
	}
	return list, nil
}

// splitTorn takes the torn last line out of an error of ReadRecords.
func splitTorn(err error) (torn *energy.TornTailError, rest error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil, err
	}
	for _, e := range joined.Unwrap() {
		if tail, ok := e.(*energy.TornTailError); ok {
			torn = tail
		} else {
			rest = errors.Join(rest, e)
		}
	}
	return torn, rest
}

func readTreesAsRecords(env *environment, ctx *cli.Context) ([]energy.Record, error) {
	dev, err := lookupDevice(ctx.String("device"))
	if err != nil {
		return nil, err
	}
	trees, err := readTrees(env, ctx.Args().Slice())
	if err != nil {
		return nil, err
	}
	var list []energy.Record
	for _, t := range trees {
		list = append(list, irene.Records(t, energy.RecordDevice{ID: dev.ID}, energy.Boundary(ctx.String("energies")))...)
	}
	return list, nil
}

// writeRecords writes records as the profiler does, a line each.
func writeRecords(env *environment, list []energy.Record, output string) error {
	var b bytes.Buffer
	for i := range list {
		if err := energy.WriteRecord(&b, list[i]); err != nil {
			return err
		}
	}
	return writeOutput(env, output, b.Bytes())
}

// writeTrees writes the trees that the records make, and says what did not become part of them.
func writeTrees(env *environment, list []energy.Record, output string) error {
	trees, omitted, err := irene.Trees(list)
	if err != nil {
		return fmt.Errorf("%w; a file of trees is of one: --filter device=ID", err)
	}
	for _, o := range []struct {
		n   int
		why string
	}{
		{omitted.Unusable, "left out: flagged as not usable"},
		{omitted.NoSize, "left out: no batch size and sequence length, or measured within a model"},
		{omitted.NoModel, "left out: the model was not measured as a whole at these sizes"},
		{omitted.Again, "left out: the place has a node already"},
		{omitted.InLeaf, "left out: within a module that is a leaf"},
		{omitted.Board, "without energy at the plug for the whole tree: ground_truth_energy is the device's"},
	} {
		if o.n > 0 {
			fmt.Fprintf(env.stderr, "irene: %s %s\n", render.Plural(o.n, "record"), o.why)
		}
	}
	if omitted.Incomplete > 0 {
		fmt.Fprintf(env.stderr, "irene: %s whose children have less than 95 %% of the FLOPs: equal modules are measured once, and stand at one place\n", render.Plural(omitted.Incomplete, "node"))
	}
	if len(trees) == 0 {
		return errors.New("no tree: a tree needs a record of the whole model, with a batch and a sequence among its dims")
	}
	var b bytes.Buffer
	if err := irene.Write(&b, trees...); err != nil {
		return err
	}
	return writeOutput(env, output, b.Bytes())
}

// driftText says a line for each session.
func driftText(report energy.DriftReport) string {
	var b strings.Builder
	for _, s := range report.Sessions {
		fmt.Fprintf(&b, "irene: session %s: %s in %s: at most %s in time, %s in energy; %s corrected, %d flagged, %d left as they were\n",
			s.Session, render.Plural(s.Anchors, "anchor"), render.Plural(s.Rounds, "round"), percentOff(s.Time), percentOff(s.Energy),
			render.Plural(s.Corrected, "record"), s.Flagged, s.Untouched)
	}
	if len(report.Sessions) == 0 {
		b.WriteString("irene: no session has anchors: drift is unknown, nothing is corrected\n")
	}
	return b.String()
}

func percentOff(ratio *float64) string {
	if ratio == nil {
		return "?"
	}
	return fmt.Sprintf("%+.1f %%", 100*(*ratio-1))
}
