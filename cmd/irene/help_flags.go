package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagGroups are the parts of a command's help and which flags stand in them, in this order. A flag of one name is in the
// same group in every command; one that is named nowhere stands in the last group but one.
var flagGroups = []struct {
	title string
	names []string
}{
	{"generation", []string{"batch", "prompt", "tokens", "trace", "lengths", "rate", "encoder", "prefill-model", "variant", "batch-dim", "past-dim", "sequence-dim"}},
	{"operator", []string{"op", "dtype", "quant"}},
	{"measurements", []string{"data", "operators", "model", "exclude", "scope", "from-irene", "energies", "filter", "check", "drift", "merge", "split", "method", "target", "pairs", "strategy", "with"}},
	{"what is measured", []string{"level", "in-context", "budget", "count", "shard", "claims", "lease", "cache", "dry-run"}},
	{"how it is measured", []string{"executor", "provider", "meter", "gpu", "threads", "tf32", "lock-clocks", "wall-log", "windows", "window", "warmup", "max-cv", "seed", "ort-lib", "nvml-lib"}},
	{"sizes and types", []string{"dim", "at", "symbolic", "as", "value"}},
	{"device and runtime", []string{"device", "runtime", "power-limit", "clock", "boundary", "host-launch", "host-watts", "from", "coefficients", "measured", "mode"}},
	{"costs and limits", []string{"price", "carbon", "deadline", "itl", "assert", "fail-if", "strict", "junit"}},
	{"what is shown", []string{"metric", "depth", "top", "module", "focus", "radius", "sort", "expand", "values", "flops", "x", "per", "verbose", "no-color"}},
	{"several models", []string{"files-from", "jobs"}},
	{"output", []string{"output", "format", "to-irene", "port", "no-open"}},
	{"every command", []string{quietFlag, helpFlag}},
}

// flagGroup is a part of a command's help.
type flagGroup struct {
	title string
	flags []cli.Flag
}

// groupFlags sorts the flags that the help shows into its groups; those without any are left out.
func groupFlags(flags []cli.Flag) []flagGroup {
	groups := make([]flagGroup, len(flagGroups))
	for i, g := range flagGroups {
		groups[i].title = g.title
		for _, name := range g.names {
			for _, f := range flags {
				if f.Names()[0] == name && isShown(f) {
					groups[i].flags = append(groups[i].flags, f)
				}
			}
		}
	}
	for _, f := range flags {
		if last := len(groups) - 2; !isGrouped(f) && isShown(f) {
			groups[last].flags = append(groups[last].flags, f)
		}
	}
	return slices.DeleteFunc(groups, func(g flagGroup) bool { return len(g.flags) == 0 })
}

func isGrouped(f cli.Flag) bool {
	for _, g := range flagGroups {
		if slices.Contains(g.names, f.Names()[0]) {
			return true
		}
	}
	return false
}

func isShown(f cli.Flag) bool {
	v, ok := f.(cli.VisibleFlag)
	return !ok || v.IsVisible()
}

// flagHead is how a flag is typed: "--output, -o FILE".
func flagHead(f cli.Flag) string {
	cf := completeFlag(f, nil)
	return strings.TrimRight(strings.Join(cf.dashed(), ", ")+" "+cf.value, " ")
}

// flagUsage is what a flag does, and what holds where it is not given.
func flagUsage(f cli.Flag) string {
	text := completeFlag(f, nil).usage
	d, ok := f.(cli.DocGenerationFlag)
	if !ok || !d.TakesValue() {
		return text
	}
	if def := strings.Trim(d.GetDefaultText(), `"`); def != "" {
		text = fmt.Sprintf("%s (default: %s)", text, def)
	}
	return text
}
