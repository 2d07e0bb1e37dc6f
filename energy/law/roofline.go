package law

import (
	"math"

	"github.com/irene-onnx/irene/energy"
)

// Roofline is the least time that a kernel can take by the device's numbers, in seconds: the longer of its operations at
// the peak of its type and its bytes at the memory's bandwidth (Williams, Waterman, Patterson, Commun. ACM 52, 2009,
// https://doi.org/10.1145/1498765.1498785). Weights count in the bytes of their quantisation, experts as far as tokens can
// touch them. False where the device has no peak or no bandwidth.
func Roofline(k *Kernel, d *energy.Device) (seconds float64, ok bool) {
	peak, weight := k.DType.String(), float64(k.DType.Bits())/8
	if q, known := quantisation(k.Quant); known {
		peak, weight = q.peak, q.weight
	}
	bytes := k.Bytes
	if k.Quant != "" {
		for _, p := range k.Products {
			bytes += (weight - float64(k.DType.Bits())/8) * p.N * p.K
		}
	}
	if e := k.Experts; e != nil {
		bytes += weight * 3 * e.Hidden * e.Inter / e.TP * math.Min(e.Experts/e.EP, e.Tokens*e.TopK)
	}
	if k.Attention != nil && k.Attention.Float8 {
		peak = "float8"
	}
	rate, ok := d.MatrixRate(peak)
	if d.Bandwidth <= 0 || k.MACs > 0 && !ok {
		return 0, false
	}
	seconds = bytes / float64(d.Bandwidth)
	if k.MACs > 0 {
		seconds = math.Max(seconds, 2*k.MACs/float64(rate))
	}
	return seconds, seconds > 0
}
