package fit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/energy/stats"
)

// Shape is one operator on one device, and the medians of what it was measured to take in several runs.
type Shape struct {
	Operator operator.Operator
	Device   energy.Device
	Kernel   law.Kernel
	Kind     string  // as reports name it: linear bfloat16, attention decode
	Group    string  // of constants
	Aside    string  // why it is judged, but never fitted; "" where it is fitted
	Time     float64 // s; 0 where it was not measured
	Energy   float64 // J of readings that can be trusted; 0 where there are none
	Power    float64 // W of the same
}

// trusted is the shortest kernel of which a steady reading of power is the kernel's own, in seconds: the meter averages
// over a second, and what is shorter shows its neighbours. Weights of nvfp4 and fp8_block came from the host in between.
const trusted = 0.3e-3

// Shapes makes one of all measurements of an operator on a device: the median over the runtimes that ran it. Rows that
// say nothing about the operator are passed over, each with its reason.
func Shapes(ops []operator.Operator, otherwise energy.Device) (shapes []*Shape, passed map[string]int, err error) {
	devices, err := operator.DevicesOf(ops, otherwise)
	if err != nil {
		return nil, nil, err
	}
	type readings struct{ times, energies, powers []float64 }
	passed = map[string]int{}
	of := map[string]*Shape{}
	all := map[*Shape]*readings{}
	for i := range ops {
		o := &ops[i]
		if why := unfit(o, &devices[i]); why != "" {
			passed[why]++
			continue
		}
		aside := asideOf(o, &devices[i])
		key := devices[i].ID + " " + aside + o.Identity()
		s := of[key]
		if s == nil {
			if s, err = newShape(o, &devices[i]); err != nil {
				return nil, nil, err
			}
			s.Aside = aside
			of[key] = s
			all[s] = &readings{}
			shapes = append(shapes, s)
		}
		r := all[s]
		switch {
		case o.Power == 0 && o.Time > 0:
			r.times = append(r.times, float64(o.Time))
		case o.Steady && o.Time >= trusted && o.Energy > 0 && !slices.Contains([]string{"nvfp4", "fp8_block"}, o.Quant):
			r.energies, r.powers = append(r.energies, float64(o.Energy)), append(r.powers, float64(o.Energy.Over(o.Time)))
		}
	}
	for s, r := range all {
		if len(r.times) > 0 {
			s.Time = stats.Median(r.times)
		}
		if len(r.energies) > 0 {
			s.Energy, s.Power = stats.Median(r.energies), stats.Median(r.powers)
		}
	}
	return slices.DeleteFunc(shapes, func(s *Shape) bool { return s.Time == 0 && s.Energy == 0 }), passed, nil
}

// newShape is an operator on a device.
func newShape(o *operator.Operator, dev *energy.Device) (*Shape, error) {
	k, err := o.Kernel(*dev)
	if err != nil {
		return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
	}
	return &Shape{Operator: *o, Device: *dev, Kernel: k, Kind: kindOf(o)}, nil
}

// kindOf names the kind of an operator in reports.
func kindOf(o *operator.Operator) string {
	if o.Op == "attention" {
		kind := "attention " + o.Attention.Phase
		if o.Attention.CacheType.Bits() == 8 {
			kind += " fp8-cache"
		}
		return kind
	}
	return o.Op + " " + cmp.Or(o.Quant, o.DType.String())
}

// unfit says why a row says nothing about the operator: kernels out by factors, rows whose time holds more than the
// kernel, and checks.
func unfit(o *operator.Operator, dev *energy.Device) string {
	vllm, trtllm := strings.HasPrefix(o.Runtime, "vllm"), strings.HasPrefix(o.Runtime, "trtllm")
	a := &o.Attention
	older := strings.HasPrefix(dev.ComputeCapability, "8.") || strings.HasPrefix(dev.ComputeCapability, "12.")
	switch {
	case vllm && o.Quant == "fp8_block" && o.Op == "linear":
		return "launches in its time" // measured without a CUDA graph
	case o.Op == "attention" && a.Phase == "prefill" && a.Query == 1:
		return "a prefill of one token"
	case o.Op == "attention" && a.Phase == "decode" && trtllm && a.Heads > 32*a.KVHeads:
		return "a kernel fault" // up to 40 times too slow
	case o.Op == "attention" && a.Phase == "decode" && vllm && a.Heads == a.KVHeads && older:
		return "a kernel fault" // FlashAttention 2 that does not split the cache
	case o.Op == "moe" && o.Quant == "fp8" && vllm && dev.ComputeCapability == "9.0":
		return "a kernel fault" // 3 to 4 times TensorRT-LLM's time, growing with the weights
	case o.Limit > 0:
		return "a power limit, which is compared and never fitted"
	}
	return ""
}

// asideOf says why a row that is right is no example for others; "" where it is one.
func asideOf(o *operator.Operator, dev *energy.Device) string {
	switch {
	case o.Op == "silu" && strings.Contains(o.Runtime, "HF"):
		return "two operators" // activation and product
	case o.Op == "linear" && strings.HasPrefix(o.Runtime, "sarathi") && dev.ComputeCapability == "9.0":
		return "an old library" // 12 % slower than today's at all sizes
	}
	return ""
}

// OverlapOptions say what the law is fitted to.
type OverlapOptions struct {
	Exclude func(*Shape) bool // shapes that are left out; nil: none
	Thin    int               // of products, every n-th: their constants are few
	Costs   bool              // find what each constant's removal costs, too
}

// FitOverlap fits the constants of the law of overlapping kernels to shapes, group by group: robustly (soft L1 on the
// logarithms of times), each device alike.
func FitOverlap(shapes []*Shape, o OverlapOptions) (*law.Constants, []coefficients.Constant, error) {
	f, err := newOverlapFit(shapes, o)
	if err != nil {
		return nil, nil, err
	}
	list, err := f.all()
	if err == nil && o.Costs {
		err = f.cost(list)
	}
	return f.constants, list, err
}

// overlapFit are constants while they are fitted, and the rows that decide them.
type overlapFit struct {
	constants *law.Constants
	slots     []law.Slot
	laws      map[string]*law.Overlap // by device
	rows      map[string][]*Shape     // by group
}

// newOverlapFit sorts shapes by group.
func newOverlapFit(shapes []*Shape, o OverlapOptions) (*overlapFit, error) {
	c := law.StartConstants()
	f := &overlapFit{constants: c, slots: c.Slots(), laws: map[string]*law.Overlap{}, rows: map[string][]*Shape{}}
	for _, s := range shapes {
		l := f.laws[s.Device.ID]
		if l == nil {
			var err error
			if l, err = law.Fitting(c, s.Device); err != nil {
				return nil, err
			}
			f.laws[s.Device.ID] = l
		}
		if s.Group == "" {
			s.Group = l.Group(&s.Kernel)
		}
		if s.Aside == "" && (s.Time > 0 || s.Group == law.GroupProduct) && (o.Exclude == nil || !o.Exclude(s)) {
			f.rows[s.Group] = append(f.rows[s.Group], s)
		}
	}
	for name, rows := range f.rows {
		if o.Thin > 1 && strings.HasPrefix(name, law.GroupProduct) {
			f.rows[name] = thinned(rows, o.Thin)
		}
	}
	return f, nil
}

// all fits one group after the other.
func (f *overlapFit) all() ([]coefficients.Constant, error) {
	var list []coefficients.Constant
	for _, name := range groupOrder(f.slots) {
		if name == law.GroupPower {
			continue
		}
		m := newSolver(name, f.slots, f.rows[name], f.laws)
		if err := m.solve(); err != nil {
			return nil, fmt.Errorf("fitting %s: %w", name, err)
		}
		list = append(list, m.list()...)
	}
	return list, nil
}

// groupOrder lists groups in the order in which they are fitted: products before their quantisations, which rest on them.
func groupOrder(slots []law.Slot) []string {
	var out []string
	for _, s := range slots {
		if !slices.Contains(out, s.Group) {
			out = append(out, s.Group)
		}
	}
	return out
}

func thinned(rows []*Shape, n int) []*Shape {
	var out []*Shape
	for i := 0; i < len(rows); i += n {
		out = append(out, rows[i])
	}
	return out
}

// errorOf is a prediction's relative error.
func errorOf(predicted, measured float64) float64 { return math.Abs(predicted/measured - 1) }
