package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

func depthFlag() cli.Flag {
	return &cli.IntFlag{Name: "depth", Value: -1, DefaultText: "about a screen", Usage: "show `N` levels of modules"}
}

func topFlag(def, usage string) cli.Flag {
	return &cli.IntFlag{Name: "top", Value: -1, DefaultText: def, Usage: usage}
}

func expandFlag() cli.Flag {
	return &cli.BoolFlag{Name: "expand", Usage: "show each of equal layers"}
}

// doubtsToo is what verboseFlag adds to what a model takes.
const doubtsToo = "say where the names of modules come from, and every doubt with its reason"

func verboseFlag(usage string) cli.Flag {
	return &cli.BoolFlag{Name: "verbose", Usage: usage}
}

func strictFlag() cli.Flag {
	return &cli.BoolFlag{Name: "strict", Usage: "fail where an operator's cost is not known"}
}

// notNegative refuses negative numbers of levels or entries.
func notNegative(ctx *cli.Context, flags ...string) error {
	for _, name := range flags {
		if ctx.IsSet(name) && ctx.Int(name) < 0 {
			return usagef("--%s %d: cannot be negative", name, ctx.Int(name))
		}
	}
	return nil
}

// parseMetrics reads --metric: names of the table, separated by commas, each once.
func parseMetrics(list string, table []string) ([]string, error) {
	var out []string
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if err := oneOf("metric", name, table); err != nil {
			return nil, err
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// selectModules finds the modules of every --module.
func selectModules(r *report.Report, patterns []string) ([]*report.Module, error) {
	var out []*report.Module
	for _, pattern := range patterns {
		found, err := findModules(r, "--module "+pattern, pattern)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// findModules is a usage error where no module matches.
func findModules(r *report.Report, flag, pattern string) ([]*report.Module, error) {
	found := r.Find(pattern)
	if len(found) > 0 {
		return found, nil
	}
	var paths []string
	r.Tree.Walk(func(m *report.Module) {
		if m.Path != "" {
			paths = append(paths, m.Path)
		}
	})
	hint := meant(pattern, paths)
	if hint == "" {
		hint = "; --depth shows more levels of them"
	}
	return nil, usagef("%s: no module matches%s", flag, hint)
}

// unknownError says what --strict found.
func unknownError(r *report.Report) error {
	var list []string
	total := 0
	for _, k := range r.Unknown {
		list = append(list, fmt.Sprintf("%s ×%d (%s)", k.Op, k.Count, k.Why))
		total += k.Count
	}
	return fmt.Errorf("%s: the cost of %s is not known: %s", r.Model.File, render.Plural(total, "operator"), listing(list))
}
