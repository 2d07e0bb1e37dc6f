package workload

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/profiler"
)

// Part is some nodes of an analyzed graph whose dims are all bound.
type Part struct {
	Analysis *analysis.Analysis
	Nodes    []*graph.Node
	Name     string // what messages call it
}

// Options says how a part becomes a workload.
type Options struct {
	Copies int         // how often the part is there; 0 counts as 1
	Repeat *graph.Node // a node of the part that is there Times more times, nil: none
	Times  int
	Seed   uint64 // of the random contents
	// Dir is a folder for models that are too large to be held in memory: their weights are written there. Without it,
	// they are an error.
	Dir string
}

// Build makes a workload of a part. The errors say what of the part cannot be given: strings, sequences, sizes that only
// the data decide.
func Build(p Part, o Options) (profiler.Workload, error) {
	b := builder{part: p, options: o, random: newRandom(o.Seed)}
	g, err := b.graph()
	if err != nil {
		return profiler.Workload{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	w := profiler.Workload{Name: p.Name, Copies: max(o.Copies, 1), Inputs: b.inputs}
	if err := b.store(g, &w); err != nil {
		return profiler.Workload{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	return w, nil
}

// builder makes one workload.
type builder struct {
	part    Part
	options Options
	random  *random
	inputs  []profiler.Input
	values  map[string]*graph.Value // what byName returns
}

// graph is the model: the part cut out, as often as wanted, its weights still to be drawn.
func (b *builder) graph() (*graph.Graph, error) {
	a := b.part.Analysis
	x := onnx.Extraction{Name: b.part.Name, Type: b.staticType}
	g, err := onnx.Extract(a.Graph, b.part.Nodes, x)
	if err != nil {
		return nil, err
	}
	if err := b.fixInputs(g); err != nil {
		return nil, err
	}
	b.fixNumbers(g)
	if b.options.Repeat != nil {
		if err := repeat(g, b.options.Repeat, b.options.Times); err != nil {
			return nil, err
		}
	}
	if err := b.copyAll(g, b.options.Copies); err != nil {
		return nil, err
	}
	nameNodes(g)
	return g, nil
}

// staticType declares a value with the shape it has at the bound dims. A size that nobody knows stays open.
func (b *builder) staticType(v *graph.Value) graph.Type {
	a := b.part.Analysis
	f := &a.Inference.Facts[v.ID]
	if f.Kind != graph.KindTensor || !f.Known() {
		return v.Type
	}
	t := graph.Type{Kind: graph.KindTensor, DType: f.DType}
	if f.Shape == nil {
		return t
	}
	t.Shape = make(graph.Shape, len(f.Shape))
	for i, d := range f.Shape {
		if n, ok := a.Eval(d); ok {
			t.Shape[i] = graph.Const(n)
		}
	}
	return t
}

// store puts the model into the workload: its bytes, or a file with weights beside it.
func (b *builder) store(g *graph.Graph, w *profiler.Workload) error {
	size := weightBytes(g)
	if size < maxEmbedded {
		if err := b.fillWeights(g); err != nil {
			return err
		}
		var out bytes.Buffer
		if err := onnx.Encode(&out, g); err != nil {
			return err
		}
		w.Model = out.Bytes()
		return nil
	}
	if b.options.Dir == "" {
		return fmt.Errorf("its weights take %d bytes, more than is held in memory", size)
	}
	path, err := b.spill(g, b.options.Dir, false)
	if err == nil {
		w.Path = path
		w.Release = func() { os.RemoveAll(filepath.Dir(path)) }
	}
	return err
}
