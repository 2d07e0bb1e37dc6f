package sweep

import (
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// TestWithin holds the batch that bisection finds against all of them, up to one that is far too slow, on devices of both laws.
func TestWithin(t *testing.T) {
	var on []predict.Target
	for _, id := range []string{"l4", "h100-sxm", "gtx-1070"} {
		d := energytest.Device(t, id)
		c, err := coefficients.OfDevice(d)
		if err != nil {
			t.Fatal(err)
		}
		on = append(on, predict.Target{Coefficients: c, Device: d})
	}
	for _, name := range []string{"bert-base", "gpt2-past", "qwen2-3layers-decode"} {
		g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		grid, err := NewGrid(g, analysis.Options{}, []string{"batch"}, [][]int64{{1}, {2}}, on, graph.TwoMACPlusElementwise)
		if err != nil {
			t.Fatal(err)
		}
		const most = 70
		for device := range on {
			line := grid.Along([]int64{1}, 0)
			var times [most + 1]energy.Seconds
			for n := int64(1); n <= most; n++ {
				var p Point
				if err := grid.At([]int64{n}, &p); err != nil {
					t.Fatal(err)
				}
				times[n] = p.Time[device]
			}
			for k := 0; k < 24; k++ {
				deadline := times[1] * (0.9 + energy.Seconds(k)/10)
				if deadline > times[most]/(1+mostFaster) {
					break
				}
				want := int64(0)
				for n := int64(1); n <= most; n++ {
					if times[n] <= deadline {
						want = n
					}
				}
				if got := line.Within(device, deadline); got != want {
					t.Errorf("%s on %s within %v: %d, want %d", name, on[device].Device.ID, deadline, got, want)
				}
			}
		}
	}
}

// TestWithinMemory: what a device holds ends the search where the deadline does not, and what it cannot hold has no size.
func TestWithinMemory(t *testing.T) {
	g, err := onnx.DecodeBytes(fixtures.Model(t, "bert-base"), "bert-base", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	on := targets(t, "gtx-1070", "gtx-1070")
	on[1].Device.MemoryBytes = 1 << 20
	grid, err := NewGrid(g, analysis.Options{}, []string{"batch"}, [][]int64{{1}, {2}}, on, graph.TwoMACPlusElementwise)
	if err != nil {
		t.Fatal(err)
	}
	line := grid.Along([]int64{1}, 0)
	most, ok := line.Largest(0)
	if got := line.Within(0, 1e9); !ok || got != most {
		t.Errorf("without haste %d, the memory holds %d", got, most)
	}
	var p Point
	for n, fits := range map[int64]bool{most: true, most + 1: false} {
		if err := grid.At([]int64{n}, &p); err != nil {
			t.Fatal(err)
		}
		if got := p.Memory.WeightBytes+p.Memory.PeakBytes <= on[0].Device.MemoryBytes; got != fits {
			t.Errorf("batch %d fits: %v", n, got)
		}
	}
	if got := line.Within(1, 1e9); got != 0 {
		t.Errorf("1 MiB holds a batch of %d", got)
	}
	if held, err := line.Check(33); !held || err != nil {
		t.Errorf("closed forms hold at 33: %v, %v", held, err)
	}
}

func TestBisect(t *testing.T) {
	for _, want := range []int64{0, 1, 2, 3, 7, 8, 1000, mostSize - 1, mostSize} {
		if got := bisect(func(n int64) bool { return n <= want }); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}
