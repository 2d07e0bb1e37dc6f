package operator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
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
	Op            string // one of OperatorNames
	B, M, N, K, H int64  // 0 where the row has none
	DType         graph.DType
	Device        string         // as the row writes it; "" where it does not
	Time          energy.Seconds // measured; 0 where it was not
	Energy        energy.Joules  // measured; 0 where it was not

	File string
	Line int // from 1; 0 where the operator comes from no file
}

// rowKind is a row of the table of operators that shapes are given of.
type rowKind struct {
	names   []string
	Class   string
	product bool    // B × (M×K · K×N); otherwise B rows of H
	weight  bool    // the product's right operand is shared by the whole batch
	reads   int64   // tensors of B×H read
	passes  float64 // times that the kernel goes over its input after the first, for rows that do not fit in registers
	index   bool    // reads an index of 8 bytes for each of the B rows
}

// rowKinds is the table of operators. Operators of two tensors have one name, those of a tensor and a scalar the same
// with a u for unary (as NeuSight names them).
func rowKinds() []rowKind {
	return []rowKind{
		{names: []string{"linear", "addmm", "gemm", "mm"}, Class: "gemm", product: true, weight: true},
		{names: []string{"bmm", "matmul"}, Class: "bmm", product: true},
		{names: []string{"softmax"}, Class: "softmax", reads: 1, passes: 2},
		{names: []string{"ln", "layernorm", "layer_norm"}, Class: "norm", reads: 1, passes: 1},
		{names: []string{"rmsnorm", "rms_norm"}, Class: "norm", reads: 1, passes: 1},
		{names: []string{"add", "sub", "mul", "div", "pow"}, Class: coefficients.BaseClass, reads: 2},
		{names: []string{"addu", "subu", "mulu", "divu", "powu", "exp", "sqrt", "erf", "neg"}, Class: coefficients.BaseClass, reads: 1},
		{names: []string{"relu", "gelu", "tanh", "sigmoid", "silu"}, Class: "activation", reads: 1},
		{names: []string{"copy", "transpose"}, Class: "move", reads: 1},
		{names: []string{"embedding", "gather"}, Class: "gather", reads: 1, index: true},
	}
}

// OperatorNames lists the operators that can be given by shape.
func OperatorNames() []string {
	var out []string
	for _, k := range rowKinds() {
		out = append(out, k.names...)
	}
	return out
}

// Kind finds the operator's row of the table.
func (o *Operator) Kind() (rowKind, error) {
	for _, k := range rowKinds() {
		if slices.Contains(k.names, o.Op) {
			if o.Op == "matmul" && o.B == 1 { // a product of two matrices, however they came about
				return rowKinds()[0], nil
			}
			return k, nil
		}
	}
	if near, ok := nearest.Nearest(o.Op, OperatorNames()); ok {
		return rowKind{}, fmt.Errorf("unknown op %q; did you mean %s?", o.Op, near)
	}
	return rowKind{}, fmt.Errorf("unknown op %q (known: %s)", o.Op, strings.Join(OperatorNames(), ", "))
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
	if o.B == 0 && (o.Op == "matmul" || o.weighted()) {
		o.B = 1
	}
	k, err := o.Kind()
	if err != nil {
		return err
	}
	want := o.dims(k.product)
	work := 1.0
	for _, d := range want {
		switch {
		case d.n == 0:
			return fmt.Errorf("%s needs %s: %s is missing", o.Op, dimNames(want), d.name)
		case d.n < 0:
			return fmt.Errorf("%s: %s is %d: sizes are at least 1", o.Op, d.name, d.n)
		}
		work *= float64(d.n)
	}
	if work > maxWork {
		return fmt.Errorf("%s: %.3g elements or products are more than any device runs", o.Op, work)
	}
	if o.DType.Bits() == 0 {
		return fmt.Errorf("%s: element type %v has no width", o.Op, o.DType)
	}
	return nil
}

func (o *Operator) weighted() bool {
	return slices.Contains(rowKinds()[0].names, o.Op)
}

type namedDim struct {
	name string
	n    int64
}

// dims are the sizes that the operator's kind needs.
func (o *Operator) dims(product bool) []namedDim {
	if product {
		return []namedDim{{"B", o.B}, {"M", o.M}, {"N", o.N}, {"K", o.K}}
	}
	return []namedDim{{"B", o.B}, {"H", o.H}}
}

func dimNames(dims []namedDim) string {
	var names []string
	for _, d := range dims {
		names = append(names, d.name)
	}
	return strings.Join(names, ", ")
}

// String describes the operator's shape: "linear 1×512×768×3072 float32" is B×M×N×K.
func (o *Operator) String() string {
	k, err := o.Kind()
	if err != nil {
		return o.Op
	}
	var sizes []string
	for _, d := range o.dims(k.product) {
		sizes = append(sizes, strconv.FormatInt(d.n, 10))
	}
	return fmt.Sprintf("%s %s %v", o.Op, strings.Join(sizes, "×"), o.DType)
}

// Kernel is the launch that the operator is on a device.
func (o *Operator) Kernel(d energy.Device) (law.Kernel, error) {
	row, err := o.Kind()
	if err != nil {
		return law.Kernel{}, err
	}
	k := law.Kernel{Class: row.Class, DType: o.DType, Known: true}
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
		k.Rereads = row.passes * coefficients.Rereads(d, row.Class, o.H, o.DType) * float64(size(o.B*o.H))
	}
	if row.product {
		k.MACs = float64(o.B * o.M * o.N * o.K)
	}
	return k, nil
}

// ParseDType reads an element type as rows write it: also PyTorch's names ("torch.float16", "half") and short ones.
func ParseDType(name string) (graph.DType, bool) {
	name = strings.TrimPrefix(strings.ToLower(name), "torch.")
	short := map[string]string{
		"half": "float16", "fp16": "float16", "float": "float32", "fp32": "float32", "double": "float64", "fp64": "float64",
		"bf16": "bfloat16",
	}
	if long, ok := short[name]; ok {
		name = long
	}
	return graph.ParseDType(name)
}

// Row is one line of a file of operators: its members in the order and spelling of the file, and what they say.
type Row struct {
	Operator
	Members []Member
}

// Member is one member of a row.
type Member struct {
	Key   string
	Value json.RawMessage
}

// The members that rows are read from; others are passed over. Case does not matter.
const (
	memberLatency = "latency_ms"
	memberEnergy  = "energy_j"
)

// maxRow is the longest line of a file of operators, in bytes.
const maxRow = 1 << 20

// ReadRows calls visit with every row of a file of operators, one JSON object a line, blank lines passed over. It ends
// with the first unusable line, as an [energy.SyntaxError] that names file and line, or with the first error of visit.
func ReadRows(r io.Reader, file string, visit func(Row) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<16), maxRow)
	line := 0
	for in.Scan() {
		line++
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		row, err := ParseRow(text)
		if err == nil {
			row.File, row.Line = file, line
			err = visit(row)
		}
		if err != nil {
			return &energy.SyntaxError{File: file, Line: line, Msg: err.Error()}
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return &energy.SyntaxError{File: file, Line: line + 1, Msg: fmt.Sprintf("longer than %s", energy.FormatBinaryBytes(maxRow))}
	} else if err != nil {
		return fmt.Errorf("%s:%d: %w", file, line+1, err)
	}
	return nil
}

// ParseRow reads one row. Without a dtype it is float32.
func ParseRow(text []byte) (Row, error) {
	members, err := parseMembers(text)
	if err != nil {
		return Row{}, err
	}
	row := Row{Members: members, Operator: Operator{DType: graph.Float32}}
	dims := map[string]*int64{"b": &row.B, "m": &row.M, "n": &row.N, "k": &row.K, "h": &row.H}
	words := map[string]*string{"op": &row.Op, "device": &row.Device}
	seen := map[string]bool{}
	for _, m := range members {
		key := strings.ToLower(m.Key)
		dim, isDim := dims[key]
		word, isWord := words[key]
		if !isDim && !isWord && key != "dtype" && key != memberLatency && key != memberEnergy {
			continue
		}
		if seen[key] {
			return row, fmt.Errorf("%s is given twice", m.Key)
		}
		seen[key] = true
		if string(m.Value) == "null" {
			continue
		}
		switch {
		case isDim:
			*dim, err = parseSize(m)
		case isWord:
			*word, err = parseWord(m)
		case key == "dtype":
			row.DType, err = parseRowType(m)
		case key == memberLatency:
			var ms float64
			ms, err = parseMeasured(m)
			row.Time = energy.Seconds(ms / 1e3)
		default:
			var j float64
			j, err = parseMeasured(m)
			row.Energy = energy.Joules(j)
		}
		if err != nil {
			return row, err
		}
	}
	if row.Energy > 0 && row.Time > 0 {
		if err := energy.Plausible(row.Energy, row.Time); err != nil {
			return row, err
		}
	}
	return row, row.Check()
}

// parseMembers splits a JSON object without losing the order and the spelling of its members.
func parseMembers(text []byte) ([]Member, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	notObject := func(err error) error {
		return fmt.Errorf("not a JSON object: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	t, err := dec.Token()
	if err != nil {
		return nil, notObject(err)
	}
	if t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var out []Member
	for dec.More() {
		var m Member
		key, err := dec.Token()
		if err == nil {
			m.Key, _ = key.(string)
			err = dec.Decode(&m.Value)
		}
		if err != nil {
			return nil, notObject(err)
		}
		out = append(out, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, notObject(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON object on the line")
	}
	return out, nil
}

// parseSize reads a size: an integer of at least 1, which may be written as 512.0.
func parseSize(m Member) (int64, error) {
	v, err := strconv.ParseFloat(string(m.Value), 64)
	if err != nil || v != math.Trunc(v) || v < 1 || v > maxWork {
		return 0, fmt.Errorf("%s is %s: sizes are integers of at least 1", m.Key, clip(m.Value))
	}
	return int64(v), nil
}

func parseMeasured(m Member) (float64, error) {
	v, err := strconv.ParseFloat(string(m.Value), 64)
	if err != nil || math.IsInf(v, 0) || v <= 0 {
		return 0, fmt.Errorf("%s is %s: measured values are finite and positive", m.Key, clip(m.Value))
	}
	return v, nil
}

func parseWord(m Member) (string, error) {
	var s string
	if err := json.Unmarshal(m.Value, &s); err != nil {
		return "", fmt.Errorf("%s is %s: want a string", m.Key, clip(m.Value))
	}
	return s, nil
}

func parseRowType(m Member) (graph.DType, error) {
	name, err := parseWord(m)
	if err != nil {
		return graph.Undefined, err
	}
	t, ok := ParseDType(name)
	if !ok {
		return t, fmt.Errorf("unknown element type %q", name)
	}
	return t, nil
}

// clip shortens a value for a message.
func clip(v []byte) string {
	const most = 40
	if len(v) > most {
		return string(v[:most]) + "…"
	}
	return string(v)
}
