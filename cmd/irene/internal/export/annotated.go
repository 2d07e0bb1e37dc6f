package export

import (
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
)

// Annotated is what there is to say of one node of the file.
type Annotated struct {
	Metrics report.Metrics // sums, where the node calls a local function
	Path    string
	Class   string      // "" of calls
	Kernel  *graph.Node // see report.Operator
}

// ByOrdinal sums the operators by the node of the file that they are, or whose call of a local function they were
// inlined from; see graph.Node.
func ByOrdinal(r *report.Report) map[int]*Annotated {
	out := make(map[int]*Annotated, len(r.Operators))
	for i := range r.Operators {
		op := &r.Operators[i]
		ordinal, call := ordinalOf(op.Node)
		if ordinal < 0 {
			continue
		}
		a := out[ordinal]
		if a == nil {
			out[ordinal] = &Annotated{Metrics: *op.Metrics, Path: op.Path, Class: op.Class, Kernel: op.Kernel}
			if call {
				out[ordinal].Class, out[ordinal].Kernel = "", nil
			}
			continue
		}
		a.Metrics.Add(op.Metrics)
		a.Path = around(a.Path, op.Path)
	}
	return out
}

// ordinalOf finds the place of a node in the file, or of the call it was inlined from.
func ordinalOf(n *graph.Node) (ordinal int, call bool) {
	if n.Ordinal >= 0 {
		return n.Ordinal, false
	}
	for c := n.Call; c != nil; c = c.Parent {
		if c.Ordinal >= 0 {
			return c.Ordinal, true
		}
	}
	return -1, false
}

// around is the module around two modules.
func around(a, b string) string {
	for a != b {
		if len(a) < len(b) {
			a, b = b, a
		}
		head, _ := report.CutLast(a)
		a = head[:max(0, len(head)-1)]
	}
	return a
}

// InFunctions counts the operators that stand on the call of a function.
func InFunctions(r *report.Report) int {
	n := 0
	for i := range r.Operators {
		if _, call := ordinalOf(r.Operators[i].Node); call {
			n++
		}
	}
	return n
}

// ExternalFiles lists the files beside the model that hold weights.
func ExternalFiles(r *report.Report) []string {
	var out []string
	for _, v := range r.Graph.Values {
		if v.Init != nil && v.Init.External != nil {
			out = append(out, v.Init.External.Location)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
