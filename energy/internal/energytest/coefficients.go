package energytest

import (
	"bytes"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/graph"
)

// Embedded are the coefficients of the default device that the program carries.
func Embedded(t testing.TB) *coefficients.Coefficients {
	t.Helper()
	c, err := coefficients.OfTrees()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Written is the file of coefficients.
func Written(t testing.TB, c *coefficients.Coefficients) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Power is the watts of coefficients that tests make up: joules per unit are power times seconds per unit.
const Power = 200

// Row makes coefficients of one class from seconds per FLOP, byte and launch.
func Row(class string, t graph.DType, flops, perByte, launch float64) coefficients.ClassCoefficients {
	c := coefficients.ClassCoefficients{Key: coefficients.Key{Class: class, DType: t}}
	c.Time[coefficients.FLOPs], c.Time[coefficients.Bytes], c.Time[coefficients.Launches] = flops, perByte, launch
	for i, s := range c.Time {
		c.Energy[i] = Power * s
	}
	return c
}

// CoefficientsOf are made-up coefficients of the board of a GTX 1070.
func CoefficientsOf(classes ...coefficients.ClassCoefficients) *coefficients.Coefficients {
	return &coefficients.Coefficients{
		Schema: coefficients.CoefficientSchema, Device: "gtx-1070", Boundary: energy.BoundaryBoard, Profile: "eager",
		Power: coefficients.PowerRange{Low: Power, High: Power}, Classes: classes,
	}
}

// Truth are the coefficients behind the synthetic measurements, in the range of real ones.
func Truth() *coefficients.Coefficients {
	const perByte = 5e-12
	return CoefficientsOf(
		Row("gemm", graph.Float32, 2e-13, perByte, 2e-5), Row("bmm", graph.Float32, 3e-13, 6e-12, 8e-6), Row("softmax", graph.Float32, 0, 7e-12, 5e-6),
		Row("norm", graph.Float32, 0, 9e-12, 6e-6), Row("elementwise", graph.Float32, 0, perByte, 3e-6), Row("activation", graph.Float32, 0, perByte, 4e-6),
		Row("move", graph.Float32, 0, 8e-12, 2e-6), Row("gather", graph.Float32, 0, 4e-12, 9e-6), Row(coefficients.HostClass, graph.Float32, 0, 0, 1e-5),
	)
}

// CheckPower fails the test unless the power of every term of every class lies in the range of the fit.
func CheckPower(t *testing.T, c *coefficients.Coefficients, tolerance float64) {
	t.Helper()
	for _, k := range c.Classes {
		for i := range k.Energy {
			if k.Energy[i] == 0 && k.Time[i] == 0 {
				continue
			}
			w := k.Energy[i] / k.Time[i]
			if !(w >= float64(c.Power.Low)*(1-tolerance)) || !(w <= float64(c.Power.High)*(1+tolerance)) {
				t.Errorf("%s in %s: %v has %.4g W, outside %v … %v", k.Class, k.DType, coefficients.Term(i), w, c.Power.Low, c.Power.High)
			}
		}
	}
}
