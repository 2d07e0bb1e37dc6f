package analysis

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// costText is what a precision decides of an analysis: the bytes of weights, and for each operator that is not free the bytes
// that it reads and writes, with element type and quantisation.
func costText(a *Analysis) string {
	list := []string{fmt.Sprint(a.Memory.WeightBytes)}
	for _, n := range a.Graph.Nodes {
		if c := a.Costs[n.ID]; !c.Free {
			list = append(list, strings.TrimSpace(fmt.Sprintf("%s %v>%v %v %s", n.Op, c.Read, c.Written, c.DType, c.Quant)))
		}
	}
	return strings.Join(list, "; ")
}

// TestPrecision counts by hand: [2, 32] are 64 elements, a matrix of [32, 64] 2048 and its scales of nvfp4 128.
func TestPrecision(t *testing.T) {
	x, w := float("x", 2, 32), floats("w", 32, 64)
	product := []Part{x, w, Node("MatMul", "x w", "y")}
	experts := []Part{
		In("x", graph.Float16, 2, 32), In("routes", graph.Float16, 2, 4), Weight("up", graph.Float16, 4, 64, 32), Weight("up.bias", graph.Float16, 4, 64),
		Weight("down", graph.Float16, 4, 32, 64), Weight("down.bias", graph.Float16, 4, 32),
		Node("MoE", "x routes up up.bias down down.bias", "y", Domain("com.microsoft"), Attr("k", 2)), Opset("com.microsoft", 1),
	}
	tied := []Part{
		In("ids", graph.Int64, 2), floats("table", 64, 32), Node("Gather", "table ids", "x"),
		Node("Transpose", "table", "head", Attr("perm", []int64{1, 0})), Node("MatMul", "x head", "y"),
	}
	stays := "as fp8: in bfloat16 stay \"table\": what reads them does more than multiply by weights"
	nothing := "as fp8: no product has a weight to store in it; all is in bfloat16"
	for _, c := range []struct {
		name, as string
		parts    []Part
		want     string
		warning  string
	}{
		{"a product as the file has it", "", product, "8192; MatMul 8448>512 float32", ""},
		{"a product", "bfloat16", product, "4096; MatMul 4224>256 bfloat16", ""},
		{"a product", "float16", product, "4096; MatMul 4224>256 float16", ""},
		{"a product", "fp8", product, "2048; MatMul 2176>256 bfloat16 fp8", ""},
		{"a product", "nvfp4", product, "1152; MatMul 1280>256 bfloat16 nvfp4", ""},
		{"a product", "int8", product, "2048; MatMul 2176>256 bfloat16 sq", ""},
		{"a product", "int4-weights", product, "1024; MatMul 1152>256 bfloat16 int4_wo", ""},
		{
			"doubles and halves", "bfloat16",
			[]Part{In("x", graph.Float64, 4), In("h", graph.Float16, 4), Node("Relu", "x", "a"), Node("Relu", "h", "b"), In("n", graph.Int64, 4), Node("Abs", "n", "c")},
			"0; Relu 8>8 bfloat16; Relu 8>8 bfloat16; Abs 32>32 int64", "",
		},
		{
			"a bias", "fp8",
			[]Part{x, floats("w", 64, 32), floats("b", 64), Node("Gemm", "x w b", "y", Attr("transB", 1))},
			"2176; Gemm 2304>256 bfloat16 fp8", "",
		},
		{
			"a weight on the left", "int8",
			[]Part{float("x", 32, 2), floats("w", 64, 32), Node("MatMul", "w x", "y")},
			"2048; MatMul 2176>256 bfloat16 sq", "",
		},
		{
			"a transposed weight", "fp8",
			[]Part{x, floats("w", 64, 32), Node("Transpose", "w", "t", Attr("perm", []int64{1, 0})), Node("MatMul", "x t", "y")},
			"2048; Transpose 2048>2048 float8e4m3fn; MatMul 2176>256 bfloat16 fp8", "",
		},
		{
			"a weight in a Constant, through a cast", "fp8",
			[]Part{x, Node("Constant", "", "w", Attr("value", Tensor{DType: graph.Float16, Dims: []int64{32, 64}})), Node("Cast", "w", "c", Attr("to", 1)), Node("MatMul", "x c", "y")},
			"2048; Cast 2048>2048 float8e4m3fn; MatMul 2176>256 bfloat16 fp8", "",
		},
		{
			"a weight that two products read", "fp8",
			[]Part{x, w, Node("MatMul", "x w", "y"), Node("MatMul", "x w", "z")},
			"2048; MatMul 2176>256 bfloat16 fp8; MatMul 2176>256 bfloat16 fp8", "",
		},
		{"a tied table", "fp8", tied, "4096; Gather 144>128 bfloat16; Transpose 4096>4096 bfloat16; MatMul 4224>256 bfloat16", stays},
		{
			"a weight that is an output", "fp8",
			[]Part{x, w, Node("Identity", "w", "table"), Node("MatMul", "x table", "y"), Out("table", graph.Float32, 32, 64)},
			"4096; MatMul 4224>256 bfloat16", "as fp8: in bfloat16 stay \"w\": what reads them does more than multiply by weights",
		},
		{
			"a product of values", "fp8",
			[]Part{x, float("k", 32, 64), Node("MatMul", "x k", "y")},
			"0; MatMul 4224>256 bfloat16", nothing,
		},
		{
			"a convolution", "fp8",
			[]Part{float("x", 1, 4, 8, 8), floats("w", 8, 4, 3, 3), Node("Conv", "x w", "y")},
			"576; Conv 1088>576 bfloat16", nothing,
		},
		{
			"a table of embeddings", "fp8",
			[]Part{In("ids", graph.Int64, 2), floats("table", 64, 32), Node("Gather", "table ids", "y")},
			"4096; Gather 144>128 bfloat16", nothing,
		},
		{
			"angles of positions", "fp8",
			[]Part{float("x", 1, 1, 8), floats("rotary.inv_freq", 1, 32, 1), Node("MatMul", "rotary.inv_freq x", "y")},
			"64; MatMul 80>512 bfloat16", nothing,
		},
		// Two tokens through two experts each touch all four: 4·2·2048 weights, 4·(64+32)·2 B of biases, 128 B of tokens, 16 B of routes.
		{"experts", "fp8", experts, "17152; MoE 17296>128 bfloat16 fp8", ""},
		{"experts", "nvfp4", experts, "9984; MoE 10128>128 bfloat16 nvfp4", ""},
		{
			"weights in 8 bit", "nvfp4",
			[]Part{x, Weight("q", graph.Int8, 32, 64), Floats("scale", 1), Node("DequantizeLinear", "q scale", "w"), Node("MatMul", "x w", "y")},
			"2050; DequantizeLinear 2050>4096 bfloat16; MatMul 4224>256 bfloat16", "as nvfp4: as the file has them stay \"q\", weights in fewer bits already",
		},
		{
			"weights that the file quantises on the way", "fp8",
			[]Part{
				x, w, Floats("scale", 1), Weight("zero", graph.Int8),
				Node("QuantizeLinear", "w scale zero", "q"), Node("DequantizeLinear", "q scale zero", "d"), Node("MatMul", "x d", "y"),
			},
			"4099; QuantizeLinear 4099>2048 bfloat16; DequantizeLinear 2051>4096 bfloat16; MatMul 4224>256 bfloat16", nothing,
		},
		{
			"numbers that sizes are calculated from", "bfloat16",
			[]Part{
				x, Floats("half", 0.5), Node("Shape", "x", "s"), Node("Cast", "s", "f", Attr("to", 1)), Node("Mul", "f half", "m"),
				Node("Cast", "m", "n", Attr("to", 7)), Node("ConstantOfShape", "n", "z"), Node("Relu", "x", "y"),
			},
			"4; Cast 16>8 float32; Mul 12>8 float32; Cast 8>16 float32; ConstantOfShape 16>32 bfloat16; Relu 128>128 bfloat16", "",
		},
		{
			"a number that sizes give and values are scaled by", "bfloat16",
			[]Part{x, Node("Size", "x", "s"), Node("Cast", "s", "f", Attr("to", 1)), Node("Div", "x f", "y")},
			"0; Cast 8>2 bfloat16; Div 130>128 bfloat16", "",
		},
		{
			"factors of an image", "bfloat16",
			[]Part{float("x", 1, 1, 4, 4), Floats("factors", 1, 1, 2, 2), Node("Resize", "x - factors", "y")},
			"16; Resize 48>128 bfloat16", "",
		},
	} {
		t.Run(c.name+" "+c.as, func(t *testing.T) {
			a := mustRun(t, built(t, c.parts...), Options{As: c.as})
			if got := costText(a); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if got := strings.Join(a.Warnings, "\n"); got != c.warning {
				t.Errorf("warnings %q, want %q", got, c.warning)
			}
		})
	}
	if _, err := Run(built(t, product...), Options{As: "bf16"}); err == nil || !strings.Contains(err.Error(), `unknown precision "bf16"; there are bfloat16,`) {
		t.Errorf("error %v", err)
	}
}

// TestPrecisionHoldsInBodies looks into a loop: its values and what it reads from around it.
func TestPrecisionHoldsInBodies(t *testing.T) {
	body := Graph("body", In("i", graph.Int64), In("go", graph.Bool), float("in", 2, 8), Node("MatMul", "in w", "out"),
		Node("Identity", "go", "on"), Out("on", graph.Bool), Out("out", graph.Float32, 2, 8))
	parts := []Part{float("x", 2, 8), floats("w", 8, 8), Int("5", 5), Node("Loop", "5 - x", "y", Attr("body", body))}
	a := mustRun(t, built(t, parts...), Options{As: "fp8"})
	for _, n := range a.Graph.Nodes {
		if c := a.Costs[n.ID]; n.Op == "MatMul" && (!c.Read.Is(5*(32+64)) || !c.Written.Is(5*32) || c.Quant != "fp8") {
			t.Errorf("%+v", c)
		}
	}
}

// TestPrecisionOfModels holds in every model and precision: what is counted beside bytes stays, bytes and memory of 16 bit
// are half of what float32 takes, and narrower weights take off what they are narrower by.
func TestPrecisionOfModels(t *testing.T) {
	eachModel(t, func(t *testing.T, g *graph.Graph) {
		file := mustRun(t, g, Options{})
		before := file.ModuleMetrics()[file.Tree.Root]
		half := mustRun(t, g, Options{As: "bfloat16"})
		for _, p := range Precisions() {
			a := mustRun(t, g, Options{As: p.Name})
			now := a.ModuleMetrics()[a.Tree.Root]
			if !now.MACs.Equal(before.MACs) || !now.Elementwise.Equal(before.Elementwise) || now.Params != before.Params || now.Unknown != before.Unknown {
				t.Errorf("%s counts %+v, the file %+v", p.Name, now, before)
			}
			checkPrecision(t, a, half, &p)
		}
	})
}

// checkPrecision compares a precision with bfloat16: nothing but the weights of quantised products differs.
func checkPrecision(t *testing.T, a, half *Analysis, p *Precision) {
	t.Helper()
	saved := int64(0)
	for _, v := range a.Graph.Values {
		f, was := &a.Inference.Facts[v.ID], &half.Inference.Facts[v.ID]
		switch {
		case f.DType == was.DType || f.DType == p.Float && was.DType == graph.BFloat16:
		case f.DType == p.Weight && storedTensor(v) != nil:
			n := storedTensor(v).Len()
			saved += 2*n - int64(math.Ceil(float64(n)*bytesOf(p)))
		case f.DType != p.Weight:
			t.Errorf("%s: %q is %v, in bfloat16 %v", p.Name, v.Name, f.DType, was.DType)
		}
	}
	if got := half.Memory.WeightBytes - a.Memory.WeightBytes; got != saved {
		t.Errorf("%s saves %d bytes of weights, the types say %d", p.Name, got, saved)
	}
	for i := range a.Costs {
		c, was := a.Costs[i], half.Costs[i]
		if c.Quant != p.Quant && c.Quant != was.Quant || c.Class != was.Class || c.Known != was.Known || c.Quant == "" && !c.Read.Equal(was.Read) && a.Graph.Nodes[i].Op != "Transpose" {
			t.Errorf("%s: %s costs %+v, in bfloat16 %+v", p.Name, a.Graph.Nodes[i].Label(), c, was)
		}
	}
}

// bytesOf is the size of a weight by the published formats: https://onnx.ai/onnx/technical/float8.html,
// https://intel.github.io/neural-compressor/latest/docs/source/3x/PT_NVFP4Quant.html
func bytesOf(p *Precision) float64 {
	return map[string]float64{"fp8": 1, "nvfp4": 0.5625, "int8": 1, "int4-weights": 0.5}[p.Name]
}

// TestPrecisionOfBert: 12 layers of four matrices of 768 × 768 and two of 768 × 3072, and the pooler, are multiplied by;
// tables, norms and biases are not.
func TestPrecisionOfBert(t *testing.T) {
	g := model(t, "bert-base")
	file, half := mustRun(t, g, Options{}), mustRun(t, g, Options{As: "bfloat16"})
	const multiplied = 12*(4*768*768+2*768*3072) + 768*768
	integers := int64(0)
	for _, v := range g.Values {
		if x := storedTensor(v); x != nil && !x.DType.IsFloat() {
			integers += x.DType.Size(x.Len())
		}
	}
	if got, want := half.Memory.WeightBytes, (file.Memory.WeightBytes-integers)/2+integers; got != want {
		t.Errorf("%d bytes of weights, half of the file's floats and its integers are %d", got, want)
	}
	for _, p := range Precisions()[2:] {
		want := half.Memory.WeightBytes - int64((2-bytesOf(&p))*multiplied)
		if got := mustRun(t, g, Options{As: p.Name}).Memory.WeightBytes; got != want {
			t.Errorf("%s: %d bytes of weights, want %d", p.Name, got, want)
		}
	}
	if x, y := file.Memory.PeakBytes, half.Memory.PeakBytes; math.Abs(float64(x)/float64(y)-2) > 0.02 {
		t.Errorf("activations of %d and %d bytes", x, y)
	}
	x, y := file.ModuleMetrics()[file.Tree.Root], half.ModuleMetrics()[half.Tree.Root]
	before, _ := x.Read.Add(x.Written).Const()
	after, _ := y.Read.Add(y.Written).Const()
	if math.Abs(float64(before)/float64(after)-2) > 0.01 {
		t.Errorf("%d and %d bytes", before, after)
	}
}

// TestPrecisionIsThatOfAnExport saves a model in 16 bit and analyzes that as it is.
func TestPrecisionIsThatOfAnExport(t *testing.T) {
	for _, name := range []string{"bert-base", "gpt2-past", "qwen2-3layers-decode", "distilbert-base"} {
		for _, to := range []graph.DType{graph.BFloat16, graph.Float16} {
			want := mustRun(t, exportedIn(t, model(t, name), to), Options{Symbolic: true})
			got := mustRun(t, model(t, name), Options{Symbolic: true, As: to.String()})
			for i, n := range got.Graph.Nodes {
				if a, b := fmt.Sprint(*got.Costs[i]), fmt.Sprint(*want.Costs[i]); a != b && !inShapes(got, n) {
					t.Fatalf("%s as %v: %s costs %s, saved in it %s", name, to, n.Label(), a, b)
				}
			}
		}
	}
}

// inShapes reports whether a node calculates sizes in the floats of the file.
func inShapes(a *Analysis, n *graph.Node) bool { return a.Costs[n.ID].DType == graph.Float32 }

// exportedIn turns all floats of a decoded file into a type.
func exportedIn(t *testing.T, g *graph.Graph, to graph.DType) *graph.Graph {
	t.Helper()
	tensor := func(x *graph.Tensor) {
		if x == nil || x.DType != graph.Float32 {
			return
		}
		if r, err := x.Reals(1 << 16); err == nil {
			x.Raw, x.Floats = nil, nil
			for _, v := range r {
				x.Raw = graph.AppendReal(x.Raw, to, v)
			}
		}
		x.DType = to
	}
	for _, v := range g.Values {
		tensor(v.Init)
		if v.Type.DType == graph.Float32 {
			v.Type.DType = to
		}
	}
	for _, n := range g.Nodes {
		for i := range n.Attrs {
			a := &n.Attrs[i]
			tensor(a.Tensor)
			if n.Op == "Cast" && a.Name == "to" && graph.DType(a.Int) == graph.Float32 {
				a.Int = int64(to)
			}
		}
	}
	return g
}

// TestPrecisionInOpenDims evaluates a symbolic analysis at sizes and compares with the analysis there.
func TestPrecisionInOpenDims(t *testing.T) {
	g := model(t, "gpt2-past")
	for _, p := range Precisions() {
		open := mustRun(t, g, Options{Symbolic: true, As: p.Name})
		bound := mustRun(t, g, Options{Dims: dims{"batch": 3}, As: p.Name})
		for i := range open.Costs {
			x, y := open.Costs[i], bound.Costs[i]
			read, ok := bound.Eval(x.Read)
			want, known := y.Read.Const()
			if read != want || ok != known || x.Quant != y.Quant || x.DType != y.DType {
				t.Fatalf("%s: %s reads %v = %d as %v %s, bound %v as %v %s", p.Name, g.Nodes[i].Label(), x.Read, read, x.DType, x.Quant, y.Read, y.DType, y.Quant)
			}
		}
	}
}
