package scope

import (
	"fmt"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// postNorm is an encoder of which merging left the names of the embeddings and of one bias per layer: norms and the other
// biases go by the names of equal ones.
func postNorm(layers int) (lines, want []string) {
	add := func(place, line string) { lines, want = append(lines, line), append(want, place) }
	add("e.word", "- Gather e.word.weight,ids -> w")
	add("e.pos", "- Gather e.pos.weight,places -> p")
	add("e", "- Add w,p -> s")
	add("e.norm", "- LayerNormalization s,e.norm.weight,e.norm.bias -> x0")
	for i := range layers {
		at, v := fmt.Sprintf("m.layer.%d", i), func(name string) string { return fmt.Sprint(name, i) }
		add(at, "- MatMul "+v("x")+",onnx::"+v("q")+" -> "+v("q"))
		add(at, "- MatMul "+v("x")+",onnx::"+v("k")+" -> "+v("k"))
		add(at, "- MatMul "+v("q")+","+v("k")+" -> "+v("a"))
		add(at, "- Softmax "+v("a")+" -> "+v("b"))
		add(at, "- MatMul "+v("b")+",onnx::"+v("o")+" -> "+v("c"))
		add(at, "- Add "+v("c")+","+v("x")+" -> "+v("d"))
		add(at, "- LayerNormalization "+v("d")+",e.norm.weight,e.norm.bias -> "+v("f"))
		add(at+".mid.dense", "- MatMul "+v("f")+",onnx::"+v("m")+" -> "+v("g"))
		add(at+".mid.dense", "- Add "+v("g")+","+at+".mid.dense.bias -> "+v("h"))
		add("*", "- Erf "+v("h")+" -> "+v("i"))
		add(at, "- MatMul "+v("i")+",onnx::"+v("n")+" -> "+v("j"))
		add(at, "- Add "+v("j")+","+v("f")+" -> "+v("l"))
		add(at, "- LayerNormalization "+v("l")+fmt.Sprintf(",e.norm.weight,e.norm.bias -> x%d", i+1))
	}
	add("pool.dense", fmt.Sprintf("- Gemm x%d,pool.dense.weight,pool.dense.bias -> y", layers))
	return lines, want
}

// preNorm is a decoder with the names of its norms, spelled out, and nothing else.
func preNorm(layers int) (lines, want []string) {
	add := func(place, line string) { lines, want = append(lines, line), append(want, place) }
	add("t", "- Gather t.weight,ids -> x0")
	for i := range layers {
		at, v := fmt.Sprintf("layers.%d", i), func(name string) string { return fmt.Sprint(name, i) }
		norm := func(name, in, out string) {
			add(at+"."+name, "- ReduceMean "+in+" -> "+v(name+"m"))
			add(at+"."+name, "- Sub "+in+","+v(name+"m")+" -> "+v(name+"s"))
			add(at+"."+name, "- Mul "+v(name+"s")+","+at+"."+name+".weight -> "+out)
		}
		norm("n1", v("x"), v("a"))
		add(at, "- MatMul "+v("a")+",onnx::"+v("q")+" -> "+v("b"))
		add(at, "- Softmax "+v("b")+" -> "+v("c"))
		add(at, "- MatMul "+v("c")+",onnx::"+v("o")+" -> "+v("d"))
		add(at, "- Add "+v("d")+","+v("x")+" -> "+v("e"))
		norm("n2", v("e"), v("f"))
		add(at, "- MatMul "+v("f")+",onnx::"+v("u")+" -> "+v("g"))
		add(at, "- Sigmoid "+v("g")+" -> "+v("h"))
		add(at, "- MatMul "+v("h")+",onnx::"+v("w")+" -> "+v("i"))
		add(at, fmt.Sprintf("- Add %s,%s -> x%d", v("i"), v("e"), i+1))
	}
	add("last", fmt.Sprintf("- Mul x%d,last.weight -> z", layers))
	add("", "- MatMul z,onnx::head -> logits")
	return lines, want
}

func TestLayers(t *testing.T) {
	for _, c := range []struct {
		name  string
		model func(int) (lines, want []string)
		exact bool
	}{{"norms after", postNorm, true}, {"norms before", preNorm, false}} {
		for _, n := range []int{2, 3, 5} {
			t.Run(fmt.Sprintf("%s, %d layers", c.name, n), func(t *testing.T) {
				lines, want := c.model(n)
				g := build(t, lines...)
				for _, v := range g.Values {
					if v.Init != nil {
						v.Init.Dims = []int64{8}
					}
				}
				if c.exact {
					checkPaths(t, g, want...)
					return
				}
				checkProducts(t, g, want)
			})
		}
	}
}

// checkProducts wants matrix products where they belong and every other node there or in a module of it or around it.
func checkProducts(t *testing.T, g *graph.Graph, want []string) {
	t.Helper()
	res := Resolve(g, Options{})
	for i, n := range g.Nodes {
		got := res.Places[n.ID].Path
		if got != want[i] && (isProduct(n.Op) || !within(got, want[i]) && !within(want[i], got)) {
			t.Errorf("%s: %q, want %q", n.Label(), got, want[i])
		}
	}
}

func TestBiasedProducts(t *testing.T) {
	g := build(
		t,
		"- MatMulInteger x,onnx::w -> 1",
		"- Cast 1 -> 2",
		"- Mul 2,s -> 3",
		"/l/q/Add Add 3,onnx::b -> 4",
	)
	for _, v := range g.Values {
		if v.Init != nil {
			v.Init.Dims = []int64{8}
		}
	}
	checkPaths(t, g, "l.q", "l.q", "l.q", "l.q")
}

func TestFusionNames(t *testing.T) {
	checkPaths(
		t, build(t, "/a/x/MatMul MatMul i,w -> 1", "node_MatMul_9/MatMulScaleFusion/ FusedMatMul 1,1 -> 2", "/a/y/MatMul MatMul 2,u -> 3"),
		"a.x", "a", "a.y",
	)
}
