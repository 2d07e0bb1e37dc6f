package fit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	k.Op, k.Elements, k.Quant = w.Row, float64(w.Elements), w.Quant
	k.Attention, k.Experts = attentionOf(w.Attention, t), expertsOf(w.Experts)
	return k, ok
}

// optionTF32 is the option of a runtime that says whether products of float32 round their inputs.
const optionTF32 = "tf32"

// roundingOf is what a record says of products of float32, or what the runtime does by default.
func roundingOf(r *energy.Record, profile, class string) law.Rounding {
	switch rounds, err := strconv.ParseBool(r.Runtime.Options[optionTF32]); {
	case err != nil:
		return law.RoundingUnder(profile, class)
	case rounds:
		return law.ToTF32
	}
	return law.Exact
}

// attentionOf is the geometry that a record has of a fused attention of an element type.
func attentionOf(a *energy.WorkAttention, t graph.DType) *law.Attention {
	if a == nil {
		return nil
	}
	queries, _ := graph.ParseDType(a.DType)
	cache, _ := graph.ParseDType(a.Cache)
	out := &law.Attention{
		Batch: float64(a.Batch), Heads: float64(a.Heads), KVHeads: float64(a.KVHeads), HeadDim: float64(a.HeadDim),
		Query: float64(a.Query), Context: float64(a.Context), Causal: a.Causal, DType: queries, CacheBytes: float64(cmp.Or(cache, queries, t).Bits()) / 8,
	}
	if a.Window > 0 && a.Window < a.Context { // a wider one bounds nothing
		out.Window = float64(a.Window)
	}
	return out
}

// expertsOf is what a record has of a layer of experts, whose tokens are taken to be those of text.
func expertsOf(e *energy.WorkExperts) *law.Experts {
	if e == nil {
		return nil
	}
	return &law.Experts{
		Tokens: float64(e.Tokens), Hidden: float64(e.Hidden), Inter: float64(e.Inter), TopK: float64(e.TopK), Experts: float64(e.Experts),
		TP: 1, EP: 1, Gated: e.Gated, Distribution: law.Uneven,
	}
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
