package measured

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
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

// Reasons for which records are passed over, beside the names of their flags.
const (
	PassedModel   = "excluded model"
	PassedDevice  = "other device"
	PassedRuntime = "other runtime profile"
	PassedContext = "in-model"
	PassedWork    = "no kernels"
	passedUnknown = "kernels of unknown cost"
	PassedDType   = "unknown element type"
	PassedNumbers = "no energy of the scope, and no time"
)

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
		return passedUnknown
	case r.Context == energy.ContextModel:
		return PassedContext
	case r.Level == energy.LevelOperator && slices.Contains(r.Flags, energy.FlagHostBound):
		return energy.FlagHostBound
	}
	return ""
}

// BoundariesOf lists the boundaries that a record has energies of.
func BoundariesOf(r *energy.Record) []energy.Boundary {
	var out []energy.Boundary
	if r.Energy != nil {
		out = append(out, r.Boundary)
	}
	if r.WallEnergy != nil {
		out = append(out, energy.BoundaryWall)
	}
	return out
}

// EnergyWithin is a record's energy within a boundary, 0 where it has none.
func EnergyWithin(r *energy.Record, boundary energy.Boundary) energy.Joules {
	switch {
	case boundary == energy.BoundaryWall && r.WallEnergy != nil:
		return *r.WallEnergy
	case r.Energy != nil && r.Boundary == boundary:
		return *r.Energy
	}
	return 0
}

// Replayed says that a record's launches came from a recording: the host has no part in its time.
func Replayed(r *energy.Record) bool {
	return r.KernelTime != nil && r.Time != nil && *r.KernelTime == *r.Time
}

// WorkKernel is the kernel that a record's work speaks of; false where its element type is unknown.
func WorkKernel(w *energy.Work) (law.Kernel, bool) {
	t, ok := graph.ParseDType(w.DType)
	k := law.Kernel{Known: true, Class: w.Class, DType: t, MACs: float64(w.MACs), Bytes: float64(w.Read) + float64(w.Written)}
	for _, p := range w.Products {
		k.Products = append(k.Products, law.Product{Batch: float64(p.Batch), M: float64(p.M), N: float64(p.N), K: float64(p.K)})
	}
	return k, ok
}

// ShapeOf writes the dims that a record was measured at.
func ShapeOf(r *energy.Record) string { return WriteMap(r.Dims) }

// WriteMap writes a map in the order of its keys: "batch=1 sequence=128".
func WriteMap[T any](m map[string]T) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s=%v", k, m[k]))
	}
	return strings.Join(list, " ")
}

// SizesOf finds the batch size and the sequence length among a model's dims by their names, 1 and the product of all
// other dims where the names do not tell; both are 0 where there are no dims. They order records by size.
func SizesOf(dims map[string]int64) (batch, sequence int64) {
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

// Distinct lists what a function says of records, each once, sorted.
func Distinct(records []*energy.Record, of func(*energy.Record) string) []string {
	seen := map[string]bool{}
	for _, r := range records {
		seen[of(r)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
