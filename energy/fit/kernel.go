package fit

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// kernelAt is a kernel at the sizes that eval gives its dims.
func kernelAt(k *kernel.Kernel, eval func(graph.Dim) (int64, bool)) Kernel {
	c := &k.Cost
	out := Kernel{Class: c.Class, DType: c.DType, Known: c.Known, Count: 1}
	size := func(d graph.Dim) int64 {
		n, ok := eval(d)
		out.Known = out.Known && ok
		return n
	}
	out.MACs, out.Read, out.Written = size(c.MACs), size(c.Read), size(c.Written)
	for _, p := range c.Products {
		out.Products = append(out.Products, energy.Product{Batch: size(p.Batch), M: size(p.M), N: size(p.N), K: size(p.K), Weight: p.Weight})
	}
	return out
}

// features are the terms of one run of the kernel on the machine it was measured on.
func (k *Kernel) features(m law.Machine) law.Features {
	if k.Class == coefficients.HostClass {
		return law.Features{Class: k.Class, DType: coefficients.HostKey.DType, Known: true, Host: m.Host(float64(k.Read) + float64(k.Written))}
	}
	c := graph.Cost{Known: k.Known, Class: k.Class, DType: k.DType, MACs: graph.Const(k.MACs), Read: graph.Const(k.Read), Written: graph.Const(k.Written)}
	for _, p := range k.Products {
		c.Products = append(c.Products, graph.Product{Batch: graph.Const(p.Batch), M: graph.Const(p.M), N: graph.Const(p.N), K: graph.Const(p.K), Weight: p.Weight})
	}
	f := m.Features(&kernel.Kernel{Cost: c}, law.EvalConst)
	f.X[coefficients.Bytes] += k.Reread
	if k.Replayed {
		f.Host = 0
	}
	return f
}

// key names the coefficients of the kernel.
func (k *Kernel) key() coefficients.Key {
	return coefficients.Key{Class: k.Class, DType: coefficients.ClassType(k.Class, k.DType)}
}

// single is the class of work whose kernels share one set of coefficients, calls aside; "" for other work.
func (w *Work) single() string {
	var one coefficients.Key
	mixed := false
	w.All(func(k *Kernel) {
		switch {
		case k.Class == coefficients.HostClass:
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
