package predict

import (
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph/analysis"
)

func predicted(t testing.TB, a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device) *Result {
	t.Helper()
	r, err := Target{Coefficients: c, Device: dev}.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
