package ops

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// panicRounds is raised by hand: go test ./graph/ops -run NeverPanic -rounds 1000.
var panicRounds = flag.Int("rounds", 25, "times that TestRulesNeverPanic feeds every row")

// TestRulesNeverPanic feeds every row of the table with types, ranks, values and attributes at random: files are not to
// be trusted, and a rule that fails has to say so.
func TestRulesNeverPanic(t *testing.T) {
	for _, op := range All() {
		r := rand.New(rand.NewPCG(1, uint64(op.Since)))
		for range *panicRounds {
			feed(t, op, r)
			if t.Failed() {
				break
			}
		}
	}
}

func feed(t *testing.T, op Op, r *rand.Rand) {
	g := &graph.Graph{Main: &graph.Body{}}
	n := &graph.Node{Domain: op.Domain, Op: op.Name, Opset: op.Since, Body: g.Main, Attrs: randomAttrs(r)}
	s := &state{g: g, solved: map[string]graph.Dim{}, open: map[string]bool{}, row: Lookup, rows: make([]*Op, 1), out: &Inference{
		Trips: map[*graph.Body]graph.Dim{}, Taken: map[*graph.Node]int{}, unrolled: map[*graph.Body][]round{},
	}}
	value := func(f Fact) *graph.Value {
		v := &graph.Value{ID: len(g.Values), Name: fmt.Sprintf("v%d", len(g.Values))}
		g.Values, s.facts = append(g.Values, v), append(s.facts, f)
		return v
	}
	for range r.IntN(10) {
		if r.IntN(8) == 0 {
			n.Inputs = append(n.Inputs, nil)
			continue
		}
		n.Inputs = append(n.Inputs, value(randomFact(r)))
	}
	for range r.IntN(4) {
		n.Outputs = append(n.Outputs, value(Fact{}))
	}
	s.ctx = Context{Node: n, Op: &op, s: s}
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s since %d: panic: %v\nattributes %+v", n.Kind(), op.Since, p, n.Attrs)
			for i, v := range n.Inputs {
				if v != nil {
					t.Logf("input %d: %s", i, printFact(&s.facts[v.ID]))
				}
			}
			panic(p)
		}
	}()
	if err := op.Shape(&s.ctx); err != nil {
		return
	}
	if op.Fold != nil {
		op.Fold(&s.ctx)
	}
	s.ctx = Context{Node: n, Op: &op, s: s}
	op.Cost(&s.ctx)
}

func randomNumber(r *rand.Rand) int64 {
	return [...]int64{0, 1, -1, 2, 3, 4, 8, -2, 64, 1000, math.MaxInt64, math.MinInt64, 1 << 40}[r.IntN(13)]
}

func randomDim(r *rand.Rand) graph.Dim {
	switch r.IntN(6) {
	case 0:
		return graph.Dim{}
	case 1:
		return graph.Symbol([...]string{"batch", "past", "n"}[r.IntN(3)])
	case 2:
		return graph.Const(randomNumber(r))
	}
	return graph.Const([...]int64{1, 2, 3, 4, 8, 64}[r.IntN(6)])
}

func randomFact(r *rand.Rand) Fact {
	f := Fact{Kind: graph.KindTensor, DType: [...]graph.DType{
		graph.Undefined, graph.Float32, graph.Int64, graph.Int32, graph.Bool, graph.Uint8, graph.Float16, graph.String, graph.Int4,
	}[r.IntN(9)]}
	switch r.IntN(20) {
	case 0:
		f.Kind = graph.KindUnknown
	case 1:
		f.Kind = graph.KindSequence
	}
	if r.IntN(8) == 0 {
		return f
	}
	f.Shape = graph.Shape{}
	for range r.IntN(6) {
		f.Shape = append(f.Shape, randomDim(r))
	}
	n, ok := f.Shape.Elements().Const()
	if !ok || n < 0 || n > 64 || r.IntN(2) == 0 {
		return f
	}
	f.Data = make([]graph.Dim, n)
	for i := range f.Data {
		f.Data[i] = graph.Const(randomNumber(r))
		if r.IntN(4) == 0 {
			f.Data[i] = randomDim(r)
		}
	}
	if f.DType.IsFloat() {
		f.Data, f.Reals = nil, make([]float64, n)
		for i := range f.Reals {
			f.Reals[i] = [...]float64{0, 1, 2, 0.5, -1, math.Inf(1), math.NaN(), 1e30}[r.IntN(8)]
		}
	}
	return f
}

// attributeNames are those that rules ask for by name and that decide shapes.
var attributeNames = [...]string{
	"axis", "axes", "perm", "shape", "starts", "ends", "pads", "paddings", "strides", "dilations", "kernel_shape", "output_shape",
	"output_padding", "group", "auto_pad", "ceil_mode", "split", "num_outputs", "keepdims", "noop_with_empty_axes", "k", "blocksize",
	"scales", "sizes", "height_scale", "batch_dims", "value", "value_ints", "num_heads", "kv_num_heads", "q_num_heads", "hidden_size",
	"layout", "direction", "equation", "transA", "transB", "to", "dtype", "start", "end", "allowzero", "is_causal", "block_size", "bits",
	"K", "N", "axis_w", "size", "step", "dim", "pooled_shape", "output_height", "onesided", "inverse", "p", "mode", "batch_axis", "time_axis",
	"keep_aspect_ratio_policy", "num_scan_inputs", "qkv_hidden_sizes", "do_rotary", "rotary_embedding_dim", "classlabels_int64s",
	"num_channels", "channels_last", "gather_axis", "quantize_axis", "scale", "n_targets", "nodes_falsenodeids", "num_groups", "targets",
}

func randomAttrs(r *rand.Rand) []graph.Attr {
	var out []graph.Attr
	for _, name := range attributeNames {
		if r.IntN(3) > 0 {
			continue
		}
		a := graph.Attr{Name: name}
		switch r.IntN(7) {
		case 0, 1:
			a.Type, a.Int = graph.AttrInt, randomNumber(r)
		case 2, 3:
			a.Type = graph.AttrInts
			for range r.IntN(5) {
				a.Ints = append(a.Ints, randomNumber(r))
			}
		case 4:
			a.Type, a.Str = graph.AttrString, [...]string{"", "SAME_UPPER", "not_larger", "bidirectional", "ij,jk->ik", "i...,->", "cubic"}[r.IntN(7)]
		case 5:
			a.Type, a.Floats = graph.AttrFloats, []float32{1, 2, 0.5, 1}[:r.IntN(5)]
		case 6:
			a.Type, a.Tensor = graph.AttrTensor, &graph.Tensor{DType: graph.Int64, Dims: []int64{randomNumber(r)}, Ints: []int64{randomNumber(r)}}
		}
		out = append(out, a)
	}
	return out
}
