package fit

import (
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// Work is what ran: kernels of its own, in order, and the work of its parts. Items share the work that they share.
type Work struct {
	Level   energy.Level // model, module, or operator for a module without parts; "" for a kernel alone
	Kernels []Kernel
	Parts   []*Work
}

// Kernel is a kernel, or a call that launches nothing, at the sizes it ran at.
type Kernel struct {
	law.Kernel
	Count    float64
	Replayed bool // launched from a recording: the host has no part in its time
}

// IsCall reports whether nothing was launched: the kernel's bytes are those that hide the host.
func (k *Kernel) IsCall() bool { return k.Class == law.View }

// key names the coefficients of the kernel.
func (k *Kernel) key() coefficients.Key {
	if k.IsCall() {
		return coefficients.HostKey
	}
	return coefficients.Key{Class: k.Class, DType: coefficients.ClassType(k.Class, k.DType)}
}

// features are the terms of one run of the kernel on the machine it was measured on.
func (k *Kernel) features(m law.Machine) law.Features {
	if k.IsCall() {
		return law.Features{Key: coefficients.HostKey, Known: true, Host: m.Host(k.Bytes)}
	}
	f := m.Features(&k.Kernel)
	if k.Replayed {
		f.Host = 0
	}
	return f
}

// All calls visit with every kernel and call.
func (w *Work) All(visit func(*Kernel)) {
	for i := range w.Kernels {
		visit(&w.Kernels[i])
	}
	for _, p := range w.Parts {
		p.All(visit)
	}
}

// single is the class of work whose kernels share one set of coefficients, calls aside; "" for other work.
func (w *Work) single() string {
	var one coefficients.Key
	mixed := false
	w.All(func(k *Kernel) {
		switch {
		case k.IsCall():
		case one.Class == "":
			one = k.key()
		default:
			mixed = mixed || k.key() != one
		}
	})
	if mixed {
		return ""
	}
	return one.Class
}

// Bytes are what all kernels read and write.
func (w *Work) Bytes() float64 {
	sum := 0.0
	w.All(func(k *Kernel) {
		if !k.IsCall() {
			sum += k.Bytes * k.Count
		}
	})
	return sum
}

// productFLOPs are the operations of all products; NaN where there are none.
func (w *Work) productFLOPs() float64 {
	sum := 0.0
	w.All(func(k *Kernel) { sum += 2 * k.MACs * k.Count })
	if sum == 0 {
		return math.NaN()
	}
	return sum
}

// launches counts the kernels that the host launches.
func (w *Work) launches() (n float64) {
	w.All(func(k *Kernel) {
		if !k.IsCall() && !k.Replayed {
			n += k.Count
		}
	})
	return n
}

// alone is the kernel of work that is one kernel, run once; nil of other work.
func (w *Work) alone() (one *Kernel) {
	n := 0.0
	w.All(func(k *Kernel) { one, n = k, n+k.Count })
	if n != 1 {
		return nil
	}
	return one
}
