package validate

import (
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/operator"
)

// rowsOf reads rows.
func rowsOf(t *testing.T, text string) []operator.Operator {
	t.Helper()
	var ops []operator.Operator
	err := operator.ReadRows(strings.NewReader(text), "rows", func(r operator.Row) error {
		if r.Unknown == "" {
			ops = append(ops, r.Operator)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

func TestOperatorFigures(t *testing.T) {
	f := operatorFigures([]float64{0.1, -0.3, 0.2, -0.4, 0.6}, 4)
	// In order 0.1 0.2 0.3 0.4 0.6; position 0.9·4 = 3.6, cut to 3; of the signed ones 0.1 is in the middle.
	for name, v := range map[string][2]float64{
		"mean": {float64(f.Mean), 0.32}, "median": {float64(f.Median), 0.3}, "p90": {float64(f.P90), 0.4},
		"bias": {float64(f.Bias), 0.1}, "within": {float64(f.Ninety), 0.8},
	} {
		if math.Abs(v[0]-v[1]) > 1e-12 {
			t.Errorf("%s = %g, want %g", name, v[0], v[1])
		}
	}
}

// TestCopies takes the nearer device's time, scaled by rooflines, and no time of a device that was left out.
func TestCopies(t *testing.T) {
	shapes, _, err := fit.Shapes(rowsOf(t, `{"op":"linear","M":8192,"N":8192,"K":8192,"dtype":"bfloat16","device":"h100-sxm","latency_ms":2}
{"op":"linear","M":8192,"N":8192,"K":8192,"dtype":"bfloat16","device":"l40s","latency_ms":8}
{"op":"linear","M":8192,"N":8192,"K":8192,"dtype":"bfloat16","device":"b200-sxm","latency_ms":1}
`), energy.Device{})
	if err != nil {
		t.Fatal(err)
	}
	rate := func(id string) float64 {
		d := energytest.Device(t, id)
		r, _ := d.MatrixRate("bfloat16")
		return float64(r)
	}
	c := newCopies(shapes)
	for _, x := range []struct {
		without []string
		from    string
		time    float64
	}{
		{[]string{"b200-sxm"}, "h100-sxm", 2e-3},
		{[]string{"b200-sxm", "h100-sxm"}, "l40s", 8e-3},
	} {
		without := map[string]bool{}
		for _, id := range x.without {
			without[id] = true
		}
		got, ok := c.time(shapes[2], without)
		if want := x.time * rate(x.from) / rate("b200-sxm"); !ok || math.Abs(got-want) > 1e-9*want {
			t.Errorf("without %v: %g s, want %g", x.without, got, want)
		}
	}
	if _, ok := c.time(shapes[2], map[string]bool{"b200-sxm": true, "h100-sxm": true, "l40s": true}); ok {
		t.Error("a time of no device")
	}
}

// TestLimits holds rows of a board under its limit to what was measured: rows that set one constant of it, see
// docs/accuracy.md.
func TestLimits(t *testing.T) {
	ops := rowsOf(t, `{"gpu":"b300-sxm","name":"450 W","precision":"bf16","power_limit_w":450,"time_per_iteration_s":0.001009,"energy_per_iteration_j":0.4483,"op":"linear","M":8192,"N":8192,"K":8192}
{"gpu":"b300-sxm","name":"900 W","precision":"bf16","power_limit_w":900,"time_per_iteration_s":0.0005287,"energy_per_iteration_j":0.4655,"op":"linear","M":8192,"N":8192,"K":8192}
{"gpu":"b300-sxm","name":"1100 W","precision":"bf16","power_limit_w":1100,"time_per_iteration_s":0.0005009,"energy_per_iteration_j":0.5166,"op":"linear","M":8192,"N":8192,"K":8192}
{"gpu":"b300-sxm","name":"idle","precision":"fp32","power_limit_w":1100}
{"gpu":"b300-sxm","name":"tf32","precision":"tf32","power_limit_w":1100,"time_per_iteration_s":0.001,"energy_per_iteration_j":1,"op":"linear","M":8192,"N":8192,"K":8192}
`)
	v, err := RunOperators(OperatorInput{Operators: ops})
	if err != nil || len(v.Limits) != 3 || len(v.Splits) != 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, l := range v.Limits {
		if !(math.Abs(float64(l.TimeOff)) <= 0.05 && math.Abs(float64(l.EnergyOff)) <= 0.05) {
			t.Errorf("%s: time %+.1f %%, energy %+.1f %%, want within 5", l.Name, 100*l.TimeOff, 100*l.EnergyOff)
		}
	}
	if shapes, passed, err := fit.Shapes(ops, energy.Device{}); err != nil || len(shapes) != 0 || len(passed) != 1 {
		t.Errorf("fitted to %d shapes under a limit: %v, %v", len(shapes), passed, err)
	}
}
