package law

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// Constants are all numbers of the law that do not come from a device's row.
type Constants struct {
	Product   ProductConstants
	Vector    VectorConstants
	Quant     map[string]*QuantConstants
	Attention AttentionConstants
	Row       RowConstants
	Experts   map[string]*ExpertConstants // by element type or quantisation
	ExpertL2  [numMemoryKinds]float64     // bandwidth of the L2 cache for experts' weights, of the memory's
	Power     PowerConstants
	Host      HostConstants
}

// Slot is where one constant is kept. Slots of a group are fitted together.
type Slot struct {
	Name, Of string
	Unit     string
	Group    string  // of kernels that decide it
	Start    float64 // where a fit begins, and what holds where no row speaks of it
	Value    *float64
	Most     float64 // that Value can be; 0: anything
	Source   string  // data that Start was read off, where it holds although no row speaks of it; "" where nothing does
}

// newConstants makes room for every constant.
func newConstants() *Constants {
	c := &Constants{Quant: map[string]*QuantConstants{}, Experts: map[string]*ExpertConstants{}}
	c.Product.Tiles = tiles()
	c.Row.Op = map[string]*RowOpConstants{}
	for _, op := range RowOps() {
		c.Row.Op[op] = &RowOpConstants{}
	}
	c.Experts["bfloat16"] = &ExpertConstants{}
	for _, q := range Quantisations() {
		c.Quant[q.Name], c.Experts[q.Name] = &QuantConstants{}, &ExpertConstants{}
	}
	return c
}

// ExpertTypes lists the element types and quantisations that layers of experts have constants of.
func ExpertTypes() []string {
	return []string{"bfloat16", "fp8", "fp8_block", "nvfp4", "int4_wo", "w4a16_mxfp4", "w4a8_mxfp4_mxfp8"}
}

// Slots lists the places of all constants, in the order of files.
func (c *Constants) Slots() []Slot {
	var out []Slot
	one := func(group, name, unit string, start float64, v *float64) {
		out = append(out, Slot{Name: name, Unit: unit, Group: group, Start: start, Value: v})
	}
	each := func(group, name, unit string, start float64, of []string, at func(i int) *float64) {
		for i, o := range of {
			out = append(out, Slot{Name: name, Of: o, Unit: unit, Group: group, Start: start, Value: at(i)})
		}
	}
	p := &c.Product
	one(GroupProduct, "product.fill", "steps of K", 270, &p.Fill)
	one(GroupProduct, "product.bandwidth", "share", 0.85, &p.Bandwidth)
	one(GroupProduct, "product.overlap", "exponent", 2.5, &p.Overlap)
	one(GroupProduct, "product.split", "s", 3e-6, &p.Split)
	each(GroupProduct, "product.floor", "clocks", 4600, smKindNames[:], func(i int) *float64 { return &p.Floor[i] })
	each(GroupProduct, "product.latency", "clocks per 128 B of K", 300, smKindNames[:], func(i int) *float64 { return &p.Latency[i] })
	each(GroupProduct, "product.load", "B per clock and multiprocessor", 40, []string{ampere.String(), graphics.String()}, func(i int) *float64 {
		return &p.Load[[...]smKind{ampere, graphics}[i]]
	})
	each(GroupProduct, "power.flop", "J per FLOP", 1e-12, processNames[:], func(i int) *float64 { return &c.Power.FLOP[i] })
	ultra := &out[len(out)-int(numProcesses-ultraN4)]
	ultra.Start, ultra.Source = ultraJoules, ultraSource
	v := &c.Vector
	one(GroupVector, "vector.rate", "share of the peak", 0.9, &v.Rate)
	one(GroupVector, "vector.floor", "s", 24e-6, &v.Floor)
	one(GroupVector, "vector.split", "s", 23e-6, &v.Split)
	one(GroupVector, "vector.joules", "factor", 1.2, &c.Power.Vector)
	one(GroupVector, "vector.stored", "factor", 0.86, &v.Stored)
	one(GroupVector, "vector.wide", "factor", 0.87, &v.Wide)
	one(GroupVector, "vector.reread", "B/s", 37e9, &v.Reread)
	each(GroupVector, "vector.drift", "steps of K", 3e4, pascalNames(), func(i int) *float64 { return &v.Drift[i] })
	lanes := []float64{0.87, 0.76} // square products on boards that nothing else is fitted to or judged on
	sources := []string{"zzc0721/torch-performance-test-data issue 77 (H20)", "zzc0721/torch-performance-test-data issue 114 (RTX 3080)"}
	for i, of := range wideLanesNames() {
		out = append(out, Slot{Name: "vector.lanes", Of: of, Unit: "factor", Group: GroupPower, Start: lanes[i], Source: sources[i], Value: &v.Lanes[i]})
	}
	for _, spec := range Quantisations() {
		q, group := c.Quant[spec.Name], GroupProduct+" "+spec.Name
		each(group, spec.Name+".launch", "s", 4e-6, smKindNames[:], func(i int) *float64 { return &q.Launch[i] })
		each(group, spec.Name+".peak", "share", 0.8, smKindNames[:], func(i int) *float64 { return &q.Peak[i] })
		each(group, spec.Name+".latency", "factor", 0.5, smKindNames[:], func(i int) *float64 { return &q.Latency[i] })
		one(group, spec.Name+".depth", "clocks per element of K", 0.8, &q.Depth)
		if spec.quantises() {
			one(group, spec.Name+".row", "clocks per row", 200, &q.Row)
			one(group, spec.Name+".rate", "B per clock and multiprocessor", 8, &q.Rate)
		}
		one(GroupPower, spec.Name+".joules", "share of bfloat16", spec.joules, &q.Joules)
	}
	c.attentionSlots(one, each)
	r := &c.Row
	one(GroupRow, "row.bandwidth", "share", 0.9, &r.Stream)
	each(GroupRow, "row.l2", "of the bandwidth", 3, memoryKindNames[:], func(i int) *float64 { return &r.L2[i] })
	one(GroupRow, "row.size", "share of L2", 0.9, &r.Size)
	one(GroupRow, "row.steep", "exponent", 2, &r.Steep)
	ops := RowOps()
	each(GroupRow, "row.floor", "s at 1.8 GHz", 3e-6, ops, func(i int) *float64 { return &r.Op[ops[i]].Floor })
	each(GroupRow, "row.work", "clocks per element and multiprocessor", 0.5, ops, func(i int) *float64 { return &r.Op[ops[i]].Work })
	for _, name := range ExpertTypes() {
		e, group := c.Experts[name], GroupExperts+" "+name
		for _, x := range []struct {
			name, unit string
			start      float64
			at         *float64
		}{
			{"tensor", "share", 0.5, &e.Tensor},
			{"bandwidth", "share", 0.9, &e.Stream},
			{"overlap", "exponent", 2.1, &e.Overlap},
			{"pad", "rows per expert", 45, &e.Pad},
			{"moved", "passes", 2.3, &e.Moved},
			{"floor", "s", 14e-6, &e.Floor},
			{"expert", "s per expert", 4e-8, &e.PerExpert},
			{"width", "s per element at 2 GHz", 4e-9, &e.PerWidth},
			{"meet", "factor", 0.8, &e.Meet},
		} {
			one(group, "experts."+name+"."+x.name, x.unit, x.start, x.at)
		}
	}
	each(GroupExperts+" bfloat16", "experts.l2", "of the bandwidth", 2, memoryKindNames[:], func(i int) *float64 { return &c.ExpertL2[i] })
	each(GroupPower, "power.byte", "J per B", 40e-12, memoryGenerationNames[:], func(i int) *float64 { return &c.Power.Byte[i] })
	old := &out[len(out)-int(numMemoryGenerations-hbm2)]
	old.Start, old.Source = 72e-12, wilkins
	one(GroupPower, "power.score", "J per score", 50e-12, &c.Power.Score)
	one(GroupPower, "power.slope", "exponent", 2.4, &c.Power.Slope)
	each(GroupPower, "power.voltage", "share", 0.89, processNames[:], func(i int) *float64 { return &c.Power.Least[i] })
	return append(out, c.passSlots()...)
}

// What constants of whole passes were read off: see docs/accuracy.md for rows, intervals and what each is worth.
const (
	wilkins  = "grantwilkins/energy-inference, eager PyTorch on A100-SXM-40GB and V100-PCIe-16GB"
	served   = "ml-energy/leaderboard (H100) and argonne-lcf/LLM-Inference-Bench (A100, H100), served decoders"
	sessions = "this project's estimate: ONNX Runtime launches from C++"
)

// passSlots are what a pass of a whole model has beside its kernels. No operator speaks of them: they were read off models.
func (c *Constants) passSlots() []Slot {
	return []Slot{
		{Name: "host.launch", Of: hostNames[hostEager], Unit: "s", Group: GroupPower, Start: 23.8e-6, Source: wilkins, Value: &c.Host.Launch[hostEager]},
		{Name: "host.launch", Of: hostNames[hostSession], Unit: "s", Group: GroupPower, Start: 5e-6, Source: sessions, Value: &c.Host.Launch[hostSession]},
		{Name: "host.step", Unit: "s", Group: GroupPower, Start: 0.65e-3, Source: served, Value: &c.Host.Step},
		{Name: "host.sample", Unit: "passes over the logits", Group: GroupPower, Start: 209, Source: served, Value: &c.Host.Sample},
		{Name: "decode.cold", Unit: "share", Group: GroupPower, Start: 0.747, Source: served, Value: &c.Attention.Cold},
		{Name: "vector.convert", Unit: "passes", Group: GroupPower, Start: 2.18, Source: wilkins, Value: &c.Vector.Convert},
		{Name: "power.data", Unit: "factor", Group: GroupPower, Start: 1.58, Source: wilkins + "; " + served, Value: &c.Power.Data},
	}
}

// attentionSlots are those of fused attention.
func (c *Constants) attentionSlots(one func(group, name, unit string, start float64, v *float64), each func(group, name, unit string, start float64, of []string, at func(int) *float64)) {
	a := &c.Attention
	one(GroupPrefill, "prefill.tensor", "share", 0.54, &a.Tensor)
	one(GroupPrefill, "prefill.exp", "clocks per 16 exponentials", 1.4, &a.Exp)
	one(GroupPrefill, "prefill.tail", "exponent", 1.7, &a.Tail)
	one(GroupPrefill, "prefill.block", "s per block", 3.3e-6, &a.Block)
	one(GroupPrefill, "prefill.bandwidth", "share", 0.72, &a.Stream)
	each(GroupPrefill, "prefill.l2", "of the bandwidth", 2, memoryKindNames[:], func(i int) *float64 { return &a.L2[i] })
	one(GroupPrefill, "prefill.prepare", "passes", 1.2, &a.Prepare)
	one(GroupPrefill, "prefill.floor", "s", 11e-6, &a.Floor)
	one(GroupPrefill, "prefill.encoder", "s", 8.4e-6, &a.Encoder)
	one(GroupPrefill, "prefill.gddr", "factor", 0.64, &a.GDDR)
	each(GroupFloat8, "prefill.float8", "share of the peak", 0.7, memoryKindNames[:], func(i int) *float64 { return &a.Float8[i] })
	one(GroupDecode, "decode.bandwidth", "share", 0.89, &a.Cache)
	one(GroupDecode, "decode.units", "exponent", 0.9, &a.Units)
	one(GroupDecode, "decode.part", "tokens", 530, &a.Part)
	one(GroupDecode, "decode.kvhead", "thousand clocks", 5.9, &a.KVHead)
	one(GroupDecode, "decode.head", "thousand clocks", 0.11, &a.Head)
	one(GroupDecode, "decode.single", "factor", 0.53, &a.Single)
	one(GroupDecode, "decode.blackwell", "factor", 0.5, &a.Tensor10)
	each(GroupDecode, "decode.l2", "of the bandwidth", 2, memoryKindNames[:], func(i int) *float64 { return &a.CacheL2[i] })
	each(GroupDecode, "decode.floor", "s", 8e-6, memoryKindNames[:], func(i int) *float64 { return &a.Start[i] })
	one(GroupDecode, "decode.combine", "s", 4.6e-6, &a.Combine)
	one(GroupDecode+smallCache, "decode.convert", "elements per clock and multiprocessor", 12, &a.Convert)
}

// The groups of kernels that constants are fitted for together; products and experts of a quantisation are groups of
// their own, named after it.
const (
	GroupProduct = "product"
	GroupVector  = "product float32"
	GroupPrefill = "prefill"
	GroupFloat8  = "prefill fp8"
	GroupDecode  = "decode"
	GroupRow     = "row"
	GroupExperts = "experts"
	GroupPower   = "power"
	smallCache   = ", fp8 cache"
)

// ReadConstants puts fitted constants in their places. A constant that the law does not know is an error; one that a file
// lacks stays at zero, and what needs it is not known.
func ReadConstants(o *coefficients.Overlap) (*Constants, error) {
	c := newConstants()
	slots := c.Slots()
	at := -1
	for _, k := range o.Constants {
		is := func(s Slot) bool { return s.Name == k.Name && s.Of == k.Of }
		if at++; at == len(slots) || !is(slots[at]) { // where files have no gap, constants come in the order of slots
			if at = slices.IndexFunc(slots, is); at < 0 {
				return nil, fmt.Errorf("constant %s of %q: the law has none like it", k.Name, k.Of)
			}
		}
		*slots[at].Value = k.Value
	}
	return c, nil
}

// StartConstants are where a fit begins.
func StartConstants() *Constants {
	c := newConstants()
	for _, s := range c.Slots() {
		*s.Value = s.Start
	}
	return c
}
