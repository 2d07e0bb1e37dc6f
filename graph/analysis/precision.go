package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// Precision is the element types that a model is costed in, whatever its file stores. It holds for what the device works
// on: integers, and numbers that only sizes are calculated from, stay what they are.
type Precision struct {
	Name  string
	Float graph.DType // of all that is wider or as wide: values, caches, weights that Weight leaves out
	// Weight is how the weights of matrix products and of experts are stored; Undefined: as all else.
	Weight graph.DType
	// Block is how many weights share a scale of one byte, where the format says so; 0: scales are not counted, since whoever
	// quantises chooses how many there are. One of 16 bit for 128 weights of 4 bit takes 3 % of what these take.
	Block int64
	Quant string // how products of such weights are computed: see graph.Cost
}

// Precisions is the table of precisions.
func Precisions() []Precision {
	return []Precision{
		{Name: "bfloat16", Float: graph.BFloat16},
		{Name: "float16", Float: graph.Float16},
		{Name: "fp8", Float: graph.BFloat16, Weight: graph.Float8E4M3FN, Quant: "fp8"},
		{Name: "nvfp4", Float: graph.BFloat16, Weight: graph.Float4E2M1, Block: 16, Quant: "nvfp4"}, // https://intel.github.io/neural-compressor/latest/docs/source/3x/PT_NVFP4Quant.html
		{Name: "int8", Float: graph.BFloat16, Weight: graph.Int8, Quant: "sq"},                      // activations, too: https://arxiv.org/abs/2211.10438
		{Name: "int4-weights", Float: graph.BFloat16, Weight: graph.Int4, Quant: "int4_wo"},
	}
}

// PrecisionNames lists the names of the precisions.
func PrecisionNames() (names []string) {
	for _, p := range Precisions() {
		names = append(names, p.Name)
	}
	return names
}

// findPrecision finds a row of the table.
func findPrecision(name string) (*Precision, error) {
	all := Precisions()
	i := slices.IndexFunc(all, func(p Precision) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown precision %q; there are %s", name, strings.Join(PrecisionNames(), ", "))
	}
	return &all[i], nil
}

// count finds the costs of all operators, in the precision asked for.
func (a *Analysis) count(as string) error {
	if a.As = as; as == "" {
		a.Costs = ops.Count(a.Graph, a.Inference)
		return nil
	}
	p, err := findPrecision(as)
	if err != nil {
		return err
	}
	dynamic := dataDependent(a.Graph)
	a.retype(p, dynamic)
	a.Costs = ops.Count(a.Graph, a.Inference)
	narrow := a.narrowWeights()
	if len(narrow) > 0 {
		a.warnf("as %s: as the file has them stay %s, weights in fewer bits already", p.Name, examples(narrow))
	}
	if p.Weight != graph.Undefined {
		a.quantise(p, dynamic, len(narrow) > 0)
	}
	return nil
}

// retype gives what floats there are the precision's element type.
func (a *Analysis) retype(p *Precision, dynamic []bool) {
	for id, is := range onDevice(a.Graph, a.Inference.Facts, dynamic) {
		if is {
			retyped(&a.Inference.Facts[id], p.Float)
		}
	}
}

// retyped changes the element type of a fact, and of the elements of a sequence, where that is a float of 16 bits or more.
func retyped(f *ops.Fact, to graph.DType) {
	if isWide(f.DType) {
		f.DType = to
	}
	if f.Elem != nil {
		elem := *f.Elem
		retyped(&elem, to)
		f.Elem = &elem
	}
	if f.Items != nil {
		items := *f.Items
		items.List = slices.Clone(items.List)
		for i := range items.List {
			retyped(&items.List[i], to)
		}
		f.Items = &items
	}
}

// isWide reports whether a type is a float of 16 bits or more.
func isWide(t graph.DType) bool { return t.IsFloat() && t.Bits() >= 16 }

// dataDependent tells, by Value.ID, which values depend on the elements of inputs, and not on stored tensors and sizes
// alone.
func dataDependent(g *graph.Graph) []bool {
	out := make([]bool, len(g.Values))
	for _, v := range g.Values {
		out[v.ID] = v.Producer == nil && v.Init == nil
	}
	for _, n := range g.Nodes {
		depends := len(n.Bodies()) > 0 || len(n.Inputs) == 0 && n.Op != "Constant"
		for _, v := range n.Inputs {
			depends = depends || v != nil && out[v.ID]
		}
		for _, v := range n.Outputs {
			if v != nil {
				out[v.ID] = depends && !measures(n)
			}
		}
	}
	return out
}

// onDevice tells, by Value.ID, which values the device works on. The others lead to sizes alone, by way of integers.
func onDevice(g *graph.Graph, facts []ops.Fact, dynamic []bool) []bool {
	out := make([]bool, len(g.Values))
	for _, v := range g.Values {
		out[v.ID] = dynamic[v.ID] || v.IsOutput || v.Body != g.Main || len(v.Consumers) == 0
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		works := n.Body != g.Main || quantises(n) || slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool {
			return v != nil && (dynamic[v.ID] || out[v.ID] && isWide(facts[v.ID].DType))
		})
		for slot, v := range n.Inputs {
			if v != nil {
				out[v.ID] = out[v.ID] || works && !shapes(n, slot)
			}
		}
	}
	return out
}

// measures reports whether a node reads nothing of its input but the shape.
func measures(n *graph.Node) bool { return n.Domain == "" && (n.Op == "Shape" || n.Op == "Size") }

// shapes reports whether an input slot of a node holds floats that nothing but the shape of its output follows from.
func shapes(n *graph.Node, slot int) bool {
	return n.Domain == "" && (n.Op == "Resize" || n.Op == "Upsample") && slot > 0
}

// examples names the first few of a list.
func examples(names []string) string {
	const most = 3
	list := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		list = append(list, fmt.Sprintf("%q", name))
	}
	text := strings.Join(list, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
