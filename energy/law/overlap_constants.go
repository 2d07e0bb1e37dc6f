package law

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// Constants are all numbers of the law that do not come from a device's row.
type Constants struct {
	Product   ProductConstants
	Quant     map[string]*QuantConstants
	Attention AttentionConstants
	Row       RowConstants
	Experts   map[string]*ExpertConstants // by element type or quantisation
	Power     PowerConstants
}

// Slot is where one constant is kept. Slots of a group are fitted together.
type Slot struct {
	Name, Of string
	Unit     string
	Group    string // of kernels that decide it
	Value    *float64
}

// newConstants makes room for every constant.
func newConstants() *Constants {
	c := &Constants{Quant: map[string]*QuantConstants{}, Experts: map[string]*ExpertConstants{}}
	c.Row.Op = map[string]*RowOpConstants{}
	for _, op := range RowOps() {
		c.Row.Op[op] = &RowOpConstants{}
	}
	for _, q := range Quantisations() {
		c.Quant[q.Name] = &QuantConstants{}
	}
	for _, name := range ExpertTypes() {
		c.Experts[name] = &ExpertConstants{}
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
	one := func(group, name, unit string, v *float64) {
		out = append(out, Slot{Name: name, Unit: unit, Group: group, Value: v})
	}
	each := func(group, name, unit string, of []string, at func(i int) *float64) {
		for i, o := range of {
			out = append(out, Slot{Name: name, Of: o, Unit: unit, Group: group, Value: at(i)})
		}
	}
	p := &c.Product
	one(GroupProduct, "product.fill", "steps of K", &p.Fill)
	one(GroupProduct, "product.bandwidth", "share", &p.Bandwidth)
	one(GroupProduct, "product.overlap", "exponent", &p.Overlap)
	one(GroupProduct, "product.split", "s", &p.Split)
	each(GroupProduct, "product.floor", "clocks", smKindNames[:], func(i int) *float64 { return &p.Floor[i] })
	each(GroupProduct, "product.latency", "clocks per 128 B of K", smKindNames[:], func(i int) *float64 { return &p.Latency[i] })
	each(GroupProduct, "product.load", "B per clock and multiprocessor", smKindNames[:], func(i int) *float64 { return &p.Load[i] })
	each(GroupProduct, "power.flop", "J per FLOP", processNames[:], func(i int) *float64 { return &c.Power.FLOP[i] })
	for _, spec := range Quantisations() {
		q, group := c.Quant[spec.Name], GroupProduct+" "+spec.Name
		each(group, spec.Name+".launch", "s", smKindNames[:], func(i int) *float64 { return &q.Launch[i] })
		each(group, spec.Name+".peak", "share", smKindNames[:], func(i int) *float64 { return &q.Peak[i] })
		each(group, spec.Name+".latency", "factor", smKindNames[:], func(i int) *float64 { return &q.Latency[i] })
		one(group, spec.Name+".row", "clocks per row", &q.Row)
		one(group, spec.Name+".depth", "clocks per element of K", &q.Depth)
		one(group, spec.Name+".rate", "B per clock and multiprocessor", &q.Rate)
		one(group, spec.Name+".joules", "share of bfloat16", &q.Joules)
	}
	c.attentionSlots(one, each)
	r := &c.Row
	one(GroupRow, "row.bandwidth", "share", &r.Stream)
	each(GroupRow, "row.l2", "of the bandwidth", memoryKindNames[:], func(i int) *float64 { return &r.L2[i] })
	one(GroupRow, "row.size", "share of L2", &r.Size)
	one(GroupRow, "row.steep", "exponent", &r.Steep)
	ops := RowOps()
	each(GroupRow, "row.floor", "s at 1.8 GHz", ops, func(i int) *float64 { return &r.Op[ops[i]].Floor })
	each(GroupRow, "row.work", "clocks per element and multiprocessor", ops, func(i int) *float64 { return &r.Op[ops[i]].Work })
	for _, name := range ExpertTypes() {
		e, group := c.Experts[name], GroupExperts+" "+name
		for _, x := range []struct {
			name, unit string
			at         *float64
		}{
			{"tensor", "share", &e.Tensor}, {"bandwidth", "share", &e.Stream}, {"overlap", "exponent", &e.Overlap}, {"pad", "rows per expert", &e.Pad},
			{"moved", "passes", &e.Moved}, {"floor", "s", &e.Floor}, {"expert", "s per expert", &e.PerExpert},
			{"width", "s per element at 2 GHz", &e.PerWidth}, {"meet", "factor", &e.Meet},
		} {
			one(group, "experts."+name+"."+x.name, x.unit, x.at)
		}
		each(group, "experts."+name+".l2", "of the bandwidth", memoryKindNames[:], func(i int) *float64 { return &e.L2[i] })
	}
	each(GroupPower, "power.byte", "J per B", memoryKindNames[:], func(i int) *float64 { return &c.Power.Byte[i] })
	one(GroupPower, "power.score", "J per score", &c.Power.Score)
	one(GroupPower, "power.slope", "exponent", &c.Power.Slope)
	each(GroupPower, "power.voltage", "share", processNames[:], func(i int) *float64 { return &c.Power.Least[i] })
	return out
}

// attentionSlots are those of fused attention.
func (c *Constants) attentionSlots(one func(group, name, unit string, v *float64), each func(group, name, unit string, of []string, at func(int) *float64)) {
	a := &c.Attention
	one(GroupPrefill, "prefill.tensor", "share", &a.Tensor)
	one(GroupPrefill, "prefill.exp", "clocks per 16 exponentials", &a.Exp)
	one(GroupPrefill, "prefill.tail", "exponent", &a.Tail)
	one(GroupPrefill, "prefill.block", "s per block", &a.Block)
	one(GroupPrefill, "prefill.bandwidth", "share", &a.Stream)
	each(GroupPrefill, "prefill.l2", "of the bandwidth", memoryKindNames[:], func(i int) *float64 { return &a.L2[i] })
	one(GroupPrefill, "prefill.prepare", "passes", &a.Prepare)
	one(GroupPrefill, "prefill.floor", "s", &a.Floor)
	one(GroupPrefill, "prefill.encoder", "s", &a.Encoder)
	one(GroupPrefill, "prefill.gddr", "factor", &a.GDDR)
	each(GroupFloat8, "prefill.float8", "share of the peak", memoryKindNames[:], func(i int) *float64 { return &a.Float8[i] })
	one(GroupDecode, "decode.bandwidth", "share", &a.Cache)
	one(GroupDecode, "decode.units", "exponent", &a.Units)
	one(GroupDecode, "decode.part", "tokens", &a.Part)
	one(GroupDecode, "decode.kvhead", "thousand clocks", &a.KVHead)
	one(GroupDecode, "decode.head", "thousand clocks", &a.Head)
	one(GroupDecode, "decode.single", "factor", &a.Single)
	one(GroupDecode, "decode.blackwell", "factor", &a.Tensor10)
	each(GroupDecode, "decode.l2", "of the bandwidth", memoryKindNames[:], func(i int) *float64 { return &a.CacheL2[i] })
	each(GroupDecode, "decode.floor", "s", memoryKindNames[:], func(i int) *float64 { return &a.Start[i] })
	one(GroupDecode, "decode.combine", "s", &a.Combine)
	one(GroupDecode+" fp8", "decode.convert", "elements per clock and multiprocessor", &a.Convert)
}

// The groups of kernels that constants are fitted for together; products and experts of a quantisation are groups of
// their own, named after it.
const (
	GroupProduct = "product"
	GroupPrefill = "prefill"
	GroupFloat8  = "prefill fp8"
	GroupDecode  = "decode"
	GroupRow     = "row"
	GroupExperts = "experts"
	GroupPower   = "power"
)

// ReadConstants puts fitted constants in their places. A constant that the law does not know is an error; one that a file
// lacks stays at zero, and what needs it is not known.
func ReadConstants(o *coefficients.Overlap) (*Constants, error) {
	c := newConstants()
	slots := c.Slots()
	for _, k := range o.Constants {
		i := slices.IndexFunc(slots, func(s Slot) bool { return s.Name == k.Name && s.Of == k.Of })
		if i < 0 {
			return nil, fmt.Errorf("constant %s of %q: the law has none like it", k.Name, k.Of)
		}
		*slots[i].Value = k.Value
	}
	return c, nil
}

// borrow puts constants of the nearest kind of multiprocessor in the place of those that nothing was fitted to, and says
// why by group of kernels.
func (c *Constants) borrow(kind smKind) map[string]string {
	nearest := map[smKind]smKind{ampere: graphics, hopper: blackwell, blackwell: hopper, graphics: ampere}
	why := map[string]string{}
	slots := c.Slots()
	for i := range slots {
		s := &slots[i]
		if s.Of != kind.String() || *s.Value != 0 {
			continue
		}
		for _, from := range []smKind{nearest[kind], blackwell, hopper, graphics, ampere} {
			j := slices.IndexFunc(slots, func(o Slot) bool { return o.Name == s.Name && o.Of == from.String() })
			if v := *slots[j].Value; v != 0 {
				*s.Value = v
				why[s.Group] = fmt.Sprintf("no %s was measured on multiprocessors of compute capability %v; those of %v stand for them", s.Group, kind, from)
				break
			}
		}
	}
	return why
}
