package predict

import (
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph/analysis"
)

func predicted(t testing.TB, a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device) *Result {
	t.Helper()
	r, err := Run(a, c, dev, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
