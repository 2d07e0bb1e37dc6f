package page_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// overlapScript predicts every kernel by every sheet, under its limits.
const overlapScript = `
const overlap = require("./html/overlap.js");
const { sheets, limits, kernels } = JSON.parse(require("fs").readFileSync(0));
const list = [];
sheets.laws.forEach((_, i) => {
  const l = overlap.prepare(sheets, i);
  for (const limit of limits[i]) for (const k of kernels) list.push(overlap.kernel(overlap.limited(l, limit), k));
});
console.log(JSON.stringify(list));
`

// pageKernel is a kernel as the page's program takes it.
type pageKernel struct {
	Class     string         `json:"class"`
	DType     string         `json:"dtype"`
	Known     bool           `json:"known"`
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
	out := pageKernel{Class: k.Class, DType: k.DType.String(), Known: k.Known, Bytes: k.Bytes, Rereads: k.Rereads, Op: k.Op, Elements: k.Elements, Quant: k.Quant, Replayed: k.Replayed}
	for _, p := range k.Products {
		out.Products = append(out.Products, [4]float64{p.Batch, p.M, p.N, p.K})
	}
	if k.Attention != nil {
		a := pageAttention(*k.Attention)
		out.Attention = &a
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
	out := []law.Kernel{{Class: "gemm", DType: graph.Float16}}
	for len(out) < n {
		k := law.Kernel{DType: types[r.IntN(len(types))], Known: true, Replayed: flag()}
		switch r.IntN(5) {
		case 0, 1:
			k.Class, k.Quant = pick("gemm", "bmm", "conv"), pick(quants...)
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

// pageLaw is the law of the constants that ship, on a device.
func pageLaw(t *testing.T, d energy.Device) *law.Overlap {
	t.Helper()
	dev, err := energy.LookupDevice("h100-sxm")
	if err != nil {
		t.Fatal(err)
	}
	c, err := coefficients.ForOperators(dev)
	if err != nil {
		t.Fatal(err)
	}
	l, err := law.NewOverlap(c.Overlap, d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestHTMLOverlap holds the page's law of overlapping kernels against the law, on every device and under lower power limits.
func TestHTMLOverlap(t *testing.T) {
	sheets, kernels := law.NewSheets(), randomKernels(rand.New(rand.NewPCG(3, 4)), 250)
	input := struct {
		Sheets  json.RawMessage  `json:"sheets"`
		Limits  [][]energy.Watts `json:"limits"`
		Kernels []pageKernel     `json:"kernels"`
	}{}
	for i := range kernels {
		input.Kernels = append(input.Kernels, forPage(&kernels[i]))
	}
	var want []law.Prediction
	var what []string
	for _, d := range energy.Devices() {
		l := pageLaw(t, d)
		if at := sheets.Add(l); at != len(input.Limits) {
			t.Fatalf("%s is law %d of %d", d.ID, at, len(input.Limits))
		}
		var limits []energy.Watts
		for _, share := range []energy.Watts{1, 0.8, 0.6, 0.45} {
			limit := share * d.TDP
			if l.Limit(limit) != nil {
				continue
			}
			limits = append(limits, limit)
			for i := range kernels {
				want = append(want, l.Kernel(&kernels[i]))
				what = append(what, fmt.Sprintf("%s %s %s %s %v %+v %+v on %s at %v", kernels[i].Class, kernels[i].Op, kernels[i].DType, kernels[i].Quant, kernels[i].Products, kernels[i].Attention, kernels[i].Experts, d.ID, limit))
			}
		}
		input.Limits = append(input.Limits, limits)
	}
	input.Sheets = render.JSON(sheets)
	got := nodeAnswers[pagePrediction](t, overlapScript, input)
	if len(got) != len(want) {
		t.Fatalf("%d predictions, want %d", len(got), len(want))
	}
	failures, known := 0, 0
	for i := range want {
		if want[i].Known {
			known++
		}
		if wrong := got[i].differs(&want[i]); wrong != "" {
			if failures++; failures <= 20 {
				t.Errorf("%s: %s", what[i], wrong)
			}
		}
	}
	if failures > 0 || known < len(want)*9/10 {
		t.Errorf("%d of %d predictions differ; %d are known", failures, len(want), known)
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
}

// differs says in what a prediction differs; "" where it does not.
func (p *pagePrediction) differs(want *law.Prediction) string {
	if p.Known != want.Known || p.Origin != string(want.Origin) || p.Why != want.Why || p.Scaled != want.StandIn || p.Tile != want.Tile {
		return fmt.Sprintf("%+v, want %+v", *p, *want)
	}
	if !want.Known {
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

// overlapPage is a page of a model on devices whose kernels overlap, under a profile.
func overlapPage(t *testing.T, g *graph.Graph, profile string, devices []energy.Device) page.Page {
	t.Helper()
	open, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		t.Fatal(err)
	}
	out := page.Page{Report: reporttest.Build(t, g, false), Open: open}
	plan, err := predict.NewPlan(open, profile)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		r := &predict.Recipe{Basis: predict.Basis{Device: d, Profile: profile, Origin: predict.OriginFitted}, Overlap: pageLaw(t, d), Residuals: &coefficients.Residuals{}}
		for i := range plan.Steps {
			r.Kernels = append(r.Kernels, predict.RecipeKernel{Step: &plan.Steps[i], Rate: -1})
		}
		out.Recipes = append(out.Recipes, r)
	}
	return out
}

// TestHTMLEngineOverlap holds whole models of overlapping kernels against the sums of their kernels.
func TestHTMLEngineOverlap(t *testing.T) {
	var devices []energy.Device
	for _, id := range []string{"h100-sxm", "t4"} {
		d, err := energy.LookupDevice(id)
		if err != nil {
			t.Fatal(err)
		}
		devices = append(devices, d)
	}
	for _, name := range fixtures.Models() {
		for _, profile := range []string{"eager", "vllm"} {
			t.Run(name+" "+profile, func(t *testing.T) {
				t.Parallel()
				g := reporttest.Fixture(t, name)
				data := dataElement.FindSubmatch(html(t, overlapPage(t, g, profile, devices)))[1]
				given := map[string]int64{}
				for i, d := range parsedDims(t, data) {
					given[d] = []int64{3, 129, 7}[i]
				}
				a, err := analysis.Run(g, analysis.Options{Dims: given})
				if err != nil {
					t.Fatal(err)
				}
				plan, err := predict.NewPlan(a, profile)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range devices {
					var want law.Share
					l := pageLaw(t, d)
					for i := range plan.Steps {
						if s := &plan.Steps[i]; !s.IsCall() {
							k := law.KernelAt(&s.Cost, a.Eval)
							p := l.Kernel(&k)
							want = want.Plus(law.Share{Energy: p.Energy, Time: p.Time})
						}
					}
					got := nodeAnswers[[4]float64](t, evaluateScript, map[string]any{"data": json.RawMessage(data), "sizes": given, "device": d.ID})[0]
					if math.Abs(got[0]-float64(want.Energy)) > 1e-9*got[0] || math.Abs(got[1]-float64(want.Time)) > 1e-9*got[1] || got[0] == 0 {
						t.Errorf("on %s: %v J, %v s, want %v", d.ID, got[0], got[1], want)
					}
				}
			})
		}
	}
}
