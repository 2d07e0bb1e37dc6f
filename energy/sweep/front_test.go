package sweep

import (
	"fmt"
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// limited are a device's targets under power limits.
func limited(t testing.TB, id string, limits ...energy.Watts) (out []predict.Target) {
	t.Helper()
	dev := energytest.Device(t, id)
	c, err := coefficients.OfDevice(dev)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range limits {
		out = append(out, predict.Target{Coefficients: c, Device: dev, Options: predict.Options{PowerLimit: w}})
	}
	return out
}

// TestLimits: under a lower limit a run never takes less time, nor more than the limit; its energy falls with the limit
// and from its least on rises again, or stays.
func TestLimits(t *testing.T) {
	limits := []energy.Watts{150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 650, 700}
	for _, model := range []string{"bert-base", "vit-base", "gpt2"} {
		s := over(t, energytest.Shared(t, model), []string{"batch"}, []int64{1}, []int64{64}, limited(t, "h100-sxm", limits...), "", "bfloat16", "fp8")
		rows, _ := run(t, s, Request{Axes: [][]int64{{1, 8, 64}}})
		for ; len(rows) > 0; rows = rows[len(limits):] {
			name := fmt.Sprintf("%s as %q, batch %d", model, s.Settings[rows[0].Setting].As, rows[0].Values[0])
			rising := false
			for i, r := range rows[:len(limits)] {
				if s.Settings[r.Setting].PowerLimit != limits[i] || r.Power() > limits[i] {
					t.Errorf("%s: %v under a limit of %v", name, r.Power(), limits[i])
				}
				if i == 0 {
					continue
				}
				lower := rows[i-1]
				if r.Time > lower.Time*(1+1e-9) {
					t.Errorf("%s: %v at %v, %v at %v", name, lower.Time, limits[i-1], r.Time, limits[i])
				}
				if r.Energy < lower.Energy*(1-1e-9) && rising {
					t.Errorf("%s: the energy rises up to %v, and falls again", name, limits[i-1])
				}
				rising = rising || r.Energy > lower.Energy*(1+1e-9)
			}
		}
	}
}

// TestDeadline: what is found for a deadline is what trying everything finds, each point analyzed alone.
func TestDeadline(t *testing.T) {
	limits, batches, types := []energy.Watts{200, 300, 400, 700}, []int64{1, 4, 16, 48}, []string{"float16", "fp8"}
	g := energytest.Shared(t, "bert-base")
	on := append(limited(t, "h100-sxm", limits...), limited(t, "a100-sxm-80gb", limits[:3]...)...)
	s := over(t, g, []string{"batch"}, []int64{1}, []int64{48}, on, types...)
	if s.Groups != 4 || len(s.Settings) != 2*len(on) {
		t.Fatalf("%d groups of %d settings", s.Groups, len(s.Settings))
	}
	for _, deadline := range []energy.Seconds{1e-3, 3e-3, 5e-3, 1} {
		_, found := run(t, s, Request{Axes: [][]int64{batches}, Deadline: deadline, Front: true})
		group := 0
		for _, device := range []string{"h100-sxm", "a100-sxm-80gb"} {
			for _, as := range types {
				least, fastest, best := math.Inf(1), energy.Seconds(math.Inf(1)), [2]float64{}
				for _, batch := range batches {
					a, err := analysis.Run(g, analysis.Options{As: as, Dims: map[string]int64{"batch": batch}})
					if err != nil {
						t.Fatal(err)
					}
					for _, target := range on {
						if target.Device.ID != device {
							continue
						}
						r, err := target.Run(a)
						if err != nil {
							t.Fatal(err)
						}
						sum := r.Modules[a.Tree.Root]
						fastest = min(fastest, sum.Time)
						if e := float64(sum.Energy) / float64(batch); sum.Time <= deadline && e < least*(1-1e-9) {
							least, best = e, [2]float64{float64(batch), float64(target.Options.PowerLimit)}
						}
					}
				}
				on := s.Group(group)
				if on.Device.ID != device || on.As != as {
					t.Fatalf("group %d is %s as %s", group, on.Device.ID, on.As)
				}
				got := [2]float64{}
				if b := found.Best[group]; b != nil {
					got = [2]float64{float64(b.Values[0]), float64(s.Settings[b.Setting].PowerLimit)}
				}
				if got != best {
					t.Errorf("%s as %s within %v: batch and limit %v, want %v", device, as, deadline, got, best)
				}
				if q := found.Fastest[group]; energytest.Relative(float64(q.Time), float64(fastest)) > 1e-9 {
					t.Errorf("%s as %s: the fastest takes %v, want %v", device, as, q.Time, fastest)
				}
				group++
			}
		}
	}
}

// TestFront holds what is marked against all pairs of rows.
func TestFront(t *testing.T) {
	s := over(t, energytest.Shared(t, "bert-base"), []string{"batch"}, []int64{1}, []int64{32}, limited(t, "h100-sxm", 700, 300, 500, 200), "", "fp8")
	rows, _ := run(t, s, Request{Axes: [][]int64{{1, 2, 8, 32}}, Holds: func(r *Row) bool { return r.Values[0] != 2 }, Front: true})
	marked := 0
	for i, r := range rows {
		want := r.Fits && r.Holds
		for k, o := range rows {
			slower, faster := o.Time > r.Time*(1+1e-9), o.Time < r.Time*(1-1e-9)
			dearer, cheaper := o.PerItem() > r.PerItem()*(1+1e-9), o.PerItem() < r.PerItem()*(1-1e-9)
			if s.Settings[o.Setting].Group != s.Settings[r.Setting].Group || !o.Holds || slower || dearer || k == i {
				continue
			}
			if faster || cheaper || k < i {
				want = false
			}
		}
		if r.Front != want {
			t.Errorf("batch %d at %v as %q: marked %v, want %v", r.Values[0], s.Settings[r.Setting].PowerLimit, s.Settings[r.Setting].As, r.Front, want)
		}
		if want {
			marked++
		}
	}
	if marked < 4 || marked > len(rows)/2 {
		t.Errorf("%d of %d rows are marked", marked, len(rows))
	}
}

// TestUnknown: a row of which an operator's cost is not known holds what is known, and is never recommended.
func TestUnknown(t *testing.T) {
	g := energytest.Built(t, energytest.FloatIn("x", "n", 4), Node("Relu", "x", "y"), Node("Frobnicate", "y", "z", Domain("com.example")), Out("z", graph.Float32, "n", 4))
	s := over(t, g, []string{"n"}, []int64{1}, []int64{64}, targets(t, "gtx-1070"))
	rows, found := run(t, s, Request{Axes: [][]int64{{1, 64}}, Front: true})
	for _, r := range rows {
		if r.Unknown != 1 || r.FLOPs != float64(4*r.Values[0]) || !(r.Time > 0) || !math.IsNaN(float64(r.Power())) || r.Front {
			t.Errorf("%+v", r)
		}
	}
	if found.Best[0] != nil || found.Fastest[0] != nil || !found.Held[0] || found.Unknown != 1 {
		t.Errorf("%+v", found)
	}
}
