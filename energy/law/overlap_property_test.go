package law

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// kernelsOf are kernels of every group, of about that size.
func kernelsOf(m, n, k float64) []Kernel {
	var out []Kernel
	product := func(class string, t graph.DType, quant string, replayed bool) {
		out = append(out, Kernel{Class: class, DType: t, Quant: quant, Known: true, Replayed: replayed, Products: []Product{{1, m, n, k}}})
	}
	for _, t := range []graph.DType{graph.Float32, graph.Float16, graph.BFloat16, graph.Float8E4M3FN} {
		product("gemm", t, "", false)
		product("bmm", t, "", true)
	}
	for _, q := range Quantisations() {
		product("gemm", graph.BFloat16, q.Name, true)
	}
	for _, name := range append(ExpertTypes(), "") {
		if name == "bfloat16" {
			name = ""
		}
		out = append(out, Kernel{Class: "moe", DType: graph.BFloat16, Quant: name, Known: true, Experts: &Experts{Tokens: m, Hidden: n, Inter: k, TopK: 8, Experts: 128, TP: 1, EP: 4, Distribution: "power_law_1.2", Gated: true}})
	}
	for _, a := range []Attention{
		{Query: 1, Context: n, CacheBytes: 2},
		{Query: 1, Context: n, CacheBytes: 1},
		{Query: n, Context: n, Causal: true, CacheBytes: 2},
		{Query: n, Context: n, CacheBytes: 2},
		{Query: n, Context: n, CacheBytes: 1, Float8: true},
		{Query: n, Context: n, Window: 128, Causal: true, CacheBytes: 2},
	} {
		a.Batch, a.Heads, a.KVHeads, a.HeadDim = m, 32, 8, math.Min(k, 1024)
		out = append(out, Kernel{Class: "attention", DType: graph.BFloat16, Known: true, Attention: &a})
	}
	for _, op := range append(RowOps(), "relu") {
		out = append(out, Kernel{Class: "elementwise", Op: op, DType: graph.Float16, Known: true, Bytes: 4 * m * n, Elements: m * n})
	}
	return out
}

// describe names a kernel in a failure.
func describe(k *Kernel, d *energy.Device) string {
	what := fmt.Sprint(k.Class, " ", k.Op, " ", k.DType, " ", k.Quant, " ", k.Products)
	if k.Attention != nil {
		what += fmt.Sprintf(" %+v", *k.Attention)
	}
	if k.Experts != nil {
		what += fmt.Sprintf(" %+v", *k.Experts)
	}
	return what + " on " + d.ID
}

// Whatever the device, the type and the size: time and energy are finite and positive and the sums of their causes, and power lies
// between what the chip draws with its clocks up and the limit.
func TestEveryPredictionIsPossible(t *testing.T) {
	const huge = 1 << 40
	for _, d := range energy.Devices() {
		l := shipped(t, d)
		for _, s := range [][3]float64{{1, 1, 1}, {1, 4096, 4096}, {4096, 4096, 4096}, {37, 50257, 768}, {huge, 1, 1}, {1, huge, 1}, {1, 1, huge}, {huge, huge, huge}} {
			for _, k := range kernelsOf(s[0], s[1], s[2]) {
				p := l.Kernel(&k)
				what := describe(&k, &d)
				time, joules := float64(p.Time), float64(p.Energy)
				if !(time > 0) || !(joules > 0) || math.IsInf(time, 0) || math.IsInf(joules, 0) {
					t.Errorf("%s: %v s, %v J", what, time, joules)
					continue
				}
				watts := joules / time
				if watts > atLimit*float64(d.TDP)*(1+1e-9) || watts < l.machine.idle*(1-1e-9) {
					t.Errorf("%s: %v W, want %v to %v", what, watts, l.machine.idle, atLimit*float64(d.TDP))
				}
				sum := p.Causes.Total()
				near(t, what+": time of causes", float64(sum.Time), time, 1e-9)
				near(t, what+": energy of causes", float64(sum.Energy), joules, 1e-9)
				for cause, share := range p.Causes {
					if share.Time < 0 || share.Energy < 0 {
						t.Errorf("%s: %v takes %v", what, Cause(cause), share)
					}
				}
				if !(p.Low >= 0 && p.Low <= p.Energy && p.Energy <= p.High) || !(p.LowTime >= 0 && p.LowTime <= p.Time && p.Time <= p.HighTime) {
					t.Errorf("%s: intervals %v to %v and %v to %v do not hold %v and %v", what, p.Low, p.High, p.LowTime, p.HighTime, p.Energy, p.Time)
				}
			}
		}
	}
}

// A bigger product takes no less time: a random walk. There is an exception, of 5 %, without tensor cores, where all waves
// but the last are as long as the mean block.
func TestProductsOnlyGrow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, d := range energy.Devices() {
		l := shipped(t, d)
		for range 60 {
			q := Product{1, math.Ceil(math.Exp2(13 * r.Float64())), math.Ceil(math.Exp2(5 + 9*r.Float64())), math.Ceil(math.Exp2(5 + 9*r.Float64()))}
			for _, quant := range []string{"", "fp8", "nvfp4", "int8_wo", "float32"} {
				k := Kernel{Class: "gemm", DType: graph.BFloat16, Quant: quant, Known: true, Replayed: r.IntN(2) == 0, Products: []Product{q}}
				if quant == "float32" {
					k.DType, k.Quant = graph.Float32, ""
				}
				slack, before := 1e-9, l.Time(&k)
				if x, _, _ := l.waits(&k); x.vector {
					slack = 0.05
				}
				for _, at := range []*float64{&k.Products[0].M, &k.Products[0].N, &k.Products[0].K} {
					was := *at
					*at = math.Floor(was*(1.001+r.Float64()/2)) + 1
					if after := l.Time(&k); after < before*(1-slack) {
						t.Errorf("%s %s: %.4g µs, of %v %.4g", describe(&k, &d), quant, 1e6*after, q, 1e6*before)
					}
					*at = was
				}
			}
		}
	}
}

// A lower power limit never makes a kernel faster, nor does it make it draw more.
func TestLimitsOnlySlow(t *testing.T) {
	for _, d := range energy.Devices() {
		l := shipped(t, d)
		for _, k := range kernelsOf(4096, 4096, 4096) {
			l.machine.limit = float64(d.TDP)
			time, watts := l.Time(&k), l.Energy(&k)/l.Time(&k)
			for _, share := range []float64{0.9, 0.8, 0.7, 0.6, 0.5} {
				if err := l.machine.limited(energy.Watts(share * float64(d.TDP))); err != nil {
					break
				}
				slower, fewer := l.Time(&k), l.Energy(&k)/l.Time(&k)
				if slower < time*(1-1e-9) || fewer > watts*(1+1e-9) {
					t.Errorf("%s at %v of the limit: %.5g s and %.5g W after %.5g s and %.5g W", describe(&k, &d), share, slower, fewer, time, watts)
				}
				time, watts = slower, fewer
			}
		}
	}
}

// Tiny kernels leave the chip idle.
func TestTinyKernelsIdle(t *testing.T) {
	for _, d := range energy.Devices() {
		l := shipped(t, d)
		for _, k := range kernelsOf(1, 16, 16) {
			if k.Attention != nil && k.Attention.Heads > l.machine.sms {
				continue // as many blocks as multiprocessors are not tiny
			}
			if watts := l.Energy(&k) / l.Time(&k); watts > 1.3*l.machine.idle {
				t.Errorf("%s: %.4g W, %.4g with nothing running", describe(&k, &d), watts, l.machine.idle)
			}
		}
	}
}
