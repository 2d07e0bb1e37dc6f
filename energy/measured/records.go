package measured

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// recordJoiner finds what records measured in an analyzed graph.
type recordJoiner struct {
	a       *analysis.Analysis
	modules map[string]*graph.Module
	equal   map[string][]*graph.Module           // by signature; nil until asked for
	kernels map[string]map[string][]*graph.Node  // of one node: by runtime profile and signature
	several map[string]map[string][]*kernelNodes // kernels of several nodes, likewise
}

// kernelNodes are the nodes of one kernel.
type kernelNodes struct{ nodes []*graph.Node }

// FromRecords joins records to an analyzed graph. Operators are found by their signature, which of kernels of several
// nodes is that of all nodes, joined with " + "; modules by theirs, so that one record stands for equal layers, or by
// path. Operators without a signature are found by module and type. Repetitions count once. Records of other dims, of
// operators within a model, and unusable ones are passed over; records of another device are refused.
func FromRecords(a *analysis.Analysis, records []energy.Record, device string) (*Overlay, error) {
	ids := DeviceIDs{}
	for i := range records {
		if id := ids.Of(&records[i]); id != device {
			return nil, fmt.Errorf("record %d is of %s, the prediction of %s: measurements of one device tell nothing of another", i+1, id, device)
		}
	}
	records, _ = energy.CorrectDrift(records)
	records = slices.DeleteFunc(records, func(r energy.Record) bool { return WhyUnusable(&r) != "" || !sameDims(r.Dims, a.Dims) })
	records, _ = energy.Combine(ofModel(records, a))
	j := &recordJoiner{a: a, modules: map[string]*graph.Module{}, kernels: map[string]map[string][]*graph.Node{}, several: map[string]map[string][]*kernelNodes{}}
	a.Tree.Root.Walk(func(mod *graph.Module) { j.modules[mod.Path] = mod })
	m := &Overlay{Modules: map[*graph.Module]Measurement{}, Nodes: map[*graph.Node]Measurement{}}
	for i := range records {
		r := &records[i]
		if r.Energy != nil {
			if m.Boundary != "" && m.Boundary != r.Boundary {
				return nil, fmt.Errorf("records of %s and of %s energy: the meter has to be one", m.Boundary, r.Boundary)
			}
			m.Boundary = r.Boundary
		}
		found, err := j.join(m, r)
		if err != nil {
			return nil, err
		}
		if !found {
			m.Missing = append(m.Missing, cmp.Or(strings.TrimSpace(r.Path+" "+r.Op), r.Model, string(r.Level)))
		}
	}
	return m, nil
}

// ofModel keeps the records of modules and models that are of the analyzed file, where there are those of several models:
// those of the model with the file's name, or else with as many multiplications as the file's. Operators are what they
// are in any model.
func ofModel(records []energy.Record, a *analysis.Analysis) []energy.Record {
	names := Distinct(Pointers(records), func(r *energy.Record) string { return r.Model })
	if len(names) < 2 {
		return records
	}
	file := filepath.Base(a.Graph.File)
	for _, ext := range []string{".gz", ".onnx"} {
		file = strings.TrimSuffix(file, ext)
	}
	named := slices.Contains(names, file)
	fits := map[string]bool{}
	for i := range records {
		if r := &records[i]; r.Level == energy.LevelModel && len(r.Work) > 0 {
			fits[r.Model] = fits[r.Model] || sameWork(a, r)
		}
	}
	return slices.DeleteFunc(records, func(r energy.Record) bool {
		switch {
		case r.Level == energy.LevelOperator:
			return false
		case named:
			return r.Model != file
		}
		return !fits[r.Model]
	})
}

// workTolerance is how far the multiplications of a model may be from those of its graph: runtimes compute some of them
// once and for all.
const workTolerance = 0.02

// sameWork reports whether a record of a whole model may be of the graph: whether both multiply as much, as far as both
// are known.
func sameWork(a *analysis.Analysis, r *energy.Record) bool {
	total := a.ModuleMetrics()[a.Tree.Root]
	whole, known := a.Eval(total.MACs)
	if len(r.Work) == 0 || total.Unknown > 0 || !known {
		return true
	}
	macs := 0.0
	for i := range r.Work {
		macs += float64(r.Work[i].Count) * float64(r.Work[i].MACs)
	}
	return math.Abs(macs-float64(whole)) <= workTolerance*float64(whole)
}

// join puts what a record says on what it measured; false where the graph has nothing of the kind.
func (j *recordJoiner) join(m *Overlay, r *energy.Record) (bool, error) {
	got := measurementOf(r)
	switch {
	case r.Level != energy.LevelOperator:
		return j.module(m, r, got), nil
	case r.Signature != "":
		return j.operator(m, r, got)
	}
	found := false
	if mod := j.modules[r.Path]; mod != nil {
		for _, n := range mod.Nodes {
			if n.Op == r.Op {
				m.Nodes[n], found = got, true
			}
		}
	}
	return found, nil
}

// module puts a record on all modules that equal the one that was measured, or on that of its path.
func (j *recordJoiner) module(m *Overlay, r *energy.Record, got Measurement) bool {
	if r.Level == energy.LevelModel {
		if !sameWork(j.a, r) {
			return false
		}
		m.Modules[j.a.Tree.Root] = got
		return true
	}
	if r.Signature != "" {
		if j.equal == nil {
			j.equal = map[string][]*graph.Module{}
			j.a.Tree.Root.Walk(func(mod *graph.Module) {
				if mod != j.a.Tree.Root {
					s := analysis.ModuleSignature(j.a, mod)
					j.equal[s] = append(j.equal[s], mod)
				}
			})
		}
		for _, mod := range j.equal[r.Signature] {
			m.Modules[mod] = got
		}
		if len(j.equal[r.Signature]) > 0 {
			return true
		}
	}
	mod := j.modules[r.Path]
	if mod != nil {
		m.Modules[mod] = got
	}
	return mod != nil
}

// operator puts a record on all kernels of its signature, as the runtime profile of the record forms them.
func (j *recordJoiner) operator(m *Overlay, r *energy.Record, got Measurement) (bool, error) {
	profile := cmp.Or(r.Runtime.Profile, "none")
	if j.kernels[profile] == nil {
		if err := j.form(profile); err != nil {
			return false, err
		}
	}
	for _, n := range j.kernels[profile][r.Signature] {
		m.Nodes[n] = got
	}
	for _, k := range j.several[profile][r.Signature] {
		m.Kernels = append(m.Kernels, Kernel{Nodes: k.nodes, Measurement: got})
	}
	return len(j.kernels[profile][r.Signature])+len(j.several[profile][r.Signature]) > 0, nil
}

// form lists the kernels of a profile by their signatures, and single nodes where no kernel of one node has theirs: a
// runtime may fuse less than its profile says. A profile that nobody knows has single nodes only.
func (j *recordJoiner) form(profile string) error {
	single, several := map[string][]*graph.Node{}, map[string][]*kernelNodes{}
	j.kernels[profile], j.several[profile] = single, several
	inTree := func(n *graph.Node) bool { return j.a.Tree.Of[n.ID] != nil }
	if names, _ := kernel.Profiles(); slices.Contains(names, profile) {
		plan, err := kernel.Group(j.a.Graph, j.a.Inference, j.a.Costs, inTree, profile)
		if err != nil {
			return fmt.Errorf("kernels of the records: %w", err)
		}
		for i := range plan.Kernels {
			members, s := j.signed(plan.Kernels[i].Members)
			if len(members) == 1 {
				single[s] = append(single[s], members[0])
			} else {
				several[s] = append(several[s], &kernelNodes{members})
			}
		}
	}
	others := map[string][]*graph.Node{}
	for _, n := range j.a.Graph.Nodes {
		if s := analysis.Signature(j.a, n); inTree(n) && single[s] == nil {
			others[s] = append(others[s], n)
		}
	}
	maps.Copy(single, others)
	return nil
}

// signed puts the nodes of a kernel in graph order, with their joined signature.
func (j *recordJoiner) signed(members []*graph.Node) ([]*graph.Node, string) {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b *graph.Node) int { return a.ID - b.ID })
	var parts []string
	for _, n := range members {
		parts = append(parts, analysis.Signature(j.a, n))
	}
	return members, strings.Join(parts, " + ")
}

func measurementOf(r *energy.Record) (m Measurement) {
	if r.Energy != nil {
		m.Energy = *r.Energy
	}
	if r.Time != nil {
		m.Time = *r.Time
	}
	if r.WallEnergy != nil {
		m.Wall = *r.WallEnergy
	}
	return m
}

// atWall reports whether anything was measured at the plug, too.
func (m *Overlay) atWall() bool {
	for _, x := range m.Modules {
		if x.Wall > 0 {
			return true
		}
	}
	for _, x := range m.Nodes {
		if x.Wall > 0 {
			return true
		}
	}
	return slices.ContainsFunc(m.Kernels, func(k Kernel) bool { return k.Wall > 0 })
}

// wall is what was measured with the energies at the plug.
func (m *Overlay) wall() *Overlay {
	at := func(x Measurement) Measurement { return Measurement{Energy: x.Wall, Time: x.Time} }
	out := &Overlay{Modules: map[*graph.Module]Measurement{}, Nodes: map[*graph.Node]Measurement{}, Boundary: energy.BoundaryWall, Missing: m.Missing}
	for mod, x := range m.Modules {
		out.Modules[mod] = at(x)
	}
	for n, x := range m.Nodes {
		out.Nodes[n] = at(x)
	}
	for _, k := range m.Kernels {
		out.Kernels = append(out.Kernels, Kernel{Nodes: k.Nodes, Measurement: at(k.Measurement)})
	}
	return out
}
