package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

// measurementFlags say what was measured, of the commands that fit to it; data and excluded are parts of their usage.
func measurementFlags(data, excluded string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "data", TakesFile: true, Usage: data},
		&cli.StringSliceFlag{Name: "model", TakesFile: true, Usage: "the file of a measured model, `NAME=FILE` (repeatable)"},
		&cli.StringSliceFlag{Name: "exclude", Usage: "leave out the measurements of the model `NAME`" + excluded + " (repeatable)"},
		&cli.StringFlag{Name: "device", Value: coefficients.TreesDevice, Usage: "the GPU that was measured, by `ID`"},
		oneOfFlag(cli.StringFlag{Name: "runtime", Value: profiles()[0], Usage: "runtime `PROFILE` of the measurements: WORDS"}, profiles()),
	}
}

// measurements is a file of measurements, read.
type measurements struct {
	path string
	kind measured.Kind
	text []byte
}

// readMeasurements reads a file and tells what it holds, which is one of those wanted.
func readMeasurements(env *environment, path string, wanted ...holding) (measurements, error) {
	in, err := openInput(env, path)
	if err != nil {
		return measurements{}, err
	}
	text, err := readAll(in, path)
	if err == nil {
		err = in.misread(unwanted(path, in.guard.begin, wanted), path, wanted...)
	}
	if err := errors.Join(err, in.Close()); err != nil {
		return measurements{}, err
	}
	return measurements{path, measured.KindOf(text), text}, nil
}

// unwanted is the error for a file that holds none of what is wanted; what is broken is for its reader to say.
func unwanted(path string, begin []byte, wanted []holding) error {
	h, known := heldBy(path, begin)
	if known && slices.Contains(wanted, h) || !known && len(topKeys(begin)) == 0 && slices.Contains([]string{"", "text", "a JSON file"}, onnx.LooksLike(path, begin)) {
		return nil
	}
	return fmt.Errorf("%s: no measurements: not %s", path, filesOf(wanted))
}

// readAllMeasurements reads files, each once: records or IrEne's trees.
func readAllMeasurements(env *environment, paths []string) ([]measurements, error) {
	var files []measurements
	for _, path := range paths {
		f, err := readMeasurements(env, path, ofRecords, ofTrees)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// commonKind is the one kind of all files: records, or else IrEne's trees, whose reader says what is wrong with other files.
func commonKind(files []measurements) (measured.Kind, error) {
	records, others := "", ""
	for _, f := range files {
		if f.kind == measured.KindRecords {
			records = f.path
		} else {
			others = f.path
		}
	}
	switch {
	case records != "" && others != "":
		return "", usagef("--data: %s holds records, %s does not: take one kind at a time", records, others)
	case records != "":
		return measured.KindRecords, nil
	}
	return measured.KindTrees, nil
}

func (f *measurements) trees() ([]*irene.Tree, error) {
	trees, err := irene.Read(bytes.NewReader(f.text), f.path)
	if err == nil && len(trees) == 0 {
		err = fmt.Errorf("%s: no measurements", f.path)
	}
	return trees, err
}

// readTrees reads files of IrEne's trees.
func readTrees(env *environment, paths []string) ([]*irene.Tree, error) {
	files, err := readAllMeasurements(env, paths)
	if err != nil {
		return nil, err
	}
	var all []*irene.Tree
	for i := range files {
		trees, err := files[i].trees()
		if err != nil {
			return nil, err
		}
		all = append(all, trees...)
	}
	return all, nil
}

func modelNames(trees []*irene.Tree) []string {
	var names []string
	for _, t := range trees {
		names = append(names, t.Model)
	}
	return names
}

// records reads records. A last line that a writer left unfinished is said and passed over.
func (f *measurements) records(env *environment) ([]energy.Record, error) {
	records, err := energy.ReadRecords(bytes.NewReader(f.text), f.path)
	torn, err := splitTorn(err)
	if torn != nil {
		fmt.Fprintf(env.stderr, "irene: warning: %v\n", torn)
	}
	return records, err
}

// readOperators reads files of measured operators.
func readOperators(env *environment, files []string) ([]operator.Operator, error) {
	var ops []operator.Operator
	for _, path := range files {
		more, err := readRows(env, path)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("%s: no measurements", path)
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

// readRows reads one file of operators. Rows that leave open what they measured are passed over, with a note for each reason.
func readRows(env *environment, path string) ([]operator.Operator, error) {
	in, err := openInput(env, path)
	if err != nil {
		return nil, err
	}
	var ops []operator.Operator
	notes := newRowNotes()
	err = operator.ReadRows(in, path, func(row operator.Row) error {
		if row.Unknown == "" {
			ops = append(ops, row.Operator)
		} else {
			notes.at(&row, row.Unknown+": passed over")
		}
		return nil
	})
	notes.say(env)
	return ops, errors.Join(in.misread(err, path, ofRows), in.Close())
}

func scopeFlag() cli.Flag {
	return oneOfFlag(
		cli.StringFlag{Name: "scope", DefaultText: "the one they have", Usage: "of records, take the energies of this `SCOPE`: WORDS"},
		spelled([]energy.Boundary{energy.BoundaryBoard, energy.BoundaryPackage, energy.BoundaryModule, energy.BoundaryWall}),
	)
}

// recordData is the data of files of records that the command line means.
func recordData(env *environment, ctx *cli.Context, files []measurements) (*fit.Data, error) {
	in := fit.Records{Exclude: ctx.StringSlice("exclude"), Boundary: energy.Boundary(ctx.String("scope"))}
	if list := ctx.StringSlice("model"); len(list) > 0 {
		return nil, usagef("--model %s: records hold the kernels of what they measured; no model's file is needed", list[0])
	}
	if ctx.IsSet("device") {
		in.Device = ctx.String("device")
	}
	if ctx.IsSet("runtime") {
		in.Profile = ctx.String("runtime")
	}
	var names []string
	for i := range files {
		records, err := files[i].records(env)
		if err != nil {
			return nil, err
		}
		for i := range records {
			names = append(names, records[i].Model)
		}
		in.Records = append(in.Records, records...)
		in.Files = append(in.Files, files[i].path)
	}
	if err := checkExcluded(in.Exclude, names); err != nil {
		return nil, err
	}
	return fit.FromRecords(in)
}

// treeData is the data of files of IrEne's trees, one for each device.
func treeData(env *environment, ctx *cli.Context, files []measurements, devices []energy.Device) ([]*fit.Data, error) {
	if ctx.IsSet("scope") {
		return nil, usagef("--scope is of records; IrEne's trees are of the plug")
	}
	paths, err := parseModels(ctx.StringSlice("model"))
	if err != nil {
		return nil, err
	}
	var sets []fit.Trees
	var names []string
	for i := range files {
		trees, err := files[i].trees()
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(sets, func(s fit.Trees) bool { return s.Device.ID == devices[i].ID })
		if at < 0 {
			at = len(sets)
			sets = append(sets, fit.Trees{Device: devices[i], Profile: ctx.String("runtime"), Exclude: ctx.StringSlice("exclude")})
		}
		sets[at].Trees, sets[at].Files = append(sets[at].Trees, trees...), append(sets[at].Files, files[i].path)
		names = append(names, modelNames(trees)...)
	}
	unknown := slices.DeleteFunc(slices.Clone(ctx.StringSlice("exclude")), func(name string) bool { return paths[name] != "" })
	if err := checkExcluded(unknown, names); err != nil {
		return nil, err
	}
	models := map[string]*graph.Graph{}
	var out []*fit.Data
	for _, set := range sets {
		set.Models = models
		if err := decodeModels(env, set, paths); err != nil {
			return nil, err
		}
		d, err := fit.FromTrees(set)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// parseModels reads --model flags: "bert-base-uncased=bert.onnx".
func parseModels(flags []string) (map[string]string, error) {
	files := map[string]string{}
	for _, f := range flags {
		name, file, ok := strings.Cut(f, "=")
		if !ok || name == "" || file == "" {
			return nil, usagef("--model %s: want NAME=FILE", f)
		}
		if _, twice := files[name]; twice {
			return nil, usagef("--model %s: given twice", name)
		}
		files[name] = file
	}
	return files, nil
}

// checkExcluded is a usage error where a name given by --exclude is none of the data's.
func checkExcluded(exclude, names []string) error {
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
	for _, name := range exclude {
		if !slices.Contains(names, name) {
			return usagef("--exclude %s: no such model in the data%s (models: %s)", name, meant(name, names), listing(names))
		}
	}
	return nil
}

// decodeModels reads the files of the models that trees speak of and that are not excluded.
func decodeModels(env *environment, set fit.Trees, paths map[string]string) error {
	for _, t := range set.Trees {
		path, given := paths[t.Model]
		if !given || set.Models[t.Model] != nil || slices.Contains(set.Exclude, t.Model) {
			continue
		}
		g, err := decodeModel(env, path)
		if err != nil {
			return err
		}
		set.Models[t.Model] = g
	}
	return nil
}
