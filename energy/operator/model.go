package operator

import (
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// OfModel gives the kernels of a model as operators by shape, each shape once, in the order of the graph. Kernels of
// other classes than rows have, or of sizes that are not known, are counted by class.
func OfModel(a *analysis.Analysis, profile string) (ops []Operator, without map[string]int, err error) {
	plan, err := predict.NewPlan(a, profile)
	if err != nil {
		return nil, nil, err
	}
	without = map[string]int{}
	seen := map[string]bool{}
	for i := range plan.Steps {
		k := &plan.Steps[i]
		if k.IsCall() {
			continue
		}
		o, ok := operatorOf(a, k)
		if !ok || o.Check() != nil {
			without[k.Cost.Class]++
		} else if name := o.String(); !seen[name] {
			seen[name] = true
			ops = append(ops, o)
		}
	}
	return ops, without, nil
}

// operatorOf is the operator whose shape is that of a kernel.
func operatorOf(a *analysis.Analysis, k *predict.Step) (Operator, bool) {
	if !k.Cost.Known || len(k.Node.Outputs) == 0 || k.Node.Outputs[0] == nil {
		return Operator{}, false
	}
	if len(k.Cost.Products) > 0 {
		return productOf(a, k.Cost)
	}
	out := a.Inference.Facts[k.Node.Outputs[0].ID]
	o := Operator{DType: out.DType, B: 1, H: 1}
	for i, d := range out.Shape {
		n, ok := a.Eval(d)
		if !ok {
			return o, false
		}
		if i < len(out.Shape)-1 {
			o.B *= n
		} else {
			o.H = n
		}
	}
	read, okR := a.Eval(k.Cost.Read)
	written, okW := a.Eval(k.Cost.Written)
	o.Op = nameOf(k.Cost.Class, strings.ToLower(k.Node.Op), 2*read >= 3*written)
	return o, okR && okW && o.Op != ""
}

// productOf is a kernel of one product.
func productOf(a *analysis.Analysis, c *graph.Cost) (Operator, bool) {
	o := Operator{DType: c.DType, Op: map[string]string{"gemm": "linear", "bmm": "bmm"}[c.Class]}
	if len(c.Products) != 1 || o.Op == "" {
		return o, false
	}
	p := c.Products[0]
	for name, d := range map[string]graph.Dim{"B": p.Batch, "M": p.M, "N": p.N, "K": p.K} {
		n, ok := a.Eval(d)
		if !ok {
			return o, false
		}
		*o.size(name) = n
	}
	return o, true
}

// nameOf is the name of the operator of a class that the graph calls op, else the first of those that read as many
// tensors; "" where rows have none of the class.
func nameOf(class, op string, two bool) string {
	first := ""
	if op == "erf" && class == "activation" { // what is left of a GELU in one kernel
		op = "gelu"
	}
	for _, k := range kinds() {
		if k.class != class || k.product || class == coefficients.BaseClass && two != (k.reads == 2) {
			continue
		}
		if slices.Contains(k.names, op) {
			return op
		}
		if first == "" {
			first = k.names[0]
		}
	}
	return first
}
