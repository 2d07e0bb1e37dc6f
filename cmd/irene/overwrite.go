package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/graph"
)

// outputFile is a file that a command writes, and the flag that names it as it was given.
type outputFile struct{ flag, path string }

// outputNames are the flags that name such files.
var outputNames = []string{"output", junitName}

// namedOutputs are the files that a command line has written; standard output is none.
func namedOutputs(ctx *cli.Context) []outputFile {
	var out []outputFile
	for _, name := range outputNames {
		if path := ctx.String(name); !isStdout(path) {
			flag := "--" + name
			if name == "output" {
				flag = "-o"
			}
			out = append(out, outputFile{flag, path})
		}
	}
	return out
}

// keepInputs refuses an output that is a file which the command reads, by whatever name or link: it would be lost. So
// would one of two outputs that are the same.
func keepInputs(env *environment, ctx *cli.Context) error {
	for i, o := range env.outputs {
		for _, other := range env.outputs[:i] {
			if filepath.Clean(o.path) == filepath.Clean(other.path) || same(o.path, other.path) {
				return usagef("%s %s: %s writes it; write another file", o.flag, o.path, other.flag)
			}
		}
		if !isFile(o.path) {
			continue
		}
		for _, in := range namedInputs(ctx) {
			if in == "-" && sameAsStream(o.path, env.stdin) {
				return usagef("%s %s: standard input is read from it; write another file", o.flag, o.path)
			}
			if same(o.path, in) {
				return &lostInputError{o, in}
			}
		}
	}
	return nil
}

// keepModel is keepInputs for a model at path, which may stand in a list or a folder that is named, and for the files that
// it keeps its weights in.
func keepModel(env *environment, g *graph.Graph, path string) error {
	if path == "-" {
		return nil
	}
	for _, o := range env.outputs {
		if !isFile(o.path) {
			continue
		}
		if same(o.path, path) {
			return &lostInputError{o, path}
		}
		if file := weightsIn(g, path, o.path); file != "" {
			return &lostInputError{o, file}
		}
	}
	return nil
}

// weightsIn is output by the name under which the model at path keeps weights in it; "" where it keeps none there.
func weightsIn(g *graph.Graph, path, output string) string {
	seen := map[string]bool{}
	for _, v := range g.Values {
		if v.Init == nil || v.Init.External == nil || seen[v.Init.External.Location] {
			continue
		}
		seen[v.Init.External.Location] = true
		if file := filepath.Join(filepath.Dir(path), v.Init.External.Location); same(output, file) {
			return file
		}
	}
	return ""
}

// lostInputError says that a command reads the file that it is to write.
type lostInputError struct {
	output outputFile
	in     string
}

// Error says which file it is, by both names.
func (e *lostInputError) Error() string {
	if e.output.path == e.in {
		return fmt.Sprintf("%s %s: the command reads it; write another file", e.output.flag, e.output.path)
	}
	return fmt.Sprintf("%s %s: it is %s, which the command reads; write another file", e.output.flag, e.output.path, e.in)
}

// Unwrap makes it a usage error.
func (e *lostInputError) Unwrap() error { return &usageError{e.Error()} }

// isFile reports whether there is a file of that name that could be lost.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// namedInputs are the files that a command line names, other than its output: the arguments and what flags take that
// read files, with and without a NAME= before or a =DEVICE behind.
func namedInputs(ctx *cli.Context) []string {
	words := ctx.Args().Slice()
	for _, f := range ctx.Command.Flags {
		name := f.Names()[0]
		switch many, takesFile := fileFlag(f); {
		case !takesFile || slices.Contains(outputNames, name):
		case many:
			words = append(words, ctx.StringSlice(name)...)
		default:
			words = append(words, ctx.String(name))
		}
	}
	var out []string
	for _, w := range words {
		out = append(out, w)
		if i := strings.IndexByte(w, '='); i >= 0 {
			out = append(out, w[i+1:], w[:strings.LastIndexByte(w, '=')])
		}
	}
	return out
}

// fileFlag reports whether a flag takes a file, and whether it takes many.
func fileFlag(f cli.Flag) (many, takesFile bool) {
	switch f := f.(type) {
	case *cli.StringFlag:
		return false, f.TakesFile
	case *cli.StringSliceFlag:
		return true, f.TakesFile
	case *wordFlag:
		return false, f.TakesFile
	}
	return false, false
}

// same reports whether two paths are one file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// sameAsStream reports whether a stream flows from the file at path.
func sameAsStream(path string, in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	x, err := f.Stat()
	if err != nil {
		return false
	}
	y, err := os.Stat(path)
	return err == nil && os.SameFile(x, y)
}
