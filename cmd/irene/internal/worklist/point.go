package worklist

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/workload"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
	"github.com/irene-onnx/irene/onnx"
)

// Model is a model to be measured.
type Model struct {
	Name  string // in records
	Graph *graph.Graph
}

// Point is a model at fixed sizes, as it runs.
type Point struct {
	Model    *Model
	Dims     map[string]int64   // of the dims that the model declares
	Analysis *analysis.Analysis // of the graph that runs, with the modules of the model's file
	Kernels  *kernel.Plan
	Profile  string // runtime profile: who rewrote the graph, and how far
}

// Runtime says how the graph that runs comes about.
type Runtime struct {
	Profile string // name of a profile of package kernel
	// Optimize rewrites the model of a file as the executor would run it; nil where it cannot say. The nodes of the file
	// are then grouped as the profile says.
	Optimize func(ctx context.Context, model, result string) error
	Dir      string // for temporary files
}

// NewPoint binds the dims of a model. The error of a binding is an *analysis.DimError.
func NewPoint(ctx context.Context, m *Model, opts analysis.Options, rt Runtime) (*Point, error) {
	a, err := analysis.Run(m.Graph, opts)
	if err != nil {
		return nil, err
	}
	p := &Point{Model: m, Dims: map[string]int64{}, Analysis: a, Profile: rt.Profile}
	for _, d := range analysis.Declared(m.Graph) {
		if n, ok := a.Dims[d]; ok {
			p.Dims[d] = n
		}
	}
	grouping := rt.Profile
	if rt.Optimize != nil {
		if p.Analysis, err = optimized(ctx, p, rt); err != nil {
			return nil, err
		}
		grouping = asWritten
	}
	a = p.Analysis
	p.Kernels, err = kernel.Group(a.Graph, a.Inference, a.Costs, func(n *graph.Node) bool { return a.Tree.Of[n.ID] != nil }, grouping)
	return p, err
}

// asWritten is the profile under which every node is a kernel.
const asWritten = "none"

// optimized has the executor rewrite the model at the point's sizes and analyzes the result.
func optimized(ctx context.Context, p *Point, rt Runtime) (*analysis.Analysis, error) {
	dir, err := os.MkdirTemp(rt.Dir, "optimized-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	part := workload.Part{Analysis: p.Analysis, Nodes: p.Analysis.Graph.Main.Nodes, Name: p.Model.Name}
	path, err := workload.Hollow(part, dir)
	if err != nil {
		return nil, err
	}
	result := filepath.Join(filepath.Dir(path), "optimized.onnx")
	if err := rt.Optimize(ctx, path, result); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Model.Name, err)
	}
	data, err := os.ReadFile(result)
	if err != nil {
		return nil, err
	}
	g, err := onnx.DecodeBytes(data, p.Model.Name+" (optimized)", filepath.Dir(result), onnx.Options{})
	if err != nil {
		return nil, err
	}
	if err := keepSmall(g); err != nil {
		return nil, err
	}
	withoutCopies(g)
	a, err := analysis.Run(g, analysis.Options{})
	if err != nil {
		return nil, fmt.Errorf("%s: the optimized graph: %w", p.Model.Name, err)
	}
	if len(a.Assumed) > 0 {
		return nil, fmt.Errorf("%s: the optimized graph has open dims: %v", p.Model.Name, a.Assumed)
	}
	a.Tree = place(a, p.Analysis)
	return a, nil
}

// keepSmall loads small tensors that lie in another file, which is about to go; large ones are drawn anew when they are
// needed.
func keepSmall(g *graph.Graph) error {
	for _, v := range g.Values {
		t := v.Init
		if t == nil || t.Load == nil {
			continue
		}
		if n := t.Len(); n >= 0 && t.DType.Size(n) < 1<<16 {
			raw, err := t.Load()
			if err != nil {
				return fmt.Errorf("%s: %w", g.File, err)
			}
			t.Raw, t.External = slices.Clone(raw), nil
		}
		t.Load = nil
	}
	return nil
}

// withoutCopies makes the copies between host and device that a runtime put into a graph what they are to everybody
// else: nothing.
func withoutCopies(g *graph.Graph) {
	for _, n := range g.Nodes {
		if n.Op == "MemcpyToHost" || n.Op == "MemcpyFromHost" {
			n.Op, n.Domain, n.Opset = "Identity", "", max(g.Opsets[""], 1)
		}
	}
}

// Grid is every combination of sizes of dims, the last dim changing fastest.
func Grid(names []string, sizes [][]int64) []map[string]int64 {
	out := []map[string]int64{{}}
	for i, name := range names {
		var next []map[string]int64
		for _, at := range out {
			for _, n := range sizes[i] {
				m := maps.Clone(at)
				m[name] = n
				next = append(next, m)
			}
		}
		out = next
	}
	return out
}
