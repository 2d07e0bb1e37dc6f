package main

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// junitName is the flag that has conditions written as tests.
const junitName = "junit"

// junitFlag goes beside the flag that takes the conditions.
func junitFlag(conditions string) cli.Flag {
	return &cli.StringFlag{Name: junitName, Usage: "write what came of --" + conditions + " to `FILE`, too, as tests in JUnit's XML"}
}

// parseJUnit is the file that --junit names; "" where it names none.
func parseJUnit(ctx *cli.Context, conditions string) (string, error) {
	file := ctx.String(junitName)
	switch ext := filepath.Ext(file); {
	case !ctx.IsSet(junitName):
		return "", nil
	case isStdout(file):
		return "", usagef("--junit: want a file; standard output is for the report")
	case isExtension(ext) && !strings.EqualFold(ext, ".xml"):
		return "", usagef("--junit %s: JUnit is XML; name a file that ends in .xml", file)
	case len(ctx.StringSlice(conditions)) == 0:
		return "", usagef("--junit %s: there is nothing to write without --%s", file, conditions)
	}
	return file, nil
}

// writeJUnit writes suites to the file of --junit; to none where it is "".
func writeJUnit(env *environment, file string, suites []render.JUnitSuite) error {
	if file == "" {
		return nil
	}
	return streamOutput(env, file, func(w io.Writer) error { return render.WriteJUnit(w, suites) })
}

// suitesOf are checks by the model that they are of, in order.
func suitesOf(checks []check) []render.JUnitSuite {
	var suites []render.JUnitSuite
	at := map[string]int{}
	for _, c := range checks {
		i, known := at[c.of]
		if !known {
			i = len(suites)
			at[c.of] = i
			suites = append(suites, render.JUnitSuite{Name: c.of})
		}
		suites[i].Cases = append(suites[i].Cases, render.JUnitCase{Name: c.name, Failures: c.failures})
	}
	return suites
}

// suite is what came of one of several models: its assertions, and what kept it from numbers.
func (o *outcome) suite() render.JUnitSuite {
	s := render.JUnitSuite{Name: o.line.File}
	for _, one := range suitesOf(o.checks) {
		s.Cases = append(s.Cases, one.Cases...)
	}
	if o.failed {
		s.Cases = append(s.Cases, render.JUnitCase{Name: "analyze", Error: string(o.line.Error)})
	}
	return s
}
