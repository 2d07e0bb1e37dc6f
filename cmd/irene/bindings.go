package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// bindingFlags are --dim and --value, which parseDims and parseValues read; input says of what else than the model.
func bindingFlags(dim, input string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "dim", Usage: dim},
		&cli.StringSliceFlag{Name: "value", Usage: "elements of a small graph input" + input + ", `NAME=V,…` (repeatable)"},
	}
}

// parseDims reads the flags that bind dims: "batch=8". A dim may be given twice where both say the same.
func parseDims(flag string, list []string) (map[string]int64, error) {
	dims := map[string]int64{}
	for _, f := range list {
		name, sizes, err := cutDim(flag, f, "NAME=N")
		if err != nil {
			return nil, err
		}
		n, err := parseSize(flag+" "+f, sizes)
		if err != nil {
			return nil, err
		}
		if old, twice := dims[name]; twice && old != n {
			return nil, usagef("--%s %s: already given as %d", flag, f, old)
		}
		dims[name] = n
	}
	return dims, nil
}

// cutDim parts NAME=SIZES, which help calls want.
func cutDim(flag, text, want string) (name, sizes string, err error) {
	i := strings.LastIndexByte(text, '=')
	if i > 0 && i < len(text)-1 {
		if each := severalDims(text); each != nil {
			return "", "", usagef("--%s %s: one dim each: --%s %s", flag, text, flag, strings.Join(each, " --"+flag+" "))
		}
		return strings.TrimSpace(text[:i]), text[i+1:], nil
	}
	name, size := strings.Trim(text, "="), "8"
	if m := unjoined.FindStringSubmatch(text); m != nil {
		name, size = m[1], m[2]
	} else if wholeNumber.MatchString(name) || strings.TrimSpace(name) == "" {
		name = "batch"
	}
	return "", "", usagef("--%s %s: want %s, as in --%s %s=%s", flag, text, want, flag, strings.TrimSpace(name), size)
}

// unjoined is a name and a size with something else than "=" between them.
var unjoined = regexp.MustCompile(`^(\w+)[ :]+([0-9][0-9,:x]*)$`)

// severalDims are the bindings of a text that has several of them, as "batch=8,sequence=128"; nil of others: names of dims may
// have an "=" of their own.
func severalDims(text string) []string {
	var each []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		name, size, bound := strings.Cut(part, "=")
		isSize := sizeLike.MatchString(part)
		switch {
		case bound && name != "" && sizeLike.MatchString(size):
			each = append(each, part)
		case !bound && isSize && each != nil:
			each[len(each)-1] += "," + part
		default:
			return nil
		}
	}
	if len(each) < 2 {
		return nil
	}
	return each
}

var sizeLike = regexp.MustCompile(`^[0-9][0-9:x.]*$`)

// parseValues reads --value flags: "sizes=1,2.5". An empty list is a tensor without elements.
func parseValues(flags []string) (map[string][]float64, error) {
	values := map[string][]float64{}
	for _, f := range flags {
		i := strings.LastIndexByte(f, '=')
		if i <= 0 {
			return nil, usagef("--value %s: want NAME=V,V…, as in --value sizes=1,2", f)
		}
		list := []float64{}
		for _, text := range strings.Split(f[i+1:], ",") {
			if text = strings.TrimSpace(text); text == "" && strings.TrimSpace(f[i+1:]) == "" {
				break
			}
			v, err := parseElement(text)
			if err != nil {
				return nil, usagef("--value %s: %q is no number", f, text)
			}
			list = append(list, v)
		}
		if _, twice := values[f[:i]]; twice {
			return nil, usagef("--value %s: given twice", f[:i])
		}
		values[f[:i]] = list
	}
	return values, nil
}

func parseElement(text string) (float64, error) {
	switch strings.ToLower(text) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return strconv.ParseFloat(text, 64)
}

// checkInputs makes a usage error of a value for an input that the graph does not have.
func checkInputs(g *graph.Graph, values map[string][]float64) error {
	var names []string
	for _, v := range g.Main.Inputs {
		names = append(names, v.Name)
	}
	for name := range values {
		if !slices.Contains(names, name) {
			return usagef("--value %s: the model has no such input%s (inputs: %s)", name, meant(name, names), listing(names))
		}
	}
	return nil
}

// has reports whether --dim may name a dim of a graph.
func has(g *graph.Graph, dim string) bool {
	_, _, err := analysis.Resolve(g, dim)
	return err == nil
}

// hasInput reports whether --value may name an input of a graph.
func hasInput(g *graph.Graph, name string) bool {
	return slices.ContainsFunc(g.Main.Inputs, func(v *graph.Value) bool { return v.Name == name })
}

// dimError says what is wrong with the user's dims, with the nearest name and those the model has.
func dimError(err error, given bool) error {
	var de *analysis.DimError
	if !errors.As(err, &de) {
		return err
	}
	if !given {
		return errors.New(de.Msg)
	}
	if len(de.Known) == 0 {
		if strings.Contains(de.Msg, "no such dim") {
			return usagef("%s; all its dims are fixed", de.Msg)
		}
		return usagef("%s", de.Msg)
	}
	hint := ""
	if !slices.Contains(de.Known, de.Name) {
		hint = meant(de.Name, de.Known)
	}
	return usagef("%s%s (dims: %s)", de.Msg, hint, listing(de.Known))
}

// listing joins names, at most a dozen.
func listing(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "none"
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
