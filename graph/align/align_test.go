package align_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/align"
)

// hand makes a tree of lines "path class operators params macs": a module's operators are joined by commas, - is none.
// Params and MACs are its own. Modules come in the order of execution, parents first.
func hand(t *testing.T, text string) align.Tree {
	t.Helper()
	root := &graph.Module{}
	byPath := map[string]*graph.Module{"": root}
	own := map[*graph.Module]align.Weight{}
	id := 0
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.Fields(line)
		if len(f) != 5 {
			t.Fatalf("line %q", line)
		}
		m := &graph.Module{Path: f[0], Canonical: f[0], Parent: root, Name: f[0]}
		for p := f[0]; strings.Contains(p, "."); {
			p = p[:strings.LastIndexByte(p, '.')]
			if up := byPath[p]; up != nil {
				m.Parent, m.Name = up, strings.TrimPrefix(f[0], p+".")
				break
			}
		}
		if f[1] != "-" {
			m.Class = f[1]
		}
		for _, op := range strings.Split(f[2], ",") {
			if op != "-" {
				m.Nodes = append(m.Nodes, &graph.Node{ID: id, Op: op})
				id++
			}
		}
		params, err := strconv.ParseFloat(f[3], 64)
		macs, err2 := strconv.ParseFloat(f[4], 64)
		if err != nil || err2 != nil {
			t.Fatalf("line %q", line)
		}
		own[m] = align.Weight{Params: params, MACs: macs, Work: macs + float64(len(m.Nodes))}
		byPath[f[0]] = m
		m.Parent.Children = append(m.Parent.Children, m)
	}
	return align.Tree{Root: root, Weigh: func(m *graph.Module) (w align.Weight) {
		m.Walk(func(c *graph.Module) {
			w.Params += own[c].Params
			w.MACs += own[c].MACs
			w.Work += own[c].Work
		})
		return w
	}}
}

// pairs lists the rows of two trees as "a=b reason".
func pairs(root *align.Row) string {
	var out []string
	root.Walk(func(r *align.Row) {
		var names []string
		for _, m := range r.Modules {
			if m == nil {
				names = append(names, "-")
			} else {
				names = append(names, m.Path)
			}
		}
		out = append(out, strings.TrimSpace(strings.Join(names, "=")+" "+string(r.Reason)))
	})
	return strings.Join(out[1:], "\n") // without the roots
}

const plain = `
embed - Gather 100 0
layers.0 - Add 0 0
layers.0.attn - MatMul,Softmax,MatMul 0 10
layers.0.attn.q - MatMul 16 16
layers.0.attn.o - MatMul 16 16
layers.0.norm - LayerNormalization 8 0
layers.0.fc1 - MatMul 64 64
layers.0.act - Relu 0 0
layers.0.fc2 - MatMul 64 64
layers.1 - Add 0 0
layers.1.attn - MatMul,Softmax,MatMul 0 10
layers.1.attn.q - MatMul 16 16
layers.1.attn.o - MatMul 16 16
layers.1.norm - LayerNormalization 8 0
layers.1.fc1 - MatMul 64 64
layers.1.act - Relu 0 0
layers.1.fc2 - MatMul 64 64
head - MatMul 40 40`

func TestAlign(t *testing.T) {
	for _, tt := range []struct{ name, a, b, want string }{
		{
			"equal paths, and what one lacks", "x - Relu 0 0\ny - Relu 0 0", "x - Relu 0 0\nz - MatMul 4 4",
			"x=x path\ny=-\n-=z",
		},
		{
			"a wrapper on one side", "a - MatMul 4 4\nb - - 0 0\nb.c - Relu 0 0", "lm - - 0 0\nlm.a - MatMul 4 4\nlm.b - - 0 0\nlm.b.c - Relu 0 0",
			"a=lm.a path\nb=lm.b path\nb.c=lm.b.c path\n-=lm",
		},
		{
			"a wrapper and a head beside it", "net - - 0 0\nnet.a - MatMul 4 4\nhead - MatMul 8 8", "a - MatMul 4 4\nhead - MatMul 8 8",
			"net=-\nnet.a=a path\nhead=head path",
		},
		{
			"numbers from one", "l.0 - MatMul 4 4\nl.1 - MatMul 4 4", "h.1 - MatMul 4 4\nh.2 - MatMul 4 4",
			"l.0=h.1 role\nl.1=h.2 role",
		},
		{
			"numbers with a gap", "l.0 - MatMul 4 4\nl.1 - MatMul 4 4\nl.2 - MatMul 4 4", "h.0 - MatMul 4 4\nh.2 - MatMul 4 4",
			"l.0=h.0 role\nl.1=-\nl.2=h.2 role",
		},
		{
			"what a module does, not what it holds",
			"b.0 - - 0 0\nb.0.attention - - 0 0\nb.0.attention.self - MatMul,Softmax 0 9\nb.0.attention.self.query - MatMul 4 4\nb.0.attention.out - MatMul 4 4",
			"t.0 - - 0 0\nt.0.attention - MatMul,Softmax 0 9\nt.0.attention.q_lin - MatMul 4 4\nt.0.attention.out_lin - MatMul 4 4",
			"b.0=t.0 role\nb.0.attention=-\nb.0.attention.self=t.0.attention role\nb.0.attention.self.query=t.0.attention.q_lin role\nb.0.attention.out=t.0.attention.out_lin role",
		},
		{
			"roles keep apart", "x.0 - - 0 0\nx.0.a - MatMul 4 4\nx.0.b - Relu 0 0", "y.0 - - 0 0\ny.0.c - MatMul 4 4\ny.0.b - LayerNormalization 4 0",
			"x.0=y.0 role\nx.0.a=y.0.c role\nx.0.b=-\n-=y.0.b",
		},
		{"nothing", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a, b align.Tree
			if tt.a == "" {
				empty := align.Tree{Root: &graph.Module{}, Weigh: func(*graph.Module) align.Weight { return align.Weight{} }}
				a, b = empty, empty
				if got := align.Align(a, b); len(got.Children) > 0 || got.Reason != align.ByPath {
					t.Errorf("got %+v", got)
				}
				return
			}
			a, b = hand(t, tt.a), hand(t, tt.b)
			if got := pairs(align.Align(a, b)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestRenamed changes every name of a tree that names may change in, and expects each module to answer to itself.
func TestRenamed(t *testing.T) {
	rename := strings.NewReplacer(
		"layers.", "encoder.block.", "attn.q", "self_attention.query", "attn.o", "self_attention.out_proj", "attn", "self_attention",
		"norm", "ln", "fc1", "mlp.up", "fc2", "mlp.down", "act", "mlp.gelu", "embed", "wte", "head", "classifier",
	)
	want := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(plain)) {
		path := strings.Fields(line)[0]
		want[path] = rename.Replace(path)
	}
	renamed := ""
	for line := range strings.Lines(strings.TrimSpace(plain)) {
		f := strings.Fields(line)
		f[0] = rename.Replace(f[0])
		if strings.HasSuffix(f[0], "mlp.up") {
			renamed += strings.TrimSuffix(f[0], ".up") + " - - 0 0\n"
		}
		renamed += strings.Join(f, " ") + "\n"
	}
	got := map[string]string{}
	align.Align(hand(t, plain), hand(t, renamed)).Walk(func(r *align.Row) {
		if r.Modules[0] != nil && r.Modules[1] != nil {
			got[r.Modules[0].Path] = r.Modules[1].Path
		}
	})
	for a, b := range want {
		if got[a] != b {
			t.Errorf("%s: got %q, want %q", a, got[a], b)
		}
	}
}

// TestRows holds, for three trees in every order, that each module stands in exactly one row, below its parent's in the
// tree whose row it is.
func TestRows(t *testing.T) {
	trees := []align.Tree{
		hand(t, plain), hand(t, strings.ReplaceAll(plain, "layers.", "net.h.")),
		hand(t, strings.Join(strings.Split(plain, "\n")[:10], "\n")),
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}} {
		var list []align.Tree
		for _, i := range order {
			list = append(list, trees[i])
		}
		seen := map[*graph.Module]int{}
		rows := 0
		align.Align(list...).Walk(func(r *align.Row) {
			rows++
			n := 0
			for _, m := range r.Modules {
				if m != nil {
					seen[m]++
					n++
				}
			}
			if n == 0 || (n == 1) != (r.Reason == align.ByNone) {
				t.Errorf("%v: a row of %d modules, matched by %q", order, n, r.Reason)
			}
			for _, c := range r.Children {
				if c.Parent != r {
					t.Errorf("%v: a row below a parent that it does not name", order)
				}
			}
		})
		all := 0
		for _, tree := range list {
			tree.Root.Walk(func(m *graph.Module) {
				all++
				if seen[m] != 1 {
					t.Errorf("%v: %q is in %d rows", order, m.Path, seen[m])
				}
			})
		}
		if rows > all {
			t.Errorf("%v: %d rows of %d modules", order, rows, all)
		}
	}
}

// TestWide holds that thousands of siblings are matched in little time, in order.
func TestWide(t *testing.T) {
	wide := func(name string, n int) align.Tree {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s%dx - MatMul %d 4\n", name, i, 4+i%3)
		}
		return hand(t, b.String())
	}
	matched := 0
	align.Align(wide("left", 3000), wide("right", 3000)).Walk(func(r *align.Row) {
		if r.Reason == align.ByRole {
			matched++
		}
	})
	if matched < 2900 {
		t.Errorf("%d of 3000 matched", matched)
	}
}

func BenchmarkAlign(b *testing.B) {
	x, y := tree(b, "bert-base"), tree(b, "distilbert-base")
	for b.Loop() {
		align.Align(x, y)
	}
}
