package scope_test

import (
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/scope"
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

// TestModels holds the module of every matrix product against the FLOPs that PyTorch counted in each module.
func TestModels(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) { checkModel(t, name, false) })
	}
}

// TestNameless takes every name off nodes and activations, as exporters before torch 1.13 left them: where the biases still
// tell their modules, weights and neighbours alone place every matrix product, those of attention too.
func TestNameless(t *testing.T) {
	for _, name := range []string{"bert-base", "bert-base-opset11", "bert-base-int8", "roberta-base", "distilbert-base", "vit-base", "openai-gpt", "gpt2"} {
		t.Run(name, func(t *testing.T) { checkModel(t, name, true) })
	}
}

func checkModel(t *testing.T, name string, nameless bool) {
	g, ref := decode(t, name), fixtures.Answers(t, name)
	if nameless {
		strip(g)
	}
	res := scope.Resolve(g, scope.Options{})
	t.Log(res.Coverage)
	checkScopes(t, g, res, ref)
	checkOwners(t, g, res, ref)
	got, known := moduleMACs(g, res, ref)
	if known < 0.9 {
		t.Logf("only %.0f %% of the matrix products have a reference shape: not compared", 100*known)
		return
	}
	fused := strings.Contains(name, "ortfused")
	var paths []string
	for path := range ref.FLOPs {
		if path != "<total>" && (!fused || path == "") {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	bad := 0
	for _, path := range paths {
		want := float64(ref.FLOPs.Of(path))
		if 2*got[path] == want {
			continue
		}
		if bad++; bad <= 8 {
			t.Errorf("%q: %.0f FLOPs, PyTorch counted %.0f", path, 2*got[path], want)
		}
	}
	t.Logf("%d of %d modules", len(paths)-bad, len(paths))
}

// checkScopes logs paths that no module of the network has, and holds the tree together.
func checkScopes(t *testing.T, g *graph.Graph, res *scope.Result, ref fixtures.Reference) {
	t.Helper()
	for i, p := range res.Places {
		if p.Scope == nil {
			t.Fatalf("node %d has no scope", i)
		}
	}
	strange := map[string]int{}
	for _, n := range g.Nodes {
		if p := res.Places[n.ID]; ref.Modules[p.Module].Class == "" {
			strange[p.Module+" ("+p.Source+")"]++
		}
	}
	if len(strange) > 0 {
		t.Logf("paths that are no modules: %v", strange)
	}
	for path, class := range res.Classes {
		want := ref.Modules[path].Class
		if want != "" && class != want[strings.LastIndexByte(want, '.')+1:] {
			t.Errorf("%q: class %s, want %s", path, class, want)
		}
	}
}

// moduleMACs sums the multiply-accumulates of matrix products per canonical module, those below it included, and returns
// the share of products whose shapes the reference knows.
func moduleMACs(g *graph.Graph, res *scope.Result, ref fixtures.Reference) (map[string]float64, float64) {
	out := map[string]float64{}
	all, known := 0, 0
	for _, n := range g.Nodes {
		macs, is, ok := nodeMACs(n, ref)
		if !is {
			continue
		}
		all++
		if !ok {
			continue
		}
		known++
		seen := map[string]bool{}
		for s := res.Places[n.ID].Scope; s != nil; s = s.Parent {
			if !seen[s.Module] {
				seen[s.Module] = true
				out[s.Module] += macs
			}
		}
	}
	return out, float64(known) / float64(max(all, 1))
}

// nodeMACs returns the multiply-accumulates of a node, whether it is a matrix product, and whether shapes are known.
func nodeMACs(n *graph.Node, ref fixtures.Reference) (macs float64, is, ok bool) {
	x, okX := refShape(n.Input(0), ref)
	w, okW := refShape(n.Input(1), ref)
	y, okY := refShape(n.Output(0), ref)
	k := 1.0
	switch n.Op {
	case "MatMul", "MatMulInteger":
		if len(x) > 0 {
			k = x[len(x)-1]
		}
	case "FusedMatMul":
		if len(x) > 1 {
			k = x[len(x)-1]
			if n.Int("transA", 0) == 1 {
				k = x[len(x)-2]
			}
		}
	case "Gemm", "FusedGemm":
		if len(x) == 2 {
			k = x[1-n.Int("transA", 0)]
		}
	case "Conv":
		for _, d := range w[min(1, len(w)):] {
			k *= d
		}
	case "Attention":
		if n.Domain == "" {
			return plainAttention(x, w, okX && okW)
		}
		return fusedAttention(n, x, w, okX && okW)
	case "MatMulNBits":
		k = float64(n.Int("K", 0))
	default:
		return 0, false, false
	}
	for _, d := range y {
		k *= d
	}
	return k, true, okX && okW && okY
}

// fusedAttention counts com.microsoft.Attention: the projections of Q, K and V and the two products.
func fusedAttention(n *graph.Node, x, w []float64, ok bool) (float64, bool, bool) {
	if len(x) != 3 || len(w) != 2 || n.Domain != "com.microsoft" {
		return 0, true, false
	}
	h := w[1] / 3
	return x[0]*x[1]*w[0]*w[1] + 2*x[0]*x[1]*x[1]*h, true, ok
}

// plainAttention counts Attention-23 on heads of 4-D inputs: scores and their product with the values.
func plainAttention(q, k []float64, ok bool) (float64, bool, bool) {
	if len(q) != 4 || len(k) != 4 {
		return 0, true, false
	}
	return 2 * q[0] * q[1] * q[2] * q[3] * k[2], true, ok
}

// checkOwners holds every matrix product that reads a named weight against the module that owns the weight.
func checkOwners(t *testing.T, g *graph.Graph, res *scope.Result, ref fixtures.Reference) {
	t.Helper()
	bad := 0
	for _, n := range g.Nodes {
		switch n.Op {
		case "MatMul", "Gemm", "Conv", "Gather", "LayerNormalization":
		default:
			continue
		}
		for _, in := range n.Inputs {
			for in != nil && in.Init == nil && in.Producer != nil && in.Producer.Op == "Transpose" {
				in = in.Producer.Input(0)
			}
			if in == nil || in.Init == nil {
				continue
			}
			i := strings.LastIndexByte(in.Name, '.')
			if i < 0 || ref.Modules[in.Name[:i]].Class == "" || len(in.Consumers) > 1 {
				continue
			}
			if p := res.Places[n.ID]; p.Module != in.Name[:i] {
				if bad++; bad < 6 {
					t.Logf("%s reads %s, stands in %q (%s)", n.Label(), in.Name, p.Module, p.Source)
				}
			}
		}
	}
}

func refShape(v *graph.Value, ref fixtures.Reference) ([]float64, bool) {
	if v == nil {
		return nil, false
	}
	if v.Init != nil {
		return floats(v.Init.Dims), true
	}
	known, ok := ref.Shapes[v.Name]
	if !ok {
		known, ok = ref.Inputs[v.Name]
	}
	return floats(known.Shape), ok
}

func floats(dims []int64) []float64 {
	out := make([]float64, len(dims))
	for i, d := range dims {
		out[i] = float64(d)
	}
	return out
}

// strip takes the names off nodes and off what they compute.
func strip(g *graph.Graph) {
	for _, n := range g.Nodes {
		n.Name = n.Op + "_" + strconv.Itoa(n.ID)
		n.Metadata = nil
	}
	for _, v := range g.Values {
		if v.Producer != nil && strings.HasPrefix(v.Name, "/") {
			v.Local = strconv.Itoa(v.ID)
		}
	}
}

// TestPartial keeps of all names only those of tensors with one axis, norms and biases, then of norms alone. A matrix
// product may then stand in a module around its own, but never in one that does not hold it.
func TestPartial(t *testing.T) {
	for _, name := range fixtures.EveryModel(t) {
		if strings.Contains(name, "functions") {
			continue // their names tell modules, and where one ends weights do
		}
		for _, keep := range []string{"norms and biases", "norms"} {
			t.Run(name+" "+keep, func(t *testing.T) {
				checkPartial(t, name, keep == "norms")
			})
		}
	}
}

func checkPartial(t *testing.T, name string, norms bool) {
	g := decode(t, name)
	truth := scope.Resolve(g, scope.Options{}).Places
	strip(g)
	for _, v := range g.Values {
		if v.Init == nil || len(v.Init.Dims) == 1 && (!norms || readByNorm(v)) {
			continue
		}
		v.Local = "val_" + strconv.Itoa(v.ID)
	}
	places := scope.Resolve(g, scope.Options{}).Places
	all, bad, deep := 0, 0, 0
	for _, n := range g.Nodes {
		if n.Op != "MatMul" && n.Op != "Gemm" && n.Op != "Conv" && n.Op != "MatMulNBits" && n.Op != "MatMulInteger" {
			continue
		}
		all++
		deep += strings.Count(places[n.ID].Module, ".")
		got, want := places[n.ID].Module, truth[n.ID].Module
		if got == "" || got == want || strings.HasPrefix(want, got+".") {
			continue
		}
		if bad++; bad <= 5 {
			t.Errorf("%s stands in %q, belongs in %q (%s)", n.Label(), got, want, places[n.ID].Source)
		}
	}
	t.Logf("%d of %d products, %.1f levels deep", all-bad, all, float64(deep)/float64(max(all, 1)))
}

// readByNorm reports whether a normalization reads a value, or the last product of one that is spelled out.
func readByNorm(v *graph.Value) bool {
	for _, u := range v.Consumers {
		if strings.Contains(u.Node.Op, "Norm") || u.Node.Op == "Mul" {
			return true
		}
	}
	return false
}
