package ops_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/onnx"
)

// TestConformance runs the official ONNX node tests: models of one or a few nodes with the tensors they take and must
// give. The shapes of their outputs are withheld, and small inputs given, as `irene analyze --value` would. A wrong
// type or shape fails; unknown ones are counted by the operator that leaves them so.
func TestConformance(t *testing.T) {
	cases := readCases(t)
	count, byOp, unknown := tally{}, map[string]tally{}, tally{}
	for _, c := range cases {
		g, err := onnx.DecodeBytes(c.model, c.name, "", onnx.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		verdict, note := c.verdict(g, unknown)
		count[verdict]++
		if verdict == "wrong" {
			t.Errorf("%s: %s", c.name, note)
		} else if verdict == "unknown" && testing.Verbose() {
			t.Logf("unknown %s: %s", c.name, note)
		}
		op := "(several)"
		if len(g.Main.Nodes) == 1 {
			op = g.Main.Nodes[0].Kind()
		}
		if byOp[op] == nil {
			byOp[op] = tally{}
		}
		byOp[op][verdict]++
	}
	ops := make([]string, 0, len(byOp))
	for op := range byOp {
		ops = append(ops, op)
	}
	sort.Strings(ops)
	for _, op := range ops {
		if n := byOp[op]["unknown"]; n > 0 {
			t.Logf("%s: %d right, %d unknown", op, byOp[op]["right"], n)
		}
	}
	unknown.log(t, "leaves unknown")
	t.Logf("%d cases: %d right, %d unknown, %d wrong", len(cases), count["right"], count["unknown"], count["wrong"])
}

// nodeCase is one case of the node tests.
type nodeCase struct {
	name            string
	model           []byte
	inputs, outputs [][]byte // tensors
}

// verdict infers the case's model and says whether the shapes of its outputs are right, unknown or wrong.
func (c *nodeCase) verdict(g *graph.Graph, unknown tally) (verdict, note string) {
	withhold(g)
	inf := ops.Infer(g, ops.Options{Values: c.values(g)})
	if len(inf.Conflicts) > 0 {
		return "wrong", inf.Conflicts[0].Error()
	}
	ops.Count(g, inf)
	verdict = "right"
	for i, v := range g.Main.Outputs {
		if i >= len(c.outputs) || v.Type.Kind != graph.KindTensor {
			continue
		}
		want, err := readTensor(c.outputs[i])
		if err != nil {
			return "wrong", err.Error()
		}
		f := &inf.Facts[v.ID]
		got, known := evaluated(f.Shape, func(string) (int64, bool) { return 0, false })
		switch {
		case !known:
			verdict, note = "unknown", fmt.Sprintf("%s: %v %v, want %v", v.Name, f.DType, f.Shape, want.dims)
		case !equalInts(got, want.dims) || f.DType != want.dtype:
			return "wrong", fmt.Sprintf("%s: %v %v, want %v %v", v.Name, f.DType, f.Shape, want.dtype, want.dims)
		}
	}
	if verdict == "unknown" {
		blame(g, inf, unknown)
	}
	return verdict, note
}

// withhold removes what the file declares of the shapes that its nodes make.
func withhold(g *graph.Graph) {
	for _, v := range g.Values {
		switch {
		case v.Producer == nil || v.Body != g.Main:
		case !v.IsOutput:
			v.Type = graph.Type{}
		case v.Type.Kind == graph.KindTensor:
			v.Type.Shape = nil
		}
	}
}

// values are the elements of small inputs.
func (c *nodeCase) values(g *graph.Graph) map[string][]float64 {
	out := map[string][]float64{}
	for i, v := range g.Main.Inputs {
		if i >= len(c.inputs) {
			break
		}
		if x, err := readTensor(c.inputs[i]); err == nil && x.vals != nil {
			out[v.Name] = x.vals
		}
	}
	return out
}

// readCases reads the cases, with the tensors of their first data set.
func readCases(t *testing.T) []*nodeCase {
	t.Helper()
	var cases []*nodeCase
	fixtures.Conformance(t, func(name string, model []byte, file func(string) []byte) {
		c := &nodeCase{name: name, model: model}
		tensors := func(kind string) (list [][]byte) {
			for {
				b := file(fmt.Sprintf("test_data_set_0/%s_%d.pb", kind, len(list)))
				if b == nil {
					return list
				}
				list = append(list, b)
			}
		}
		c.inputs, c.outputs = tensors("input"), tensors("output")
		cases = append(cases, c)
	})
	return cases
}

// testTensor is what a test needs of a TensorProto; vals are the elements of small vectors and scalars.
type testTensor struct {
	dtype graph.DType
	dims  []int64
	vals  []float64

	raw          []byte
	ints, floats []float64
}

func readTensor(b []byte) (*testTensor, error) {
	x := &testTensor{dims: []int64{}}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return nil, protowire.ParseError(n)
		}
		x.field(num, typ, b[:n])
		b = b[n:]
	}
	n := int64(1)
	for _, d := range x.dims {
		n *= d
	}
	if len(x.dims) <= 1 && n <= 64 {
		x.vals = x.elements(int(n))
	}
	return x, nil
}

func (x *testTensor) field(num protowire.Number, typ protowire.Type, v []byte) {
	if typ == protowire.BytesType {
		v, _ = protowire.ConsumeBytes(v)
	}
	varints := func(add func(int64)) {
		for len(v) > 0 {
			u, n := protowire.ConsumeVarint(v)
			if n < 0 {
				return
			}
			add(int64(u))
			v = v[n:]
		}
	}
	switch num {
	case 1:
		varints(func(n int64) { x.dims = append(x.dims, n) })
	case 2:
		varints(func(n int64) { x.dtype = graph.DType(n) })
	case 4:
		for ; len(v) >= 4; v = v[4:] {
			x.floats = append(x.floats, float64(math.Float32frombits(binary.LittleEndian.Uint32(v))))
		}
	case 5, 7:
		varints(func(n int64) { x.ints = append(x.ints, float64(n)) })
	case 9:
		x.raw = v
	case 10:
		for ; len(v) >= 8; v = v[8:] {
			x.floats = append(x.floats, math.Float64frombits(binary.LittleEndian.Uint64(v)))
		}
	}
}

// elements are the values of n elements; nil where the type is none that shapes anything, or not all are there.
func (x *testTensor) elements(n int) []float64 {
	if x.raw != nil {
		t := graph.Tensor{DType: x.dtype, Dims: []int64{int64(n)}, Raw: x.raw}
		if r, err := t.Reals(64); err == nil {
			return r
		}
		v, err := t.Elements(64)
		if err != nil {
			return nil
		}
		out := make([]float64, n)
		for i := range v {
			out[i] = float64(v[i])
		}
		return out
	}
	for _, v := range [][]float64{x.ints, x.floats} {
		if len(v) == n && n > 0 && (x.dtype.IsFloat() == (len(x.floats) > 0)) {
			return v
		}
	}
	return nil
}
