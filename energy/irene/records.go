package irene

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// Units of the published files.
const (
	mega = 1e6     // FLOPs, clocks
	mib  = 1 << 20 // bytes
)

// Names of a node's numbers in records: features, utilisations and dims.
const (
	featureParameters = "parameters"
	featureFLOPs      = "flops"
	featureBytes      = "bytes"

	shareCPU    = "cpu"
	shareMem    = "mem"
	shareGPU    = "gpu"
	shareGPUMem = "gpu_mem"

	dimBatch    = "batch"
	dimSequence = "sequence"
)

// Records writes the nodes of a tree as records of a device, parents first. The model is a record of its level;
// modules, leaves with parameters among them, are records of modules at the path that the scope names; products and
// softmaxes without parameters are operators, whose path ends in their own name ("encoder.0.attention.self.matmul_1").
// What a module or operator is an instance of is its Op.
//
// With BoundaryWall the energy is that at the plug. With BoundaryBoard it is the board's, and that at the plug stands beside
// it as WallEnergy: nothing of the tree is lost. A node without energy in that scope and without a time is passed over.
func Records(t *Tree, device energy.RecordDevice, boundary energy.Boundary) []energy.Record {
	var out []energy.Record
	t.Root.Walk(func(n *Node) {
		r := energy.Record{
			Schema: energy.RecordSchema, Device: device, Method: energy.MethodPublished, Boundary: boundary,
			Level: levelOf(n.Type), Model: t.Model, Path: strings.TrimPrefix(strings.TrimPrefix(n.Scope, "root"), "."), Op: n.InstanceType,
			Dims: map[string]int64{dimBatch: t.Batch, dimSequence: t.Sequence},
			Features: map[string]float64{
				featureParameters: n.Parameters, featureFLOPs: math.Round(n.FLOPs * mega), featureBytes: n.MemBytes * mib,
			},
			Energy: positive[energy.Joules](n.Energy), Time: positive[energy.Seconds](n.Time),
		}
		if boundary != energy.BoundaryWall {
			r.Energy, r.WallEnergy = positive[energy.Joules](n.GPUEnergy), r.Energy
		}
		if n.CPU != 0 || n.Mem != 0 || n.GPU != 0 || n.GPUMem != 0 {
			r.Utilisation = map[string]float64{shareCPU: n.CPU, shareMem: n.Mem, shareGPU: n.GPU, shareGPUMem: n.GPUMem}
		}
		if n.GPUClock > 0 || n.GPUMemClock > 0 {
			r.Clocks = &energy.Clocks{SMAfter: positive[energy.Hertz](n.GPUClock * mega), MemoryAfter: positive[energy.Hertz](n.GPUMemClock * mega)}
		}
		if r.Energy != nil || r.Time != nil {
			out = append(out, r)
		}
	})
	return out
}

func levelOf(kind string) energy.Level {
	switch kind {
	case TypeModel:
		return energy.LevelModel
	case TypeMLNoParam:
		return energy.LevelOperator
	}
	return energy.LevelModule
}

// positive is v, or nil where it is zero: not measured.
func positive[T ~float64](v float64) *T {
	if v <= 0 {
		return nil
	}
	return new(T(v))
}

// Omitted counts what Trees left out, in records.
type Omitted struct {
	Unusable int // flagged as unusable
	NoSize   int // without a batch size or a sequence length, or measured within a model
	NoModel  int // of models that were not measured as a whole at those sizes
	InLeaf   int // operators within modules that are leaves of the tree
	Again    int // of a place that has a node, from a measurement under other conditions

	// Incomplete counts the nodes whose children have less than 95 % of their FLOPs: equal modules are measured once, and
	// stand at one of their places.
	Incomplete int

	// Board counts the nodes whose ground_truth_energy is what the device's meter said, since some node of their tree
	// has no energy at the plug.
	Board int
}

// Trees makes trees of the records of one device: one for each model at each batch size and sequence length that was
// measured as a whole, in the order in which these records appear, as are children. Several records of one measurement
// become one (see energy.Combine).
//
// A node hangs below the nearest module above it that was measured. A module with nothing measured below it but its own
// operators is a leaf, "ml", and they are left to it; so is an operator that is alone at the path of a module that was
// not measured. Other operators are "ml-np", under their own name in lower case and, from the second on, a number; those
// whose path ends in their name keep it. Records of several devices are an error.
func Trees(records []energy.Record) ([]*Tree, Omitted, error) {
	type size struct {
		model           string
		batch, sequence int64
	}
	combined, unusable := energy.Combine(records)
	o := Omitted{Unusable: unusable}
	groups := map[size][]*energy.Record{}
	var order []size
	for i := range combined {
		r := &combined[i]
		if first := &combined[0]; deviceName(r) != deviceName(first) {
			return nil, o, fmt.Errorf("records of several devices: %s, %s", deviceName(first), deviceName(r))
		}
		key := size{r.Model, firstOf(r.Dims, batchNames()...), firstOf(r.Dims, sequenceNames()...)}
		if key.batch < 1 || key.sequence < 1 || r.Context != energy.ContextAlone {
			o.NoSize++
			continue
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], r)
	}
	var trees []*Tree
	for _, key := range order {
		t := &Tree{Model: key.model, Batch: key.batch, Sequence: key.sequence}
		if grow(t, groups[key], &o) {
			trees = append(trees, t)
		} else {
			o.NoModel += len(groups[key])
		}
	}
	return trees, o, nil
}

func deviceName(r *energy.Record) string { return cmp.Or(r.Device.ID, r.Device.Name) }

// The names that models give to their batch and their sequence, ours first.
func batchNames() []string { return []string{dimBatch, "batch_size", "N"} }

func sequenceNames() []string {
	return []string{dimSequence, "sequence_length", "seq_len", "seq_length", "seq"}
}

// firstOf is the number under the first name that there is; 0 where there is none.
func firstOf[T int64 | float64](m map[string]T, names ...string) T {
	for _, n := range names {
		if v, ok := m[n]; ok {
			return v
		}
	}
	return 0
}
