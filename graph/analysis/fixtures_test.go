package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

func fixture(t *testing.T, name string, opts analysis.Options) *analysis.Analysis {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, name), name, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestBertByHand derives BERT's parameters and multiply-accumulates from its configuration: 12 layers of width 768 with
// 3072 hidden units, 30522 words, 512 positions, 2 token types.
func TestBertByHand(t *testing.T) {
	const width, hidden, layers, words, positions, types = 768, 3072, 12, 30522, 512, 2
	const norm = 2 * width
	const attention = 4*(width*width+width) + norm
	const feedForward = width*hidden + hidden + hidden*width + width + norm
	params := map[string]int64{
		"embeddings":                (words+positions+types)*width + norm,
		"encoder":                   layers * (attention + feedForward),
		"encoder.layer.0":           attention + feedForward,
		"encoder.layer.7.attention": attention,
		"pooler":                    width*width + width,
		"":                          109482240, // the published size
	}
	// Each layer: four products of width × width and two of width × hidden per token, and per pair of tokens one
	// multiply-accumulate per unit of width in each of attention's two products. The pooler reads one token.
	layer := func(b, s int64) int64 { return b*s*(4*width*width+2*width*hidden) + 2*b*s*s*width }
	macs := map[string]func(b, s int64) int64{
		"embeddings":                           func(b, s int64) int64 { return 0 },
		"encoder.layer.11":                     layer,
		"encoder.layer.3.attention.self":       func(b, s int64) int64 { return 3*b*s*width*width + 2*b*s*s*width },
		"encoder.layer.3.attention.self.query": func(b, s int64) int64 { return b * s * width * width },
		"encoder.layer.3.intermediate":         func(b, s int64) int64 { return b * s * width * hidden },
		"encoder":                              func(b, s int64) int64 { return layers * layer(b, s) },
		"pooler":                               func(b, _ int64) int64 { return b * width * width },
		"":                                     func(b, s int64) int64 { return layers*layer(b, s) + b*width*width },
	}
	a := fixture(t, "bert-base", analysis.Options{Symbolic: true})
	seen := 0
	for m, got := range a.ModuleMetrics() {
		if want, ok := params[m.Path]; ok {
			seen++
			if got.Params != want {
				t.Errorf("%q: %d parameters, want %d", m.Path, got.Params, want)
			}
		}
		want, ok := macs[m.Path]
		if !ok {
			continue
		}
		seen++
		for _, dims := range [][2]int64{{1, 1}, {1, 512}, {8, 128}, {32, 7}} {
			n, known := got.MACs.Eval(func(name string) (int64, bool) {
				v, ok := map[string]int64{"batch": dims[0], "sequence": dims[1]}[name]
				return v, ok
			})
			if w := want(dims[0], dims[1]); !known || n != w {
				t.Errorf("%q at %v: %v = %d MACs, want %d", m.Path, dims, got.MACs, n, w)
			}
		}
	}
	if seen != len(params)+len(macs) {
		t.Errorf("%d of %d expectations met a module", seen, len(params)+len(macs))
	}
}

// TestFixtures holds parameters and products of every module against what PyTorch counted, and the totals against the
// sums of their parts. The exported tree is then fixed as it is.
func TestFixtures(t *testing.T) {
	for _, name := range fixtures.Models() {
		t.Run(name, func(t *testing.T) {
			ref := fixtures.Answers(t, name)
			a := fixture(t, name, analysis.Options{Dims: declaredOf(ref.Dims)})
			metrics := a.ModuleMetrics()
			type count struct{ params, flops int64 }
			got := map[string]*count{}
			a.Tree.Root.Walk(func(m *graph.Module) {
				c := got[m.Canonical]
				if c == nil {
					c = &count{}
					got[m.Canonical] = c
				}
				flops, ok := metrics[m].FLOPs(graph.TwoMAC).Const()
				if !ok {
					t.Errorf("%q: FLOPs are %v", m.Path, metrics[m].FLOPs(graph.TwoMAC))
				}
				c.flops += flops
				c.params = max(c.params, metrics[m].Params)
				checkSum(t, a, m, metrics)
			})
			for path, c := range got {
				want, ok := ref.Modules[path]
				if !ok {
					t.Errorf("PyTorch knows no module %q", path)
					continue
				}
				if n, ok := differs(name, path); ok {
					want.Params = n
				}
				if diff := c.params - want.Params; diff > want.Params/200 || -diff > want.Params/200 {
					t.Errorf("%q: %d parameters, PyTorch has %d", path, c.params, want.Params)
				}
				if c.flops != ref.FLOPs.Of(path) {
					t.Errorf("%q: %d FLOPs, PyTorch counts %d", path, c.flops, ref.FLOPs.Of(path))
				}
			}
			for path := range ref.FLOPs {
				if path != "<total>" && got[path] == nil && ref.FLOPs.Of(path) > 0 && !merged(name, path) {
					t.Errorf("module %q is not found", path)
				}
			}
			if !strings.HasPrefix(name, "bert-base") { // held by hand above
				fixtures.Golden(t, name, treeText(fixture(t, name, analysis.Options{Symbolic: true})))
			}
		})
	}
}

// differs says how many parameters a module has in a file where that is not PyTorch's number.
func differs(name, path string) (int64, bool) {
	switch {
	case name == "gpt2-past" && path == "": // the head's weight, tied to the word embeddings, is stored again
		return 124439808 + 50257*768, true
	case strings.HasPrefix(name, "bert-base-ort") && strings.HasSuffix(path, ".intermediate_act_fn"): // BiasGelu adds the bias of dense
		return 3072, true
	}
	return 0, false
}

// merged reports whether a module is gone from a file: the operator Attention does the work of three of them at once.
func merged(name, path string) bool {
	_, part, _ := strings.Cut(path, ".attention.self.")
	return name == "bert-base-ortfused" && (part == "query" || part == "key" || part == "value")
}

// declaredOf leaves out the dims that are expressions: they follow from the others.
func declaredOf(dims map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for name, n := range dims {
		if !strings.ContainsAny(name, "+-") {
			out[name] = n
		}
	}
	return out
}

// checkSum holds a module's metrics against the sums over its operators and children.
func checkSum(t *testing.T, a *analysis.Analysis, m *graph.Module, metrics map[*graph.Module]analysis.Metrics) {
	t.Helper()
	sum := graph.Const(0)
	operators := len(m.Nodes)
	for _, n := range m.Nodes {
		sum = sum.Add(a.NodeMetrics(n).Read)
	}
	for _, c := range m.Children {
		sum = sum.Add(metrics[c].Read)
		operators += metrics[c].Operators
	}
	if !sum.Equal(metrics[m].Read) || operators != metrics[m].Operators {
		t.Errorf("%q: %v bytes read by %d operators, the parts have %v and %d", m.Path, metrics[m].Read, metrics[m].Operators, sum, operators)
	}
}

// treeText is one line a module: path, class, operators, parameters and multiply-accumulates.
func treeText(a *analysis.Analysis) string {
	metrics := a.ModuleMetrics()
	var b strings.Builder
	a.Tree.Root.Walk(func(m *graph.Module) {
		path := m.Path
		if path == "" {
			path = "(model)"
		}
		x := metrics[m]
		fmt.Fprintf(&b, "%s %s: %d operators, %d parameters, %v MACs\n", path, m.Class, x.Operators, x.Params, x.MACs)
	})
	return b.String()
}
