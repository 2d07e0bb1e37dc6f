package irene_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/bounded"
)

const tiny = `{"model_name":"tiny","batch_size":8,"seq_len":32,"frontend_tree":{"id":"tiny/8/32/root","scope":"root","type":"model",` +
	`"instance_type":"Tiny","ground_truth_energy":4.5,"times_mean":0.015,"gpu_energy_mean":2.5,"flops":43.9,"child_nodes_obj":[` +
	`{"scope":"root.fc","parent_name":"root","level":1,"type":"ml","instance_type":"Linear","ground_truth_energy":4,"times_mean":0.01,"child_nodes_obj":[]}]}}`

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	text := tiny + "\n\n  \n" + strings.Replace(tiny, `"seq_len":32`, `"seq_len":64`, 1) // no newline at the end
	for name, data := range map[string][]byte{"plain": []byte(text), "gzip": zipped(t, text), "with carriage returns": []byte(strings.ReplaceAll(text, "\n", "\r\n"))} {
		t.Run(name, func(t *testing.T) {
			trees, err := irene.Read(iotest.OneByteReader(bytes.NewReader(data)), "d.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			if len(trees) != 2 || trees[0].Sequence != 32 || trees[1].Sequence != 64 {
				t.Fatalf("%d trees", len(trees))
			}
			a, b := trees[0], trees[1]
			if a.Model != "tiny" || a.Batch != 8 || a.File != "d.jsonl" || a.Line != 1 || b.Line != 4 {
				t.Errorf("%s, batch %d, at %s:%d and %d", a.Model, a.Batch, a.File, a.Line, b.Line)
			}
			r := a.Root
			if r.Scope != "root" || r.Type != irene.TypeModel || r.InstanceType != "Tiny" || r.Energy != 4.5 || r.Time != 0.015 || r.GPUEnergy != 2.5 || r.FLOPs != 43.9 {
				t.Errorf("root %+v", *r)
			}
			var scopes []string
			r.Walk(func(n *irene.Node) { scopes = append(scopes, n.Scope) })
			if got := strings.Join(scopes, " "); got != "root root.fc" {
				t.Errorf("walked %s", got)
			}
		})
	}
	for _, empty := range []string{"", "\n \n"} {
		if trees, err := irene.Read(strings.NewReader(empty), "d"); err != nil || len(trees) > 0 {
			t.Errorf("%q: %d trees, %v", empty, len(trees), err)
		}
	}
}

// TestReadErrors: a line that cannot be used is named with its file.
func TestReadErrors(t *testing.T) {
	with := func(old, changed string) string { return strings.Replace(tiny, old, changed, 1) }
	for _, c := range []struct{ name, line, want string }{
		{"not JSON", "batch,sequence", "not a tree of measurements"},
		{"cut short", tiny[:200], "not a tree of measurements"},
		{"a list", "[1, 2]", "not a tree of measurements"},
		{"something else", `{"model_name":"tiny","batch_size":8,"seq_len":32}`, "no frontend_tree"},
		{"no batch", with(`"batch_size":8`, `"batch_size":0`), "batch_size 0"},
		{"an absurd batch", with(`"batch_size":8`, `"batch_size":1000000000000`), "sizes are between"},
		{"negative sequence", with(`"seq_len":32`, `"seq_len":-1`), "seq_len -1"},
		{"negative energy", with(`"ground_truth_energy":4.5`, `"ground_truth_energy":-4.5`), "root: ground_truth_energy is -4.5"},
		{"negative energy below", with(`"ground_truth_energy":4,`, `"ground_truth_energy":-4,`), "root.fc: ground_truth_energy is -4"},
		{"energy beyond float64", with(`"ground_truth_energy":4.5`, `"ground_truth_energy":1e999`), "ground_truth_energy"},
		{"NaN", with(`"ground_truth_energy":4.5`, `"ground_truth_energy":NaN`), "not a tree of measurements"},
		{"negative time", with(`"times_mean":0.01,`, `"times_mean":-1,`), "root.fc: times_mean is -1"},
		{"a word for a number", with("4.5", `"much"`), "ground_truth_energy"},
		{"a null child", with(`"child_nodes_obj":[]`, `"child_nodes_obj":[null]`), "root.fc: a child is null"},
		{"two on a line", tiny + tiny, "not a tree of measurements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, data := range [][]byte{[]byte(tiny + "\n\n" + c.line), zipped(t, tiny+"\n\n"+c.line+"\n"+tiny)} {
				_, err := irene.Read(bytes.NewReader(data), "some/d.jsonl")
				var bad *energy.SyntaxError
				if !errors.As(err, &bad) {
					t.Fatalf("error %v, want one of syntax", err)
				}
				if bad.File != "some/d.jsonl" || bad.Line != 3 || !strings.Contains(bad.Msg, c.want) {
					t.Errorf("%s:%d: %s; want line 3: %s", bad.File, bad.Line, bad.Msg, c.want)
				}
				if !strings.HasPrefix(err.Error(), "some/d.jsonl:3: ") {
					t.Errorf("error %q does not begin with the place", err)
				}
			}
		})
	}
	broken := zipped(t, tiny+"\n")
	for name, data := range map[string][]byte{"truncated": broken[:len(broken)/2], "no header": broken[:5]} {
		if _, err := irene.Read(bytes.NewReader(data), "d.gz"); err == nil || !strings.Contains(err.Error(), "d.gz") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := irene.Read(iotest.ErrReader(errors.New("gone")), "d"); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("error %v", err)
	}
}

// tree is a module tree with the given modules, each with operators in it.
func tree(modules ...[]string) *graph.Tree {
	root := &graph.Module{}
	for _, spec := range modules {
		m := root
		if spec[0] != "" {
			m = &graph.Module{Path: spec[0], Canonical: spec[0], Parent: root}
			root.Children = append(root.Children, m)
		}
		for _, op := range spec[1:] {
			m.Nodes = append(m.Nodes, &graph.Node{Op: op, Name: op + string(rune('0'+len(m.Nodes)))})
		}
	}
	return &graph.Tree{Root: root}
}

// TestFind joins scopes, with and without the names of module lists, to modules and operators.
func TestFind(t *testing.T) {
	s := irene.NewScopes(tree(
		[]string{"", "Gather"}, []string{"encoder"}, []string{"encoder.layer.0"}, []string{"encoder.layer.11.attention"},
		[]string{"encoder.layer.0.attention.self", "MatMul", "Reshape", "MatMul", "Softmax", "MatMul"}, []string{"h.1", "Softmax"}, []string{"layer", "MatMul"},
	))
	for _, c := range []struct{ scope, kind, want string }{
		{"root", irene.TypeModel, ""},
		{"root.encoder", irene.TypeModule, "encoder"},
		{"root.encoder.0", irene.TypeModule, "encoder.layer.0"},
		{"root.encoder.layer.0", irene.TypeModule, "encoder.layer.0"},
		{"root.encoder.11.attention", irene.TypeModule, "encoder.layer.11.attention"},
		{"root.1", irene.TypeModule, "h.1"},
		{"root.h.1", irene.TypeModule, "h.1"},
		{"root.layer", irene.TypeML, "layer"},
		{"root.encoder.0.attention.self.matmul", irene.TypeMLNoParam, "MatMul0"},
		{"root.encoder.0.attention.self.matmul_0", irene.TypeMLNoParam, "MatMul0"},
		{"root.encoder.0.attention.self.matmul_1", irene.TypeMLNoParam, "MatMul2"},
		{"root.encoder.0.attention.self.matmul_2", irene.TypeMLNoParam, "MatMul4"},
		{"root.encoder.0.attention.self.softmax", irene.TypeMLNoParam, "Softmax3"},
		{"root.encoder.layer.0.attention.self.softmax", irene.TypeMLNoParam, "Softmax3"},
		{"root.1.softmax", irene.TypeMLNoParam, "Softmax0"},
		{"root.encoder.0.attention.self.matmul_3", irene.TypeMLNoParam, "none"},
		{"root.encoder.0.attention.self.matmul_-1", irene.TypeMLNoParam, "none"},
		{"root.encoder.0.attention.self.softmax_1", irene.TypeMLNoParam, "none"},
		{"root.encoder.0.attention.self.dropout", irene.TypeMLNoParam, "none"},
		{"root.encoder.0.attention.matmul", irene.TypeMLNoParam, "none"},
		{"matmul", irene.TypeMLNoParam, "none"},
		{"root.pooler", irene.TypeModule, "none"},
		{"encoder", irene.TypeModule, "none"},
		{"", irene.TypeModule, "none"},
	} {
		module, op := s.Find(&irene.Node{Scope: c.scope, Type: c.kind})
		got := "none"
		switch {
		case module != nil && op != nil:
			got = "both"
		case module != nil:
			got = module.Path
		case op != nil:
			got = op.Name
		}
		if got != c.want {
			t.Errorf("%s (%s): %q, want %q", c.scope, c.kind, got, c.want)
		}
	}
}

func TestWithoutLists(t *testing.T) {
	for path, want := range map[string]string{
		"": "root", "encoder": "root.encoder", "encoder.layer.0": "root.encoder.0", "encoder.layer.0.attention.self": "root.encoder.0.attention.self",
		"h.0.mlp": "root.0.mlp", "0": "root.0", "0.1": "root.0.1", "a.0.1.b": "root.0.1.b", "layers.0_1": "root.layers.0_1",
	} {
		if got := irene.WithoutLists(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// TestPublished reads the published measurements: 166 trees of six models on device 1.
func TestPublished(t *testing.T) {
	b := fixtures.CorpusText(t, "irene", "irene_device_1.jsonl.gz")
	trees, err := irene.Read(bytes.NewReader(b), "device 1")
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]bool{}
	for i, tree := range trees {
		models[tree.Model] = true
		tree.Root.Walk(func(n *irene.Node) {
			if !strings.HasPrefix(n.Scope, "root") || n.Energy <= 0 || n.Time <= 0 {
				t.Errorf("line %d: %s: %v J in %v s", i+1, n.Scope, n.Energy, n.Time)
			}
		})
	}
	if len(trees) != 166 || len(models) != 6 {
		t.Errorf("%d trees of %d models, want 166 of 6", len(trees), len(models))
	}
}

// FuzzReadTrees: whatever the bytes, reading ends with trees of possible numbers or with an error that names the file.
func FuzzReadTrees(f *testing.F) {
	f.Add([]byte(tiny))
	f.Add([]byte(tiny + "\n\n" + tiny + "\n"))
	f.Add([]byte(`{"batch_size":1,"seq_len":1,"frontend_tree":{"child_nodes_obj":[null]}}`))
	f.Add([]byte(`{"batch_size":1,"seq_len":1,"frontend_tree":{"scope":"root.a.matmul_1","type":"ml-np"}}`))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte(`{"batch_size":1,"seq_len":1,"frontend_tree":` + strings.Repeat(`{"scope":"root","child_nodes_obj":[`, 3000)))
	f.Add([]byte(strings.Repeat("{}\n", 5000)))
	scopes := irene.NewScopes(tree([]string{"a", "MatMul", "MatMul"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var trees []*irene.Tree
		var err error
		bounded.Run(t, "reading", func() { trees, err = irene.Read(bytes.NewReader(data), "fuzz.jsonl") })
		if err != nil && !strings.HasPrefix(err.Error(), "fuzz.jsonl:") {
			t.Errorf("error %q does not name the file", err)
		}
		for _, tree := range trees {
			if tree.Batch < 1 || tree.Sequence < 1 || tree.Root == nil || tree.Line < 1 {
				t.Errorf("%+v", *tree)
			}
			tree.Root.Walk(func(n *irene.Node) {
				if !(n.Energy >= 0) || !(n.Time >= 0) || !(n.GPUEnergy >= 0) {
					t.Errorf("%s: %v J, %v s, %v J", n.Scope, n.Energy, n.Time, n.GPUEnergy)
				}
				if module, op := scopes.Find(n); module != nil && op != nil {
					t.Errorf("%s: both a module and an operator", n.Scope)
				}
			})
		}
	})
}
