package measured

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// Reasons writes what was passed over: "30 cv, 8 in-model".
func Reasons(passed map[string]int) string {
	var list []string
	for reason, n := range passed {
		list = append(list, fmt.Sprintf("%d %s", n, reason))
	}
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(a, b) })
	return strings.Join(list, ", ")
}

// Reasons for which records are unusable, beside the names of their flags.
const (
	ReasonContext = "in-model"
	reasonUnknown = "kernels of unknown cost"
)

// Pointers are those to the records of a list.
func Pointers(records []energy.Record) []*energy.Record {
	out := make([]*energy.Record, len(records))
	for i := range records {
		out[i] = &records[i]
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

// DeviceIDs are the ids of boards that records name, found once each: records are many, boards are few.
type DeviceIDs map[[2]string]string

// Of is [RecordDeviceID] of a record's device.
func (ids DeviceIDs) Of(r *energy.Record) string {
	names := [2]string{r.Device.ID, r.Device.Name}
	id, ok := ids[names]
	if !ok {
		id = RecordDeviceID(r.Device)
		ids[names] = id
	}
	return id
}

// WhyUnusable is the first reason not to take a record's numbers as those of its kernels running alone; "" where there is
// none. An operator that waits for the host is slower than its kernel; modules and models that do so are what they are.
func WhyUnusable(r *energy.Record) string {
	for _, flag := range energy.Unusable() {
		if slices.Contains(r.Flags, flag) {
			return flag
		}
	}
	switch {
	case r.Features[energy.FeatureUnknown] > 0:
		return reasonUnknown
	case r.Context == energy.ContextModel:
		return ReasonContext
	case r.Level == energy.LevelOperator && slices.Contains(r.Flags, energy.FlagHostBound):
		return energy.FlagHostBound
	}
	return ""
}

// Distinct lists what a function says of records, each once, sorted.
func Distinct(records []*energy.Record, of func(*energy.Record) string) []string {
	seen := map[string]bool{}
	for _, r := range records {
		seen[of(r)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
