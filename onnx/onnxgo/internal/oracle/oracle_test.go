package oracle_test

import (
	"fmt"
	"sort"
	"testing"

	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx" // registers the cases
	"gorgonia.org/tensor"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/onnx/onnxgo"
)

// cases are all cases of the suite, by title.
func cases(t *testing.T) []*testbackend.TestCase {
	t.Helper()
	var out []*testbackend.TestCase
	for _, c := range testbackend.GetAllRegisteredTests() {
		out = append(out, c())
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Title < out[j].Title })
	if len(out) != 348 {
		t.Fatalf("%d cases, want 348", len(out))
	}
	return out
}

// scalars are the cases whose expected output is a scalar that the suite stores with the shape (1).
var scalars = map[string]bool{"TestSize": true, "TestSizeExample": true}

// TestShapes infers the shapes of all cases, as our decoder reads them and as onnx-go hands them to the adapter, from
// inputs of which the small ones are given, and with declared shapes of results withheld.
func TestShapes(t *testing.T) {
	opsets := map[int64]int{}
	var decoder, adapter tally
	for _, c := range cases(t) {
		g, err := onnx.DecodeBytes(c.ModelB, c.Title, "", onnx.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		opsets[g.Opsets[""]]++
		decoder.add(check(t, c, g, "decoder"))
		a, err := onnxgo.Unmarshal(c.ModelB, onnxgo.Opset(g.Opsets[""]))
		if err != nil {
			if c.OpType != "Scan" { // its body is a GRAPH attribute, at which onnx-go fails
				t.Errorf("%s: %v", c.Title, err)
			}
			continue
		}
		adapter.add(check(t, c, a, "adapter"))
	}
	t.Logf("opsets %v; decoder: %+v; adapter: %+v", opsets, decoder, adapter)
	if want := (tally{right: 339, fromData: 9}); decoder != want {
		t.Errorf("decoder: %+v, want %+v", decoder, want)
	}
	if want := (tally{right: 338, fromData: 9}); adapter != want {
		t.Errorf("adapter: %+v, want %+v", adapter, want)
	}
}

// tally counts verdicts.
type tally struct{ right, fromData, wrong int }

type verdict int

const (
	wrong verdict = iota
	right
	fromData // right but for a size that depends on data
)

func (t *tally) add(v verdict) {
	switch v {
	case right:
		t.right++
	case fromData:
		t.fromData++
	default:
		t.wrong++
	}
}

// check tells whether the outputs of a graph have the shapes a case expects, and analysis accepts it.
func check(t *testing.T, c *testbackend.TestCase, g *graph.Graph, by string) verdict {
	t.Helper()
	withhold(g)
	inf := ops.Infer(g, ops.Options{Values: values(c, g)})
	out := right
	for _, conflict := range inf.Conflicts {
		t.Errorf("%s (%s): %v", c.Title, by, conflict)
		out = wrong
	}
	if len(g.Main.Outputs) != len(c.ExpectedOutput) {
		t.Errorf("%s (%s): %d outputs, want %d", c.Title, by, len(g.Main.Outputs), len(c.ExpectedOutput))
		return wrong
	}
	for i, v := range g.Main.Outputs {
		want := []int(c.ExpectedOutput[i].Shape())
		if scalars[c.Title] {
			want = nil
		}
		switch matches(c.OpType, inf.Facts[v.ID].Shape, want) {
		case wrong:
			t.Errorf("%s (%s): output %q: %v, want %v", c.Title, by, v.Name, inf.Facts[v.ID].Shape, want)
			out = wrong
		case fromData:
			if out == right {
				out = fromData
			}
		}
	}
	if _, err := analysis.Run(g, analysis.Options{}); err != nil {
		t.Errorf("%s (%s): %v", c.Title, by, err)
		out = wrong
	}
	return out
}

// matches compares a shape. How many boxes NonMaxSuppression selects depends on data: a symbol stands for it.
func matches(op string, got graph.Shape, want []int) verdict {
	if got == nil || len(got) != len(want) {
		return wrong
	}
	out := right
	for i, d := range got {
		n, ok := d.Const()
		_, open := d.IsSymbol()
		switch {
		case ok && int(n) == want[i]:
		case open && i == 0 && op == "NonMaxSuppression":
			out = fromData
		default:
			return wrong
		}
	}
	return out
}

// withhold forgets what the file declares of the values that its nodes make.
func withhold(g *graph.Graph) {
	for _, v := range g.Main.Outputs {
		if v.Producer != nil {
			v.Type.Shape = nil
		}
	}
}

// values are the elements of the small inputs of a case.
func values(c *testbackend.TestCase, g *graph.Graph) map[string][]float64 {
	out := map[string][]float64{}
	for i, v := range g.Main.Inputs {
		if i < len(c.Input) && c.Input[i].Dims() <= 1 && c.Input[i].Size() <= 64 {
			out[v.Name] = elements(c.Input[i])
		}
	}
	return out
}

func elements(x tensor.Tensor) []float64 {
	var out []float64
	switch data := x.Data().(type) {
	case []float32:
		for _, v := range data {
			out = append(out, float64(v))
		}
	case []int64:
		for _, v := range data {
			out = append(out, float64(v))
		}
	case []int32:
		for _, v := range data {
			out = append(out, float64(v))
		}
	case float32, float64, int32, int64:
		var v float64
		if _, err := fmt.Sscan(fmt.Sprint(data), &v); err == nil {
			out = append(out, v)
		}
	}
	return out
}
