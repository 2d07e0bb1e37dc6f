package operator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/nearest"
)

// Operator is one kernel given by its shape alone, perhaps with what it was measured to take.
type Operator struct {
	Op            string // one of Names
	B, M, N, K, H int64  // 0 where the row has none
	DType         graph.DType
	Quant         string // quantisation of a product or of experts; "" where the element type says all
	Attention     Attention
	Experts       Experts
	Device        string         // as the row writes it; "" where it does not
	Time          energy.Seconds // measured; 0 where it was not
	Energy        energy.Joules  // measured; 0 where it was not
	Power         energy.Watts   // measured; 0 where it was not
	Limit         energy.Watts   // power limit that the board ran under; 0 is its own
	Steady        bool           // the meter had settled: energy and power can be trusted
	Runtime       string         // that ran it; "" where the row does not say
	Name          string         // of a row under a power limit; "" where it has none

	File string
	Line int // from 1; 0 where the operator comes from no file
}

// Attention is what rows say of fused attention beside B.
type Attention struct {
	Phase                   string // prefill, decode or encoder
	Heads, KVHeads, HeadDim int64
	Query, Context, Window  int64 // tokens; Window 0: no window
	Causal                  bool
	CacheType, ComputeType  graph.DType // of keys and values, of the products; Undefined: the row's own
}

// Experts is what rows say of a layer of experts.
type Experts struct {
	Tokens, Hidden, Inter, TopK, Experts int64
	TP, EP                               int64 // devices that matrices, experts are spread over; 0 is 1
	Distribution                         string
}

// kind is one of the kinds of operators that are given by shape.
type kind struct {
	names   []string
	class   string
	product bool    // B × (M×K · K×N); otherwise B rows of H
	weight  bool    // the product's right operand is shared by the whole batch
	reads   int64   // tensors of B×H read
	passes  float64 // times that the kernel goes over its input after the first, for rows that do not fit in registers
	index   bool    // reads an index of 8 bytes for each of the B rows
	writes  int64   // tensors of B×H written; 0 is 1
	sizes   string  // names of the sizes it needs, where they are not those of products or rows
}

// kinds is the table of operators that are given by shape. Operators of two tensors have one name, those of a tensor and a scalar the same
// with a u for unary (as NeuSight names them).
func kinds() []kind {
	return []kind{
		{names: []string{"linear", "addmm", "gemm", "mm"}, class: "gemm", product: true, weight: true},
		{names: []string{"bmm", "matmul"}, class: "bmm", product: true},
		{names: []string{"softmax"}, class: "softmax", reads: 1, passes: 2},
		{names: []string{"ln", "layernorm", "layer_norm"}, class: "norm", reads: 1, passes: 1},
		{names: []string{"rmsnorm", "rms_norm"}, class: "norm", reads: 1, passes: 1},
		{names: []string{"add", "sub", "mul", "div", "pow"}, class: coefficients.BaseClass, reads: 2},
		{names: []string{"addu", "subu", "mulu", "divu", "powu", "exp", "sqrt", "erf", "neg"}, class: coefficients.BaseClass, reads: 1},
		{names: []string{"relu", "gelu", "tanh", "sigmoid", "silu"}, class: "activation", reads: 1},
		{names: []string{"copy", "transpose"}, class: "move", reads: 1},
		{names: []string{"embedding", "gather"}, class: "gather", reads: 1, index: true},
		{names: []string{"add_rmsnorm"}, class: "norm", reads: 2, writes: 2, passes: 1},
		{names: []string{"silu_and_mul"}, class: "activation", reads: 2},
		{names: []string{"rope"}, class: coefficients.BaseClass, reads: 1},
		{names: []string{"attention"}, class: "attention", sizes: "B heads kv_heads head_dim S_q S_kv"},
		{names: []string{"moe"}, class: "moe", sizes: "tokens hidden inter topk experts"},
	}
}

// Names lists the operators that can be given by shape.
func Names() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, k.names...)
	}
	return out
}

// kind finds the operator's row of the table.
func (o *Operator) kind() (kind, error) {
	for _, k := range kinds() {
		if slices.Contains(k.names, o.Op) {
			if o.Op == "matmul" && o.B == 1 { // a product of two matrices, however they came about
				return kinds()[0], nil
			}
			return k, nil
		}
	}
	if near, ok := nearest.Nearest(o.Op, Names()); ok {
		return kind{}, unknownError(fmt.Sprintf("unknown op %q; did you mean %s?", o.Op, near))
	}
	return kind{}, unknownError(fmt.Sprintf("unknown op %q (known: %s)", o.Op, strings.Join(Names(), ", ")))
}

// unknownError says what nobody knows of an operator that is not wrong for all that: its name, a size, its quantisation.
type unknownError string

// Error is the text itself.
func (e unknownError) Error() string { return string(e) }

// maxWork bounds the product of an operator's dims, so that bytes and operations stay exact integers.
const maxWork = 1 << 58

// Check says what is wrong with an operator: an unknown name, a missing dim, an impossible size. A product without B is
// one product.
func (o *Operator) Check() error {
	if o.Op == "" {
		return errors.New("no op")
	}
	o.Op = strings.ToLower(o.Op)
	if o.B == 0 && (o.Op == "matmul" || slices.Contains(kinds()[0].names, o.Op)) {
		o.B = 1
	}
	k, err := o.kind()
	if err != nil {
		return err
	}
	work := 1.0
	for _, name := range k.dims() {
		n := *o.size(name)
		switch {
		case n == 0:
			return unknownError(fmt.Sprintf("%s needs %s: %s is missing", o.Op, strings.Join(k.dims(), ", "), name))
		case n < 0:
			return fmt.Errorf("%s: %s is %d: sizes are at least 1", o.Op, name, n)
		}
		if name != "kv_heads" && name != "experts" { // parts of heads and of tokens
			work *= float64(n)
		}
	}
	if work > maxWork {
		return fmt.Errorf("%s: %.3g elements or products are more than any device runs", o.Op, work)
	}
	if o.DType.Bits() == 0 {
		return fmt.Errorf("%s: element type %v has no width", o.Op, o.DType)
	}
	return o.checkDetails()
}

// checkDetails says what is wrong with what only some kinds have.
func (o *Operator) checkDetails() error {
	a, e := &o.Attention, &o.Experts
	switch {
	case o.Quant != "" && !slices.Contains(Quantisations(), o.Quant):
		return unknownError(fmt.Sprintf("%s: unknown quantisation %q (known: %s)", o.Op, o.Quant, strings.Join(Quantisations(), ", ")))
	case o.Quant != "" && o.Op != "moe" && !slices.Contains(kinds()[0].names, o.Op):
		return fmt.Errorf("%s: quant %s is for linear and moe", o.Op, o.Quant)
	case o.Op == "attention" && a.Heads%a.KVHeads != 0:
		return fmt.Errorf("attention: %d heads do not share %d of keys and values evenly", a.Heads, a.KVHeads)
	case o.Op == "attention" && !slices.Contains([]string{"", "prefill", "decode", "encoder"}, a.Phase):
		return fmt.Errorf("attention: phase %q: want prefill, decode or encoder", a.Phase)
	case o.Op == "attention" && a.Phase == "decode" && a.Query != 1:
		return fmt.Errorf("attention: S_q is %d: decoding has one token a sequence", a.Query)
	case o.Op == "moe" && e.TopK > e.Experts:
		return fmt.Errorf("moe: topk is %d: there are %d experts", e.TopK, e.Experts)
	case o.Op == "moe" && e.EP > e.Experts:
		return fmt.Errorf("moe: ep is %d: there are %d experts", e.EP, e.Experts)
	case o.Op == "moe" && e.TP > e.Inter:
		return fmt.Errorf("moe: tp is %d: experts are %d wide", e.TP, e.Inter)
	}
	return nil
}

// Quantisations lists the names that rows have for quantisations.
func Quantisations() []string {
	var out []string
	for _, q := range law.Quantisations() {
		out = append(out, q.Name)
	}
	return out
}

// dims names the sizes that the kind needs.
func (k *kind) dims() []string {
	switch {
	case k.sizes != "":
		return strings.Fields(k.sizes)
	case k.product:
		return []string{"B", "M", "N", "K"}
	}
	return []string{"B", "H"}
}

// size is the operator's size by its name in a row; nil where rows have no such size.
func (o *Operator) size(name string) *int64 {
	a, e := &o.Attention, &o.Experts
	return map[string]*int64{
		"b": &o.B, "m": &o.M, "n": &o.N, "k": &o.K, "h": &o.H,
		"heads": &a.Heads, "kv_heads": &a.KVHeads, "head_dim": &a.HeadDim, "s_q": &a.Query, "s_kv": &a.Context, "window": &a.Window,
		"tokens": &e.Tokens, "hidden": &e.Hidden, "inter": &e.Inter, "topk": &e.TopK, "experts": &e.Experts, "tp": &e.TP, "ep": &e.EP,
	}[strings.ToLower(name)]
}

// String describes the operator's shape: "linear 1×512×768×3072 float32" is B×M×N×K.
func (o *Operator) String() string {
	k, err := o.kind()
	if err != nil {
		return o.Op
	}
	var sizes []string
	for _, name := range k.dims() {
		sizes = append(sizes, strconv.FormatInt(*o.size(name), 10))
	}
	return fmt.Sprintf("%s %s %v", o.Op, strings.Join(sizes, "×"), o.DType)
}

// Identity tells operators apart: all of the shape, and nothing of what was measured or ran it.
func (o *Operator) Identity() string {
	p := *o
	p.Device, p.Time, p.Energy, p.Power, p.Steady, p.Runtime, p.Name, p.File, p.Line = "", 0, 0, 0, false, "", "", "", 0
	if p.Op != "moe" {
		p.Experts = Experts{}
	}
	return fmt.Sprint(p)
}

// Kernel is the launch that the operator is on a device.
func (o *Operator) Kernel(d energy.Device) (law.Kernel, error) {
	row, err := o.kind()
	if err != nil {
		return law.Kernel{}, err
	}
	k := law.Kernel{Class: row.class, DType: o.DType, Known: true, Quant: o.Quant, Replayed: true}
	size := o.DType.Size
	switch {
	case o.Op == "attention":
		o.attention(&k)
	case o.Op == "moe":
		o.experts(&k)
	case row.weight:
		k.Products = []law.Product{{Batch: 1, M: float64(o.B * o.M), N: float64(o.N), K: float64(o.K)}}
		k.Bytes = float64(size(o.B*o.M*o.K) + size(o.K*o.N) + size(o.B*o.M*o.N))
	case row.product:
		k.Products = []law.Product{{Batch: float64(o.B), M: float64(o.M), N: float64(o.N), K: float64(o.K)}}
		k.Bytes = float64(size(o.B*o.M*o.K) + size(o.B*o.K*o.N) + size(o.B*o.M*o.N))
	default:
		k.Op, k.Elements = o.Op, float64(o.B*o.H)
		k.Bytes = float64(size(row.reads*o.B*o.H) + size(max(1, row.writes)*o.B*o.H))
		if row.index {
			k.Bytes += float64(8 * o.B)
		}
		k.Rereads = row.passes * coefficients.Rereads(d, row.class, o.H, o.DType) * float64(size(o.B*o.H))
	}
	if row.product {
		k.MACs = float64(o.B * o.M * o.N * o.K)
	}
	return k, nil
}

// attention is the kernel of fused attention.
func (o *Operator) attention(k *law.Kernel) {
	a := &o.Attention
	cache, compute := cmp.Or(a.CacheType, o.DType), cmp.Or(a.ComputeType, o.DType)
	k.Attention = &law.Attention{
		Batch: float64(o.B), Heads: float64(a.Heads), KVHeads: float64(a.KVHeads), HeadDim: float64(a.HeadDim),
		Query: float64(a.Query), Context: float64(a.Context), Window: float64(a.Window),
		Causal: a.Causal, CacheBytes: float64(cache.Bits()) / 8, Float8: compute.Bits() == 8,
	}
	k.MACs = 2 * float64(o.B*a.Heads*a.HeadDim) * k.Attention.Pairs()
	k.Bytes = float64(o.DType.Size(2*o.B*a.Heads*a.Query*a.HeadDim) + cache.Size(2*o.B*a.KVHeads*a.Context*a.HeadDim))
}

// experts is the kernel of a layer of experts.
func (o *Operator) experts(k *law.Kernel) {
	e := &o.Experts
	k.Experts = &law.Experts{
		Tokens: float64(e.Tokens), Hidden: float64(e.Hidden), Inter: float64(e.Inter), TopK: float64(e.TopK), Experts: float64(e.Experts),
		TP: float64(max(1, e.TP)), EP: float64(max(1, e.EP)), Distribution: e.Distribution, Gated: !o.ungated(),
	}
	k.MACs = 3 * float64(e.Tokens*e.TopK*e.Hidden*e.Inter) / k.Experts.TP / k.Experts.EP
	k.Bytes = float64(o.DType.Size(2 * e.Tokens * e.Hidden))
}

// ungated recognises the one layer of public measurements whose experts are two matrices, which rows do not tell.
func (o *Operator) ungated() bool {
	e := &o.Experts
	return e.Hidden == 2048 && e.Inter == 5120 && e.TopK == 22
}

// DevicesOf finds the device of every row; one that names none is of the given device.
func DevicesOf(rows []Operator, otherwise energy.Device) ([]energy.Device, error) {
	known := map[string]energy.Device{"": otherwise}
	out := make([]energy.Device, len(rows))
	for i, o := range rows {
		d, ok := known[o.Device]
		if !ok {
			var err error
			if d, err = energy.LookupDevice(o.Device); err != nil {
				return nil, &energy.SyntaxError{File: o.File, Line: o.Line, Msg: err.Error()}
			}
			known[o.Device] = d
		}
		out[i] = d
	}
	return out, nil
}
