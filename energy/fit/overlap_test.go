package fit

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// truth moves constants of 16-bit products away from where fits begin.
func truth() map[string]float64 {
	return map[string]float64{
		"product.fill": 200, "product.bandwidth": 0.8, "product.overlap": 2.2, "product.split": 4e-6,
		"product.floor": 5500, "product.latency": 400, "product.load": 30, "power.flop": 1e-12,
	}
}

// madeUp are products on devices, as long as the law with those constants says.
func madeUp(t *testing.T, devices ...string) []*Shape {
	t.Helper()
	c := law.StartConstants()
	for _, s := range c.Slots() {
		if v, ok := truth()[s.Name]; ok {
			*s.Value = v
		}
	}
	var out []*Shape
	for _, id := range devices {
		dev := energytest.Device(t, id)
		l, err := law.Fitting(c, dev)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []float64{1, 16, 128, 1024, 8192} {
			for _, n := range []float64{64, 1024, 4096, 16384} {
				for _, k := range []float64{128, 1024, 8192, 32768} {
					s := &Shape{Device: dev, Kernel: law.Kernel{Class: "gemm", DType: graph.BFloat16, Known: true, Products: []law.Product{{Batch: 1, M: m, N: n, K: k}}}}
					s.Time = l.Time(&s.Kernel)
					out = append(out, s)
				}
			}
		}
	}
	return out
}

func TestFitOverlapFindsTheConstants(t *testing.T) {
	c, list, err := FitOverlap(madeUp(t, "a100-sxm-80gb", "l40s"), OverlapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fitted := 0
	for _, s := range c.Slots() {
		want, ok := truth()[s.Name]
		if !ok || *s.Value == 0 || s.Source != "" { // of a kind without rows, or set by other data
			continue
		}
		fitted++
		if math.Abs(*s.Value/want-1) > 0.1 {
			t.Errorf("%s %s: %v, want %v", s.Name, s.Of, *s.Value, want)
		}
	}
	if fitted != 4+4*2 || len(list) != fitted {
		t.Errorf("%d constants, %d listed", fitted, len(list))
	}
}

// One shape decides next to nothing: constants stay near their starts, and their intervals are finite.
func TestFitOverlapHoldsWhatNoRowDecides(t *testing.T) {
	_, list, err := FitOverlap(madeUp(t, "h100-sxm")[:1], OverlapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	starts := map[string]float64{}
	for _, s := range law.StartConstants().Slots() {
		starts[s.Name+s.Of] = s.Start
	}
	for _, k := range list {
		if by := math.Abs(math.Log(k.Value / starts[k.Name+k.Of])); by > 1 {
			t.Errorf("%s %s: %v, started at %v", k.Name, k.Of, k.Value, starts[k.Name+k.Of])
		}
		if !(k.Low > k.Value/20 && k.High < k.Value*20) {
			t.Errorf("%s %s: interval %v to %v around %v", k.Name, k.Of, k.Low, k.High, k.Value)
		}
	}
}

// Leaving a term out costs where the rows show it, and leaves the constants as they were.
func TestAblationKeepsTheConstants(t *testing.T) {
	f, err := newOverlapFit(madeUp(t, "a100-sxm-80gb"), OverlapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.all()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.cost(list); err != nil {
		t.Fatal(err)
	}
	cost := map[string]float64{}
	for _, k := range list {
		cost[k.Name] = k.Cost
		for _, s := range f.slots {
			if s.Name == k.Name && s.Of == k.Of && *s.Value != k.Value {
				t.Errorf("%s: %v after the ablation, %v before", k.Name, *s.Value, k.Value)
			}
		}
	}
	for _, name := range []string{"product.overlap", "product.split", "product.latency"} {
		if cost[name] < 0.01 {
			t.Errorf("leaving %s out costs %v", name, cost[name])
		}
	}
	if cost["product.bandwidth"] != 0 {
		t.Errorf("product.bandwidth cannot be left out, and costs %v", cost["product.bandwidth"])
	}
}
