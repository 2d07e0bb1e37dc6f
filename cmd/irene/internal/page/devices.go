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

// plan says under a runtime profile, in one type, which work every operator does, and in which operator's kernel the others
// run. A kernel stands for its operators in proportion to their shares, alike where none has any.
type plan struct {
	Type    int   `json:"type"`
	Profile int   `json:"profile"`
	Rates   bool  `json:"rates"`  // of devices whose kernels go by rates
	Work    []int `json:"work"`   // by role
	Kernel  []int `json:"kernel"` // by role: how many operators further on the one is that does the work; 0 for itself
	Notes   []int `json:"notes"`
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
	Laws      []int                 `json:"laws"` // of overlapping kernels, by profile, among those of the page; -1 where kernels go by rates
	SMs       int                   `json:"sms"`
	Hidden    float64               `json:"hidden"`
	Idle      energy.Watts          `json:"idle"`
	Memory    int64                 `json:"memory"`
	Bandwidth energy.BytesPerSecond `json:"bandwidth"`
	Host      [2]float64            `json:"host"` // joules, seconds
	Board     energy.Watts          `json:"board"`
	Rates     []*rate               `json:"rates"` // null where its kernels go by none
	Residuals residuals             `json:"residuals"`
	Warnings  [][]int               `json:"warnings"` // by profile
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

// devices gathers the kernels of every type under every runtime profile, and the rates or laws of every device.
func (b *pageBuilder) devices(out *model) error {
	p := b.page
	for i := range p.devices {
		out.Devices = append(out.Devices, b.device(&p.devices[i], i == 0))
	}
	rates := &rateTable{index: map[coefficients.Key]int{}}
	seen := map[*predict.Plan]bool{}
	for k := range p.types {
		for i, program := range p.types[k].programs {
			if program == nil {
				continue
			}
			d, profile := &out.Devices[i/len(p.profiles)], i%len(p.profiles)
			r, err := program.Recipe()
			if err != nil {
				return err
			}
			if k == 0 {
				b.law(d, r, program)
			}
			if !seen[program.Plan] {
				seen[program.Plan] = true
				out.Plans = append(out.Plans, b.plan(r, plan{Type: k, Profile: profile, Rates: r.Overlap == nil, Notes: b.noted(program.Notes)}, rates))
			}
		}
	}
	for i := range out.Devices {
		r, err := p.types[0].programs[i*len(p.profiles)].Recipe()
		if err != nil {
			return err
		}
		out.Devices[i].Rates = rates.on(r)
	}
	return nil
}

func (b *pageBuilder) noted(notes []string) []int {
	out := make([]int, len(notes))
	for i, n := range notes {
		out[i] = b.notes.id(n)
	}
	return out
}

// rateTable numbers the rates that kernels of the page go by: the same class in the same type on every device.
type rateTable struct {
	index map[coefficients.Key]int
	keys  []coefficients.Key
}

func (t *rateTable) of(c *graph.Cost) int {
	key := coefficients.Key{Class: c.Class, DType: coefficients.ClassType(c.Class, c.DType)}
	i, ok := t.index[key]
	if !ok {
		i = len(t.keys)
		t.index[key], t.keys = i, append(t.keys, key)
	}
	return i
}

// on are the rates of a device; none where no kernel of the device goes by them.
func (t *rateTable) on(r *predict.Recipe) (out []*rate) {
	for _, key := range t.keys {
		if of := r.Rate(key.Class, key.DType); of != nil {
			x := newRate(r, of)
			out = append(out, &x)
		}
	}
	return out
}

func (b *pageBuilder) plan(r *predict.Recipe, out plan, rates *rateTable) plan {
	work, kernel := slices.Repeat([]int{-1}, len(b.operators)), make([]int, len(b.operators))
	costs, single := b.page.types[out.Type].open.Costs, b.singles(out.Type, out.Rates)
	for i := range r.Steps {
		k := &r.Steps[i]
		at, rate := b.index[k.Node.ID], -1
		own := k.Cost == costs[k.Node.ID]
		if own && single[at] >= 0 {
			work[at] = single[at]
			continue
		}
		if r.Overlap == nil && !k.IsCall() {
			rate = rates.of(k.Cost)
		}
		work[at] = b.works.id(b.work(k, rate))
		if own {
			single[at] = work[at]
		}
		for _, m := range k.Members {
			if m != k.Node {
				kernel[b.index[m.ID]] = at - b.index[m.ID]
			}
		}
	}
	b.roles.columns = append(b.roles.columns, work, kernel)
	return out
}

// planKind is what plans have in common that differ by their profile.
type planKind struct {
	typ   int
	rates bool
}

// singles are the works of kernels of one operator, by operator; -1 of those that no plan had yet. Plans of one type share them.
func (b *pageBuilder) singles(typ int, rates bool) []int {
	key := planKind{typ, rates}
	if b.single[key] == nil {
		b.single[key] = slices.Repeat([]int{-1}, len(b.operators))
	}
	return b.single[key]
}

func (b *pageBuilder) work(k *predict.Step, rate int) work {
	c := k.Cost
	out := work{
		Call: k.IsCall(), Rate: rate, Class: c.Class, DType: c.DType, Known: c.Known, MACs: b.expr(c.MACs), Read: b.expr(c.Read), Written: b.expr(c.Written), Bytes: b.expr(k.Bytes()),
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

func (b *pageBuilder) device(t *targeted, first bool) device {
	return device{
		ID: t.Device.ID, Name: t.Device.Name, Default: first && b.page.report.Device != nil && b.page.report.Device.Default,
		SMs: t.Device.SMs, Memory: t.Device.MemoryBytes, Bandwidth: t.Device.Bandwidth, Board: t.Device.TDP,
	}
}

// law adds what a device says under the next profile.
func (b *pageBuilder) law(d *device, r *predict.Recipe, program *predict.Program) {
	d.Boundary, d.Origin, d.Hidden, d.Idle = r.Boundary, r.Origin, r.Hidden, r.Idle
	d.Host = [2]float64{float64(r.Host.Energy), float64(r.Host.Time)}
	d.Residuals = residuals{bands(r.Residuals.Levels), bands(r.Residuals.Small), bands(r.Residuals.Classes)}
	d.Warnings = append(d.Warnings, b.noted(r.Warnings[:len(r.Warnings)-len(program.Notes)]))
	at := -1
	if r.Overlap != nil {
		at = b.laws.Add(r.Overlap)
	}
	d.Laws = append(d.Laws, at)
}

// chosen are the profiles that nobody chose, by device.
func (b *pageBuilder) chosen(t *precision) []int {
	k := slices.IndexFunc(b.page.types, func(x precision) bool { return x.as == t.as })
	out := make([]int, len(b.page.devices))
	for i := range out {
		out[i] = slices.Index(b.page.profiles, b.page.devices[i].chosen[k])
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
