package validate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
)

// families are measurements of the small model under names of several families, each run off by a factor of its own. What
// a family's operators are called is all that tells it from others.
func families(t *testing.T, noise float64, names ...[]string) *fit.Data {
	t.Helper()
	in := fit.Trees{Device: energytest.Device(t, "gtx-1070"), Models: map[string]*graph.Graph{}}
	g := energytest.Encoder(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for f, list := range names {
		for _, name := range list {
			in.Models[name] = g
			for _, batch := range []int64{2, 16} {
				for _, sequence := range []int64{32, 128, 256} {
					a := energytest.Analyzed(t, g, map[string]int64{"batch": batch, "sequence": sequence})
					tree := predicttest.TreeOf(a, predicttest.Predicted(t, a, energytest.Truth(), in.Device), name, batch, sequence)
					factor := math.Exp(noise * rng.NormFloat64())
					tree.Root.Walk(func(n *irene.Node) {
						n.InstanceType = fmt.Sprint(n.InstanceType, f)
						n.Energy, n.Time = n.Energy*factor, n.Time*factor
					})
					in.Trees = append(in.Trees, tree)
				}
			}
		}
	}
	return treeData(t, in)
}

// TestPairs: of models that are off by 3 % each, whatever they are, intervals hold what 90 % intervals do.
func TestPairs(t *testing.T) {
	v, err := RunPairs(families(t, 0.03, []string{"a", "b"}, []string{"c", "d"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]PairsFigure{}
	for _, f := range v.Groups {
		of[f.Group+" "+string(f.Target)] = f
	}
	all, left, both := of["all energy"], of["families left out energy"], of["of two families, both models left out energy"]
	if v.Models != 24 || all.Pairs != 24*23/2 || left.Pairs != 2*12*11/2 || both.Pairs != 12*12 || of["of them two models at one size energy"].Pairs != 12 {
		t.Errorf("%d models, %+v", v.Models, v.Groups)
	}
	if !(all.Holds > 0.65 && all.Holds < 0.995) || !(all.Width > 0.1 && all.Width < 0.4) {
		t.Errorf("%.1f %% hold, %.1f %% wide; of a spread of 4 %%, 14 %% are", 100*all.Holds, 100*all.Width)
	}
	if !(all.Decided > 0.5 && all.Decided < 1) || !(all.Wrong < 0.02) || !(all.Apart >= 0) || !math.IsNaN(float64(of["all time"].Apart)) {
		t.Errorf("%+v, %+v", all, of["all time"])
	}
	if three, err := RunPairs(families(t, 0.03, []string{"a"}, []string{"b"}, []string{"c"}), nil); err != nil || three.Groups[0].Pairs != three.Groups[2].Pairs || three.Groups[0].Pairs != 18*17/2 {
		t.Errorf("of three families all are left out two by two: %+v, %v", three, err)
	}
	if _, err := RunPairs(families(t, 0, []string{"a", "b"}), nil); err == nil || !strings.Contains(err.Error(), "two families") {
		t.Errorf("error %v of one family", err)
	}
}

// TestPairsPublished: on the published measurements, ratios of the 90 % intervals hold.
func TestPairsPublished(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute")
	}
	v, err := RunPairs(publishedInput(t).Data[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Groups {
		t.Logf("%s, %s: %d pairs, %.3f hold, %.3f wide, %.3f decided, %.4f of them wrong", f.Group, f.Target, f.Pairs, f.Holds, f.Width, f.Decided, f.Wrong)
		if (f.Group == "all" || f.Group == "families left out") && !(f.Holds >= 0.85 && f.Holds <= 0.95 && f.Decided > 0.9 && f.Wrong < 0.01) {
			t.Errorf("%s, %s: %+v", f.Group, f.Target, f)
		}
	}
}
