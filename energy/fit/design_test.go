package fit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/graph"
)

// planCandidates are operators of six classes at many sizes, most of them products.
func planCandidates() []operator.Operator {
	var rows []operator.Operator
	for _, n := range []int64{128, 256, 512, 1024, 2048} {
		for _, h := range []int64{256, 512, 768, 1024} {
			for _, o := range []operator.Operator{
				{Op: "linear", B: 1, M: n, N: h, K: h},
				{Op: "linear", B: 1, M: n, N: 4 * h, K: h},
				{Op: "linear", B: 1, M: n, N: h, K: 4 * h},
				{Op: "bmm", B: 48, M: n, N: n, K: h / 8},
				{Op: "softmax", B: 4 * n, H: h},
				{Op: "ln", B: 4 * n, H: h},
				{Op: "add", B: 4 * n, H: h},
				{Op: "gelu", B: 4 * n, H: h},
			} {
				o.DType = graph.Float32
				rows = append(rows, o)
			}
		}
	}
	return rows
}

func planOf(t *testing.T, rows []operator.Operator, n int) []int {
	t.Helper()
	chosen, err := Plan(energytest.Embedded(t), energytest.Device(t, "t4"), rows, n)
	if err != nil {
		t.Fatal(err)
	}
	return chosen
}

func TestPlanTakesEveryClass(t *testing.T) {
	rows := planCandidates()
	chosen := planOf(t, rows, 10)
	classes := map[string]bool{}
	for _, i := range chosen {
		k, err := rows[i].Kernel(energytest.Device(t, "t4"))
		if err != nil {
			t.Fatal(err)
		}
		classes[k.Class] = true
	}
	if len(chosen) != 10 || len(classes) != 6 {
		t.Errorf("chosen %d of classes %v, want 10 of 6", len(chosen), classes)
	}
	if again := planOf(t, rows, 10); !slices.Equal(chosen, again) {
		t.Errorf("%v, then %v", chosen, again)
	}
	if first := planOf(t, rows, 4); !slices.Equal(first, chosen[:4]) {
		t.Errorf("the first of ten are %v, four alone %v", chosen[:4], first)
	}
}

func TestPlanBounds(t *testing.T) {
	row := planCandidates()[0]
	if got := planOf(t, []operator.Operator{row, row, row}, 10); !slices.Equal(got, []int{0}) {
		t.Errorf("equal operators: %v, want the first alone", got)
	}
	if got := planOf(t, nil, 10); len(got) != 0 {
		t.Errorf("no candidates: %v", got)
	}
	if _, err := Plan(energytest.Embedded(t), energytest.Device(t, "t4"), []operator.Operator{row}, 0); err == nil {
		t.Error("a plan of no operators is no error")
	}
	var many []operator.Operator
	for i := range int64(3 * planPeers) {
		many = append(many, operator.Operator{Op: "add", B: 1000 + i, H: 512, DType: graph.Float32})
	}
	if got := planOf(t, many, 3); len(got) != 3 {
		t.Errorf("of many: %v", got)
	}
}

// TestPlanBeatsChance makes a device whose classes differ from what specifications say, and adapts to it with ten
// operators: the chosen ones, and random ones.
func TestPlanBeatsChance(t *testing.T) {
	rows, base, dev := planCandidates(), energytest.Embedded(t), energytest.Device(t, "t4")
	rng := rand.New(rand.NewPCG(1, 2))
	o, err := operator.New(base, dev, operator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	factors := map[string]float64{}
	for _, k := range []string{"linear", "bmm", "softmax", "ln", "add", "gelu"} {
		factors[k] = math.Exp(0.3 * rng.NormFloat64())
	}
	for i := range rows {
		pr, err := o.Predict(&rows[i])
		if err != nil {
			t.Fatal(err)
		}
		rows[i].Energy = pr.Energy * energy.Joules(factors[rows[i].Op]*math.Exp(0.03*rng.NormFloat64()))
	}
	random := 0.0
	const draws = 40
	for range draws {
		random += adaptedError(t, base, dev, rows, rng.Perm(len(rows))[:10]) / draws
	}
	if planned := adaptedError(t, base, dev, rows, planOf(t, rows, 10)); planned > 0.7*random {
		t.Errorf("error %.3f of the plan, %.3f of random rows", planned, random)
	}
}

// adaptedError is the mean error of the energies of the rows that coefficients were not adapted with.
func adaptedError(t *testing.T, base *coefficients.Coefficients, dev energy.Device, rows []operator.Operator, chosen []int) float64 {
	t.Helper()
	var measured []operator.Operator
	for _, i := range chosen {
		measured = append(measured, rows[i])
	}
	c, _, err := Adapt(base, operatorData(t, measured, dev))
	if err != nil {
		t.Fatal(err)
	}
	o, err := operator.New(c, dev, operator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i := range rows {
		if slices.Contains(chosen, i) {
			continue
		}
		pr, err := o.Predict(&rows[i])
		if err != nil {
			t.Fatal(err)
		}
		sum += math.Abs(float64(pr.Energy/rows[i].Energy) - 1)
	}
	return sum / float64(len(rows)-len(chosen))
}
