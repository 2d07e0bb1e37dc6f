package validate

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/fixtures"
)

// gate holds the mean absolute errors of time, in %, on the sample of published measurements: with each device left out of
// the fit, with each kind of multiprocessor left out, and by the coefficients that come with the program. The limits lie
// a twentieth and half a point above what was measured; a change that betters the law lowers them.
var gate = map[string]struct{ device, kind, shipped float64 }{
	"add float16":                 {8.0, 8.0, 7.2},
	"add_rmsnorm bfloat16":        {61.3, 61.3, 10.8},
	"attention decode":            {27.4, 27.4, 13.0},
	"attention decode fp8-cache":  {28.3, 28.3, 23.3},
	"attention encoder":           {16.2, 16.2, 13.3},
	"attention prefill":           {17.7, 17.7, 13.4},
	"attention prefill fp8-cache": {25.3, 25.3, 22.1},
	"embedding bfloat16":          {36.1, 36.1, 16.0},
	"embedding float16":           {20.4, 20.4, 14.9},
	"gelu float16":                {9.2, 9.2, 7.4},
	"linear bfloat16":             {15.0, 13.4, 9.2},
	"linear float16":              {8.8, 23.3, 7.0},
	"linear fp8":                  {23.4, 23.1, 17.6},
	"linear fp8_block":            {44.9, 45.2, 16.4},
	"linear fp8_static":           {16.6, 17.0, 9.6},
	"linear int4_wo":              {26.3, 25.9, 12.1},
	"linear int8_wo":              {20.7, 24.7, 11.3},
	"linear nvfp4":                {31.3, 31.3, 8.7},
	"linear sq":                   {23.6, 26.4, 16.1},
	"ln float16":                  {15.5, 15.5, 12.6},
	"moe bfloat16":                {31.8, 31.8, 24.8},
	"moe fp8":                     {26.6, 26.6, 22.0},
	"moe fp8_block":               {28.0, 28.0, 22.4},
	"moe int4_wo":                 {55.1, 55.1, 30.8},
	"moe nvfp4":                   {28.9, 28.9, 24.4},
	"moe w4a16_mxfp4":             {42.3, 42.3, 31.1},
	"rmsnorm float16":             {21.5, 21.5, 18.1},
	"rope bfloat16":               {23.6, 23.6, 17.1},
	"rope float16":                {12.8, 12.8, 12.5},
	"silu_and_mul bfloat16":       {14.4, 14.4, 15.0},
	"silu_and_mul float16":        {25.5, 25.5, 18.4},
}

// gateEnergy are the limits of energies over all kinds, with a device and with a kind of multiprocessor left out.
var gateEnergy = [2]float64{31.7, 31.1}

// sampled reads the sample.
func sampled(t *testing.T) []operator.Operator {
	t.Helper()
	var ops []operator.Operator
	err := operator.ReadRows(bytes.NewReader(fixtures.Measurements(t)), "measurements", func(r operator.Row) error {
		ops = append(ops, r.Operator)
		return nil
	})
	if err != nil || len(ops) == 0 {
		t.Fatalf("%d rows: %v", len(ops), err)
	}
	return ops
}

// byKind pools the errors of the devices of each kind of operator.
func byKind(cells []OperatorError) map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, c := range cells {
		if c.Aside == "" && c.Time.N > 0 {
			sum[c.Kind] += float64(c.Time.N) * float64(c.Time.Mean)
			n[c.Kind] += float64(c.Time.N)
		}
	}
	for kind := range sum {
		sum[kind] *= 100 / n[kind]
	}
	return sum
}

// TestAccuracyGate fails where a change makes predictions of operators worse on devices that the law was not fitted to.
func TestAccuracyGate(t *testing.T) {
	ops := sampled(t)
	v, err := RunOperators(OperatorInput{Operators: ops, Thin: 2})
	if err != nil {
		t.Fatal(err)
	}
	devices, kinds, shipped := byKind(v.Splits[0].Kinds), byKind(v.Splits[1].Kinds), byKind(shippedErrors(t, ops))
	hold := func(what string, got, limit float64) {
		t.Helper()
		if !(got <= limit) {
			t.Errorf("%s: error %.1f %%, want at most %.1f", what, got, limit)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(devices)) {
		got, limit := devices[kind], gate[kind]
		hold(kind+", a device left out", got, limit.device)
		hold(kind+", a kind of multiprocessor left out", kinds[kind], limit.kind)
		hold(kind+", as shipped", shipped[kind], limit.shipped)
	}
	for _, s := range v.Splits {
		if c := s.Pooled.Time.Ninety; !(c >= 0.85 && c <= 0.95) {
			t.Errorf("%s left out: 90 %% intervals of times hold %.1f %%", s.Split, 100*c)
		}
	}
	for i, limit := range gateEnergy {
		hold("energy, a "+v.Splits[i].Split+" left out", 100*float64(v.Splits[i].Pooled.Energy.Mean), limit)
	}
	if t.Failed() {
		for _, kind := range slices.Sorted(maps.Keys(devices)) {
			t.Logf("measured: %q: {%.1f, %.1f, %.1f},", kind, devices[kind], kinds[kind], shipped[kind])
		}
	}
}

// shippedErrors are the errors of the coefficients that come with the program.
func shippedErrors(t *testing.T, ops []operator.Operator) []OperatorError {
	t.Helper()
	shapes, _, err := fit.Shapes(ops, energy.Device{})
	if err != nil {
		t.Fatal(err)
	}
	signed := map[string][]float64{}
	predictors := map[string]*operator.Predictor{}
	for _, s := range shapes {
		if s.Time == 0 || s.Aside != "" {
			continue
		}
		if predictors[s.Device.ID] == nil {
			c, err := coefficients.OfDevice(s.Device)
			if err != nil {
				t.Fatal(err)
			}
			if predictors[s.Device.ID], err = operator.New(c, s.Device, operator.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		said, err := predictors[s.Device.ID].Predict(&s.Operator)
		if err != nil {
			t.Fatal(err)
		}
		signed[s.Kind] = append(signed[s.Kind], math.Abs(float64(said.Time)/s.Time-1))
	}
	var out []OperatorError
	for kind, e := range signed {
		out = append(out, OperatorError{Kind: kind, Time: OperatorFigures{N: len(e), Mean: stats.Number(stats.Mean(e))}})
	}
	return out
}
