package predict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// RecordInput is records to train on or to validate with, and which of them are meant.
type RecordInput struct {
	Records  []energy.Record
	Exclude  []string        // model names left out
	Device   string          // only records of this device; "" where they are of one
	Boundary energy.Boundary // energies within this boundary; "" where the records have one
	Runtime  string          // only records under this kernel profile; "" where they are under one
	Data     []string        // names of the files, for the provenance
	Note     string
}

// recordSet is records of one device, one boundary and one kernel profile that a fit can take together.
type recordSet struct {
	device   energy.Device
	known    bool            // the device is in the table
	boundary energy.Boundary // of the energies; "" where there are none
	runtime  string
	rows     []recordRow    // sorted by model and shape
	context  []recordRow    // operators measured within their models
	passed   map[string]int // records that were passed over, by the reason
	total    int
	repeated int // records that others of the same measurement were made one with
	drift    energy.DriftReport
	warnings []string
}

// recordRow is a record as an equation. The features are in the order of the record's work.
type recordRow struct {
	*energy.Record
	eq    equation
	feats []Features
}

// Reasons for which records are passed over, beside the names of their flags.
const (
	passedModel   = "excluded model"
	passedDevice  = "other device"
	passedRuntime = "other runtime profile"
	passedContext = "in-model"
	passedWork    = "no kernels"
	passedUnknown = "kernels of unknown cost"
	passedDType   = "unknown element type"
	passedNumbers = "no energy of the scope, and no time"
)

// newRecordSet chooses the records that belong together and writes them as equations. Records of several devices,
// boundaries or kernel profiles are an error unless the input says which are meant.
func newRecordSet(in *RecordInput) (*recordSet, error) {
	s := &recordSet{passed: map[string]int{}, total: len(in.Records)}
	var corrected []energy.Record
	corrected, s.drift = energy.CorrectDrift(in.Records)
	records := s.keep(pointers(corrected), passedModel, func(r *energy.Record) bool { return !slices.Contains(in.Exclude, r.Model) })
	records, err := s.ofDevice(records, in.Device)
	if err != nil {
		return nil, err
	}
	records = s.usable(records)
	if records, err = s.underRuntime(records, in.Runtime); err != nil {
		return nil, err
	}
	if err := s.chooseBoundary(records, in.Boundary); err != nil {
		return nil, err
	}
	s.device, s.known = deviceRow(records)
	s.warnMixes(records)
	s.join(s.combined(records))
	return s, nil
}

func pointers(records []energy.Record) []*energy.Record {
	out := make([]*energy.Record, len(records))
	for i := range records {
		out[i] = &records[i]
	}
	return out
}

// keep drops records and counts them under a reason.
func (s *recordSet) keep(records []*energy.Record, reason string, wanted func(*energy.Record) bool) []*energy.Record {
	var out []*energy.Record
	for _, r := range records {
		if wanted(r) {
			out = append(out, r)
		} else {
			s.passed[reason]++
		}
	}
	return out
}

// RecordDeviceID is the id that predictions know a record's device by: that of the device table where the table has it,
// else the id that the record gives, or else its name in lower case with hyphens.
func RecordDeviceID(d energy.RecordDevice) string {
	for _, name := range []string{d.ID, d.Name} {
		if known, err := energy.LookupDevice(name); err == nil {
			return known.ID
		}
	}
	if d.ID != "" {
		return d.ID
	}
	words := strings.FieldsFunc(strings.ToLower(d.Name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}

// ofDevice keeps the records of one device. Several boards of one model are one device.
func (s *recordSet) ofDevice(records []*energy.Record, want string) ([]*energy.Record, error) {
	ids := distinct(records, func(r *energy.Record) string { return RecordDeviceID(r.Device) })
	if want != "" {
		known := RecordDeviceID(energy.RecordDevice{ID: want})
		at := slices.IndexFunc(ids, func(id string) bool { return id == known || energy.Device{ID: id}.Is(want) })
		if at < 0 {
			return nil, fmt.Errorf("no record was measured on %s; there are records of %s", want, strings.Join(ids, ", "))
		}
		id := ids[at]
		return s.keep(records, passedDevice, func(r *energy.Record) bool { return RecordDeviceID(r.Device) == id }), nil
	}
	if len(ids) > 1 {
		return nil, fmt.Errorf("records of %s: coefficients are of one device; --device says which", strings.Join(ids, " and "))
	}
	return records, nil
}

// usable drops what was measured badly, the time of the host where a kernel's is asked for, and what has no kernels.
// Operators measured within their models are kept aside.
func (s *recordSet) usable(records []*energy.Record) []*energy.Record {
	var out []*energy.Record
	for _, r := range records {
		switch reason := whyUnusable(r); {
		case reason == "":
			out = append(out, r)
		case reason == passedContext:
			s.context = append(s.context, recordRow{Record: r})
			fallthrough
		default:
			s.passed[reason]++
		}
	}
	return out
}

// whyUnusable is the first reason not to take a record's numbers as those of its kernels running alone; "" where there is
// none. An operator that waits for the host is slower than its kernel; modules and models that do so are what they are.
func whyUnusable(r *energy.Record) string {
	for _, flag := range energy.Unusable() {
		if slices.Contains(r.Flags, flag) {
			return flag
		}
	}
	switch {
	case r.Features[energy.FeatureUnknown] > 0:
		return passedUnknown
	case r.Context == energy.ContextModel:
		return passedContext
	case r.Level == energy.LevelOperator && slices.Contains(r.Flags, energy.FlagHostBound):
		return energy.FlagHostBound
	}
	return ""
}

// underRuntime keeps the records under one kernel profile; those that name none count as being under any.
func (s *recordSet) underRuntime(records []*energy.Record, want string) ([]*energy.Record, error) {
	profiles := slices.DeleteFunc(distinct(records, func(r *energy.Record) string { return r.Runtime.Profile }), func(p string) bool { return p == "" })
	known, _ := kernel.Profiles()
	s.runtime = want
	switch {
	case want != "":
		records = s.keep(records, passedRuntime, func(r *energy.Record) bool { return r.Runtime.Profile == "" || r.Runtime.Profile == want })
	case len(profiles) > 1:
		return nil, fmt.Errorf("records under the runtime profiles %s: coefficients are of one; --runtime says which", strings.Join(profiles, " and "))
	case len(profiles) == 1:
		s.runtime = profiles[0]
	default:
		s.runtime = known[0]
	}
	if !slices.Contains(known, s.runtime) {
		return nil, fmt.Errorf("records under the runtime profile %q, which is unknown; --runtime names one of %s", s.runtime, strings.Join(known, ", "))
	}
	return records, nil
}

// chooseBoundary finds the meter whose energies are meant.
func (s *recordSet) chooseBoundary(records []*energy.Record, want energy.Boundary) error {
	var scopes []string
	for _, r := range records {
		for _, boundary := range boundariesOf(r) {
			if !slices.Contains(scopes, string(boundary)) {
				scopes = append(scopes, string(boundary))
			}
		}
	}
	slices.Sort(scopes)
	direct := distinct(records, func(r *energy.Record) string {
		if r.Energy == nil {
			return ""
		}
		return string(r.Boundary)
	})
	direct = slices.DeleteFunc(direct, func(scope string) bool { return scope == "" })
	switch {
	case want != "":
		if !slices.Contains(scopes, string(want)) {
			return fmt.Errorf("no record has energy of the scope %s%s", want, listed("; there is ", scopes))
		}
		s.boundary = want
	case len(direct) > 1:
		return fmt.Errorf("records of %s energy: coefficients are of one; --scope says which", strings.Join(direct, " and "))
	case len(direct) == 1:
		s.boundary = energy.Boundary(direct[0])
	case len(scopes) == 1: // at the plug alone
		s.boundary = energy.Boundary(scopes[0])
	}
	return nil
}

func listed(before string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return before + strings.Join(list, ", ")
}

// boundariesOf lists the boundaries that a record has energies of.
func boundariesOf(r *energy.Record) []energy.Boundary {
	var out []energy.Boundary
	if r.Energy != nil {
		out = append(out, r.Boundary)
	}
	if r.WallEnergy != nil {
		out = append(out, energy.BoundaryWall)
	}
	return out
}

// energyWithin is a record's energy within a boundary, 0 where it has none.
func energyWithin(r *energy.Record, boundary energy.Boundary) energy.Joules {
	switch {
	case boundary == energy.BoundaryWall && r.WallEnergy != nil:
		return *r.WallEnergy
	case r.Energy != nil && r.Boundary == boundary:
		return *r.Energy
	}
	return 0
}

// warnMixes says of records that a fit takes together although something about them differs.
func (s *recordSet) warnMixes(records []*energy.Record) {
	for _, x := range []struct {
		what string
		of   func(*energy.Record) string
	}{
		{"units in use", func(r *energy.Record) string {
			if r.Device.Units == 0 {
				return ""
			}
			return fmt.Sprint(r.Device.Units)
		}},
		{"runtimes", func(r *energy.Record) string { return strings.TrimSpace(r.Runtime.Name + " " + r.Runtime.Version) }},
		{"runtime options", func(r *energy.Record) string { return writeMap(r.Runtime.Options) }},
	} {
		list := slices.DeleteFunc(distinct(records, x.of), func(v string) bool { return v == "" })
		if len(list) > 1 {
			s.warnings = append(s.warnings, fmt.Sprintf("records of different %s are fitted together: %s", x.what, strings.Join(list, "; ")))
		}
	}
}

// combined puts one record in the place of all of one measurement, anchors among them: their median.
func (s *recordSet) combined(records []*energy.Record) []*energy.Record {
	list := make([]energy.Record, len(records))
	for i, r := range records {
		list[i] = *r
	}
	out, _ := energy.Combine(list)
	s.repeated = len(records) - len(out)
	return pointers(out)
}

// medianOf is the median of those numbers that were measured; nil where none was.
func medianOf[T ~float64](records []*energy.Record, number func(*energy.Record) *T) *T {
	var list []float64
	for _, r := range records {
		if v := number(r); v != nil {
			list = append(list, float64(*v))
		}
	}
	if len(list) == 0 {
		return nil
	}
	v := T(stats.Median(list))
	return &v
}

// join writes records as equations, by model and shape.
func (s *recordSet) join(records []*energy.Record) {
	m := newMachine(s.device)
	for _, r := range records {
		feats, problem := recordFeatures(r, m)
		if replayed(r) {
			for i := range feats {
				feats[i].Host = 0
			}
		}
		row := recordRow{Record: r, feats: feats, eq: recordEquation(r, s.boundary, feats)}
		if problem == "" && row.eq.Energy == 0 && row.eq.Time == 0 {
			problem = passedNumbers
		}
		if problem != "" {
			s.passed[problem]++
			continue
		}
		s.rows = append(s.rows, row)
	}
	slices.SortStableFunc(s.rows, func(a, b recordRow) int {
		return cmp.Or(cmp.Compare(a.eq.Model, b.eq.Model), cmp.Compare(a.eq.Shape, b.eq.Shape))
	})
	for i := range s.context {
		s.context[i].eq = recordEquation(s.context[i].Record, s.boundary, nil)
	}
}

// replayed says that a record's launches came from a recording: the host has no part in its time.
func replayed(r *energy.Record) bool {
	return r.KernelTime != nil && r.Time != nil && *r.KernelTime == *r.Time
}

// recordFeatures are the features of a record's kernels on a device, or why there are none.
func recordFeatures(r *energy.Record, m machine) (feats []Features, problem string) {
	if len(r.Work) == 0 {
		return nil, passedWork
	}
	for i := range r.Work {
		k, ok := workKernel(&r.Work[i])
		if !ok {
			return nil, passedDType
		}
		feats = append(feats, m.features(&k, evalConst))
	}
	return feats, ""
}

// workKernel is the kernel that a record's work speaks of; false where its element type is unknown.
func workKernel(w *energy.Work) (kernel.Kernel, bool) {
	t, ok := graph.ParseDType(w.DType)
	c := graph.Cost{Known: true, Class: w.Class, DType: t, MACs: graph.Const(w.MACs), Read: graph.Const(w.Read), Written: graph.Const(w.Written)}
	for _, p := range w.Products {
		c.Products = append(c.Products, graph.Product{
			Batch: graph.Const(p.Batch), M: graph.Const(p.M), N: graph.Const(p.N), K: graph.Const(p.K), Weight: p.Weight,
		})
	}
	return kernel.Kernel{Cost: c}, ok
}

// recordEquation sums the features of a record's kernels, each as often as it runs.
func recordEquation(r *energy.Record, boundary energy.Boundary, feats []Features) equation {
	e := equation{
		Level: r.Level, Kind: cmp.Or(r.Op, r.Class), Model: r.Model, Shape: shapeOf(r), X: map[classKey]*TermValues{},
		Energy: energyWithin(r, boundary),
	}
	e.Batch, e.Sequence = sizesOf(r.Dims)
	if r.Time != nil {
		e.Time = *r.Time
	}
	for i := range feats {
		f := feats[i]
		n := float64(r.Work[i].Count)
		for t := range f.X {
			f.X[t] *= n
		}
		f.Host *= n
		accumulate(e.X, &f)
	}
	return e
}

// shapeOf writes the dims that a record was measured at.
func shapeOf(r *energy.Record) string { return writeMap(r.Dims) }

// writeMap writes a map in the order of its keys: "batch=1 sequence=128".
func writeMap[T any](m map[string]T) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s=%v", k, m[k]))
	}
	return strings.Join(list, " ")
}

// sizesOf finds the batch size and the sequence length among a model's dims by their names, 1 and the product of all
// other dims where the names do not tell; both are 0 where there are no dims. They order records by size.
func sizesOf(dims map[string]int64) (batch, sequence int64) {
	if len(dims) == 0 {
		return 0, 0
	}
	batch, rest := 1, int64(1)
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		lower, n := strings.ToLower(name), max(1, dims[name])
		switch {
		case strings.Contains(lower, "batch"):
			batch *= n
		case sequence == 0 && strings.Contains(lower, "seq") && !strings.Contains(lower, "past") && !strings.Contains(lower, "total"):
			sequence = n
		default:
			rest *= n
		}
	}
	if sequence == 0 {
		sequence = rest
	}
	return batch, sequence
}

// equations are those of all rows.
func (s *recordSet) equations() []equation {
	out := make([]equation, len(s.rows))
	for i := range s.rows {
		out[i] = s.rows[i].eq
	}
	return out
}

// seen is the range of kernels of each class.
func (s *recordSet) seen() ranges {
	out := ranges{}
	for i := range s.rows {
		for j := range s.rows[i].feats {
			out.widen(&s.rows[i].feats[j])
		}
	}
	return out
}

// trainInput is what fits read beside the equations.
func (s *recordSet) trainInput(in *RecordInput) *TrainInput {
	return &TrainInput{Device: s.device, Runtime: s.runtime, Data: in.Data, Note: in.Note}
}

// distinct lists what a function says of records, each once, sorted.
func distinct(records []*energy.Record, of func(*energy.Record) string) []string {
	seen := map[string]bool{}
	for _, r := range records {
		seen[of(r)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
