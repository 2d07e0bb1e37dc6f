package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/graph"
)

// keepInputs refuses an output that is a file which the command reads, by whatever name or link: it would be lost.
func keepInputs(env *environment, ctx *cli.Context) error {
	if !isFile(env.output) {
		return nil
	}
	for _, in := range namedInputs(ctx) {
		if in == "-" && sameAsStream(env.output, env.stdin) {
			return usagef("-o %s: standard input is read from it; write another file", env.output)
		}
		if same(env.output, in) {
			return lostInput(env.output, in)
		}
	}
	return nil
}

// keepModel is keepInputs for a model at path, which may stand in a list or a folder that is named, and for the files that
// it keeps its weights in.
func keepModel(env *environment, g *graph.Graph, path string) error {
	if path == "-" || !isFile(env.output) {
		return nil
	}
	if same(env.output, path) {
		return lostInput(env.output, path)
	}
	seen := map[string]bool{}
	for _, v := range g.Values {
		if v.Init == nil || v.Init.External == nil || seen[v.Init.External.Location] {
			continue
		}
		seen[v.Init.External.Location] = true
		if file := filepath.Join(filepath.Dir(path), v.Init.External.Location); same(env.output, file) {
			return lostInput(env.output, file)
		}
	}
	return nil
}

// lostInputError says that a command reads the file that it is to write.
type lostInputError struct{ output, in string }

// Error says which file it is, by both names.
func (e *lostInputError) Error() string {
	if e.output == e.in {
		return fmt.Sprintf("-o %s: the command reads it; write another file", e.output)
	}
	return fmt.Sprintf("-o %s: it is %s, which the command reads; write another file", e.output, e.in)
}

// Unwrap makes it a usage error.
func (e *lostInputError) Unwrap() error { return &usageError{e.Error()} }

func lostInput(output, in string) error { return &lostInputError{output, in} }

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
		case !takesFile || name == "output":
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
