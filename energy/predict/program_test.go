package predict

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// TestKernelsAddUp holds the causes of every kernel against its prediction, and their sums against the modules'.
func TestKernelsAddUp(t *testing.T) {
	eachModel(t, func(t *testing.T, g *graph.Graph) {
		rng := rand.New(rand.NewPCG(3, 4))
		sym, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{coefficients.TreesDevice, "a100-pcie-40gb"} {
			c, dev := deviceOf(t, id)
			a := energytest.Analyzed(t, g, randomDims(rng, g, sym.Inference.Solved))
			res := predicted(t, a, c, dev)
			sums := map[*graph.Module]law.Share{}
			for i := range res.Kernels {
				k := &res.Kernels[i]
				total, want := k.Causes.Total(), spread(res, k)
				if k.Known != want.Known || !near(float64(total.Energy), float64(want.Energy), 1e-9) || !near(float64(total.Time), float64(want.Time), 1e-9) {
					t.Fatalf("%s: causes add up to %v, predicted %v, %v", k.Node.Label(), total, want.Energy, want.Time)
				}
				if k.Fill < 0 || k.Fill > 1 {
					t.Errorf("%s: tiles %v full", k.Node.Label(), k.Fill)
				}
				for _, n := range nodesOf(k) {
					part := law.Share{Energy: total.Energy * energy.Joules(res.Nodes[n.ID].Part), Time: total.Time * energy.Seconds(res.Nodes[n.ID].Part)}
					for m := a.Tree.Of[n.ID]; m != nil; m = m.Parent {
						sums[m] = sums[m].Plus(part)
					}
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

// nodesOf lists the nodes of a kernel or a call.
func nodesOf(k *Kernel) []*graph.Node {
	if k.IsCall() {
		return []*graph.Node{k.Node}
	}
	return k.Members
}

// spread is the sum of what a kernel's nodes take.
func spread(r *Result, k *Kernel) law.Outcome {
	out := law.Outcome{Known: true}
	for _, n := range nodesOf(k) {
		p := &r.Nodes[n.ID]
		out.Known = out.Known && p.Known
		out.Energy, out.Time = out.Energy+p.Energy, out.Time+p.Time
	}
	return out
}

// TestBasis: a program says what it rests on.
func TestBasis(t *testing.T) {
	c := energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-13, 2e-12, 3e-5))
	a := energytest.Analyzed(t, energytest.Built(t, energytest.FloatIn("x", 128, 64), energytest.FloatWeight("w", 64, 32), Node("MatMul", "x w", "y"), Out("y", graph.Float32, 128, 32)), nil)
	for _, x := range []struct {
		device, profile, origin string
		warnings                []string // a word of each
	}{
		{"gtx-1070", "", OriginFitted, nil},
		{"gtx-1070", "none", OriginFitted, []string{"eager"}},
		{"a100-pcie-40gb", "", OriginEstimated, []string{"a100-pcie-40gb"}},
	} {
		p, err := Target{Coefficients: c, Device: energytest.Device(t, x.device), Options: Options{Profile: x.profile}}.Bind(a)
		if err != nil {
			t.Fatal(err)
		}
		if p.Origin != x.origin || p.Profile != cmp.Or(x.profile, "eager") || p.Boundary != energy.BoundaryBoard || len(p.Warnings) != len(x.warnings) {
			t.Errorf("%+v: %+v", x, p.Basis)
		}
		for i, word := range x.warnings {
			if !strings.Contains(p.Warnings[i], word) {
				t.Errorf("warning %q says nothing of %s", p.Warnings[i], word)
			}
		}
	}
	if _, err := (Target{Coefficients: c, Device: energytest.Device(t, "gtx-1070"), Options: Options{Profile: "lazy"}}).Bind(a); err == nil || !strings.Contains(err.Error(), "lazy") {
		t.Errorf("error %v", err)
	}
}
