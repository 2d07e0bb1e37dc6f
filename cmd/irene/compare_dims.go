package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// mostPoints bounds the points of a comparison.
const mostPoints = 64

// dimFlag is one --dim of compare: "sequence=128,512", "2:batch=8".
type dimFlag struct {
	text   string
	model  int // index; -1 for all
	name   string
	values []int64
}

var modelPrefix = regexp.MustCompile(`^([0-9]+):(.*)$`)

// parseDimLists reads the --dim flags of compare for n models. The same name may be given again for a single model.
func parseDimLists(flags []string, n int) ([]dimFlag, error) {
	var out []dimFlag
	for _, f := range flags {
		name, sizes, err := cutDim("dim", f, "[MODEL:]NAME=N[,N…]")
		if err != nil {
			return nil, err
		}
		d := dimFlag{text: f, model: -1, name: name}
		if m := modelPrefix.FindStringSubmatch(d.name); m != nil {
			k, err := strconv.Atoi(m[1])
			if err != nil || k < 1 || k > n {
				return nil, usagef("--dim %s: there is no model %s; they are numbered from 1 to %d", f, m[1], n)
			}
			d.model, d.name = k-1, m[2]
		}
		for _, text := range strings.Split(sizes, ",") {
			some, err := parseSizes("dim "+f, strings.TrimSpace(text))
			if err != nil {
				return nil, err
			}
			if d.values = append(d.values, some...); len(d.values) > mostPoints {
				return nil, usagef("--dim %s: more than %d sizes; irene sweep takes more", f, mostPoints)
			}
		}
		d.values = distinct(d.values)
		for _, old := range out {
			if old.model == d.model && old.name == d.name && !slices.Equal(old.values, d.values) {
				return nil, usagef("--dim %s: already given as --dim %s; several sizes are written %s=N,N", f, old.text, d.name)
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// distinct drops sizes that are there twice, in the order given.
func distinct(sizes []int64) []int64 {
	var out []int64
	for _, n := range sizes {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// pointPlan says at which dims every model is analyzed, and for which flag which dim of a model stands.
type pointPlan struct {
	flags  []dimFlag
	names  [][]string // by flag and model: the dim it binds; "" where none
	points []point
	notes  []string
}

// point is one choice among the values of every flag.
type point struct {
	values []int64            // by flag
	dims   []map[string]int64 // by model
}

// labels name the points by the dims that vary.
func (p *pointPlan) labels() []string {
	var out []string
	for _, pt := range p.points {
		out = append(out, p.label(pt, -1))
	}
	return out
}

// label names a point by the dims that vary, but for one flag.
func (p *pointPlan) label(pt point, but int) string {
	var list []string
	for i, f := range p.flags {
		if len(f.values) > 1 && i != but {
			list = append(list, fmt.Sprintf("%s=%d", f.axis(), pt.values[i]))
		}
	}
	return strings.Join(list, " ")
}

// axis is a flag's name, with its model where it is for one alone.
func (f *dimFlag) axis() string {
	if f.model < 0 {
		return f.name
	}
	return fmt.Sprintf("%d:%s", f.model+1, f.name)
}

// planPoints gives every flag its dims, then takes every combination of values, the last flag's changing first.
func planPoints(models []*graph.Graph, want *compareRequest) (*pointPlan, error) {
	p := &pointPlan{flags: want.dims}
	if err := checkShared(models, want.options.Values); err != nil {
		return nil, err
	}
	if err := p.resolve(models); err != nil {
		return nil, err
	}
	total := 1
	for _, f := range p.flags {
		if total *= len(f.values); total > mostPoints {
			return nil, usagef("--dim: more than %d combinations of sizes", mostPoints)
		}
	}
	for i := range total {
		pt := point{values: make([]int64, len(p.flags))}
		for f := len(p.flags) - 1; f >= 0; f-- {
			pt.values[f] = p.flags[f].values[i%len(p.flags[f].values)]
			i /= len(p.flags[f].values)
		}
		for k := range models {
			dims := map[string]int64{}
			for f := range p.flags {
				if name := p.names[f][k]; name != "" {
					dims[name] = pt.values[f]
				}
			}
			pt.dims = append(pt.dims, dims)
		}
		p.points = append(p.points, pt)
	}
	return p, nil
}

// checkShared wants every value to be for an input of some model.
func checkShared(models []*graph.Graph, values map[string][]float64) error {
	for name, v := range values {
		var errs []error
		for _, g := range models {
			if err := checkInputs(g, map[string][]float64{name: v}); err != nil {
				errs = append(errs, err)
			}
		}
		if len(errs) == len(models) {
			return errs[0]
		}
	}
	return nil
}

// resolve finds the dim of every model that a flag binds. Flags for a single model come first, then exact names, then
// the only dim of the same kind.
func (p *pointPlan) resolve(models []*graph.Graph) error {
	bound := make([]map[string]bool, len(models))
	p.names = make([][]string, len(p.flags))
	for f := range p.flags {
		p.names[f] = make([]string, len(models))
	}
	for k, g := range models {
		bound[k] = map[string]bool{}
		declared := analysis.Declared(g)
		for _, single := range []bool{true, false} {
			for f, flag := range p.flags {
				symbol, ok := dimOf(flag.name, declared)
				if ok && (flag.model == k) == single && (flag.model < 0 || flag.model == k) && !bound[k][symbol] {
					p.names[f][k], bound[k][symbol] = flag.name, true
				}
			}
		}
	}
	for f, flag := range p.flags {
		for k, g := range models {
			if p.names[f][k] != "" || flag.model >= 0 && flag.model != k {
				continue
			}
			if err := p.stand(f, k, g, models, bound[k]); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(p.names[f], func(s string) bool { return s != "" }) {
			return noSuchDim(flag, models)
		}
	}
	return nil
}

// stand finds a model's only dim of the same kind as a flag's, where it does not have the flag's own.
func (p *pointPlan) stand(f, k int, g *graph.Graph, models []*graph.Graph, bound map[string]bool) error {
	flag := p.flags[f]
	declared := analysis.Declared(g)
	if _, has := dimOf(flag.name, declared); has {
		return nil // a flag for this model alone has taken it
	}
	if flag.model >= 0 {
		return noSuchDim(flag, models[k:k+1])
	}
	kind := kindOf(flag.name, models)
	var same []string
	taken := false
	for _, d := range declared {
		switch {
		case kind == "" || dimKind(g, d) != kind:
		case bound[d]:
			taken = true
		default:
			same = append(same, d)
		}
	}
	if len(same) == 1 {
		p.names[f][k], bound[same[0]] = same[0], true
		p.notes = append(p.notes, fmt.Sprintf("%s (%s) has no dim %s: its %s is taken for it", letter(k), g.File, flag.name, same[0]))
		return nil
	}
	if taken && len(same) == 0 {
		return nil // another flag has its dim of this kind
	}
	p.notes = append(p.notes, fmt.Sprintf("%s (%s) has no dim %s (dims: %s)", letter(k), g.File, flag.name, listing(declared)))
	return nil
}

func letter(k int) string { return string(rune('A' + k)) }

// dimOf is the symbol that a dim's name, or an expression in one symbol, fixes.
func dimOf(name string, declared []string) (string, bool) {
	if slices.Contains(declared, name) {
		return name, true
	}
	if s := graph.ParseDim(name).Symbols(); len(s) == 1 && slices.Contains(declared, s[0]) {
		return s[0], true
	}
	return "", false
}

// The kinds of dims that may have other names in other models.
const (
	batchDim    = "batch"
	sequenceDim = "sequence"
)

// dimKind says what a declared dim counts; "" where that is not plain.
func dimKind(g *graph.Graph, name string) string {
	lower := strings.ToLower(name)
	switch {
	case analysis.IsBatch(g, name):
		return batchDim
	case strings.Contains(lower, "past") || strings.Contains(lower, "total") || strings.Contains(lower, "cache"):
		return ""
	case strings.Contains(lower, "seq") || strings.Contains(lower, "len"):
		return sequenceDim
	}
	return ""
}

// kindOf is the kind of a dim in a model that has it, else what its name says.
func kindOf(name string, models []*graph.Graph) string {
	for _, g := range models {
		if slices.Contains(analysis.Declared(g), name) {
			return dimKind(g, name)
		}
	}
	return dimKind(&graph.Graph{Main: &graph.Body{}}, name)
}

func noSuchDim(flag dimFlag, models []*graph.Graph) error {
	var all, lists []string
	for _, g := range models {
		declared := analysis.Declared(g)
		all = append(all, declared...)
		lists = append(lists, fmt.Sprintf("%s: %s", g.File, listing(declared)))
	}
	who := "none of the models has such a dim"
	if len(models) == 1 {
		who = "the model has no such dim"
	}
	return usagef("--dim %s: %s%s (dims of %s)", flag.text, who, meant(flag.name, all), strings.Join(lists, "; of "))
}
