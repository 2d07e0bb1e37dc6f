package predict

import (
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/onnx/onnxtest"
)

// TestExplainAddsUp holds the causes of every operator, and their sums over every module, against the predictions.
func TestExplainAddsUp(t *testing.T) {
	eachModel(t, func(t *testing.T, g *graph.Graph) {
		rng := rand.New(rand.NewPCG(3, 4))
		sym, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{coefficients.DefaultDevice, "a100-pcie-40gb"} {
			c, dev := deviceOf(t, id)
			a := energytest.Analyzed(t, g, randomDims(rng, g, sym.Inference.Solved))
			res := predicted(t, a, c, dev)
			e, err := Explain(a, c, dev, Options{})
			if err != nil {
				t.Fatal(err)
			}
			sums := map[*graph.Module]law.Share{}
			for i := range e.Kernels {
				k := &e.Kernels[i]
				total, want := k.Causes.Total(), res.Nodes[k.Node.ID]
				if k.Known != want.Known || !near(float64(total.Energy), float64(want.Energy), 1e-9) || !near(float64(total.Time), float64(want.Time), 1e-9) {
					t.Fatalf("%s: causes add up to %v, predicted %v, %v", k.Node.Label(), total, want.Energy, want.Time)
				}
				if k.Fill < 0 || k.Fill > 1 {
					t.Errorf("%s: tiles %v full", k.Node.Label(), k.Fill)
				}
				for m := a.Tree.Of[k.Node.ID]; m != nil; m = m.Parent {
					sums[m] = sums[m].Plus(total)
				}
			}
			for m, want := range res.Modules {
				if got := sums[m]; !near(float64(got.Energy), float64(want.Energy), 1e-9) || !near(float64(got.Time), float64(want.Time), 1e-9) {
					t.Errorf("%q: causes add up to %v, predicted %v, %v", m.Path, got, want.Energy, want.Time)
				}
			}
		}
	})
}

// TestCausesByHand splits one product of 100×64 by 64×200 on 15 multiprocessors: two tiles of 128×128 in one wave of 15.
func TestCausesByHand(t *testing.T) {
	g := energytest.Built(t, energytest.FloatIn("x", "batch", 64), energytest.FloatWeight("w", 64, 200), Node("MatMul", "x w", "y"), Out("y", graph.Float32, "batch", 200))
	gemm := energytest.Row("gemm", graph.Float32, 3, 5, 7)
	gemm.Time[coefficients.WavesL], gemm.Energy[coefficients.WavesL] = 11, 11*energytest.Power
	c := energytest.CoefficientsOf(gemm, energytest.Row(coefficients.HostClass, graph.Float32, 0, 0, 13))
	dev := energytest.Device(t, "gtx-1070")
	e, err := Explain(energytest.Analyzed(t, g, map[string]int64{"batch": 100}), c, dev, Options{})
	if err != nil || len(e.Kernels) != 1 {
		t.Fatalf("%d kernels, %v", len(e.Kernels), err)
	}
	const flops, bytes, waves = 2 * 100 * 64 * 200, 4 * (100*64 + 64*200 + 100*200), 2 * 15 * 128 * 128 * 64
	k := e.Kernels[0]
	want := [law.NumCauses]float64{
		law.Arithmetic: (3 + 11) * flops, law.Waves: 11 * (waves - flops), law.Memory: 5 * bytes, law.Launch: 7,
		law.Host: 13 * (1 - bytes/(256e9*8e-6)),
	}
	for i, w := range want {
		if got := k.Causes[i]; !near(float64(got.Time), w, 1e-9) || !near(float64(got.Energy), energytest.Power*w, 1e-9) {
			t.Errorf("%v: %v, want %v s at %v W", law.Cause(i), got, w, energytest.Power)
		}
	}
	if bound, ok := k.Causes.Bound(); !ok || bound != law.Arithmetic {
		t.Errorf("bound by %v, %v", bound, ok)
	}
	if !near(k.Fill, float64(flops)/waves, 1e-12) || len(k.Products) != 1 || k.Products[0].Blocks != 2 {
		t.Errorf("filled %v by %+v", k.Fill, k.Products)
	}
	if e.Idle != dev.Idle {
		t.Errorf("idle %v on the board, want %v", e.Idle, dev.Idle)
	}
	c.Boundary, c.Host = energy.BoundaryWall, &coefficients.HostPower{Watts: 100, Factor: 1.5}
	if e, err = Explain(energytest.Analyzed(t, g, nil), c, dev, Options{}); err != nil || e.Idle != 100+1.5*dev.Idle {
		t.Errorf("idle %v at the plug, %v", e.Idle, err)
	}
	c.Host = nil
	if e, err = Explain(energytest.Analyzed(t, g, nil), c, dev, Options{}); err != nil || e.Idle != energytest.Power {
		t.Errorf("idle %v at the plug of an unknown host, %v", e.Idle, err)
	}
}

// TestEveryTermHasACause names the cause of each term: a new one needs a line.
func TestEveryTermHasACause(t *testing.T) {
	want := map[coefficients.Term]law.Cause{coefficients.FLOPs: law.Arithmetic, coefficients.WavesL: law.Arithmetic, coefficients.WavesM: law.Arithmetic, coefficients.WavesS: law.Arithmetic, coefficients.Bytes: law.Memory, coefficients.Launches: law.Launch}
	for i := range coefficients.NumTerms {
		if c, ok := want[i]; !ok || law.CauseOf(i) != c {
			t.Errorf("%v: %v", i, law.CauseOf(i))
		}
	}
}
