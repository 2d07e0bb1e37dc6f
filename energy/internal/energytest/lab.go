package energytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// Law is what made-up records follow: time and energy of one kernel.
type Law func(w *energy.Work) (energy.Seconds, energy.Joules)

// LinearLaw has one time per byte and launch for kernels that move bytes, one per operation, byte and launch for products,
// and a power for each.
func LinearLaw(w *energy.Work) (energy.Seconds, energy.Joules) {
	bytes, flops := float64(w.Read+w.Written), 2*float64(w.MACs)
	t := 6e-12*bytes + 4e-6
	watts := 90.0
	if w.MACs > 0 {
		t, watts = 3e-13*flops+5e-12*bytes+9e-6, 140
	}
	return energy.Seconds(t), energy.Joules(t * watts)
}

// Rooflined takes the longer of arithmetic and memory, and a launch.
func Rooflined(w *energy.Work) (energy.Seconds, energy.Joules) {
	t := max(2*float64(w.MACs)/4e12, float64(w.Read+w.Written)/2e11) + 5e-6
	return energy.Seconds(t), energy.Joules(t * 120)
}

// Lab measures models by a law.
type Lab struct {
	law      Law
	Device   energy.RecordDevice
	Boundary energy.Boundary
	Profile  string
	Records  []energy.Record
}

// NewLab makes a laboratory of one GTX 1070, whose meter is at the board, that follows a law.
func NewLab(l Law) *Lab {
	return &Lab{law: l, Device: energy.RecordDevice{ID: "gtx-1070", Name: "NVIDIA GeForce GTX 1070"}, Boundary: energy.BoundaryBoard, Profile: "eager"}
}

// Model measures an analyzed model, its modules and each distinct operator.
func (l *Lab) Model(t testing.TB, name string, a *analysis.Analysis) {
	t.Helper()
	plan, err := kernel.Group(a.Graph, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, l.Profile)
	if err != nil {
		t.Fatal(err)
	}
	works := map[*graph.Node]energy.Work{}
	for i := range plan.Kernels {
		k := &plan.Kernels[i]
		works[k.Node] = recordWork(t, a, k.Cost)
		var parts []string
		for _, n := range slices.SortedFunc(slices.Values(k.Members), func(x, y *graph.Node) int { return x.ID - y.ID }) {
			parts = append(parts, analysis.Signature(a, n))
		}
		r := l.Record(energy.LevelOperator, name, a.Dims, works[k.Node])
		r.Op, r.Class, r.Signature, r.Path = k.Node.Op, k.Cost.Class, strings.Join(parts, " + "), a.Tree.Of[k.Node.ID].Path
		if !slices.ContainsFunc(l.Records, func(o energy.Record) bool { return o.Signature == r.Signature }) {
			l.Records = append(l.Records, r)
		}
	}
	a.Tree.Root.Walk(func(m *graph.Module) {
		var list []energy.Work
		var down func(m *graph.Module)
		down = func(m *graph.Module) {
			for _, n := range m.Nodes {
				if w, ok := works[n]; ok {
					list = append(list, w)
				}
			}
			for _, c := range m.Children {
				down(c)
			}
		}
		down(m)
		level := energy.LevelModule
		if m.Parent == nil {
			level = energy.LevelModel
		}
		if len(list) > 1 {
			r := l.Record(level, name, a.Dims, list...)
			r.Path, r.Signature = m.Path, analysis.ModuleSignature(a, m)
			if level == energy.LevelModel || !slices.ContainsFunc(l.Records, func(o energy.Record) bool { return o.Signature == r.Signature }) {
				l.Records = append(l.Records, r)
			}
		}
	})
}

func recordWork(t testing.TB, a *analysis.Analysis, c *graph.Cost) energy.Work {
	t.Helper()
	num := func(d graph.Dim) int64 {
		n, ok := a.Eval(d)
		if !ok {
			t.Fatalf("%v has no number", d)
		}
		return n
	}
	w := energy.Work{Class: c.Class, DType: c.DType.String(), Count: 1, MACs: num(c.MACs), Read: num(c.Read), Written: num(c.Written)}
	for _, p := range c.Products {
		w.Products = append(w.Products, energy.Product{Batch: num(p.Batch), M: num(p.M), N: num(p.N), K: num(p.K), Weight: p.Weight})
	}
	return w
}

// Record is a record of kernels that run one after the other.
func (l *Lab) Record(level energy.Level, model string, dims map[string]int64, list ...energy.Work) energy.Record {
	r := energy.Record{
		Schema: energy.RecordSchema, Device: l.Device, Method: energy.MethodCounter, Boundary: l.Boundary, Level: level, Model: model, Dims: dims, Work: list,
		Runtime: energy.Runtime{Name: "onnxruntime", Profile: l.Profile},
	}
	var seconds energy.Seconds
	var joules energy.Joules
	for i := range list {
		s, j := l.law(&list[i])
		seconds += s * energy.Seconds(list[i].Count)
		joules += j * energy.Joules(list[i].Count)
	}
	r.Time, r.Energy = &seconds, &joules
	return r
}

// Products measures operators of many sizes.
func (l *Lab) Products(model string) {
	for i, m := range []int64{16, 64, 200, 512, 1024, 3000} {
		for _, k := range []int64{256, 768, 2048} {
			n := k * int64(1+i%3)
			w := energy.Work{
				Class: "gemm", DType: "float32", Count: 1, MACs: m * n * k, Read: 4 * (m*k + k*n), Written: 4 * m * n,
				Products: []energy.Product{{Batch: 1, M: m, N: n, K: k, Weight: true}},
			}
			r := l.Record(energy.LevelOperator, model, nil, w)
			r.Op, r.Class, r.Signature = "MatMul", "gemm", fmt.Sprint("MatMul ", m, n, k)
			l.Records = append(l.Records, r)
			e := energy.Work{Class: "elementwise", DType: "float32", Count: 1, Read: 8 * m * n, Written: 4 * m * n}
			s := l.Record(energy.LevelOperator, model, nil, e)
			s.Op, s.Class, s.Signature = "Add", "elementwise", fmt.Sprint("Add ", m, n)
			l.Records = append(l.Records, s)
		}
	}
}

// MeasuredRecords are records of the small model under two names at several sizes.
func MeasuredRecords(t testing.TB, l *Lab) []energy.Record {
	t.Helper()
	g := Encoder(t)
	for i, dims := range [][2]int64{{1, 16}, {2, 50}, {8, 128}, {16, 256}, {32, 64}, {4, 200}} {
		l.Model(t, []string{"a", "b"}[i%2], Analyzed(t, g, map[string]int64{"batch": dims[0], "sequence": dims[1]}))
	}
	l.Products("")
	return l.Records
}
