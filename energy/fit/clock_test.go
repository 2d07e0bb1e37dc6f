package fit

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/irene"
)

// throttled are the synthetic measurements, with models and modules at clocks of their own: what they take goes with the
// clock as the comment of energyByClock says.
func throttled(t *testing.T) Trees {
	t.Helper()
	in, _ := synthetic(t)
	const mean = 1700 // MHz
	for i, tree := range in.Trees {
		sign := float64(2*(i%2) - 1) // 12 models above the mean clock, 12 as far below it
		depth := 0.0
		tree.Root.Walk(func(n *irene.Node) {
			if n.Type != irene.TypeModel && n.Type != irene.TypeModule {
				n.GPUClock = mean * 1.1
				return
			}
			faster := 1 + sign*0.15/(1+depth)
			n.GPUClock = mean * faster
			n.Energy *= math.Pow(faster, 0.8)
			n.Time *= math.Pow(faster, -0.7)
			depth++
		})
	}
	return in
}

// TestOneClock: models and modules that ran at other clocks than their operators are brought to one, at which they add up.
func TestOneClock(t *testing.T) {
	errors := func(in Trees) (worst float64, c *coefficients.Coefficients) {
		c, _, err := trainTrees(in)
		if err != nil {
			t.Fatal(err)
		}
		d, err := FromTrees(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range atOneClock(d.equations()) {
			j, s := e.sums.of(c)
			worst = max(worst, energytest.Relative(float64(j), float64(e.energy)), energytest.Relative(float64(s), float64(e.time)))
		}
		return worst, c
	}
	in := throttled(t)
	worst, c := errors(in)
	if worst > 0.03 {
		t.Errorf("off by %.3g", worst)
	}
	if c.Provenance.Clock != 1700e6 {
		t.Errorf("clock %v", c.Provenance.Clock)
	}
	for _, tree := range in.Trees { // the same numbers, and nobody knows the clocks
		tree.Root.Walk(func(n *irene.Node) { n.GPUClock = 0 })
	}
	blind, c := errors(in)
	if blind < 2*worst || blind < 0.05 {
		t.Errorf("off by %.3g without the clocks, %.3g with them", blind, worst)
	}
	if c.Provenance.Clock != 0 {
		t.Errorf("clock %v of nothing", c.Provenance.Clock)
	}
}

// TestClockOfTrained: models that are left out have no part in the clock.
func TestClockOfTrained(t *testing.T) {
	in := throttled(t)
	var fitted [2][]byte
	for i := range fitted {
		in.Exclude = []string{"b"}
		if i == 1 {
			for _, tree := range in.Trees {
				if tree.Model == "b" {
					tree.Root.GPUClock *= 1.5
				}
			}
		}
		c, _, err := trainTrees(in)
		if err != nil {
			t.Fatal(err)
		}
		fitted[i] = energytest.Written(t, c)
	}
	if !bytes.Equal(fitted[0], fitted[1]) {
		t.Error("the clock of a model left out tells")
	}
	in.Trees = slices.DeleteFunc(in.Trees, func(tree *irene.Tree) bool { return tree.Model == "b" })
	in.Exclude = nil
	if c, _, err := trainTrees(in); err != nil || !bytes.Equal(energytest.Written(t, c), fitted[0]) {
		t.Errorf("a model left out tells otherwise than one that is not there (%v)", err)
	}
}

// TestRobustLoss: one model that ran more than its file says does not pull the others along.
func TestRobustLoss(t *testing.T) {
	in, _ := synthetic(t)
	for _, tree := range in.Trees {
		if tree.Model == "a" && tree.Sequence == 16 {
			tree.Root.Walk(func(n *irene.Node) {
				if n.Type == irene.TypeModule {
					n.Energy *= 1.3
				}
			})
		}
	}
	d, err := FromTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	off := func(robust Robust) float64 {
		o := OptionsFor(d.Kind)
		o.Robust, o.Errors, o.Intervals, o.Bootstrap = robust, nil, nil, false
		c, _, err := Fit(d, o)
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0.0, 0.0
		for _, e := range d.equations() {
			j, _ := e.sums.of(c)
			want, _ := e.sums.of(energytest.Truth())
			sum, n = sum+energytest.Relative(float64(j), float64(want)), n+1
		}
		return sum / n
	}
	robust, plain := off(treeLoss()), off(Robust{})
	if robust > 0.7*plain {
		t.Errorf("off by %.4f with the robust loss, %.4f without", robust, plain)
	}
}
