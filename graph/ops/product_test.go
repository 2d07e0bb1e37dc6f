package ops

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// productRow is one node with what its inputs are and what its rules have to make of them. Inputs and outputs are
// spelled as in ruleRow; an input that starts with "=" is stored in the file, an output "-" is absent.
type productRow struct {
	op    string
	since int64 // opset version; 0 stands for 1
	attrs []graph.Attr
	in    []string
	want  []string // the outputs, or a single "error: …" with a part of the message

	macs     string   // not looked at where empty, like the following
	work     string   // elementwise operations
	bytes    string   // "read, written"
	products []string // "batch: M N K", then "weight" and "transB" where they are set
	class    string
	dtype    string
}

// testProducts runs rows as they are and, where they hold symbols, with numbers for them.
func testProducts(t *testing.T, rows []productRow) {
	t.Helper()
	for i, r := range rows {
		t.Run(fmt.Sprintf("%d-%s", i, r.op), func(t *testing.T) {
			if r.since == 0 {
				r.since = 1
			}
			out, cost, err := r.run(t, nil)
			if len(r.want) == 1 && strings.HasPrefix(r.want[0], "error: ") {
				if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(r.want[0], "error: ")) {
					t.Errorf("got error %v, want %s", err, r.want[0])
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range out {
				if got := printFact(&out[i]); r.want[i] != "-" && got != r.want[i] {
					t.Errorf("output %d: got %s, want %s", i, got, r.want[i])
				}
			}
			r.checkCost(t, cost)
			for _, env := range bindings {
				r.checkBound(t, out, cost, env)
			}
		})
	}
}

// run infers and counts the row's node, symbols replaced by the numbers of env.
func (r *productRow) run(t *testing.T, env map[string]int64) ([]Fact, graph.Cost, error) {
	t.Helper()
	domain, name, ok := strings.Cut(r.op, ":")
	if !ok {
		domain, name = "", r.op
	}
	row, ok := Lookup(domain, name, r.since)
	if !ok {
		t.Fatal("no row")
	}
	g := &graph.Graph{Main: &graph.Body{}}
	n := &graph.Node{Domain: domain, Op: name, Opset: r.since, Attrs: r.attrs, Body: g.Main}
	s := &state{g: g, solved: map[string]graph.Dim{}, out: &Inference{}}
	value := func(name string) *graph.Value {
		v := &graph.Value{ID: len(g.Values), Name: name}
		g.Values, s.facts = append(g.Values, v), append(s.facts, Fact{})
		return v
	}
	for i, text := range r.in {
		var v *graph.Value
		if text != "" {
			v = value(fmt.Sprintf("x%d", i))
			stored := strings.HasPrefix(text, "=")
			s.facts[v.ID] = parseFact(strings.TrimPrefix(text, "="), env)
			v.Type = graph.Type{Kind: graph.KindTensor, DType: s.facts[v.ID].DType, Shape: s.facts[v.ID].Shape}
			if stored {
				v.Init = &graph.Tensor{DType: s.facts[v.ID].DType}
			}
		}
		n.Inputs = append(n.Inputs, v)
	}
	for i, text := range r.want {
		var v *graph.Value
		if text != "-" {
			v = value(fmt.Sprintf("y%d", i))
		}
		n.Outputs = append(n.Outputs, v)
	}
	s.ctx = Context{Node: n, Op: row, s: s}
	if err := row.Shape(&s.ctx); err != nil {
		return nil, graph.Cost{}, err
	}
	if len(s.out.Conflicts) > 0 {
		return nil, graph.Cost{}, s.out.Conflicts[0]
	}
	s.finish()
	out := make([]Fact, len(n.Outputs))
	for i, v := range n.Outputs {
		if v != nil {
			out[i] = s.facts[v.ID]
		}
	}
	s.solved = nil // counting must not solve anything
	cost := row.Cost(&s.ctx)
	if cost.Class == "" {
		cost.Class = row.Class
	}
	if cost.DType == graph.Undefined {
		cost.DType = arithmetic(&s.ctx)
	}
	return out, cost, nil
}

// printProduct spells a product.
func printProduct(p graph.Product) string {
	text := fmt.Sprintf("%v: %v %v %v", p.Batch, p.M, p.N, p.K)
	if p.Weight {
		text += " weight"
	}
	if p.TransB {
		text += " transB"
	}
	return text
}

func (r *productRow) checkCost(t *testing.T, cost graph.Cost) {
	t.Helper()
	if !cost.Known {
		t.Error("cost is not known")
	}
	var products []string
	sum := graph.Const(0)
	for _, p := range cost.Products {
		products, sum = append(products, printProduct(p)), sum.Add(p.MACs())
	}
	for _, c := range []struct{ what, got, want string }{
		{"MACs", cost.MACs.String(), r.macs},
		{"elementwise", cost.Elementwise.String(), r.work},
		{"bytes", fmt.Sprintf("%v, %v", cost.Read, cost.Written), r.bytes},
		{"products", strings.Join(products, "; "), strings.Join(r.products, "; ")},
		{"class", cost.Class, r.class},
		{"type", cost.DType.String(), r.dtype},
	} {
		if c.want != "" && c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
	if len(products) > 0 && !sum.Equal(cost.MACs) && !sum.IsUnknown() {
		t.Errorf("products of %v MACs, %v counted", sum, cost.MACs)
	}
}

// checkBound holds what the rules make of numbers against the numbers put into what they made of symbols.
func (r *productRow) checkBound(t *testing.T, out []Fact, cost graph.Cost, env map[string]int64) {
	t.Helper()
	bound, boundCost, err := r.run(t, env)
	if err != nil {
		return // the numbers contradict the row
	}
	num := func(d graph.Dim) string {
		if n, ok := d.Eval(func(s string) (int64, bool) { n, ok := env[s]; return n, ok }); ok {
			return strconv.FormatInt(n, 10)
		}
		return "?"
	}
	for i := range out {
		for k, d := range out[i].Shape {
			if x, y := num(d), num(bound[i].Shape[k]); x != y && x != "?" {
				t.Errorf("%v: output %d, axis %d: %s is %s, inference on numbers says %s", env, i, k, d, x, y)
			}
		}
	}
	for _, p := range [][2]graph.Dim{
		{cost.MACs, boundCost.MACs},
		{cost.Elementwise, boundCost.Elementwise},
		{cost.Read, boundCost.Read},
		{cost.Written, boundCost.Written},
	} {
		if x, y := num(p[0]), num(p[1]); x != y && x != "?" {
			t.Errorf("%v: cost %s is %s, counting on numbers says %s", env, p[0], x, y)
		}
	}
}
