package ops

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

// ruleRow is one node with what its inputs are and what its rules have to make of them. Inputs and outputs are spelled
// "float32[batch, 3]", "float32?" where the rank is unknown, "int64[2]{1, sequence}" where elements are known; "" is
// absent. Costs are spelled "free", or "flops, bytes read, bytes written".
type ruleRow struct {
	op    string // "Slice", "com.microsoft:Trilu"
	since int64  // opset version
	attrs []graph.Attr
	in    []string
	want  []string // the outputs, or a single "error: …" with a part of the message
	cost  string   // not looked at where empty
}

func attrs(as ...graph.Attr) []graph.Attr { return as }

func intAttr(name string, v int64) graph.Attr {
	return graph.Attr{Name: name, Type: graph.AttrInt, Int: v}
}

func intsAttr(name string, v ...int64) graph.Attr {
	return graph.Attr{Name: name, Type: graph.AttrInts, Ints: v}
}

func floatAttr(name string, v float32) graph.Attr {
	return graph.Attr{Name: name, Type: graph.AttrFloat, Float: v}
}

func floatsAttr(name string, v ...float32) graph.Attr {
	return graph.Attr{Name: name, Type: graph.AttrFloats, Floats: v}
}

func strAttr(name, v string) graph.Attr {
	return graph.Attr{Name: name, Type: graph.AttrString, Str: v}
}

func tensorAttr(name string, t graph.DType, dims []int64, ints ...int64) graph.Attr {
	return graph.Attr{Name: name, Type: graph.AttrTensor, Tensor: &graph.Tensor{DType: t, Dims: dims, Ints: ints}}
}

// testRules runs rows as they are and, where they hold symbols, with numbers for them.
func testRules(t *testing.T, rows []ruleRow) {
	t.Helper()
	for i, r := range rows {
		t.Run(fmt.Sprintf("%d-%s-%d", i, r.op, r.since), func(t *testing.T) {
			out, cost, err := r.run(nil)
			r.check(t, out, cost, err)
			if err != nil {
				return
			}
			for _, env := range bindings {
				r.checkBound(t, out, cost, env)
			}
		})
	}
}

// bindings are numbers for the symbols that rows use.
var bindings = []map[string]int64{
	{"batch": 1, "sequence": 1, "past": 0, "n": 1, "m": 1},
	{"batch": 2, "sequence": 7, "past": 3, "n": 12, "m": 5},
	{"batch": 3, "sequence": 700, "past": 64, "n": 13, "m": 6},
}

// run infers and counts the row's node, symbols replaced by the numbers of env.
func (r *ruleRow) run(env map[string]int64) ([]Fact, graph.Cost, error) {
	domain, name, ok := strings.Cut(r.op, ":")
	if !ok {
		domain, name = "", r.op
	}
	row, ok := Lookup(domain, name, r.since)
	if !ok {
		return nil, graph.Cost{}, errors.New("no row")
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
			s.facts[v.ID] = parseFact(text, env)
		}
		n.Inputs = append(n.Inputs, v)
	}
	for i := range r.want {
		n.Outputs = append(n.Outputs, value(fmt.Sprintf("y%d", i)))
	}
	s.ctx = Context{Node: n, Op: row, s: s}
	if err := row.Shape(&s.ctx); err != nil {
		return nil, graph.Cost{}, err
	}
	if len(s.out.Conflicts) > 0 {
		return nil, graph.Cost{}, s.out.Conflicts[0]
	}
	out := make([]Fact, len(n.Outputs))
	for i, v := range n.Outputs {
		out[i] = s.facts[v.ID]
		out[i].Shape = s.resolveAll(out[i].Shape)
	}
	return out, row.Cost(&s.ctx), nil
}

func (r *ruleRow) check(t *testing.T, out []Fact, cost graph.Cost, err error) {
	t.Helper()
	if len(r.want) == 1 && strings.HasPrefix(r.want[0], "error: ") {
		if err == nil {
			t.Errorf("got %s, want %s", printFact(&out[0]), r.want[0])
		} else if !strings.Contains(err.Error(), strings.TrimPrefix(r.want[0], "error: ")) {
			t.Errorf("got error %v, want %s", err, r.want[0])
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		if got := printFact(&out[i]); got != r.want[i] {
			t.Errorf("output %d: got %s, want %s", i, got, r.want[i])
		}
	}
	if r.cost == "" {
		return
	}
	got := fmt.Sprintf("%v, %v, %v", cost.Elementwise, cost.Read, cost.Written)
	if cost.Free {
		got = "free"
	}
	if got != r.cost || !cost.Known {
		t.Errorf("cost: got %s, want %s", got, r.cost)
	}
}

// checkBound holds what the rules make of numbers against the numbers put into what they made of symbols.
func (r *ruleRow) checkBound(t *testing.T, out []Fact, cost graph.Cost, env map[string]int64) {
	t.Helper()
	bound, boundCost, err := r.run(env)
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
		for k, d := range out[i].Data {
			if k < len(bound[i].Data) {
				if x, y := num(d), num(bound[i].Data[k]); x != y && x != "?" {
					t.Errorf("%v: output %d, element %d: %s is %s, inference on numbers says %s", env, i, k, d, x, y)
				}
			}
		}
	}
	for _, p := range [][2]graph.Dim{{cost.Elementwise, boundCost.Elementwise}, {cost.Read, boundCost.Read}, {cost.Written, boundCost.Written}} {
		if x, y := num(p[0]), num(p[1]); x != y && x != "?" {
			t.Errorf("%v: cost %s is %s, counting on numbers says %s", env, p[0], x, y)
		}
	}
}

func parseFact(text string, env map[string]int64) Fact {
	at := strings.IndexAny(text, "[?")
	t, ok := graph.ParseDType(text[:at])
	if !ok {
		panic("no type " + text)
	}
	f := Fact{Kind: graph.KindTensor, DType: t}
	if text[at] == '?' {
		return f
	}
	shape, data, known := strings.Cut(text[at+1:], "]")
	_ = known
	f.Shape = graph.Shape{}
	for _, w := range words(shape) {
		f.Shape = append(f.Shape, parseNumber(w, env))
	}
	if !strings.HasPrefix(data, "{") {
		return f
	}
	list := words(strings.Trim(data, "{}"))
	f.Data, f.Reals = []graph.Dim{}, []float64{}
	for _, w := range list {
		x, err := strconv.ParseFloat(w, 64)
		if err == nil && f.Reals != nil {
			f.Reals = append(f.Reals, x)
		} else {
			f.Reals = nil
		}
		d := graph.Dim{}
		if n, bad := strconv.ParseInt(w, 10, 64); bad == nil {
			d = graph.Const(n)
		} else if err != nil {
			d = parseNumber(w, env)
		}
		f.Data = append(f.Data, d)
	}
	if !t.IsFloat() {
		f.Reals = nil
	} else if f.Reals != nil {
		f.Data = integers(f.Reals)
	}
	return f
}

// words splits a list at its outermost commas.
func words(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, ch := range s {
		switch ch {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out, from = append(out, strings.TrimSpace(s[from:i])), i+1
			}
		}
	}
	if rest := strings.TrimSpace(s[from:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

func parseNumber(s string, env map[string]int64) graph.Dim {
	if s == "?" {
		return graph.Dim{}
	}
	return graph.ParseDim(s).Subst(func(name string) (graph.Dim, bool) {
		n, ok := env[name]
		return graph.Const(n), ok
	})
}

func printFact(f *Fact) string {
	out := f.DType.String() + f.Shape.String()
	switch {
	case f.Reals != nil:
		var list []string
		for _, x := range f.Reals {
			list = append(list, strconv.FormatFloat(x, 'g', -1, 64))
		}
		out += "{" + strings.Join(list, ", ") + "}"
	case f.Data != nil:
		out += "{" + strings.Trim(graph.Shape(f.Data).String(), "[]") + "}"
	}
	return out
}
