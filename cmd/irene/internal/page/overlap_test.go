package page_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// overlapScript predicts every kernel by every law, under its settings, and what a pass of them waits for its host.
const overlapScript = `
const overlap = require("./html/overlap.js");
const { sheets, sets, kernels } = JSON.parse(require("fs").readFileSync(0));
const list = [];
sheets.laws.forEach((_, i) => {
  for (const set of sets[i]) {
    let l = overlap.prepare(sheets, i);
    for (const [key, v] of Object.entries(set)) l = overlap.settings(l).find((s) => s.key === key).under(v);
    for (const k of kernels) list.push(overlap.kernel(l, k));
    list.push({ excess: [1, 1e-3, 5].map((device) => overlap.excess(l, 100, device)) });
  }
});
console.log(JSON.stringify(list));
`

// pageKernel is a kernel as the page's program takes it.
type pageKernel struct {
	Class     string         `json:"class"`
	DType     string         `json:"dtype"`
	Known     bool           `json:"known"`
	MACs      float64        `json:"macs"`
	Bytes     float64        `json:"bytes"`
	Rereads   float64        `json:"rereads"`
	Products  [][4]float64   `json:"products"`
	Op        string         `json:"op"`
	Elements  float64        `json:"elements"`
	Quant     string         `json:"quant"`
	Attention *pageAttention `json:"attention"`
	Experts   *pageExperts   `json:"experts"`
	Replayed  bool           `json:"replayed"`
}

type pageAttention struct {
	Batch      float64 `json:"batch"`
	Heads      float64 `json:"heads"`
	KVHeads    float64 `json:"kvHeads"`
	HeadDim    float64 `json:"headDim"`
	Query      float64 `json:"query"`
	Context    float64 `json:"context"`
	Window     float64 `json:"window"`
	Causal     bool    `json:"causal"`
	DType      string  `json:"dtype"`
	CacheBytes float64 `json:"cacheBytes"`
	Float8     bool    `json:"float8"`
}

type pageExperts struct {
	Tokens       float64 `json:"tokens"`
	Hidden       float64 `json:"hidden"`
	Inter        float64 `json:"inter"`
	TopK         float64 `json:"topK"`
	Experts      float64 `json:"experts"`
	TP           float64 `json:"tp"`
	EP           float64 `json:"ep"`
	Distribution string  `json:"distribution"`
	Gated        bool    `json:"gated"`
}

func forPage(k *law.Kernel) pageKernel {
	out := pageKernel{Class: k.Class, DType: k.DType.String(), Known: k.Known, MACs: k.MACs, Bytes: k.Bytes, Rereads: k.Rereads, Op: k.Op, Elements: k.Elements, Quant: k.Quant, Replayed: k.Replayed}
	for _, p := range k.Products {
		out.Products = append(out.Products, [4]float64{p.Batch, p.M, p.N, p.K})
	}
	if k.Attention != nil {
		a := k.Attention
		out.Attention = &pageAttention{a.Batch, a.Heads, a.KVHeads, a.HeadDim, a.Query, a.Context, a.Window, a.Causal, "", a.CacheBytes, a.Float8}
		if a.DType != graph.Undefined {
			out.Attention.DType = a.DType.String()
		}
	}
	if k.Experts != nil {
		e := *k.Experts
		out.Experts = &pageExperts{e.Tokens, e.Hidden, e.Inter, e.TopK, e.Experts, e.TP, e.EP, e.Distribution, e.Gated}
	}
	return out
}

// randomKernels draws kernels of every kind; sizes are as likely between 1 and 2 as between 4096 and 8192.
func randomKernels(r *rand.Rand, n int) []law.Kernel {
	upTo := func(bits float64) float64 { return math.Floor(math.Exp2(bits * r.Float64())) }
	flag := func() bool { return r.IntN(2) == 0 }
	types := []graph.DType{
		graph.Float32, graph.Float16, graph.BFloat16, graph.Float64, graph.Float8E4M3FN, graph.Float8E5M2, graph.Float4E2M1, graph.Int8, graph.Uint8, graph.Int64, graph.Bool,
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	quants := []string{"", "", "of nobody"}
	for _, q := range law.Quantisations() {
		quants = append(quants, q.Name)
	}
	out := []law.Kernel{{Class: "gemm", DType: graph.Float16}, {Class: "gemm", DType: graph.Float16, Known: true, Products: []law.Product{{Batch: 1, M: 0, N: 4096, K: 4096}}}}
	for len(out) < n {
		k := law.Kernel{DType: types[r.IntN(len(types))], Known: true, Replayed: flag()}
		switch r.IntN(5) {
		case 0, 1:
			k.Class, k.Quant = pick("gemm", "bmm", "conv"), pick(quants...)
			if r.IntN(10) == 0 {
				k.Op, k.Bytes = "depthwise", upTo(28)
			}
			for range 1 + r.IntN(3)/2 {
				k.Products = append(k.Products, law.Product{Batch: math.Max(1, upTo(10)-8), M: upTo(14), N: upTo(17), K: upTo(14)})
			}
		case 2:
			k.Class = "attention"
			a := &law.Attention{Batch: upTo(7), KVHeads: upTo(4), HeadDim: upTo(9), Query: math.Max(1, upTo(13)-20), Context: upTo(16), Causal: flag(), CacheBytes: 1 + float64(r.IntN(2)), Float8: r.IntN(4) == 0}
			a.Heads = a.KVHeads * upTo(4)
			if r.IntN(3) == 0 {
				a.Window = upTo(13)
			}
			if flag() {
				a.DType = types[1+r.IntN(2)]
			}
			for range r.IntN(4) {
				k.Products = append(k.Products, law.Product{Batch: 1, M: upTo(12), N: upTo(13), K: upTo(13)})
			}
			k.Attention = a
		case 3:
			k.Class, k.Quant = "moe", pick(quants...)
			k.Experts = &law.Experts{
				Tokens: upTo(13), Hidden: upTo(13), Inter: upTo(14), Experts: 8 * upTo(6), TopK: upTo(3), TP: upTo(3), EP: upTo(3), Gated: flag(),
				Distribution: pick("balanced", law.Uneven, "power_law_1.2"),
			}
		case 4:
			k.Class, k.Op = pick("norm", "activation", "gather", "softmax", "reduce", coefficients.BaseClass), pick(append(law.RowOps(), "", "", "relu")...)
			k.Elements = upTo(30)
			k.Bytes, k.Rereads = 4*k.Elements, float64(r.IntN(2))*upTo(25)
		}
		out = append(out, k)
	}
	return out
}

// pageCoefficients are those that ship, with constants of one device's own where they are given.
func pageCoefficients(t *testing.T, own *coefficients.Own) *coefficients.Coefficients {
	t.Helper()
	dev, err := energy.LookupDevice("h100-sxm")
	if err != nil {
		t.Fatal(err)
	}
	c, err := coefficients.OfDevice(dev)
	if err != nil {
		t.Fatal(err)
	}
	if own == nil {
		return c
	}
	out := *c
	out.Overlap = c.Overlap.WithOwn(*own)
	return &out
}

// pageOwn draws what a device has of its own on every other kernel, as a fit leaves it: factors, watts awake, a launch.
func pageOwn(t *testing.T, r *rand.Rand, d *energy.Device, kernels []law.Kernel) *coefficients.Own {
	t.Helper()
	l, err := law.NewOverlap(pageCoefficients(t, nil).Overlap, *d)
	if err != nil {
		t.Fatal(err)
	}
	own := &coefficients.Own{
		Device: d.ID, Launch: 4e-6, Runtime: "eager", TF32: new(r.IntN(2) == 0),
		Constants: []coefficients.Constant{{Name: "own.awake", Value: 0.15 * float64(d.TDP)}},
	}
	for i := range kernels {
		name := l.OwnGroup(&kernels[i])
		if _, ok := own.Group(name); ok || i%2 == 0 || !kernels[i].Known {
			continue
		}
		own.Groups = append(own.Groups, coefficients.Group{
			Name: name, Devices: []string{d.ID}, Time: coefficients.Band{P50: 0.02, P90: r.Float64(), N: 20}, Energy: coefficients.Band{P50: 0.02, P90: r.Float64(), N: 20},
		})
		for _, factor := range []string{"own.time", "own.energy"} {
			own.Constants = append(own.Constants, coefficients.Constant{Name: factor, Of: name, Value: 0.5 + r.Float64()})
		}
	}
	return own
}

// pageLaw is the law of the constants that ship, on a device under options, with what is the device's own.
func pageLaw(t *testing.T, d energy.Device, own *coefficients.Own, o law.Options) (*law.Overlap, error) {
	t.Helper()
	l, err := law.New(pageCoefficients(t, own), d, o)
	if err != nil {
		return nil, err
	}
	return l.(*law.Overlap), nil
}

// settingsOf are sets of settings of a device as the page sets them, and the options that mean the same.
func settingsOf(d *energy.Device, o law.Options) (sets []map[string]float64, options []law.Options) {
	add := func(set map[string]float64, change func(o *law.Options)) {
		with := o
		change(&with)
		sets, options = append(sets, set), append(options, with)
	}
	launch, host, limit, clock := energy.Seconds(7*1e-6), energy.Watts(90), math.Floor(0.6*float64(d.TDP)), math.Floor(0.55*float64(d.BoostClock)/1e6)
	add(map[string]float64{}, func(*law.Options) {})
	add(map[string]float64{"limit": limit}, func(o *law.Options) { o.PowerLimit = energy.Watts(limit) })
	add(map[string]float64{"clock": clock}, func(o *law.Options) { o.Clock = energy.Hertz(clock * 1e6) })
	add(map[string]float64{"launch": 7, "host": 90, "clock": clock, "limit": limit}, func(o *law.Options) {
		o.PowerLimit, o.Clock, o.HostLaunch, o.HostWatts, o.Boundary = energy.Watts(limit), energy.Hertz(clock*1e6), &launch, &host, energy.BoundaryWall
	})
	return sets, options
}

// TestHTMLOverlap holds the page's law of overlapping kernels against the law, on every device under every runtime, and under
// other settings; every third of them has constants and factors of its own.
func TestHTMLOverlap(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	sheets, kernels := law.NewSheets(), randomKernels(random, 250)
	var input struct {
		Sheets  json.RawMessage        `json:"sheets"`
		Sets    [][]map[string]float64 `json:"sets"`
		Kernels []pageKernel           `json:"kernels"`
	}
	for i := range kernels {
		input.Kernels = append(input.Kernels, forPage(&kernels[i]))
	}
	var under []*law.Overlap
	var names []string
	for i, d := range energy.Devices() {
		o := law.Options{Runtime: []string{"eager", "vllm", "ort-extended"}[i%3], Alone: i%5 == 0}
		var own *coefficients.Own
		if i%3 == 0 {
			own = pageOwn(t, random, &d, kernels)
		}
		plain, err := pageLaw(t, d, own, o)
		if err != nil {
			t.Fatal(err)
		}
		if at := sheets.Add(plain); at != i {
			t.Fatalf("%s is law %d of %d", d.ID, at, i)
		}
		sets, options := settingsOf(&d, o)
		for k := range options {
			l, err := pageLaw(t, d, own, options[k])
			if err != nil {
				t.Fatal(err)
			}
			under, names = append(under, l), append(names, fmt.Sprintf("on %s under %v", d.ID, sets[k]))
		}
		input.Sets = append(input.Sets, sets)
	}
	input.Sheets = render.JSON(sheets)
	got := nodeAnswers[pagePrediction](t, overlapScript, input)
	if want := len(under) * (len(kernels) + 1); len(got) != want {
		t.Fatalf("%d predictions, want %d", len(got), want)
	}
	failures, known := 0, 0
	fail := func(format string, args ...any) {
		if failures++; failures <= 20 {
			t.Errorf(format, args...)
		}
	}
	for i, l := range under {
		for k := range kernels {
			want := l.Kernel(&kernels[k])
			if want.Known {
				known++
			}
			if wrong := got[0].differs(&want); wrong != "" {
				fail("%+v %s: %s", input.Kernels[k], names[i], wrong)
			}
			got = got[1:]
		}
		for k, device := range []energy.Seconds{1, 1e-3, 5} {
			want, is := l.Excess(100, device), got[0].Excess[k]
			if math.Abs(is[0]-float64(want.Energy)) > 1e-12 || math.Abs(is[1]-float64(want.Time)) > 1e-15 {
				fail("launches in a pass of %v %s wait %v, want %v", device, names[i], is, want)
			}
		}
		got = got[1:]
	}
	if all := len(under) * len(kernels); failures > 0 || known < all*9/10 {
		t.Errorf("%d of %d predictions differ; %d are known", failures, all, known)
	}
}

// pagePrediction is what the page's program predicts.
type pagePrediction struct {
	Known                                             bool
	Time, Energy, Power, Low, High, LowTime, HighTime float64
	Origin, Why                                       string
	Scaled                                            bool
	Tile                                              [2]float64
	Causes                                            [][2]float64
	Excess                                            [][2]float64
}

// differs says in what a prediction differs; "" where it does not.
func (p *pagePrediction) differs(want *law.Prediction) string {
	if p.Known != want.Known || p.Origin != string(want.Origin) || p.Why != want.Why || p.Scaled != want.StandIn || p.Tile != want.Tile {
		return fmt.Sprintf("%+v, want %+v", *p, *want)
	}
	if want.Time == 0 {
		if p.Time != 0 || p.Energy != 0 {
			return fmt.Sprintf("%v s and %v J, want none", p.Time, p.Energy)
		}
		return ""
	}
	const most = 1e-9
	for name, x := range map[string][2]float64{
		"time": {p.Time, float64(want.Time)}, "energy": {p.Energy, float64(want.Energy)}, "power": {p.Power, float64(want.Energy.Over(want.Time))},
		"low": {p.Low, float64(want.Low)}, "high": {p.High, float64(want.High)}, "low time": {p.LowTime, float64(want.LowTime)}, "high time": {p.HighTime, float64(want.HighTime)},
	} {
		if !(math.Abs(x[0]-x[1]) <= most*x[1]) {
			return fmt.Sprintf("%s %v, want %v", name, x[0], x[1])
		}
	}
	for c, share := range want.Causes {
		joules, seconds := p.Causes[c][0]-float64(share.Energy), p.Causes[c][1]-float64(share.Time)
		if !(math.Abs(joules) <= most*float64(want.Energy)) || !(math.Abs(seconds) <= most*float64(want.Time)) {
			return fmt.Sprintf("%v takes %v, want %v", law.Cause(c), p.Causes[c], share)
		}
	}
	return ""
}
