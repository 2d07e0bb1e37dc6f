package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
	"github.com/irene-onnx/irene/graph/ops"
	. "github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// decoded is a graph with its shapes and costs.
type decoded struct {
	g     *graph.Graph
	inf   *ops.Inference
	costs []*graph.Cost
}

func decode(t *testing.T, parts ...Part) *decoded {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inf := ops.Infer(g, ops.Options{})
	for _, c := range inf.Conflicts {
		t.Fatal(c)
	}
	return &decoded{g: g, inf: inf, costs: ops.Count(g, inf)}
}

func everything(*graph.Node) bool { return true }

func (d *decoded) group(t *testing.T, profile string) *kernel.Plan {
	t.Helper()
	p, err := kernel.Group(d.g, d.inf, d.costs, everything, profile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names lists nodes by their first outputs, in graph order.
func names(nodes []*graph.Node) string {
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, func(a, b *graph.Node) int { return a.ID - b.ID })
	var out []string
	for _, n := range nodes {
		out = append(out, n.Outputs[0].Name)
	}
	return strings.Join(out, " ")
}

// kernels describes a plan in a line per kernel: its class, the node that does the work and all its nodes by their
// outputs, as in "gemm MatMul: a y".
func kernels(p *kernel.Plan) []string {
	out := []string{}
	for _, k := range p.Kernels {
		out = append(out, k.Cost.Class+" "+k.Node.Op+": "+names(k.Members))
	}
	return out
}

// wantKernels compares a plan with lines as kernels makes them.
func wantKernels(t *testing.T, p *kernel.Plan, want ...string) {
	t.Helper()
	if got := kernels(p); !slices.Equal(got, want) {
		t.Errorf("%s: kernels %q, want %q", p.Profile, got, want)
	}
}

// silent lists the nodes that launch nothing by their outputs.
func (d *decoded) silent(p *kernel.Plan) string {
	var out []*graph.Node
	for _, n := range d.g.Nodes {
		if p.Of[n.ID] < 0 {
			out = append(out, n)
		}
	}
	return names(out)
}

func float(name string, dims ...any) Part { return In(name, graph.Float32, dims...) }

func weight(name string, dims ...int64) Part { return Weight(name, graph.Float32, dims...) }

// scalar is a stored number; which one does not matter to kernels.
func scalar(name string) Part { return weight(name) }

// malformed is decode for graphs whose shapes may contradict.
func malformed(t *testing.T, parts ...Part) *decoded {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inf := ops.Infer(g, ops.Options{})
	return &decoded{g: g, inf: inf, costs: ops.Count(g, inf)}
}
