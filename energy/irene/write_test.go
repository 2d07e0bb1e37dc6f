package irene_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/fixtures"
)

func published(t *testing.T) ([]byte, []*irene.Tree) {
	t.Helper()
	text := fixtures.CorpusText(t, "irene", "irene_device_1.jsonl.gz")
	trees, err := irene.Read(bytes.NewReader(text), "device 1")
	if err != nil {
		t.Fatal(err)
	}
	return text, trees
}

func written(t *testing.T, trees ...*irene.Tree) string {
	t.Helper()
	var b bytes.Buffer
	if err := irene.Write(&b, trees...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWritePublished: the published file, read and written, says what it said, member by member.
func TestWritePublished(t *testing.T) {
	text, trees := published(t)
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	got := strings.Split(strings.TrimSpace(written(t, trees...)), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		var a, b any
		if json.Unmarshal([]byte(got[i]), &a) != nil || json.Unmarshal([]byte(want[i]), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("line %d differs", i+1)
		}
	}
}

func TestWrite(t *testing.T) {
	tree := &irene.Tree{Model: "m", Batch: 2, Sequence: 3, Root: &irene.Node{
		ID: "m/2/3/root", Scope: "root", Type: irene.TypeModel, InstanceType: "M", Energy: 1.5, Time: 0.25,
		Children: []*irene.Node{{Scope: "root.a", Parent: "root", Level: 1, Type: irene.TypeML, Parameters: 4, GPU: 50, GPUEnergy: 2, GPUClock: 1000}},
	}}
	want := `{"model_name":"m","batch_size":2,"seq_len":3,"frontend_tree":{"id":"m/2/3/root","scope":"root","parent_name":"","level":0,"instance_type":"M","type":"model",` +
		`"num_parameters":0,"ground_truth_energy":1.5,"flops":0,"mem_bytes":0,"times_mean":0.25,"child_nodes_obj":[` +
		`{"id":"","scope":"root.a","parent_name":"root","level":1,"instance_type":"","type":"ml","num_parameters":4,"flops":0,"mem_bytes":0,` +
		`"cpu":0,"mem":0,"gpu":50,"gpu_mem":0,"gpu_clk":1000,"gpu_energy_mean":2,"child_nodes_obj":[],"child_nodes":[]}],"child_nodes":["root.a"]}}` + "\n"
	if got := written(t, tree); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for name, spoil := range map[string]func(){
		"batch_size 0":         func() { tree.Batch = 0 },
		"times_mean is -1":     func() { tree.Root.Time = -1 },
		"unsupported value":    func() { tree.Root.Energy = math.Inf(1) },
		"a tree without nodes": func() { tree.Root = nil },
	} {
		copied, root := *tree, *tree.Root
		spoil()
		var b bytes.Buffer
		if err := irene.Write(&b, tree); err == nil || !strings.Contains(err.Error(), name) || b.Len() > 0 {
			t.Errorf("%v, %d bytes; want %s", err, b.Len(), name)
		}
		*tree = copied
		tree.Root = &root
	}
}

// TestRecordsRoundTrip turns the published trees into records and back. With the energies of the board nothing is lost
// but the last digit of a clock; with those at the plug, the board's energy.
func TestRecordsRoundTrip(t *testing.T) {
	_, all := published(t)
	var trees []*irene.Tree
	for i := 0; i < len(all); i += 9 {
		trees = append(trees, all[i])
	}
	for _, boundary := range []energy.Boundary{energy.BoundaryBoard, energy.BoundaryWall} {
		var records []energy.Record
		keys := map[string]bool{}
		for _, tree := range trees {
			records = append(records, irene.Records(tree, energy.RecordDevice{ID: "gtx-1070"}, boundary)...)
		}
		for i := range records {
			if err := records[i].Check(); err != nil {
				t.Fatal(err)
			}
			keys[records[i].Key()] = true
		}
		if len(keys) != len(records) {
			t.Fatalf("%s: %d keys of %d records", boundary, len(keys), len(records))
		}
		back, omitted, err := irene.Trees(records)
		omitted.Incomplete = 0 // IrEne's FLOPs are not all additive
		if err != nil || omitted != (irene.Omitted{}) || len(back) != len(trees) {
			t.Fatalf("%s: %d trees, %+v, %v", boundary, len(back), omitted, err)
		}
		first := written(t, back...)
		if again, _, _ := irene.Trees(records); written(t, again...) != first {
			t.Errorf("%s: two conversions differ", boundary)
		}
		for i := range trees {
			want := *trees[i]
			want.File, want.Line = "", 0
			if got := sameClocks(t, back[i], &want, boundary); written(t, got) != written(t, &want) {
				t.Fatalf("%s: tree %d differs", boundary, i+1)
			}
		}
	}
}

// sameClocks copies what a tree of records may lose from the tree that it came from, and checks how much that is.
func sameClocks(t *testing.T, got, want *irene.Tree, boundary energy.Boundary) *irene.Tree {
	t.Helper()
	var nodes []*irene.Node
	want.Root.Walk(func(n *irene.Node) { nodes = append(nodes, n) })
	got.Root.Walk(func(n *irene.Node) {
		if len(nodes) == 0 {
			t.Fatal("too many nodes")
		}
		w := nodes[0]
		nodes = nodes[1:]
		if boundary == energy.BoundaryWall {
			n.GPUEnergy = w.GPUEnergy
		}
		for _, c := range []struct{ got, want *float64 }{{&n.GPUClock, &w.GPUClock}, {&n.GPUMemClock, &w.GPUMemClock}} {
			if math.Abs(*c.got-*c.want) > 1e-12**c.want {
				t.Errorf("%s: clock %v, want %v", n.Scope, *c.got, *c.want)
			}
			*c.got = *c.want
		}
	})
	return got
}

// measuredAs is a record of a profiler: board energies, and no energy at the plug.
func measuredAs(level energy.Level, path, op, signature string, joules energy.Joules, flops float64) energy.Record {
	return energy.Record{
		Schema: energy.RecordSchema, Device: energy.RecordDevice{ID: "h200"}, Method: energy.MethodCounter, Boundary: energy.BoundaryBoard,
		Level: level, Model: "bert", Path: path, Op: op, Signature: signature, Dims: map[string]int64{"batch_size": 8, "sequence_length": 128},
		Features: map[string]float64{"flops": flops}, Energy: &joules, Time: new(energy.Seconds(0.01)),
	}
}

// TestTrees: records as a profiler leaves them, in the order of the measuring.
func TestTrees(t *testing.T) {
	flagged := measuredAs(energy.LevelModule, "pooler", "", "s9", 1, 1)
	flagged.Flags = []string{energy.FlagCV}
	inModel := measuredAs(energy.LevelOperator, "encoder.layer.0.attention", "MatMul", "s1", 1, 1)
	inModel.Context = energy.ContextModel
	hot := measuredAs(energy.LevelOperator, "encoder.layer.0.attention", "MatMul", "s1", 0.3, 1)
	hot.Buffers = "hot"
	small := measuredAs(energy.LevelModule, "encoder", "", "s11", 5, 1)
	small.Dims = map[string]int64{"batch": 1, "sequence": 128}
	records := []energy.Record{
		measuredAs(energy.LevelOperator, "encoder.layer.0.attention", "MatMul", "s1", 0.4, 30e6),
		measuredAs(energy.LevelModule, "encoder.layer.0", "", "s2", 4, 100e6),
		measuredAs(energy.LevelOperator, "encoder.layer.0.attention", "Softmax", "s3", 0.1, 0),
		flagged, inModel, hot, small,
		measuredAs(energy.LevelModule, "encoder.layer.0.attention", "", "s4", 2, 60e6),
		measuredAs(energy.LevelOperator, "encoder.layer.0.attention", "MatMul", "s5", 0.5, 30e6),
		measuredAs(energy.LevelOperator, "encoder.layer.0.attention.query", "MatMul", "s6", 0.2, 1e6), // a module of one kernel
		measuredAs(energy.LevelModule, "encoder.layer.0.norm", "", "s7", 0.6, 39.5e6),
		measuredAs(energy.LevelOperator, "encoder.layer.0.norm", "Mul", "s8", 0.1, 1),
		measuredAs(energy.LevelOperator, "encoder.layer.0.norm", "Div", "s10", 0.1, 1),
		measuredAs(energy.LevelModel, "", "", "s0", 60, 1200e6),
	}
	trees, omitted, err := irene.Trees(records)
	if err != nil || len(trees) != 1 {
		t.Fatalf("%d trees, %v", len(trees), err)
	}
	// The model has 12 layers of 100 MFLOP, of which one was measured.
	if want := (irene.Omitted{Unusable: 1, NoSize: 1, NoModel: 1, InLeaf: 2, Again: 1, Incomplete: 1, Board: 8}); omitted != want {
		t.Errorf("omitted %+v, want %+v", omitted, want)
	}
	if tree := trees[0]; tree.Model != "bert" || tree.Batch != 8 || tree.Sequence != 128 {
		t.Errorf("%+v", tree)
	}
	var got []string
	trees[0].Root.Walk(func(n *irene.Node) {
		if n.Energy != n.GPUEnergy || n.ID != "bert/8/128/"+n.Scope {
			t.Errorf("%+v", n)
		}
		got = append(got, fmt.Sprintln(n.Level, n.Type, n.Scope, n.Energy, n.FLOPs))
	})
	want := []string{
		"0 model root 60 1200",
		"1 module root.encoder.layer.0 4 100",
		"2 module root.encoder.layer.0.attention 2 60",
		"3 ml-np root.encoder.layer.0.attention.matmul 0.4 30",
		"3 ml-np root.encoder.layer.0.attention.softmax 0.1 0",
		"3 ml-np root.encoder.layer.0.attention.matmul_1 0.5 30",
		"3 ml root.encoder.layer.0.attention.query 0.2 1",
		"2 ml root.encoder.layer.0.norm 0.6 39.5",
	}
	if strings.Join(got, "") != strings.Join(want, "\n")+"\n" {
		t.Errorf("got\n%swant\n%s", strings.Join(got, ""), strings.Join(want, "\n"))
	}
	other := measuredAs(energy.LevelModel, "", "", "s0", 60, 1)
	other.Device.ID = "t4"
	if _, _, err := irene.Trees(append(records, other)); err == nil || err.Error() != "records of several devices: h200, t4" {
		t.Errorf("two devices: %v", err)
	}
}
