package model

import (
	"slices"

	"github.com/irene-onnx/irene/energy/irene"
)

// FeatureSet is one of the two groups of features of the paper. The number of parameters and the input size (batch size
// times sequence length) belong to both.
type FeatureSet string

// The feature sets.
const (
	ModelSpecs          FeatureSet = "model_specs"          // known without a measurement
	ResourceUtilization FeatureSet = "resource_utilization" // measured while the node runs
)

// feature is one number that describes a node.
type feature struct {
	name  string // as in the published trees
	set   FeatureSet
	value func(*irene.Tree, *irene.Node) float64
}

// allFeatures is the ordered list of features; set is "" for those of every set.
func allFeatures() []feature {
	return []feature{
		{"num_parameters", "", func(_ *irene.Tree, n *irene.Node) float64 { return n.Parameters }},
		{"input_size", "", func(t *irene.Tree, _ *irene.Node) float64 { return float64(t.Batch) * float64(t.Sequence) }},
		{"batch_size", ModelSpecs, func(t *irene.Tree, _ *irene.Node) float64 { return float64(t.Batch) }},
		{"seq_len", ModelSpecs, func(t *irene.Tree, _ *irene.Node) float64 { return float64(t.Sequence) }},
		{"flops", ModelSpecs, func(_ *irene.Tree, n *irene.Node) float64 { return n.FLOPs }},
		{"mem_bytes", ModelSpecs, func(_ *irene.Tree, n *irene.Node) float64 { return n.MemBytes }},
		{"cpu", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.CPU }},
		{"mem", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.Mem }},
		{"gpu", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.GPU }},
		{"gpu_mem", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.GPUMem }},
		{"gpu_clk", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.GPUClock }},
		{"gpu_mem_clk", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.GPUMemClock }},
		{"times_mean", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.Time }},
		{"gpu_energy_mean", ResourceUtilization, func(_ *irene.Tree, n *irene.Node) float64 { return n.GPUEnergy }},
	}
}

// featuresOf lists the features of some sets, in the order of allFeatures.
func featuresOf(sets []FeatureSet) []feature {
	return slices.DeleteFunc(allFeatures(), func(f feature) bool { return f.set != "" && !slices.Contains(sets, f.set) })
}

// Features names the features of some sets, in the order in which a model uses them; all 14 where no set is given.
func Features(sets ...FeatureSet) []string {
	if len(sets) == 0 {
		sets = []FeatureSet{ModelSpecs, ResourceUtilization}
	}
	var names []string
	for _, f := range featuresOf(sets) {
		names = append(names, f.name)
	}
	return names
}

// products is how many products of at most degree of k features there are, the empty one included: (k+d choose d).
func products(k, degree int) int {
	n := 1
	for i := 1; i <= degree; i++ {
		n = n * (k + i) / i
	}
	return n
}

// expand appends to out all products of at most degree features of x: 1, x0, x1, …, x0·x0, x0·x1, …, x0·x0·x0, ….
func expand(out, x []float64, degree int) []float64 {
	out = append(out, 1)
	out = append(out, x...)
	if degree >= 2 {
		for i, a := range x {
			for _, b := range x[i:] {
				out = append(out, a*b)
			}
		}
	}
	if degree >= 3 {
		for i, a := range x {
			for j, b := range x[i:] {
				ab := a * b
				for _, c := range x[i+j:] {
					out = append(out, ab*c)
				}
			}
		}
	}
	return out
}
