package predict

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
	. "github.com/irene-onnx/irene/onnx/onnxtest"
)

func built(t testing.TB, parts ...Part) *graph.Graph {
	t.Helper()
	g, err := onnx.DecodeBytes(Model(parts...).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func analyzed(t testing.TB, g *graph.Graph, dims map[string]int64) *analysis.Analysis {
	t.Helper()
	a, err := analysis.Run(g, analysis.Options{Dims: dims})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func predicted(t testing.TB, a *analysis.Analysis, c *Coefficients, dev energy.Device) *Result {
	t.Helper()
	r, err := Run(a, c, dev, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func device(t testing.TB, id string) energy.Device {
	t.Helper()
	d, err := energy.LookupDevice(id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func embedded(t testing.TB) *Coefficients {
	t.Helper()
	c, err := ForDevice(DefaultDevice)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func written(t testing.TB, c *Coefficients) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func float(name string, dims ...any) Part { return In(name, graph.Float32, dims...) }

func floats(name string, dims ...int64) Part { return Weight(name, graph.Float32, dims...) }

// sharedModels are the files of the shared models.
func sharedModels(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Shared(t, "models"), "*.onnx.gz"))
	if err != nil || len(files) == 0 {
		t.Skip("no models in shared/models")
	}
	return files
}

// modelOf is the name of a shared model.
func modelOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".onnx.gz") }

// power is the watts of coefficients that tests make up: joules per unit are power times seconds per unit.
const power = 200

// row makes coefficients of one class from seconds per FLOP, byte and launch.
func row(class string, t graph.DType, flops, perByte, launch float64) ClassCoefficients {
	c := ClassCoefficients{Class: class, DType: t.String()}
	c.Time[FLOPs], c.Time[Bytes], c.Time[Launches] = flops, perByte, launch
	for i, s := range c.Time {
		c.Energy[i] = power * s
	}
	return c
}

// coefficientsOf are made-up coefficients of the board of a GTX 1070.
func coefficientsOf(classes ...ClassCoefficients) *Coefficients {
	return &Coefficients{
		Schema: CoefficientSchema, Device: "gtx-1070", Boundary: energy.BoundaryBoard, Runtime: "eager",
		Power: PowerRange{Low: power, High: power}, Classes: classes,
	}
}

// encoder is a small model of two layers with named modules: an embedding, attention, normalizations and linear layers.
func encoder(t testing.TB) *graph.Graph {
	t.Helper()
	parts := []Part{
		In("ids", graph.Int64, "batch", "sequence"), floats("embed.weight", 100, 64), Node("Gather", "embed.weight ids", "x0", Name("/embed/Gather")),
		Ints("split", 0, 0, 4, 16), Ints("join", 0, 0, 64), floats("root"), floats("one"), floats("half"),
	}
	for i, layer := range []string{"0", "1"} {
		in, out := "x"+layer, "x"+string(rune('1'+i))
		v := func(names string) string { // values of this layer
			var out []string
			for _, n := range strings.Fields(names) {
				if strings.HasPrefix(n, "$") {
					n = "l" + layer + n
				}
				out = append(out, n)
			}
			return strings.Join(out, " ")
		}
		node := func(op, ins, outs, path string, attrs ...Part) Part {
			return Node(op, v(ins), v(outs), append(attrs, Name("/layer."+layer+path+op))...)
		}
		parts = append(
			parts, floats(v("$wq"), 64, 64), floats(v("$bq"), 64), floats(v("$w1"), 64, 256), floats(v("$b1"), 256), floats(v("$w2"), 256, 64), floats(v("$b2"), 64), floats(v("$g"), 64), floats(v("$b"), 64),
			node("MatMul", in+" $wq", "$q0", "/self/query/"), node("Add", "$q0 $bq", "$q1", "/self/query/"),
			node("Reshape", "$q1 split", "$q2", "/self/"), node("Transpose", "$q2", "$q3", "/self/", Attr("perm", []int64{0, 2, 1, 3})),
			node("Transpose", "$q2", "$k", "/self/", Attr("perm", []int64{0, 2, 3, 1})), node("MatMul", "$q3 $k", "$s", "/self/"),
			node("Softmax", "$s", "$p", "/self/"), node("MatMul", "$p $q3", "$c", "/self/"),
			node("Transpose", "$c", "$c2", "/self/", Attr("perm", []int64{0, 2, 1, 3})), node("Reshape", "$c2 join", "$c3", "/self/"),
			node("Add", "$c3 "+in, "$r", "/output/"), node("LayerNormalization", "$r $g $b", "$n", "/output/norm/"),
			node("MatMul", "$n $w1", "$m", "/up/"), node("Add", "$m $b1", "$m1", "/up/"), node("Div", "$m1 root", "$d", "/act/"), node("Erf", "$d", "$e", "/act/"),
			node("Add", "$e one", "$e1", "/act/"), node("Mul", "$m1 $e1", "$e2", "/act/"), node("Mul", "$e2 half", "$a", "/act/"),
			node("MatMul", "$a $w2", "$o", "/down/"), node("Add", "$o $b2", out, "/down/"),
		)
	}
	return built(t, append(parts, Out("x2", graph.Float32, "batch", "sequence", 64))...)
}

// treeOf is what a meter would say of a model that takes exactly what is predicted.
func treeOf(a *analysis.Analysis, r *Result, model string, batch, sequence int64) *irene.Tree {
	var node func(m *graph.Module) *irene.Node
	node = func(m *graph.Module) *irene.Node {
		s := r.Modules[m]
		n := &irene.Node{Scope: irene.WithoutLists(m.Path), Type: irene.TypeModule, InstanceType: m.Path, Energy: float64(s.Energy), Time: float64(s.Time)}
		switch {
		case m.Parent == nil:
			n.Type = irene.TypeModel
		case len(m.Children) == 0:
			n.Type = irene.TypeML
		}
		for _, c := range m.Children {
			n.Children = append(n.Children, node(c))
		}
		for _, op := range m.Nodes {
			if op.Op == "Softmax" {
				p := r.Nodes[op.ID]
				n.Children = append(n.Children, &irene.Node{
					Scope: n.Scope + ".softmax", Type: irene.TypeMLNoParam, InstanceType: "softmax", Energy: float64(p.Energy), Time: float64(p.Time),
				})
			}
		}
		return n
	}
	return &irene.Tree{Model: model, Batch: batch, Sequence: sequence, Root: node(a.Tree.Root)}
}

func relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }
