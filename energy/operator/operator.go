package operator

import (
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
	Device        string         // as the row writes it; "" where it does not
	Time          energy.Seconds // measured; 0 where it was not
	Energy        energy.Joules  // measured; 0 where it was not

	File string
	Line int // from 1; 0 where the operator comes from no file
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
		return kind{}, fmt.Errorf("unknown op %q; did you mean %s?", o.Op, near)
	}
	return kind{}, fmt.Errorf("unknown op %q (known: %s)", o.Op, strings.Join(Names(), ", "))
}

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
			return fmt.Errorf("%s needs %s: %c is missing", o.Op, strings.Join(strings.Split(k.dims(), ""), ", "), name)
		case n < 0:
			return fmt.Errorf("%s: %c is %d: sizes are at least 1", o.Op, name, n)
		}
		work *= float64(n)
	}
	if work > maxWork {
		return fmt.Errorf("%s: %.3g elements or products are more than any device runs", o.Op, work)
	}
	if o.DType.Bits() == 0 {
		return fmt.Errorf("%s: element type %v has no width", o.Op, o.DType)
	}
	return nil
}

// dims names the sizes that the kind needs.
func (k *kind) dims() string {
	if k.product {
		return "BMNK"
	}
	return "BH"
}

// size is the operator's size by its name in a row.
func (o *Operator) size(name rune) *int64 {
	return map[rune]*int64{'B': &o.B, 'M': &o.M, 'N': &o.N, 'K': &o.K, 'H': &o.H}[name]
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

// Kernel is the launch that the operator is on a device.
func (o *Operator) Kernel(d energy.Device) (law.Kernel, error) {
	row, err := o.kind()
	if err != nil {
		return law.Kernel{}, err
	}
	k := law.Kernel{Class: row.class, DType: o.DType, Known: true}
	size := o.DType.Size
	switch {
	case row.weight:
		k.Products = []law.Product{{Batch: 1, M: float64(o.B * o.M), N: float64(o.N), K: float64(o.K)}}
		k.Bytes = float64(size(o.B*o.M*o.K) + size(o.K*o.N) + size(o.B*o.M*o.N))
	case row.product:
		k.Products = []law.Product{{Batch: float64(o.B), M: float64(o.M), N: float64(o.N), K: float64(o.K)}}
		k.Bytes = float64(size(o.B*o.M*o.K) + size(o.B*o.K*o.N) + size(o.B*o.M*o.N))
	default:
		k.Bytes = float64(size(row.reads*o.B*o.H) + size(o.B*o.H))
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
