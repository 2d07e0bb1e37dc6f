package operator

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// ParseDType reads an element type as rows write it: also PyTorch's names ("torch.float16", "half") and short ones.
func ParseDType(name string) (graph.DType, bool) {
	name = strings.TrimPrefix(strings.ToLower(name), "torch.")
	short := map[string]string{
		"half": "float16", "fp16": "float16", "float": "float32", "fp32": "float32", "double": "float64", "fp64": "float64",
		"bf16": "bfloat16", "fp8": "float8e4m3fn", "float8": "float8e4m3fn",
	}
	if long, ok := short[name]; ok {
		name = long
	}
	return graph.ParseDType(name)
}

// Row is one line of a file of operators: its members in the order and spelling of the file, and what they say.
type Row struct {
	Operator
	Unknown string // what nobody knows of the operator, without which it has no prediction; "" where all is known
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
	memberLimit   = "power_limit_w"
)

// load is what rows of boards under a power limit say in other words: an iteration of a load, which need not be an
// operator.
type load struct {
	Name, Device, Precision string
	Time, Energy            float64 // s and J of an iteration
}

// row puts what a load says in the place of what its row does not.
func (l *load) row(r *Row) {
	r.Name = l.Name
	r.Device, r.Time, r.Energy = cmp.Or(r.Device, l.Device), cmp.Or(r.Time, energy.Seconds(l.Time)), cmp.Or(r.Energy, energy.Joules(l.Energy))
	if t, ok := ParseDType(l.Precision); ok {
		r.DType = t
	} else if l.Precision != "" {
		r.Unknown = fmt.Sprintf("unknown precision %q", l.Precision)
	}
	if r.Op == "" {
		r.Unknown = "a load that is no operator"
	}
}

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
		row, err := parseRow(text)
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

// parseRow reads one row. Without a dtype it is float32.
func parseRow(text []byte) (Row, error) {
	members, err := parseMembers(text)
	if err != nil {
		return Row{}, err
	}
	row := Row{Members: members, Operator: Operator{DType: graph.Float32}}
	var latency float64 // ms
	var load load
	a := &row.Attention
	into := map[string]any{
		"op": &row.Op, "device": &row.Device, "dtype": &row.DType, "quant": &row.Quant, "runtime": &row.Runtime,
		"phase": &a.Phase, "causal": &a.Causal, "kv_dtype": &a.CacheType, "attn_dtype": &a.ComputeType, "distribution": &row.Experts.Distribution,
		memberLatency: &latency, memberEnergy: (*float64)(&row.Energy), "power_w": (*float64)(&row.Power), "steady": &row.Steady,
		memberLimit: (*float64)(&row.Limit), "name": &load.Name, "gpu": &load.Device, "precision": &load.Precision, "time_per_iteration_s": &load.Time, "energy_per_iteration_j": &load.Energy,
	}
	if err := row.read(members, into); err != nil {
		return row, err
	}
	row.Time = energy.Seconds(latency / 1e3)
	if row.Limit > 0 {
		load.row(&row)
	}
	if row.Energy > 0 && row.Time > 0 {
		if err := energy.Plausible(row.Energy, row.Time); err != nil {
			return row, err
		}
	}
	if row.Unknown != "" {
		return row, nil
	}
	err = row.Check()
	if unknown := unknownError(""); errors.As(err, &unknown) {
		row.Unknown, err = string(unknown), nil
	}
	return row, err
}

// read puts members where they belong by their keys, sizes in the row's. Those of other keys are passed over.
func (r *Row) read(members []Member, into map[string]any) error {
	seen := map[string]bool{}
	for _, m := range members {
		key := strings.ToLower(m.Key)
		to, known := into[key]
		if size := r.size(key); size != nil {
			to, known = size, true
		}
		if !known {
			continue
		}
		if seen[key] {
			return fmt.Errorf("%s is given twice", m.Key)
		}
		seen[key] = true
		if string(m.Value) == "null" {
			continue
		}
		if key == "dtype" && r.quantised(&m) {
			continue
		}
		if err := m.read(to); err != nil {
			return err
		}
	}
	return nil
}

// quantised reads a quantisation where rows of experts name it in the place of an element type.
func (r *Row) quantised(m *Member) bool {
	var name string
	if json.Unmarshal(m.Value, &name) != nil || !slices.Contains(Quantisations(), name) {
		return false
	}
	r.Quant, r.DType = name, graph.BFloat16
	return true
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

// read reads the member's value: a size, which may be written as 512.0, a measured number, a word or an element type.
func (m *Member) read(to any) error {
	v, err := strconv.ParseFloat(string(m.Value), 64)
	switch to := to.(type) {
	case *int64:
		if err != nil || v != math.Trunc(v) || v < 1 || v > maxWork {
			return fmt.Errorf("%s is %s: sizes are integers of at least 1", m.Key, clip(m.Value))
		}
		*to = int64(v)
	case *float64:
		if err != nil || math.IsInf(v, 0) || v <= 0 {
			return fmt.Errorf("%s is %s: measured values are finite and positive", m.Key, clip(m.Value))
		}
		*to = v
	case *bool:
		if json.Unmarshal(m.Value, to) != nil {
			return fmt.Errorf("%s is %s: want true or false", m.Key, clip(m.Value))
		}
	case *string:
		if json.Unmarshal(m.Value, to) != nil {
			return fmt.Errorf("%s is %s: want a string", m.Key, clip(m.Value))
		}
	case *graph.DType:
		var name string
		if err := m.read(&name); err != nil {
			return err
		}
		var ok bool
		if *to, ok = ParseDType(name); !ok {
			return fmt.Errorf("unknown element type %q", name)
		}
	}
	return nil
}

// clip shortens a value for a message.
func clip(v []byte) string {
	const most = 40
	if len(v) > most {
		return string(v[:most]) + "…"
	}
	return string(v)
}
