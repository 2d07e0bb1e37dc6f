package page

import (
	"cmp"
	"maps"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// plan says under a runtime profile which work every operator does, and in which operator's kernel the others run. A kernel
// stands for its operators in proportion to their shares, alike where none has any.
type plan struct {
	Profile string `json:"runtime"`
	Works   []work `json:"works" lines:"before,each"`
	Work    []int  `json:"work" lines:"before"`
	Kernel  []int  `json:"kernel" lines:"before"`
}

// work is what equal kernels do.
type work struct {
	Call      bool        `json:"call,omitzero"` // launches nothing
	Rate      int         `json:"rate"`          // of every device whose kernels go by rates
	Class     string      `json:"class"`
	DType     graph.DType `json:"dtype"`
	Known     bool        `json:"known"`
	MACs      int         `json:"macs"`
	Read      int         `json:"read"`
	Written   int         `json:"written"`
	Bytes     int         `json:"bytes"`    // of both
	Products  [][4]int    `json:"products"` // batch, m, n, k
	Elements  int         `json:"elements"` // of rows
	Op        string      `json:"op,omitzero"`
	Quant     string      `json:"quant,omitzero"`
	Attention *attention  `json:"attention,omitzero"`
	Experts   *experts    `json:"experts,omitzero"`
}

// attention is the geometry of a fused attention.
type attention struct {
	Batch      int         `json:"batch"`
	Heads      int         `json:"heads"`
	KVHeads    int         `json:"kv_heads"`
	HeadDim    int         `json:"head_dim"`
	Query      int         `json:"query"`
	Context    int         `json:"context"`
	Window     int         `json:"window"` // -1: all
	Causal     bool        `json:"causal"`
	DType      graph.DType `json:"dtype"`       // of queries
	CacheBytes float64     `json:"cache_bytes"` // of an element
}

// experts is the geometry of a layer of experts.
type experts struct {
	Tokens       int    `json:"tokens"`
	Hidden       int    `json:"hidden"`
	Inter        int    `json:"inter"`
	TopK         int    `json:"top_k"`
	Experts      int    `json:"experts"`
	Gated        bool   `json:"gated"`
	Distribution string `json:"distribution"`
}

// device is a device with its rates.
type device struct {
	ID        string                `json:"id"`
	Name      string                `json:"name"`
	Boundary  energy.Boundary       `json:"scope"`
	Origin    string                `json:"origin"`
	Default   bool                  `json:"default"`
	Plan      int                   `json:"plan"`
	Law       int                   `json:"law"` // of overlapping kernels, among those of the page; -1 where kernels go by rates
	SMs       int                   `json:"sms"`
	Hidden    float64               `json:"hidden"`
	Idle      energy.Watts          `json:"idle"`
	Memory    int64                 `json:"memory"`
	Bandwidth energy.BytesPerSecond `json:"bandwidth"`
	Host      [2]float64            `json:"host"` // joules, seconds
	Rates     []rate                `json:"rates"`
	Residuals residuals             `json:"residuals"`
	Warnings  []string              `json:"warnings"`
}

// rate is what a unit of each term takes, of one class in one element type.
type rate struct {
	Class   string                     `json:"class"`
	DType   graph.DType                `json:"dtype"`
	Energy  coefficients.TermValues    `json:"energy"`
	Time    coefficients.TermValues    `json:"time"`
	Peak    *energy.FLOPsPerSecond     `json:"peak"`
	StandIn bool                       `json:"scaled"`
	Why     string                     `json:"why"`
	Range   render.Members[[2]float64] `json:"range"`
}

// residuals are half-widths of 90 % intervals.
type residuals struct {
	Levels  render.Members[float64] `json:"levels"`
	Small   render.Members[float64] `json:"small"`
	Classes render.Members[float64] `json:"classes"`
}

// devices gathers the kernels of every runtime profile, and the rates of every device.
func (b *pageBuilder) devices() (plans []plan, devices []device) {
	type kind struct {
		profile string
		rates   bool
	}
	at := map[kind]int{}
	for i, r := range b.page.Recipes {
		k := kind{r.Profile, r.Overlap == nil}
		if _, ok := at[k]; !ok {
			at[k] = len(plans)
			plans = append(plans, b.plan(r))
		}
		devices = append(devices, b.device(r, at[k], i))
	}
	return plans, devices
}

func (b *pageBuilder) plan(r *predict.Recipe) plan {
	works := newNumbered[work]()
	out := plan{Profile: r.Profile, Work: slices.Repeat([]int{-1}, len(b.operators)), Kernel: slices.Repeat([]int{-1}, len(b.operators))}
	for i := range r.Kernels {
		k := &r.Kernels[i]
		at := b.index[k.Node]
		out.Work[at] = works.id(b.work(k))
		for _, m := range k.Members {
			if m != k.Node {
				out.Kernel[b.index[m]] = at
			}
		}
	}
	out.Works = works.list
	return out
}

func (b *pageBuilder) work(k *predict.RecipeKernel) work {
	c := k.Cost
	out := work{
		Call: k.IsCall(), Rate: k.Rate, Class: c.Class, DType: c.DType, Known: c.Known, MACs: b.expr(c.MACs), Read: b.expr(c.Read), Written: b.expr(c.Written), Bytes: b.expr(k.Bytes()),
		Elements: b.expr(c.Elements), Op: c.Row, Quant: c.Quant,
	}
	for _, p := range c.Products {
		out.Products = append(out.Products, [4]int{b.expr(p.Batch), b.expr(p.M), b.expr(p.N), b.expr(p.K)})
	}
	if a := c.Attention; a != nil {
		out.Attention = &attention{
			Batch: b.expr(a.Batch), Heads: b.expr(a.Heads), KVHeads: b.expr(a.KVHeads), HeadDim: b.expr(a.HeadDim), Query: b.expr(a.Query),
			Context: b.expr(a.Context), Window: b.expr(a.Window), Causal: a.Causal, DType: cmp.Or(a.DType, c.DType), CacheBytes: float64(a.Cache.Bits()) / 8,
		}
	}
	if e := c.Experts; e != nil {
		out.Experts = &experts{
			Tokens: b.expr(e.Tokens), Hidden: b.expr(e.Hidden), Inter: b.expr(e.Inter), TopK: b.expr(e.TopK), Experts: b.expr(e.Experts),
			Gated: e.Gated, Distribution: law.Uneven,
		}
	}
	return out
}

func (b *pageBuilder) device(r *predict.Recipe, plan, place int) device {
	out := device{
		ID: r.Device.ID, Name: r.Device.Name, Boundary: r.Boundary, Origin: r.Origin,
		Default: place == 0 && b.page.Report.Device != nil && b.page.Report.Device.Default, Plan: plan, Law: -1,
		SMs: r.Device.SMs, Hidden: r.Hidden, Idle: r.Idle, Memory: r.Device.MemoryBytes, Bandwidth: r.Device.Bandwidth,
		Host:      [2]float64{float64(r.Host.Energy), float64(r.Host.Time)},
		Residuals: residuals{bands(r.Residuals.Levels), bands(r.Residuals.Small), bands(r.Residuals.Classes)}, Warnings: r.Warnings,
	}
	for _, c := range r.Rates {
		out.Rates = append(out.Rates, newRate(r, c))
	}
	if r.Overlap != nil {
		out.Law = b.laws.Add(r.Overlap)
	}
	return out
}

func newRate(r *predict.Recipe, c *coefficients.Rate) rate {
	out := rate{Class: c.Class, DType: c.DType, Energy: c.Energy, Time: c.Time, StandIn: c.StandIn, Why: c.Why}
	if peak, ok := r.Device.MatrixRate(c.DType.String()); ok {
		out.Peak = &peak
	}
	for _, name := range slices.Sorted(maps.Keys(c.Range)) {
		out.Range = append(out.Range, render.Member[[2]float64]{Name: name, Value: [2]float64{c.Range[name].Low, c.Range[name].High}})
	}
	return out
}

func bands[K ~string](of map[K]coefficients.Band) render.Members[float64] {
	var out render.Members[float64]
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if of[name].N > 0 {
			out = append(out, render.Member[float64]{Name: string(name), Value: of[name].P90})
		}
	}
	return out
}
