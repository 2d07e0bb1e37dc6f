package fit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// Reasons for which records are passed over, beside those for which they are unusable.
const (
	passedModel   = "excluded model"
	passedDevice  = "other device"
	passedProfile = "other runtime profile"
	passedWork    = "no kernels"
	passedDType   = "unknown element type"
	passedNumbers = "no energy of the scope, and no time"
)

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

// replayed says that a record's launches came from a recording: the host has no part in its time.
func replayed(r *energy.Record) bool {
	return r.KernelTime != nil && r.Time != nil && *r.KernelTime == *r.Time
}

// kernelOf is the kernel that a record's work speaks of; false where its element type is unknown.
func kernelOf(w *energy.Work) (law.Kernel, bool) {
	t, ok := graph.ParseDType(w.DType)
	k := law.Kernel{Known: true, Class: w.Class, DType: t, MACs: float64(w.MACs), Bytes: float64(w.Read) + float64(w.Written)}
	for _, p := range w.Products {
		k.Products = append(k.Products, law.Product{Batch: float64(p.Batch), M: float64(p.M), N: float64(p.N), K: float64(p.K)})
	}
	return k, ok
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
