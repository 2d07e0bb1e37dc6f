package scope

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// build makes a graph from lines "name Op in,in -> out,out". A name or a list may be "-" for none. Inputs with no producer
// are weights where they hold a dot or start with "onnx::", else graph inputs; values nobody reads are graph outputs.
func build(t testing.TB, lines ...string) *graph.Graph {
	t.Helper()
	b := &builder{g: &graph.Graph{Main: &graph.Body{}}, values: map[string]*graph.Value{}}
	b.lines(t, b.g.Main, lines)
	return b.g
}

type builder struct {
	g      *graph.Graph
	values map[string]*graph.Value
}

func (b *builder) lines(t testing.TB, body *graph.Body, lines []string) []*graph.Node {
	t.Helper()
	var out []*graph.Node
	for _, l := range lines {
		f := strings.Fields(l)
		if len(f) != 5 || f[3] != "->" {
			t.Fatalf("bad line %q", l)
		}
		n := &graph.Node{ID: len(b.g.Nodes), Name: strings.Trim(f[0], "-"), Op: f[1], Body: body}
		if domain, op, ok := strings.Cut(f[1], ":"); ok {
			n.Domain, n.Op = domain, op
		}
		b.g.Nodes = append(b.g.Nodes, n)
		body.Nodes = append(body.Nodes, n)
		for slot, name := range fields(f[2]) {
			v := b.value(name, body)
			v.Consumers = append(v.Consumers, graph.Use{Node: n, Slot: slot})
			n.Inputs = append(n.Inputs, v)
		}
		for _, name := range fields(f[4]) {
			v := b.value(name, body)
			v.Producer, v.Init = n, nil
			n.Outputs = append(n.Outputs, v)
		}
		out = append(out, n)
	}
	return out
}

func fields(s string) []string {
	if s == "-" {
		return nil
	}
	return strings.Split(s, ",")
}

func (b *builder) value(name string, body *graph.Body) *graph.Value {
	v := b.values[name]
	if v == nil {
		v = &graph.Value{ID: len(b.g.Values), Name: name, Local: name, Body: body}
		if strings.HasPrefix(name, "onnx::") || strings.Contains(name, ".") && name[0] != '/' {
			v.Init = &graph.Tensor{Name: name}
		}
		b.values[name] = v
		b.g.Values = append(b.g.Values, v)
	}
	return v
}

// checkPaths compares "path" or "path|module" of every node with want, in order. "*" takes anything.
func checkPaths(t *testing.T, g *graph.Graph, want ...string) *Result {
	t.Helper()
	res := Resolve(g, Options{})
	if len(want) != len(g.Nodes) {
		t.Fatalf("%d nodes, %d wanted", len(g.Nodes), len(want))
	}
	for i, w := range want {
		p := res.Places[i]
		path, module, both := strings.Cut(w, "|")
		if w != "*" && (p.Path != path || both && p.Module != module) {
			t.Errorf("%s: path %q module %q (%s), want %q", g.Nodes[i].Label(), p.Path, p.Module, p.Source, w)
		}
	}
	return res
}

// withMeta puts one metadata value on each node in turn; "" leaves a node without.
func withMeta(g *graph.Graph, key string, values ...string) *graph.Graph {
	for i, v := range values {
		if v != "" {
			g.Nodes[i].Metadata = append(g.Nodes[i].Metadata, graph.Property{Key: key, Value: v})
		}
	}
	return g
}
