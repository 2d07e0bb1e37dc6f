package predict

import (
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestCastsThatPrecisionLeavesIdle: a norm that the file computes in float32 has casts around it, which run where types
// differ and run no kernel where all floats are of 16 bit.
func TestCastsThatPrecisionLeavesIdle(t *testing.T) {
	g := energytest.Built(
		t, In("x", graph.Float16, 4, 8), Node("Cast", "x", "wide", Attr("to", 1)), Node("Softmax", "wide", "s"),
		Node("Cast", "s", "y", Attr("to", 10)), Node("Cast", "y", "n", Attr("to", 6)), Out("n", graph.Int32, 4, 8),
	)
	for _, c := range []struct{ as, want string }{
		{"", "Cast Softmax Cast Cast"}, {"float16", "Softmax Cast"}, {"bfloat16", "Softmax Cast"}, {"int4-weights", "Softmax Cast"},
	} {
		for _, profile := range []string{"eager", "ort-basic", "none"} {
			a, err := analysis.Run(g, analysis.Options{As: c.as})
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewPlan(a, profile)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range p.Steps {
				if !p.Steps[i].IsCall() {
					got = append(got, p.Steps[i].Node.Op)
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%q under %s runs %s, want %s", c.as, profile, s, c.want)
			}
		}
	}
}

// TestPrecisionUnderTheLaw: in every precision modules are the sums of their operators, products of weights are computed as
// the law's quantisation says, attention's are not, and a call of kernels says the same in open dims.
func TestPrecisionUnderTheLaw(t *testing.T) {
	g := energytest.Shared(t, "bert-base")
	c, err := coefficients.OfDevice(energytest.Device(t, "h100-sxm"))
	if err != nil {
		t.Fatal(err)
	}
	target := Target{Coefficients: c, Device: energytest.Device(t, "h100-sxm")}
	symbols, sizes := []string{"batch", "sequence"}, []int64{8, 128}
	for _, p := range analysis.Precisions() {
		a, err := analysis.Run(g, analysis.Options{Dims: map[string]int64{"batch": sizes[0], "sequence": sizes[1]}, As: p.Name})
		if err != nil {
			t.Fatal(err)
		}
		r, err := target.Run(a)
		if err != nil {
			t.Fatal(err)
		}
		sum := law.Share{}
		for i := range r.Nodes {
			sum = sum.Plus(law.Share{Energy: r.Nodes[i].Energy, Time: r.Nodes[i].Time})
		}
		total := r.Modules[a.Tree.Root]
		if !near(float64(sum.Energy), float64(total.Energy), 1e-9) || !near(float64(sum.Time), float64(total.Time), 1e-9) {
			t.Errorf("%s: operators take %v, the model %v in %v", p.Name, sum, total.Energy, total.Time)
		}
		for i := range r.Kernels {
			k := &r.Kernels[i]
			quant := ""
			if k.Cost.Class == "gemm" {
				quant = p.Quant
			}
			if k.Sizes.Quant != quant || len(k.Sizes.Products) > 0 && k.DType != p.Float {
				t.Errorf("%s: %s in %v %q, want %v %q", p.Name, k.Node.Label(), k.DType, k.Sizes.Quant, p.Float, quant)
			}
		}
		open, err := analysis.Run(g, analysis.Options{Symbolic: true, As: p.Name})
		if err != nil {
			t.Fatal(err)
		}
		program, err := target.Bind(open)
		if err != nil {
			t.Fatal(err)
		}
		pass, err := program.Compile(symbols)
		if err != nil {
			t.Fatal(err)
		}
		if got := pass(sizes); !near(float64(got.Energy), float64(total.Energy), 1e-9) || !near(float64(got.Time), float64(total.Time), 1e-9) {
			t.Errorf("%s: %v in open dims, want %v in %v", p.Name, got, total.Energy, total.Time)
		}
	}
}

// TestPrecisionsAreQuantisations: the law knows every quantisation that a precision names.
func TestPrecisionsAreQuantisations(t *testing.T) {
	for _, p := range analysis.Precisions() {
		if p.Quant != "" && !slices.ContainsFunc(law.Quantisations(), func(q law.Quantisation) bool { return q.Name == p.Quant }) {
			t.Errorf("%s names the quantisation %q", p.Name, p.Quant)
		}
	}
}
