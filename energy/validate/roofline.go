package validate

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
)

// roofline is the least time that work can take by the device's numbers: kernel by kernel, the longer of arithmetic and
// memory. False where the device lacks a number.
func roofline(w *fit.Work, d energy.Device) (energy.Seconds, bool) {
	sum, ok := 0.0, d.Bandwidth > 0
	w.All(func(k *fit.Kernel) {
		arithmetic := 0.0
		if k.MACs > 0 {
			rate, known := coefficients.Peak(d, k.DType)
			arithmetic, ok = 2*k.MACs/float64(rate), ok && known
		}
		sum += k.Count * max(arithmetic, k.Bytes/float64(d.Bandwidth))
	})
	if !ok {
		return 0, false
	}
	return energy.Seconds(sum), true
}
