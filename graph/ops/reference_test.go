package ops_test

import (
	"sort"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/onnx"
)

// decode reads one of the models that tests share.
func decode(tb testing.TB, name string) *graph.Graph {
	tb.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(tb, name), name, "", onnx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// boundTo are the dims of a reference's run.
func boundTo(ref fixtures.Reference) map[string]graph.Dim {
	dims := map[string]graph.Dim{}
	for k, v := range ref.Dims {
		dims[k] = graph.Const(v)
	}
	return dims
}

// tally counts verdicts by operator.
type tally map[string]int

// blame names the operators that are the first to leave something unknown: their inputs are known, an output is not.
func blame(g *graph.Graph, inf *ops.Inference, into tally) {
	known := func(v *graph.Value) bool { return v == nil || resolved(&inf.Facts[v.ID]) }
	for _, n := range g.Nodes {
		ok := true
		for _, v := range n.Inputs {
			ok = ok && known(v)
		}
		if !ok {
			continue
		}
		for _, v := range n.Outputs {
			if !known(v) {
				name := n.Kind()
				if inf.Rows[n.ID] == nil {
					name += " (no row)"
				}
				into[name]++
				break
			}
		}
	}
}

func resolved(f *ops.Fact) bool {
	if f.Kind != graph.KindTensor && f.Kind != graph.KindUnknown {
		return true
	}
	return f.Known() && f.Shape.Resolved()
}

// ranked lists the names of a tally, the largest count first.
func (t tally) ranked() []string {
	names := make([]string, 0, len(t))
	for n := range t {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if t[names[i]] != t[names[j]] {
			return t[names[i]] > t[names[j]]
		}
		return names[i] < names[j]
	})
	return names
}

func (t tally) log(tb testing.TB, title string) {
	tb.Helper()
	for _, n := range t.ranked() {
		tb.Logf("%s: %d %s", title, t[n], n)
	}
}
