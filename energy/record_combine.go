package energy

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy/stats"
)

// Combine makes one record of all usable records of a key, in the order in which the keys first appear. Numbers are the
// medians, flags are united, the time stamp is the latest; of more than one record, the spread is that between them. A
// record that appears twice counts once. The result has no anchors: nothing in it is repeated. It also returns how many
// records were not usable and are left out.
func Combine(records []Record) (combined []Record, unusable int) {
	groups, seen := map[string][]*Record{}, map[string]map[string]bool{}
	var order []string
	for i := range records {
		r := &records[i]
		if !r.Usable() {
			unusable++
			continue
		}
		key := r.Key()
		switch len(groups[key]) {
		case 0:
			order = append(order, key)
		case 1: // the text of a record that is alone is never asked for
			seen[key] = map[string]bool{groups[key][0].text(): true}
			fallthrough
		default:
			text := r.text()
			if seen[key][text] {
				continue
			}
			seen[key][text] = true
		}
		groups[key] = append(groups[key], r)
	}
	for _, key := range order {
		combined = append(combined, combine(groups[key]))
	}
	return combined, unusable
}

// text is a record as files have it, which tells records apart.
func (r *Record) text() string {
	b, err := json.Marshal(r)
	if err != nil { // a number that JSON does not have: the record is one of a kind
		return fmt.Sprintf("%p", r)
	}
	return string(b)
}

// combine is the record that stands for several of one key.
func combine(group []*Record) Record {
	out := *group[0]
	out.Anchor = false
	if len(group) == 1 {
		return out
	}
	out.Energy = medianOf(group, func(r *Record) *Joules { return r.Energy })
	out.NetEnergy = medianOf(group, func(r *Record) *Joules { return r.NetEnergy })
	out.WallEnergy = medianOf(group, func(r *Record) *Joules { return r.WallEnergy })
	out.Time = medianOf(group, func(r *Record) *Seconds { return r.Time })
	out.KernelTime = medianOf(group, func(r *Record) *Seconds { return r.KernelTime })
	out.Idle = medianOf(group, func(r *Record) *Watts { return r.Idle })
	out.Busy = medianOf(group, func(r *Record) *float64 { return r.Busy })
	out.Spread = spreadOf(group)
	out.Drift, out.Clocks, out.Utilisation = nil, nil, nil // of one measurement
	out.Flags = nil
	for _, r := range group {
		for _, f := range r.Flags {
			if !slices.Contains(out.Flags, f) {
				out.Flags = append(out.Flags, f)
			}
		}
		if r.Session != out.Session {
			out.Session = ""
		}
		if r.Timestamp.After(out.Timestamp) {
			out.Timestamp = r.Timestamp
		}
	}
	slices.Sort(out.Flags)
	return out
}

// spreadOf says how far the records of one key agree: in energy, or in time where they have no energy.
func spreadOf(group []*Record) *Spread {
	s := &Spread{}
	for _, r := range group {
		if r.Energy != nil {
			s.Windows = append(s.Windows, *r.Energy)
		}
		if r.Time != nil {
			s.Times = append(s.Times, *r.Time)
		}
	}
	switch {
	case len(s.Windows) > 1:
		s.CV = new(stats.CV(s.Windows))
	case len(s.Times) > 1:
		s.CV = new(stats.CV(s.Times))
	}
	return s
}

// medianOf is the median of what get finds in a group; nil where it finds nothing.
func medianOf[T ~float64](group []*Record, get func(*Record) *T) *T {
	var values []T
	for _, r := range group {
		if v := get(r); v != nil {
			values = append(values, *v)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return new(stats.Median(values))
}
