package measured

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/kernel"
)

// torch joins a trace of PyTorch, whose calls have no names of the model. An export keeps the order of the calls, and the
// kernels of the profile eager are those calls; so the longest common subsequence of both, by kind and size, tells which
// call is which kernel. A call that is none of them goes to the operators that its nn.Module frame has otherwise. Where
// that finds less than half of the time, only the time of the whole model is used.
func (j *joiner) torch() error {
	plan, err := j.plan("eager")
	if err != nil {
		return err
	}
	calls, kernels := callsOf(j.t.Events), j.kernels(plan)
	pairs, err := align(calls, kernels)
	if err != nil {
		return err
	}
	products, found := 0, 0
	for i, k := range pairs {
		c := &calls[i]
		if c.products() && c.work > 0 {
			products++
		}
		if k >= 0 {
			if c.products() && c.work > 0 {
				found++
			}
			j.claim(c.event, c.kind == callAttention, kernels[k].nodes...)
		}
	}
	if products >= 4 && 2*found < products {
		return fmt.Errorf("%d of %d matrix products of the trace have sizes that the model has in this order: it is of another model, or taken at other sizes; bind the dims of the trace with --dim", found, products)
	}
	j.byFrame(calls, pairs)
	j.growFused()
	j.whole()
	return nil
}

// whole gives up the operators where too few were found: the model's time is all that is known.
func (j *joiner) whole() {
	var found energy.Seconds
	for _, g := range j.groups {
		found += g.time
	}
	total := j.t.Total()
	if found >= leastJoined*total {
		return
	}
	j.notes = append(j.notes, fmt.Sprintf("only %.1f %% of the time of the trace's calls is of operators of the model: the time of the whole model is used, its parts keep their predicted shares", 100*float64(found/total)))
	j.groups, j.leftOver = []joined{{time: total}}, nil
	for i := range j.of {
		j.of[i] = -1
	}
	for _, n := range j.a.Graph.Nodes {
		if j.in(n) {
			j.add(n, 0)
		}
	}
}

// byFrame gives calls that are no kernel of the model to the operators of the closest nn.Module frame that has any.
func (j *joiner) byFrame(calls []call, pairs []int) {
	first := map[string]*graph.Node{} // an operator of the frame
	for i, k := range pairs {
		if e := calls[i].event; k >= 0 && len(e.Frames) > 0 {
			key := strings.Join(e.Frames, "/")
			if _, ok := first[key]; !ok {
				first[key] = j.groups[j.of[calls[i].node.ID]].nodes[0]
			}
		}
	}
	for i, k := range pairs {
		if k >= 0 {
			continue
		}
		e := calls[i].event
		if n := first[strings.Join(e.Frames, "/")]; n != nil && len(e.Frames) > 0 {
			j.claim(e, false, n)
			continue
		}
		j.leftOver = append(j.leftOver, e)
	}
}

// callKind is what both a call of the framework and a kernel of a graph can be.
type callKind string

const (
	callProduct     callKind = "product"
	callAttention   callKind = "attention"
	callSoftmax     callKind = "softmax"
	callNorm        callKind = "norm"
	callActivation  callKind = "activation"
	callGather      callKind = "gather"
	callElementwise callKind = "elementwise"
	callReduce      callKind = "reduce"
	callConv        callKind = "conv"
	callMove        callKind = "move"
)

// kindOfCall is the kind of an operator of PyTorch; "" for those that no node stands for.
func kindOfCall(op string) callKind {
	name := strings.TrimSuffix(strings.TrimPrefix(op, "aten::"), "_")
	switch name {
	case "linear", "addmm", "mm", "matmul", "bmm", "baddbmm", "addbmm", "einsum":
		return callProduct
	case "scaled_dot_product_attention", "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention":
		return callAttention
	case "softmax", "_softmax", "log_softmax", "_log_softmax":
		return callSoftmax
	case "layer_norm", "native_layer_norm", "batch_norm", "group_norm", "native_group_norm", "instance_norm", "rms_norm", "_fused_rms_norm":
		return callNorm
	case "gelu", "relu", "silu", "tanh", "sigmoid", "hardtanh", "leaky_relu", "elu", "hardswish", "mish", "erf", "softplus", "quick_gelu":
		return callActivation
	case "embedding", "index_select", "gather", "index", "take":
		return callGather
	case "add", "sub", "rsub", "mul", "div", "true_divide", "pow", "sqrt", "rsqrt", "neg", "exp", "cos", "sin", "where", "masked_fill", "clamp", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_not", "abs", "reciprocal":
		return callElementwise
	case "mean", "sum", "amax", "amin", "max", "min", "argmax", "cumsum", "var", "norm":
		return callReduce
	case "conv1d", "conv2d", "conv3d", "convolution", "_convolution", "cudnn_convolution":
		return callConv
	case "cat", "contiguous", "clone", "reshape", "copy", "to", "_to_copy", "repeat", "repeat_interleave", "index_put", "tril", "triu", "expand":
		return callMove
	}
	return ""
}

// kindOfClass is the kind of a kernel of the model; "" for those that no call stands for.
func kindOfClass(class string) callKind {
	switch class {
	case "gemm", "bmm":
		return callProduct
	case "attention", "softmax", "norm", "activation", "gather", "elementwise", "reduce", "conv", "move":
		return callKind(class)
	}
	return ""
}

// call is a call of the framework, or a kernel of the model: what the two are compared by.
type call struct {
	kind callKind
	// work is the multiply-accumulates of products and the elements written by all others; 0 where it is not known.
	work  int64
	event *trace.Event
	node  *graph.Node // of a kernel, and of a call once it is one
	nodes []*graph.Node
}

func (c *call) products() bool { return c.kind == callProduct }

// callsOf are the calls of a trace.
func callsOf(events []trace.Event) []call {
	out := make([]call, len(events))
	for i := range events {
		e := &events[i]
		out[i] = call{kind: kindOfCall(e.Op), event: e}
		out[i].work = workOf(&out[i])
	}
	return out
}

// workOf finds the work of a call from the shapes of its inputs; 0 where they do not tell.
func workOf(c *call) int64 {
	var tensors [][]int64
	for _, s := range c.event.Inputs {
		if len(s) > 0 {
			tensors = append(tensors, s)
		}
	}
	if len(tensors) == 0 {
		return 0
	}
	switch c.kind {
	case callProduct:
		return productWork(c.event.Op, tensors)
	case callSoftmax, callNorm, callActivation:
		return elements(tensors[0])
	case callElementwise:
		most := int64(0)
		for _, t := range tensors {
			most = max(most, elements(t))
		}
		return most
	}
	return 0
}

// productWork is the multiply-accumulates of a product of PyTorch: the elements of the left operand times the columns of
// the right one, which linear keeps as the first dim of its weight and addmm has behind the bias.
func productWork(op string, tensors [][]int64) int64 {
	switch strings.TrimPrefix(op, "aten::") {
	case "addmm", "baddbmm", "addbmm":
		if len(tensors) < 3 {
			return 0
		}
		tensors = tensors[1:]
	case "einsum":
		return 0
	case "linear":
		if len(tensors) < 2 || len(tensors[1]) == 0 {
			return 0
		}
		return times(elements(tensors[0]), tensors[1][0])
	}
	if len(tensors) < 2 {
		return 0
	}
	left, right := tensors[0], tensors[1]
	columns := int64(1) // a vector has none
	if len(right) > 1 {
		columns = right[len(right)-1]
	}
	rows := elements(left)
	if len(right) > 2 && len(right) > len(left) { // the left operand is repeated over the batch of the right one
		return times(elements(right), left[max(0, len(left)-2)])
	}
	return times(rows, columns)
}

// elements is the product of dims; 0 where it is none.
func elements(dims []int64) int64 {
	n := int64(1)
	for _, d := range dims {
		n = times(n, d)
	}
	return n
}

// times is a·b; 0 where that is no number of elements.
func times(a, b int64) int64 {
	if a <= 0 || b <= 0 || a > (1<<62)/b {
		return 0
	}
	return a * b
}

// kernels are the kernels of the model in the order of the file.
func (j *joiner) kernels(plan *kernel.Plan) []call {
	var out []call
	for i := range plan.Kernels {
		k := &plan.Kernels[i]
		kind := kindOfClass(k.Cost.Class)
		if kind == "" {
			continue
		}
		c := call{kind: kind, node: k.Node, nodes: k.Members}
		switch kind {
		case callProduct:
			c.work, _ = j.a.Eval(k.Cost.MACs)
		case callSoftmax, callNorm, callActivation, callElementwise:
			if shape := j.shape(k.Node.Output(0)); shape != nil {
				c.work = elements(shape)
			}
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(x, y call) int { return x.node.ID - y.node.ID })
	return out
}

// maxAlign bounds the table of an alignment: 256 MiB.
const maxAlign = 64 << 20

// worth is how much it is worth that a call is a kernel; 0 where it cannot be. Products carry an alignment: they are what
// sizes tell apart best.
func worth(c, k *call) int32 {
	if c.kind == "" {
		return 0
	}
	if c.kind == callAttention && k.kind == callSoftmax {
		return 8 // attention in one call is found by the softmax within
	}
	if c.kind != k.kind {
		return 0
	}
	known := c.work > 0 && k.work > 0
	switch {
	case known && c.work != k.work:
		return 0
	case c.products() && known:
		return 16
	case known:
		return 4
	case c.kind == callMove:
		return 1
	}
	return 2
}

// align finds for each call the kernel that it is, in order; -1 for none. It takes the pairs that fit best together.
func align(calls, kernels []call) ([]int, error) {
	n, m := len(calls), len(kernels)
	pairs := make([]int, n)
	for i := range pairs {
		pairs[i] = -1
	}
	if n == 0 || m == 0 {
		return pairs, nil
	}
	if n > maxAlign/m {
		return nil, fmt.Errorf("%d calls of the trace against %d kernels of the model are too many to compare; trace fewer runs, with steps", n, m)
	}
	best := make([]int32, (n+1)*(m+1)) // of the first i calls and the first k kernels
	row := m + 1
	for i := 1; i <= n; i++ {
		for k := 1; k <= m; k++ {
			v := max(best[(i-1)*row+k], best[i*row+k-1])
			if f := worth(&calls[i-1], &kernels[k-1]); f > 0 {
				v = max(v, best[(i-1)*row+k-1]+f)
			}
			best[i*row+k] = v
		}
	}
	for i, k := n, m; i > 0 && k > 0; {
		switch v := best[i*row+k]; {
		case v == best[(i-1)*row+k]:
			i--
		case v == best[i*row+k-1]:
			k--
		default:
			i, k = i-1, k-1
			pairs[i] = k
			calls[i].node = kernels[k].node
		}
	}
	return pairs, nil
}
