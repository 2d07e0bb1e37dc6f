package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/graph/kernel"
)

func (s *RecordSet) Pick(index []int) []Equation {
	out := make([]Equation, len(index))
	for k, i := range index {
		out[k] = s.Rows[i].Eq
	}
	return out
}

// RecordInput is records to train on or to validate with, and which of them are meant.
type RecordInput struct {
	Records  []energy.Record
	Exclude  []string        // model names left out
	Device   string          // only records of this device; "" where they are of one
	Boundary energy.Boundary // energies within this boundary; "" where the records have one
	Profile  string          // only records under this kernel profile; "" where they are under one
	Data     []string        // names of the files, for the provenance
	Note     string
}

// RecordSet is records of one device, one boundary and one kernel profile that a fit can take together.
type RecordSet struct {
	Device   energy.Device
	known    bool            // the device is in the table
	Boundary energy.Boundary // of the energies; "" where there are none
	Profile  string
	Rows     []RecordRow    // sorted by model and shape
	Context  []RecordRow    // operators measured within their models
	Passed   map[string]int // records that were passed over, by the reason
	Total    int
	repeated int // records that others of the same measurement were made one with
	drift    energy.DriftReport
	Warnings []string
}

// RecordRow is a record as an equation. The features are in the order of the record's work.
type RecordRow struct {
	*energy.Record
	Eq    Equation
	Feats []law.Features
}

// NewRecordSet chooses the records that belong together and writes them as equations. Records of several devices,
// boundaries or kernel profiles are an error unless the input says which are meant.
func NewRecordSet(in *RecordInput) (*RecordSet, error) {
	s := &RecordSet{Passed: map[string]int{}, Total: len(in.Records)}
	var corrected []energy.Record
	corrected, s.drift = energy.CorrectDrift(in.Records)
	records := s.keep(measured.Pointers(corrected), measured.PassedModel, func(r *energy.Record) bool { return !slices.Contains(in.Exclude, r.Model) })
	records, err := s.ofDevice(records, in.Device)
	if err != nil {
		return nil, err
	}
	records = s.usable(records)
	if records, err = s.underRuntime(records, in.Profile); err != nil {
		return nil, err
	}
	if err := s.chooseBoundary(records, in.Boundary); err != nil {
		return nil, err
	}
	s.Device, s.known = deviceRow(records)
	s.warnMixes(records)
	s.join(s.combined(records))
	return s, nil
}

// keep drops records and counts them under a reason.
func (s *RecordSet) keep(records []*energy.Record, reason string, wanted func(*energy.Record) bool) []*energy.Record {
	var out []*energy.Record
	for _, r := range records {
		if wanted(r) {
			out = append(out, r)
		} else {
			s.Passed[reason]++
		}
	}
	return out
}

// ofDevice keeps the records of one device. Several boards of one model are one device.
func (s *RecordSet) ofDevice(records []*energy.Record, want string) ([]*energy.Record, error) {
	ids := measured.Distinct(records, func(r *energy.Record) string { return measured.RecordDeviceID(r.Device) })
	if want != "" {
		known := measured.RecordDeviceID(energy.RecordDevice{ID: want})
		at := slices.IndexFunc(ids, func(id string) bool { return id == known || energy.Device{ID: id}.Is(want) })
		if at < 0 {
			return nil, fmt.Errorf("no record was measured on %s; there are records of %s", want, strings.Join(ids, ", "))
		}
		id := ids[at]
		return s.keep(records, measured.PassedDevice, func(r *energy.Record) bool { return measured.RecordDeviceID(r.Device) == id }), nil
	}
	if len(ids) > 1 {
		return nil, fmt.Errorf("records of %s: coefficients are of one device; --device says which", strings.Join(ids, " and "))
	}
	return records, nil
}

// usable drops what was measured badly, the time of the host where a kernel's is asked for, and what has no kernels.
// Operators measured within their models are kept aside.
func (s *RecordSet) usable(records []*energy.Record) []*energy.Record {
	var out []*energy.Record
	for _, r := range records {
		switch reason := measured.WhyUnusable(r); {
		case reason == "":
			out = append(out, r)
		case reason == measured.PassedContext:
			s.Context = append(s.Context, RecordRow{Record: r})
			fallthrough
		default:
			s.Passed[reason]++
		}
	}
	return out
}

// underRuntime keeps the records under one kernel profile; those that name none count as being under any.
func (s *RecordSet) underRuntime(records []*energy.Record, want string) ([]*energy.Record, error) {
	profiles := slices.DeleteFunc(measured.Distinct(records, func(r *energy.Record) string { return r.Runtime.Profile }), func(p string) bool { return p == "" })
	known, _ := kernel.Profiles()
	s.Profile = want
	switch {
	case want != "":
		records = s.keep(records, measured.PassedRuntime, func(r *energy.Record) bool { return r.Runtime.Profile == "" || r.Runtime.Profile == want })
	case len(profiles) > 1:
		return nil, fmt.Errorf("records under the runtime profiles %s: coefficients are of one; --runtime says which", strings.Join(profiles, " and "))
	case len(profiles) == 1:
		s.Profile = profiles[0]
	default:
		s.Profile = known[0]
	}
	if !slices.Contains(known, s.Profile) {
		return nil, fmt.Errorf("records under the runtime profile %q, which is unknown; --runtime names one of %s", s.Profile, strings.Join(known, ", "))
	}
	return records, nil
}

// chooseBoundary finds the meter whose energies are meant.
func (s *RecordSet) chooseBoundary(records []*energy.Record, want energy.Boundary) error {
	var scopes []string
	for _, r := range records {
		for _, boundary := range measured.BoundariesOf(r) {
			if !slices.Contains(scopes, string(boundary)) {
				scopes = append(scopes, string(boundary))
			}
		}
	}
	slices.Sort(scopes)
	direct := measured.Distinct(records, func(r *energy.Record) string {
		if r.Energy == nil {
			return ""
		}
		return string(r.Boundary)
	})
	direct = slices.DeleteFunc(direct, func(scope string) bool { return scope == "" })
	switch {
	case want != "":
		if !slices.Contains(scopes, string(want)) {
			return fmt.Errorf("no record has energy of the scope %s%s", want, Listed("; there is ", scopes))
		}
		s.Boundary = want
	case len(direct) > 1:
		return fmt.Errorf("records of %s energy: coefficients are of one; --scope says which", strings.Join(direct, " and "))
	case len(direct) == 1:
		s.Boundary = energy.Boundary(direct[0])
	case len(scopes) == 1: // at the plug alone
		s.Boundary = energy.Boundary(scopes[0])
	}
	return nil
}

func Listed(before string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return before + strings.Join(list, ", ")
}

// warnMixes says of records that a fit takes together although something about them differs.
func (s *RecordSet) warnMixes(records []*energy.Record) {
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
		{"runtime options", func(r *energy.Record) string { return measured.WriteMap(r.Runtime.Options) }},
	} {
		list := slices.DeleteFunc(measured.Distinct(records, x.of), func(v string) bool { return v == "" })
		if len(list) > 1 {
			s.Warnings = append(s.Warnings, fmt.Sprintf("records of different %s are fitted together: %s", x.what, strings.Join(list, "; ")))
		}
	}
}

// combined puts one record in the place of all of one measurement, anchors among them: their median.
func (s *RecordSet) combined(records []*energy.Record) []*energy.Record {
	list := make([]energy.Record, len(records))
	for i, r := range records {
		list[i] = *r
	}
	out, _ := energy.Combine(list)
	s.repeated = len(records) - len(out)
	return measured.Pointers(out)
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
func (s *RecordSet) join(records []*energy.Record) {
	m := law.NewMachine(s.Device)
	for _, r := range records {
		feats, problem := recordFeatures(r, m)
		if measured.Replayed(r) {
			for i := range feats {
				feats[i].Host = 0
			}
		}
		row := RecordRow{Record: r, Feats: feats, Eq: RecordEquation(r, s.Boundary, feats)}
		if problem == "" && row.Eq.Energy == 0 && row.Eq.Time == 0 {
			problem = measured.PassedNumbers
		}
		if problem != "" {
			s.Passed[problem]++
			continue
		}
		s.Rows = append(s.Rows, row)
	}
	slices.SortStableFunc(s.Rows, func(a, b RecordRow) int {
		return cmp.Or(cmp.Compare(a.Eq.Model, b.Eq.Model), cmp.Compare(a.Eq.Shape, b.Eq.Shape))
	})
	for i := range s.Context {
		s.Context[i].Eq = RecordEquation(s.Context[i].Record, s.Boundary, nil)
	}
}

// recordFeatures are the features of a record's kernels on a device, or why there are none.
func recordFeatures(r *energy.Record, m law.Machine) (feats []law.Features, problem string) {
	if len(r.Work) == 0 {
		return nil, measured.PassedWork
	}
	for i := range r.Work {
		k, ok := measured.WorkKernel(&r.Work[i])
		if !ok {
			return nil, measured.PassedDType
		}
		feats = append(feats, m.Features(&k))
	}
	return feats, ""
}

// RecordEquation sums the features of a record's kernels, each as often as it runs.
func RecordEquation(r *energy.Record, boundary energy.Boundary, feats []law.Features) Equation {
	e := Equation{
		Level: r.Level, Kind: cmp.Or(r.Op, r.Class), Model: r.Model, Shape: measured.ShapeOf(r), X: map[coefficients.Key]*coefficients.TermValues{},
		Energy: measured.EnergyWithin(r, boundary),
	}
	e.Batch, e.Sequence = measured.SizesOf(r.Dims)
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

// Equations are those of all rows.
func (s *RecordSet) Equations() []Equation {
	out := make([]Equation, len(s.Rows))
	for i := range s.Rows {
		out[i] = s.Rows[i].Eq
	}
	return out
}

// seen is the range of kernels of each class.
func (s *RecordSet) seen() Ranges {
	out := Ranges{}
	for i := range s.Rows {
		for j := range s.Rows[i].Feats {
			out.widen(&s.Rows[i].Feats[j])
		}
	}
	return out
}

// TrainInput is what fits read beside the equations.
func (s *RecordSet) TrainInput(in *RecordInput) *TrainInput {
	return &TrainInput{Device: s.Device, Profile: s.Profile, Data: in.Data, Note: in.Note}
}
