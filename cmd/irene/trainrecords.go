package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
)

// energyBoundaries lists what energies may cover.
func energyBoundaries() []string {
	return []string{string(energy.BoundaryBoard), string(energy.BoundaryPackage), string(energy.BoundaryModule), string(energy.BoundaryWall)}
}

func scopeFlag() cli.Flag {
	return &cli.StringFlag{Name: "scope", DefaultText: "the one they have", Usage: "of records, take the energies of this `SCOPE`: " + strings.Join(energyBoundaries(), ", ")}
}

// holdRecords says whether files of measurements hold records; else they hold IrEne's trees. The files are of one kind.
// Standard input is read to the end to find out, and is there again in the environment that is returned.
func holdRecords(env *environment, files []string) (bool, *environment, error) {
	held := *env
	if slices.Contains(files, "-") {
		data, err := io.ReadAll(env.stdin)
		if err != nil {
			return false, env, fmt.Errorf("standard input: %w", err)
		}
		held.stdin = bytes.NewReader(data)
		defer func() { held.stdin = bytes.NewReader(data) }()
	}
	var records, others []string
	for _, path := range files {
		is, err := holdsRecords(&held, path)
		switch {
		case err != nil: // whoever reads the file says what is wrong with it
			others = append(others, path)
		case is:
			records = append(records, path)
		default:
			others = append(others, path)
		}
	}
	if len(records) > 0 && len(others) > 0 {
		return false, &held, usagef("--data: %s holds records, %s does not: take one kind at a time", records[0], others[0])
	}
	return len(records) > 0, &held, nil
}

// holdsRecords looks at the first line of a file.
func holdsRecords(env *environment, path string) (is bool, err error) {
	in, err := openInput(env, path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	lines := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 {
			return bytes.Contains(text, []byte(`"schema"`)) && !bytes.Contains(text, []byte(`"frontend_tree"`)), nil
		}
		if err != nil {
			return false, nil
		}
	}
}

// readDataRecords reads files of records. A last line that a writer left unfinished is said and passed over.
func readDataRecords(env *environment, files []string) ([]energy.Record, error) {
	var all []energy.Record
	for _, path := range files {
		in, err := openInput(env, path)
		if err != nil {
			return nil, err
		}
		records, err := energy.ReadRecords(in, path)
		torn, err := splitTorn(err)
		if torn != nil {
			fmt.Fprintf(env.stderr, "irene: warning: %v\n", torn)
		}
		if err := errors.Join(err, in.Close()); err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

// recordInput reads the flags that train and validate share, and the records.
func recordInput(env *environment, ctx *cli.Context) (in fit.RecordInput, err error) {
	in.Data, in.Exclude, in.Boundary = ctx.StringSlice("data"), ctx.StringSlice("exclude"), energy.Boundary(ctx.String("scope"))
	if in.Boundary != "" {
		if err := oneOf("scope", string(in.Boundary), energyBoundaries()); err != nil {
			return in, err
		}
	}
	if list := ctx.StringSlice("model"); len(list) > 0 {
		return in, usagef("--model %s: records hold the kernels of what they measured; no model's file is needed", list[0])
	}
	if ctx.IsSet("device") {
		in.Device = ctx.String("device")
	}
	if ctx.IsSet("runtime") {
		in.Profile = ctx.String("runtime")
		if err := oneOf("runtime", in.Profile, runtimes()); err != nil {
			return in, err
		}
	}
	if in.Records, err = readDataRecords(env, in.Data); err != nil {
		return in, err
	}
	var names []string
	for i := range in.Records {
		if name := in.Records[i].Model; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range in.Exclude {
		if !slices.Contains(names, name) {
			return in, usagef("--exclude %s: no such model in the data%s (models: %s)", name, meant(name, names), listing(names))
		}
	}
	return in, nil
}

// runTrainRecords fits coefficients to records, and says how well they fit on standard error.
func runTrainRecords(env *environment, ctx *cli.Context) error {
	if len(ctx.StringSlice("operators")) > 0 {
		return usagef("--operators: rows of operators stand beside IrEne's trees; records hold operators themselves")
	}
	if from := ctx.String("from"); from != "" {
		return usagef("--from %s: adapting takes --operators ROWS, and no --data", from)
	}
	if ctx.String("output") == "" {
		return usagef("train needs --output FILE (- is standard output)")
	}
	in, err := recordInput(env, ctx)
	if err != nil {
		return err
	}
	p := startProgress(env, "train", 0)
	c, report, err := fit.TrainRecords(in)
	p.stop()
	if err != nil {
		return err
	}
	return writeCoefficients(env, ctx, c, report)
}
