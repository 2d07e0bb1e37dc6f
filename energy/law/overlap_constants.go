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
