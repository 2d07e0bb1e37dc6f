package ops_test

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/internal/bounded"
)

// TestTable holds that every row is whole, that none stands twice, and that versions are told apart.
func TestTable(t *testing.T) {
	rows := ops.All()
	if len(rows) < 300 {
		t.Errorf("%d rows", len(rows))
	}
	for i, r := range rows {
		name := fmt.Sprintf("%s:%s-%d", r.Domain, r.Name, r.Since)
		if r.Shape == nil || r.Cost == nil {
			t.Errorf("%s has no shape rule or no cost rule (views say so with freeCost)", name)
		}
		if r.Class == "" || strings.ToLower(r.Class) != r.Class || strings.ContainsAny(r.Class, " \t") {
			t.Errorf("%s: class %q", name, r.Class)
		}
		if r.Name == "" || strings.ContainsAny(r.Name+r.Domain, " \t:/") || r.Since < 1 {
			t.Errorf("row %q", name)
		}
		if r.Domain == "ai.onnx" || (r.Domain == "" && r.Since > 28) {
			t.Errorf("%s: the domain is spelled \"\", its highest version is 28", name)
		}
		if i > 0 && rows[i-1].Domain == r.Domain && rows[i-1].Name == r.Name {
			if rows[i-1].Since == r.Since {
				t.Errorf("%s stands twice", name)
			}
			if op, ok := ops.Lookup(r.Domain, r.Name, r.Since-1); !ok || op.Since != rows[i-1].Since {
				t.Errorf("%s: a version below it finds %v", name, op)
			}
		}
		if op, ok := ops.Lookup(r.Domain, r.Name, r.Since); !ok || op.Since != r.Since {
			t.Errorf("%s finds %v", name, op)
		}
	}
	if op, ok := ops.Lookup("", "Softmax", 12); !ok || op.Since >= 13 {
		t.Error("Softmax of opset 12 must not find that of 13")
	}
	if op, ok := ops.Lookup("", "Add", 0); !ok || op.Name != "Add" {
		t.Error("a version below every row finds the oldest")
	}
	if _, ok := ops.Lookup("example.com", "Add", 17); ok {
		t.Error("an unknown domain finds a row")
	}
}

// FuzzRules calls the rules of every row with inputs and attributes that make no sense: none may panic, and no shape or
// cost may be negative.
func FuzzRules(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed)
	}
	rows := ops.All()
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, row := range rows {
			r := nonsense{Rand: rand.New(rand.NewPCG(seed, 7)), g: &graph.Graph{Main: &graph.Body{}}}
			n := r.node(r.g.Main, row.Domain, row.Name, row.Since)
			r.g.Main.Nodes = append(r.g.Main.Nodes, n)
			bounded.Run(t, row.Name, func() { check(t, r.g, n, seed) })
		}
	})
}

// check infers and counts a graph.
func check(t *testing.T, g *graph.Graph, n *graph.Node, seed uint64) {
	defer func() {
		if e := recover(); e != nil {
			t.Errorf("%s-%d, seed %d: %v\n%s", n.Kind(), n.Opset, seed, e, debug.Stack())
		}
	}()
	inf := ops.Infer(g, ops.Options{})
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		for _, d := range inf.Facts[v.ID].Shape {
			if d.Negative() {
				t.Errorf("%s-%d, seed %d: output %d has the shape %v", n.Kind(), n.Opset, seed, i, inf.Facts[v.ID].Shape)
			}
		}
	}
	k := ops.Count(g, inf)[n.ID]
	for _, d := range []graph.Dim{k.MACs, k.Elementwise, k.Read, k.Written} {
		if d.Negative() {
			t.Errorf("%s-%d, seed %d: costs %v", n.Kind(), n.Opset, seed, k)
		}
	}
}

// nonsense makes graphs.
type nonsense struct {
	*rand.Rand
	g     *graph.Graph
	depth int
}

// attrNames are names of attributes that rules look at.
var attrNames = strings.Fields(`activations allowzero alpha auto_pad axes axis batch_axis batch_dims bits block_size
	blocksize body causal channels_last classes_strings classlabels_ints classlabels_strings cats_int64s count_include_pad
	decoder detect_positive dilations direction dtype else_branch equation exclusive group hidden_size inverse is_causal K k
	keepdims kernel_shape kv_num_heads layout local_window_size mode N new_axis ngram_indexes noop_with_empty_axes num_heads
	num_outputs num_scan_inputs one_class onesided output_datatype output_dtype output_height output_padding output_shape
	output_width p pads perm pooled_shape q_num_heads qkv_hidden_sizes quant_type reduction reverse sample_size scale scales
	scan_input_axes scan_output_axes shape signal_ndim sizes split starts steps ends start end stopwords storage_order
	strides support_vectors targets then_branch time_axis to transA transB type value value_float value_floats value_int
	value_ints value_string window xs spatial_scale upscale_factor ratio default_int64 max_map n_targets rotary_embedding_dim`)

func (r *nonsense) node(b *graph.Body, domain, op string, opset int64) *graph.Node {
	n := &graph.Node{ID: len(r.g.Nodes), Domain: domain, Op: op, Opset: opset, Body: b}
	r.g.Nodes = append(r.g.Nodes, n)
	if r.IntN(2) == 0 {
		n.Opset += int64(r.IntN(3))
	}
	for range r.IntN(8) {
		if r.IntN(6) == 0 {
			n.Inputs = append(n.Inputs, nil)
			continue
		}
		n.Inputs = append(n.Inputs, r.input(b))
	}
	for range r.IntN(5) {
		if r.IntN(6) == 0 {
			n.Outputs = append(n.Outputs, nil)
			continue
		}
		v := r.value(b)
		v.Producer = n
		n.Outputs = append(n.Outputs, v)
	}
	for _, name := range attrNames {
		if r.IntN(3+9*r.depth) == 0 {
			n.Attrs = append(n.Attrs, r.attr(n, name))
		}
	}
	return n
}

func (r *nonsense) value(b *graph.Body) *graph.Value {
	v := &graph.Value{ID: len(r.g.Values), Name: fmt.Sprintf("v%d", len(r.g.Values)), Body: b}
	r.g.Values = append(r.g.Values, v)
	return v
}

// input is a graph input of any type, or a stored tensor.
func (r *nonsense) input(b *graph.Body) *graph.Value {
	v := r.value(b)
	if r.IntN(2) == 0 {
		v.Init = r.tensor()
		b.Inits = append(b.Inits, v)
		return v
	}
	v.Type, v.IsInput = r.typ(3), true
	r.g.Main.Inputs = append(r.g.Main.Inputs, v)
	return v
}

func (r *nonsense) typ(depth int) graph.Type {
	t := graph.Type{Kind: graph.KindTensor, DType: graph.DType(r.IntN(30)), Shape: r.shape()}
	if k := r.IntN(12); k < 6 && depth > 0 {
		t = graph.Type{Kind: graph.Kind(k + 1)}
		if r.IntN(3) > 0 {
			e := r.typ(depth - 1)
			t.Elem = &e
		}
	}
	return t
}

func (r *nonsense) shape() graph.Shape {
	if r.IntN(8) == 0 {
		return nil
	}
	s := make(graph.Shape, r.IntN(6))
	for i := range s {
		switch r.IntN(6) {
		case 0:
		case 1:
			s[i] = graph.Symbol([]string{"a", "b", "past"}[r.IntN(3)])
		default:
			s[i] = graph.Const([]int64{0, 1, 2, 3, 4, 8, 12, 1 << 40}[r.IntN(8)])
		}
	}
	return s
}

// tensor is a small stored tensor, now and then one whose elements are not all there.
func (r *nonsense) tensor() *graph.Tensor {
	t := &graph.Tensor{DType: graph.Int64}
	n := int64(1)
	for range []int{0, 1, 1, 1, 2}[r.IntN(5)] {
		t.Dims = append(t.Dims, int64(r.IntN(5)))
		n *= t.Dims[len(t.Dims)-1]
	}
	if r.IntN(9) == 0 {
		n++
	}
	for range n {
		t.Ints = append(t.Ints, r.integer())
		t.Floats = append(t.Floats, float64(r.integer())/2)
	}
	if r.IntN(4) == 0 {
		t.DType, t.Ints = graph.Float32, nil
	} else {
		t.Floats = nil
	}
	return t
}

func (r *nonsense) integer() int64 {
	if r.IntN(20) == 0 {
		return []int64{1 << 62, -1 << 63, 1<<63 - 1, 1 << 31}[r.IntN(4)]
	}
	return int64(r.IntN(12) - 4)
}

func (r *nonsense) attr(n *graph.Node, name string) graph.Attr {
	a := graph.Attr{Name: name, Type: graph.AttrType(r.IntN(15))}
	switch a.Type {
	case graph.AttrFloat:
		a.Float = float32(r.integer())
	case graph.AttrInt:
		a.Int = r.integer()
	case graph.AttrString:
		a.Str = []string{"", "NOTSET", "SAME_UPPER", "bij,bjk->bik", "...a,a->...", "none", "reverse", "i->", ",->"}[r.IntN(9)]
	case graph.AttrTensor:
		if r.IntN(5) > 0 {
			a.Tensor = r.tensor()
		}
	case graph.AttrInts:
		for range r.IntN(5) {
			a.Ints = append(a.Ints, r.integer())
		}
	case graph.AttrFloats:
		a.Floats = make([]float32, r.IntN(5))
	case graph.AttrStrings:
		a.Strs = make([]string, r.IntN(4))
	case graph.AttrTypeProto:
		t := r.typ(2)
		a.TypeVal = &t
	case graph.AttrGraphs:
		if r.IntN(8) == 0 {
			if b := r.body(n); b != nil { // the decoder makes no body that is none, and graph.CheckValid refuses one
				a.Bodies = []*graph.Body{b}
			}
		}
	}
	if strings.HasSuffix(name, "_branch") || name == "body" { // or control flow is hardly reached
		a.Type, a.Body = graph.AttrGraph, r.body(n)
	}
	return a
}

// body is a subgraph of a few inputs, nodes and outputs.
func (r *nonsense) body(owner *graph.Node) *graph.Body {
	if r.depth > 1 {
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	b := &graph.Body{Owner: owner, Name: "body"}
	values := []*graph.Value{}
	for range r.IntN(6) {
		v := r.value(b)
		if r.IntN(2) == 0 {
			v.Type = r.typ(1)
		}
		b.Inputs, values = append(b.Inputs, v), append(values, v)
	}
	for range r.IntN(4) {
		n := r.node(b, "", []string{"Identity", "Concat", "Add", "SequenceInsert", "Shape", "Loop", "If", "NonZero"}[r.IntN(8)], 17)
		for i := range n.Inputs {
			if len(values) > 0 && r.IntN(3) > 0 {
				n.Inputs[i] = values[r.IntN(len(values))]
			}
		}
		for _, v := range n.Outputs {
			if v != nil {
				values = append(values, v)
			}
		}
		b.Nodes = append(b.Nodes, n)
	}
	for range r.IntN(6) {
		if len(values) > 0 {
			b.Outputs = append(b.Outputs, values[r.IntN(len(values))])
		}
	}
	return b
}
