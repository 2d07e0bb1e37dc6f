package fit

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// What a record says of a fused attention, of a layer of experts and of a row operator is what the law is asked.
func TestKernelOfFused(t *testing.T) {
	for name, c := range map[string]struct {
		work energy.Work
		want law.Kernel
	}{
		"attention with a window and a cache in 8 bit": {
			energy.Work{Class: "attention", DType: "float16", MACs: 6, Read: 2, Written: 3, Attention: &energy.WorkAttention{
				Batch: 2, Heads: 8, KVHeads: 4, HeadDim: 64, Query: 5, Context: 100, Window: 10, Causal: true, DType: "bfloat16", Cache: "float8e4m3fn",
			}},
			law.Kernel{Class: "attention", DType: graph.Float16, Known: true, MACs: 6, Bytes: 5, Attention: &law.Attention{
				Batch: 2, Heads: 8, KVHeads: 4, HeadDim: 64, Query: 5, Context: 100, Window: 10, Causal: true, DType: graph.BFloat16, CacheBytes: 1,
			}},
		},
		"a window wider than the context, and no types": {
			energy.Work{Class: "attention", DType: "float32", Attention: &energy.WorkAttention{Batch: 1, Heads: 1, KVHeads: 1, HeadDim: 8, Query: 1, Context: 10, Window: 10}},
			law.Kernel{Class: "attention", DType: graph.Float32, Known: true, Attention: &law.Attention{Batch: 1, Heads: 1, KVHeads: 1, HeadDim: 8, Query: 1, Context: 10, CacheBytes: 4}},
		},
		"experts": {
			energy.Work{Class: "moe", DType: "float16", Quant: "int4_wo", Experts: &energy.WorkExperts{Tokens: 7, Hidden: 64, Inter: 128, TopK: 2, Experts: 8, Gated: true}},
			law.Kernel{Class: "moe", DType: graph.Float16, Known: true, Quant: "int4_wo", Experts: &law.Experts{
				Tokens: 7, Hidden: 64, Inter: 128, TopK: 2, Experts: 8, TP: 1, EP: 1, Gated: true, Distribution: law.Uneven,
			}},
		},
		"rows": {
			energy.Work{Class: "norm", DType: "bfloat16", Row: "add_rmsnorm", Elements: 1000, Read: 4000, Written: 4000},
			law.Kernel{Class: "norm", DType: graph.BFloat16, Known: true, Op: "add_rmsnorm", Elements: 1000, Bytes: 8000},
		},
	} {
		if got, ok := kernelOf(&c.work); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// fused is an attention over a prompt or a cache, and a layer of experts.
func fused(tokens int64) []energy.Work {
	attention := func(query, context int64) energy.Work {
		return energy.Work{
			Class: "attention", DType: "bfloat16", Count: 1, MACs: 2 * 32 * query * context * 128, Read: 4 * 8 * context * 128, Written: 2 * 32 * query * 128,
			Products:  []energy.Product{{Batch: 32, M: query, N: context, K: 128}, {Batch: 32, M: query, N: 128, K: context}},
			Attention: &energy.WorkAttention{Batch: 1, Heads: 32, KVHeads: 8, HeadDim: 128, Query: query, Context: context, Causal: true},
		}
	}
	experts := energy.Work{
		Class: "moe", DType: "bfloat16", Count: 1, MACs: 3 * 2 * tokens * 2048 * 768, Read: 1 << 20, Written: 1 << 20,
		Experts: &energy.WorkExperts{Tokens: tokens, Hidden: 2048, Inter: 768, TopK: 2, Experts: 32, Gated: true},
	}
	return []energy.Work{attention(tokens, tokens), attention(1, 16*tokens), experts}
}

// Attention and experts that were measured make the law's groups of them the board's.
func TestFitOwnFused(t *testing.T) {
	const device = "h100-sxm"
	off := []struct{ time, energy float64 }{{1.5, 1.2}, {1.25, 0.9}, {0.7, 1.1}} // of prompts, caches, experts
	truth := &board{law: lawUnder(t, shipped(t, device), device, law.Options{}), device: device, random: rand.New(rand.NewPCG(1, 2))}
	var records []energy.Record
	for i, tokens := range []int64{64, 200, 512, 1500, 4096} {
		for j, w := range fused(tokens) {
			r := truth.record(energy.LevelOperator, fmt.Sprint("model-", i), tokens, w)
			*r.Time *= energy.Seconds(off[j].time)
			*r.Energy *= energy.Joules(off[j].time * off[j].energy)
			records = append(records, r)
		}
	}
	d := ownData(t, records)
	own, report, err := FitOwn(shipped(t, device), d, OptionsFor(d.Kind))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	var names []string
	for _, g := range own.Groups {
		names = append(names, g.Name)
	}
	if !slices.Equal(names, []string{"decode", "experts bfloat16", "prefill"}) {
		t.Errorf("groups %q", names)
	}
	l := lawUnder(t, shipped(t, device).WithOwn(own), device, law.Options{})
	for j, w := range fused(1000) {
		k, _ := kernelOf(&w)
		seconds, joules := truth.law.TimeAndEnergy(&k)
		got := l.Kernel(&k)
		if errorOf(float64(got.Time), off[j].time*seconds) > 0.08 || errorOf(float64(got.Energy), off[j].time*off[j].energy*joules) > 0.08 || got.Origin != law.OriginFitted {
			t.Errorf("%s takes %v and %v (%s), want %.3g s and %.3g J", w.Class, got.Time, got.Energy, got.Origin, off[j].time*seconds, off[j].time*off[j].energy*joules)
		}
	}
}

func lawUnder(t *testing.T, o *coefficients.Overlap, device string, options law.Options) *law.Overlap {
	t.Helper()
	l, err := law.OverlapUnder(o, energytest.Device(t, device), options)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Products of float32 are fitted, and predicted later on, as the records say that they were computed: what rounding to
// TF32 gains is in no factor.
func TestFitOwnTF32(t *testing.T) {
	const device = "a100-sxm-80gb"
	plain := lawUnder(t, shipped(t, device), device, law.Options{})
	product := func(m int64) energy.Work {
		return energy.Work{
			Class: "gemm", DType: "float32", Count: 1, MACs: m * 4096 * 1024, Read: 4 * (m + 4096) * 1024, Written: 4 * m * 4096,
			Products: []energy.Product{{Batch: 1, M: m, N: 4096, K: 1024, Weight: true}},
		}
	}
	for says, want := range map[string]struct {
		rounding law.Rounding
		own      string
	}{"true": {law.ToTF32, "product tf32"}, "false": {law.Exact, "product float32"}, "": {law.ToTF32, "product tf32"}} {
		var records []energy.Record
		for _, m := range []int64{256, 1024, 4096} {
			w := product(m)
			k, _ := kernelOf(&w)
			k.Rounding = want.rounding
			seconds, joules := plain.TimeAndEnergy(&k)
			r := (&board{law: plain, device: device, random: rand.New(rand.NewPCG(1, 2))}).record(energy.LevelOperator, "m", m, w)
			*r.Time, *r.Energy = energy.Seconds(seconds), energy.Joules(joules)
			r.Runtime = energy.Runtime{Name: "onnxruntime", Profile: "ort-basic"}
			if says != "" {
				r.Runtime.Options = map[string]string{"tf32": says}
			}
			records = append(records, r)
		}
		d := ownData(t, records)
		own, _, err := FitOwn(shipped(t, device), d, OptionsFor(d.Kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range own.Constants {
			if (c.Name == "own.time" || c.Name == "own.energy") && errorOf(c.Value, 1) > 0.001 {
				t.Errorf("tf32=%q: %s of %s is %.4f", says, c.Name, c.Of, c.Value)
			}
		}
		l := lawUnder(t, shipped(t, device).WithOwn(own), device, law.Options{Runtime: "ort-extended"})
		w := product(2048)
		k, _ := kernelOf(&w)
		is := l.Kernel(&k)
		k.Rounding = want.rounding
		if seconds := plain.Time(&k); errorOf(float64(is.Time), seconds) > 0.001 || is.Group != want.own || is.Origin != law.OriginFitted {
			t.Errorf("tf32=%q: a product takes %v by %q (%s), want %.3g s by %q", says, is.Time, is.Group, is.Origin, seconds, want.own)
		}
	}
}

// What a launch took the host is what models under a runtime that launches alike wait for.
func TestOwnLaunch(t *testing.T) {
	const device, launch = "l4", 9e-6
	with := shipped(t, device).WithOwn(coefficients.Own{Device: device, Launch: launch, Runtime: "ort-basic"})
	for runtime, want := range map[string]float64{"ort-extended": launch, "ort-basic": launch, "eager": 10e-6, "vllm": 0} {
		if got := lawUnder(t, with, device, law.Options{Runtime: runtime}).Excess(100, 0).Time; errorOf(float64(got)+1e-9, want+1e-9) > 1e-9 {
			t.Errorf("%s: a launch takes %v, want %g s", runtime, got, want)
		}
	}
	given := energy.Seconds(2e-6)
	if got := lawUnder(t, with, device, law.Options{Runtime: "ort-basic", HostLaunch: &given}).Excess(1, 0).Time; got != given {
		t.Errorf("a launch of %v takes %v", given, got)
	}
}
