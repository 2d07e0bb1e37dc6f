package coefficients_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
)

// TestResampled: draws come back from a file, each as coefficients of its own; a class without draws keeps its own.
func TestResampled(t *testing.T) {
	c := energytest.CoefficientsOf(energytest.Row("gemm", graph.Float32, 1e-12, 0, 2e-6), energytest.Row("norm", graph.Float32, 0, 3e-12, 0))
	if len(c.Resampled()) != 0 {
		t.Fatal("nothing was resampled")
	}
	times := []coefficients.TermValues{{coefficients.FLOPs: 1.1e-12}, {coefficients.FLOPs: 0.9e-12, coefficients.Bytes: 5e-12}}
	c.Classes[0].Draws = coefficients.NewDraws([]coefficients.TermValues{{}, {}}, times)
	if n := len(c.Classes[0].Draws.Energy); n != 0 {
		t.Errorf("%d terms without a draw", n)
	}
	c, err := coefficients.Load(bytes.NewReader(energytest.Written(t, c)), "c.json")
	if err != nil {
		t.Fatal(err)
	}
	list := c.Resampled()
	if len(list) != 2 || list[0].Classes[0].Time != times[0] || list[1].Classes[0].Time != times[1] || list[1].Classes[1].Time != c.Classes[1].Time {
		t.Errorf("%d sets: %+v", len(list), list)
	}
	if c.Classes[0].Time[coefficients.Launches] != 2e-6 {
		t.Error("draws changed the coefficients themselves")
	}
}

func TestValues(t *testing.T) {
	text, err := coefficients.Values{1.23456e-9, 0, 3}.MarshalText()
	if err != nil || string(text) != "1.235e-09 0 3" {
		t.Errorf("%s, %v", text, err)
	}
	var v coefficients.Values
	if err := v.UnmarshalText(text); err != nil || !slices.Equal(v, coefficients.Values{1.235e-9, 0, 3}) {
		t.Errorf("%v, %v", v, err)
	}
	for _, bad := range []string{"1 x", "-1", "NaN", "Inf"} {
		if err := v.UnmarshalText([]byte(bad)); err == nil || !strings.Contains(err.Error(), "finite and not negative") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestSpreads: a file without spreads is as far off as its intervals say.
func TestSpreads(t *testing.T) {
	c := energytest.CoefficientsOf()
	if s := c.Spreads().Energy; s.Model != 0 || s.Group*coefficients.Normal90 != coefficients.UnknownResidual {
		t.Errorf("%+v of coefficients that tell nothing", s)
	}
	c.Spread = &coefficients.Spreads{Time: coefficients.Spread{Group: 0.1, Kernel: 0.2, Model: 0.3}}
	if s := c.Spreads().Time.Wider(2, 0.25); s != (coefficients.Spread{Group: 0.25, Kernel: 0.4, Model: 0.6}) {
		t.Errorf("%+v", s)
	}
}
