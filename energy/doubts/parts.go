package doubts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// covered is how much of a module its measured parts add up to.
type covered struct {
	parent int // its place in the list
	share  float64
	what   string // "energy", "time"
}

// coverage adds up the parts of every module and model of which all parts were measured: its kernels, where records say
// which these are, or else the nodes right below it.
func coverage(all []*energy.Record) []covered {
	records := make([]energy.Record, 0, len(all))
	places := map[string]int{}
	for i, r := range all {
		records = append(records, *r)
		if _, ok := places[r.Key()]; !ok {
			places[r.Key()] = i
		}
	}
	combined, _ := energy.Combine(records)
	kernels, nodes := map[string]*energy.Record{}, map[string][]*energy.Record{}
	for i := range combined {
		r := &combined[i]
		if r.Context != energy.ContextAlone {
			continue
		}
		if r.Level == energy.LevelOperator && len(r.Work) == 1 && r.Work[0].Count == 1 {
			kernels[conditions(r)+workKey(r.Work[0])] = r
		}
		nodes[treeOf(r)] = append(nodes[treeOf(r)], r)
	}
	var out []covered
	for i := range combined {
		r := &combined[i]
		if r.Level == energy.LevelOperator || r.Context != energy.ContextAlone {
			continue
		}
		parts := kernelParts(r, kernels)
		if len(r.Work) == 0 {
			parts = nodeParts(r, nodes[treeOf(r)])
		}
		if share, what, ok := addUp(r, parts); ok {
			out = append(out, covered{places[r.Key()], share, what})
		}
	}
	return out
}

// conditions is what must be the same for measurements to be added.
func conditions(r *energy.Record) string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(r.Runtime.Options)) {
		options = append(options, name, r.Runtime.Options[name])
	}
	return fmt.Sprintf("%q", slices.Concat([]string{r.Device.ID, r.Device.Name, r.Device.UUID, r.Runtime.Name, r.Runtime.Version, r.Runtime.Profile, string(r.Boundary)}, options))
}

func workKey(w energy.Work) string {
	w.Count = 1
	text, _ := json.Marshal(w) // of numbers and strings
	return string(text)
}

// treeOf is the model at its dims that a record is of.
func treeOf(r *energy.Record) string {
	return conditions(r) + fmt.Sprintf("%q %v", r.Model, r.Dims) // in the order of names
}

// part is a record, and how often it is part of another.
type part struct {
	*energy.Record
	times float64
}

// kernelParts finds the operator of every kernel of a module; nil where one was not measured.
func kernelParts(r *energy.Record, kernels map[string]*energy.Record) []part {
	var out []part
	for _, w := range r.Work {
		k := kernels[conditions(r)+workKey(w)]
		if k == nil {
			return nil
		}
		out = append(out, part{k, float64(w.Count)})
	}
	return out
}

// nodeParts finds the nodes right below a module; nil where they do not have its FLOPs, so that some are missing.
func nodeParts(r *energy.Record, nodes []*energy.Record) []part {
	under := func(path, top string) bool { return top == "" && path != "" || strings.HasPrefix(path, top+".") }
	var out []part
	flops := 0.0
	for _, n := range nodes {
		if n == r || !under(n.Path, r.Path) {
			continue
		}
		between := func(m *energy.Record) bool {
			return m.Level == energy.LevelModule && m != n && under(m.Path, r.Path) && under(n.Path, m.Path)
		}
		if !slices.ContainsFunc(nodes, between) {
			out = append(out, part{n, 1})
			flops += n.Features["flops"]
		}
	}
	if total := r.Features["flops"]; total <= 0 || flops < 0.999*total || flops > 1.001*total {
		return nil
	}
	return out
}

// addUp is the sum of the parts over the whole, in energy, or in time where there is none.
func addUp(r *energy.Record, parts []part) (share float64, what string, ok bool) {
	if len(parts) == 0 {
		return 0, "", false
	}
	joules, seconds := 0.0, 0.0
	withEnergy, withTime := r.Energy != nil, r.Time != nil
	for _, p := range parts {
		if withEnergy = withEnergy && p.Energy != nil; withEnergy {
			joules += p.times * float64(*p.Energy)
		}
		if withTime = withTime && p.Time != nil; withTime {
			seconds += p.times * float64(*p.Time)
		}
	}
	switch {
	case withEnergy:
		return joules / float64(*r.Energy), "energy", true
	case withTime:
		return seconds / float64(*r.Time), "time", true
	}
	return 0, "", false
}
