//go:build ablation

package fit

import (
	"compress/gzip"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/operator"
)

// sharedRows are the public measurements that the constants of the law come from, below ../shared.
var sharedRows = []string{
	"gpus/aiconfigurator/gemm.jsonl.gz", "gpus/aiconfigurator/attention.jsonl.gz", "gpus/aiconfigurator/moe.jsonl.gz",
	"gpus/layer-operators/operators.jsonl.gz", "gpus/aiconfigurator-power/operators.jsonl.gz", "neusight/operators.jsonl.gz",
}

// TestAblation finds what each term of the law is worth: docs/accuracy/ablations.md.
func TestAblation(t *testing.T) {
	shapes := readShared(t)
	f, err := newOverlapFit(shapes, OverlapOptions{Thin: 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.all(); err != nil {
		t.Fatal(err)
	}
	all, err := f.ablate()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range structures() {
		for _, group := range slices.Sorted(maps.Keys(f.rows)) {
			if c.concerns(group) {
				all = append(all, f.structure(t, &c, group))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Ablation) int { return strings.Compare(a.Group, b.Group) })
	var out strings.Builder
	out.WriteString(ablationHead)
	for _, a := range all {
		fmt.Fprintf(&out, "| %s | %s | %.1f | %.1f | %+.1f | %s %.1f → %.1f |\n", a.Group, a.Term, 100*a.With, 100*a.Without, 100*a.Cost(), a.Worst, 100*a.WorstWith, 100*a.WorstWithout)
	}
	if *table == "" {
		t.Log(out.String())
	} else if err := os.WriteFile(*table, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

var table = flag.String("table", "", "file that the table is written to; none: the log")

const ablationHead = `# What each term of the law of overlapping kernels is worth

Each line leaves one term out of the law of the GPUs of today ([RATIONALE](../../RATIONALE.md)), fits all other constants of the
group of kernels anew on the rows that ship, and says what the error of their times becomes: the mean over devices of the
mean relative error, in per cent, with the term and without it, and the device that it costs most. The rows are those
that were fitted; errors on devices left out are in [accuracy](../accuracy.md). "make ablation" writes this page (two
minutes; the rows are not part of the project).

A negative cost is one of the loss: fits minimise a robust loss of logarithms, which a mean of relative errors need not
follow.

| group | without | error | becomes | costs | most on |
| --- | --- | --- | --- | --- | --- |
`

// structure is a term that no constant's value takes out: what shapes or the law are without it.
type structure struct {
	term   string
	groups []string // their beginnings
	shape  func(*Shape)
	law    func(*overlapFit)
}

func (c *structure) concerns(group string) bool {
	return slices.ContainsFunc(c.groups, func(g string) bool { return strings.HasPrefix(group, g) })
}

func structures() []structure {
	tiles := func(keep ...[2]float64) func(*overlapFit) {
		return func(f *overlapFit) { f.constants.Product.Tiles = keep }
	}
	return []structure{
		{term: "tiles but 128×128", groups: []string{"product"}, law: tiles([2]float64{128, 128})},
		{term: "tiles but 128×128 and 16×64", groups: []string{"product"}, law: tiles([2]float64{128, 128}, [2]float64{16, 64})},
		{term: "tile 256×128", groups: []string{"product"}, law: tiles([2]float64{128, 128}, [2]float64{128, 64}, [2]float64{64, 64}, [2]float64{16, 64})},
		{term: "L2 credit of replayed weights", groups: []string{"product"}, shape: func(s *Shape) { s.Kernel.Replayed = false }},
		{term: "L2", groups: []string{"product", "prefill", "decode", "row", "experts"}, shape: func(s *Shape) { s.Device.L2Bytes = 1 }},
		{term: "power limit", groups: []string{"product"}, shape: func(s *Shape) { s.Device.TDP = 1e6 }},
		{term: "imbalance", groups: []string{"experts"}, shape: func(s *Shape) {
			if e := s.Kernel.Experts; e != nil {
				even := *e
				even.Distribution = ""
				s.Kernel.Experts = &even
			}
		}},
	}
}

// structure refits a group without a term.
func (f *overlapFit) structure(t *testing.T, c *structure, group string) Ablation {
	t.Helper()
	var shapes []*Shape
	for _, s := range f.rows[group] {
		without := *s
		if c.shape != nil {
			c.shape(&without)
		}
		shapes = append(shapes, &without)
	}
	g, err := newOverlapFit(shapes, OverlapOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g.rows = map[string][]*Shape{group: shapes}
	if c.law != nil {
		c.law(g)
	}
	m := newSolver(group, g.slots, shapes, g.laws)
	for i, s := range f.slots {
		*g.slots[i].Value = *s.Value
	}
	if err := m.solve(); err != nil {
		t.Fatal(err)
	}
	return newAblation(group, c.term, (&solver{rows: f.rows[group], laws: f.laws}).errors(), m.errors())
}

// readShared reads the rows of devices that may be fitted.
func readShared(t *testing.T) []*Shape {
	t.Helper()
	judged := []string{"NVIDIA A100 80GB PCIe", "NVIDIA H100 80GB HBM3", "NVIDIA L4"} // of NeuSight's
	var ops []operator.Operator
	for _, name := range sharedRows {
		file, err := os.Open(filepath.Join("../../../shared", name))
		if err != nil {
			t.Skip(err)
		}
		defer file.Close()
		in, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		err = operator.ReadRows(in, name, func(r operator.Row) error {
			products := r.Op == "bmm" || r.Op == "linear"
			if r.Unknown == "" && (!strings.HasPrefix(name, "neusight") || products && !slices.Contains(judged, r.Device)) {
				ops = append(ops, r.Operator)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	shapes, _, err := Shapes(ops, energy.Device{})
	if err != nil {
		t.Fatal(err)
	}
	return shapes
}
