package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Records are records of measurements, and which of them are meant.
type Records struct {
	Records  []energy.Record
	Exclude  []string        // model names left out
	Device   string          // only records of this device; "" where they are of one
	Boundary energy.Boundary // energies within this boundary; "" where the records have one
	Profile  string          // only records under this runtime profile; "" where they are under one
	Files    []string        // names of the data
}

// FromRecords chooses the records that belong together: those of one device, one boundary and one runtime profile, which
// measured kernels running alone. Records of several devices, boundaries or profiles are an error unless the input says
// which are meant. Items are sorted by model and shape.
func FromRecords(in Records) (*Data, error) {
	d := &Data{
		Kind: measured.KindRecords, Files: in.Files,
		Account: Account{Records: len(in.Records), Passed: map[string]int{}},
	}
	r := recordReader{d}
	corrected, drift := energy.CorrectDrift(in.Records)
	d.Drift = drift
	records := r.filter(measured.Pointers(corrected), passedModel, func(r *energy.Record) bool { return !slices.Contains(in.Exclude, r.Model) })
	records, err := r.ofDevice(records, in.Device)
	if err != nil {
		return nil, err
	}
	records, context := r.usable(records)
	if records, err = r.underProfile(records, in.Profile); err != nil {
		return nil, err
	}
	if err := r.chooseBoundary(records, in.Boundary); err != nil {
		return nil, err
	}
	d.Device, d.Unlisted = deviceRow(records)
	r.warnMixes(records)
	r.items(r.combined(records), context)
	return d, nil
}

// recordReader makes items of records.
type recordReader struct{ *Data }

// filter drops records and counts them under a reason.
func (r *recordReader) filter(records []*energy.Record, reason string, wanted func(*energy.Record) bool) []*energy.Record {
	var out []*energy.Record
	for _, record := range records {
		if wanted(record) {
			out = append(out, record)
		} else {
			r.Passed[reason]++
		}
	}
	return out
}

// ofDevice keeps the records of one device. Several boards of one model are one device.
func (r *recordReader) ofDevice(records []*energy.Record, want string) ([]*energy.Record, error) {
	known := measured.DeviceIDs{}
	ids := measured.Distinct(records, known.Of)
	if want != "" {
		wanted := measured.RecordDeviceID(energy.RecordDevice{ID: want})
		at := slices.IndexFunc(ids, func(id string) bool { return id == wanted || energy.Device{ID: id}.Is(want) })
		if at < 0 {
			return nil, fmt.Errorf("no record was measured on %s; there are records of %s", want, strings.Join(ids, ", "))
		}
		id := ids[at]
		return r.filter(records, passedDevice, func(r *energy.Record) bool { return known.Of(r) == id }), nil
	}
	if len(ids) > 1 {
		return nil, fmt.Errorf("records of %s: coefficients are of one device; --device says which", strings.Join(ids, " and "))
	}
	return records, nil
}

// usable drops what was measured badly, the time of the host where a kernel's is asked for, and what has no kernels.
// Operators measured within their models are kept aside.
func (r *recordReader) usable(records []*energy.Record) (out, context []*energy.Record) {
	for _, record := range records {
		switch reason := measured.WhyUnusable(record); {
		case reason == "":
			out = append(out, record)
		case reason == measured.ReasonContext:
			context = append(context, record)
			fallthrough
		default:
			r.Passed[reason]++
		}
	}
	return out, context
}

// underProfile keeps the records under one kernel profile; those that name none count as being under any.
func (r *recordReader) underProfile(records []*energy.Record, want string) ([]*energy.Record, error) {
	profiles := slices.DeleteFunc(measured.Distinct(records, func(r *energy.Record) string { return r.Runtime.Profile }), func(p string) bool { return p == "" })
	known, _ := kernel.Profiles()
	r.Data.Profile = want
	switch {
	case want != "":
		records = r.filter(records, passedProfile, func(r *energy.Record) bool { return r.Runtime.Profile == "" || r.Runtime.Profile == want })
	case len(profiles) > 1:
		return nil, fmt.Errorf("records under the runtime profiles %s: coefficients are of one; --runtime says which", strings.Join(profiles, " and "))
	case len(profiles) == 1:
		r.Data.Profile = profiles[0]
	default:
		r.Data.Profile = known[0]
	}
	if !slices.Contains(known, r.Data.Profile) {
		return nil, fmt.Errorf("records under the runtime profile %q, which is unknown; --runtime names one of %s", r.Data.Profile, strings.Join(known, ", "))
	}
	return records, nil
}

// chooseBoundary finds the meter whose energies are meant.
func (r *recordReader) chooseBoundary(records []*energy.Record, want energy.Boundary) error {
	var scopes []string
	for _, record := range records {
		for _, boundary := range boundariesOf(record) {
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
			return fmt.Errorf("no record has energy of the scope %s%s", want, Listed("; there is ", scopes...))
		}
		r.Data.Boundary = want
	case len(direct) > 1:
		return fmt.Errorf("records of %s energy: coefficients are of one; --scope says which", strings.Join(direct, " and "))
	case len(direct) == 1:
		r.Data.Boundary = energy.Boundary(direct[0])
	case len(scopes) == 1: // at the plug alone
		r.Data.Boundary = energy.Boundary(scopes[0])
	}
	return nil
}

// warnMixes says of records that a fit takes together although something about them differs.
func (r *recordReader) warnMixes(records []*energy.Record) {
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
		list := slices.DeleteFunc(measured.Distinct(records, x.of), func(v string) bool { return v == "" })
		if len(list) > 1 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("records of different %s are fitted together: %s", x.what, strings.Join(list, "; ")))
		}
	}
}

// combined puts one record in the place of all of one measurement, anchors among them: their median.
func (r *recordReader) combined(records []*energy.Record) []*energy.Record {
	list := make([]energy.Record, len(records))
	for i, record := range records {
		list[i] = *record
	}
	out, _ := energy.Combine(list)
	r.Repeated = len(records) - len(out)
	return measured.Pointers(out)
}

// items makes an item of every record that has kernels and numbers, and sets the operators within models aside.
func (r *recordReader) items(records, context []*energy.Record) {
	for _, record := range records {
		it := r.item(record)
		problem := r.addWork(it)
		if problem == "" && it.Energy == 0 && it.Time == 0 {
			problem = passedNumbers
		}
		if problem != "" {
			r.Passed[problem]++
			continue
		}
		r.Items = append(r.Items, it)
	}
	slices.SortStableFunc(r.Items, func(a, b *Item) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Shape, b.Shape))
	})
	for run, it := range r.Items {
		it.Run = run
		r.addPlugRecord(it)
	}
	for _, record := range context {
		r.Context = append(r.Context, r.item(record))
	}
}

// item is what a record measured, without its kernels.
func (r *recordReader) item(record *energy.Record) *Item {
	it := &Item{
		Level: record.Level, Type: string(record.Level), Kind: cmp.Or(record.Op, record.Class), Model: record.Model, Group: record.Model,
		Shape: shapeOf(record), Device: &r.Device, Energy: energyWithin(record, r.Boundary), Record: record,
	}
	it.Batch, it.Sequence = sizesOf(record.Dims)
	if record.Time != nil {
		it.Time = *record.Time
	}
	return it
}

// addWork gives an item the kernels of its record, or says why there are none.
func (r *recordReader) addWork(it *Item) (problem string) {
	if len(it.Record.Work) == 0 {
		return passedWork
	}
	it.Work = &Work{Level: it.Level}
	if it.Level == energy.LevelOperator {
		it.Work.Level = ""
	}
	for i := range it.Record.Work {
		w := &it.Record.Work[i]
		k, ok := kernelOf(w)
		if !ok {
			return passedDType
		}
		k.Rounding = roundingOf(it.Record, r.Profile, k.Class)
		k.Replayed = it.Level == energy.LevelOperator && it.Record.Buffers == "hot"
		it.Work.Kernels = append(it.Work.Kernels, Kernel{Kernel: k, Count: float64(w.Count), Replayed: replayed(it.Record)})
	}
	it.FLOPs = it.Work.productFLOPs()
	if it.Level == energy.LevelOperator {
		it.Class = it.Work.single()
	}
	return ""
}
