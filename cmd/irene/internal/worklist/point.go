package worklist

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
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

	// Cache is a folder that keeps optimized graphs from run to run; "" keeps none. Executor is what they depend on beside
	// the model: the runtime, its version, the provider.
	Cache, Executor string
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
	g, err := rewritten(ctx, p.Model.Name, path, rt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Model.Name, err)
	}
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

// rewritten is the model of a file as the executor would run it, of the cache where that has it.
func rewritten(ctx context.Context, name, path string, rt Runtime) (*graph.Graph, error) {
	cached := ""
	if rt.Cache != "" {
		model, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		cached = filepath.Join(rt.Cache, cacheName(model, rt))
		if g, err := onnx.Decode(cached, onnx.Options{}); err == nil {
			forget(g)
			return g, nil
		}
	}
	result := filepath.Join(filepath.Dir(path), "optimized.onnx")
	if err := rt.Optimize(ctx, path, result); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(result)
	if err != nil {
		return nil, err
	}
	g, err := onnx.DecodeBytes(data, name+" (optimized)", filepath.Dir(result), onnx.Options{})
	if err != nil {
		return nil, err
	}
	if err := loadSmall(g); err != nil {
		return nil, err
	}
	withoutCopies(g)
	if cached != "" {
		if err := store(g, cached); err != nil {
			return nil, fmt.Errorf("--cache: %w", err)
		}
	}
	return g, nil
}

// cacheVersion changes with what is done to a graph before it is kept.
const cacheVersion = 1

// cacheName tells a model at fixed sizes under a runtime from all others.
func cacheName(model []byte, rt Runtime) string {
	sum := sha256.Sum256(fmt.Appendf(model, "%d %q %q", cacheVersion, rt.Executor, rt.Profile))
	return fmt.Sprintf("%x.onnx", sum[:16])
}

// store writes a graph into the cache, whole or not at all. Its large tensors refer to a file that is not there.
func store(g *graph.Graph, path string) error {
	var b bytes.Buffer
	if err := onnx.Encode(&b, g); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// forget takes away the way to tensors that lie in another file.
func forget(g *graph.Graph) {
	for _, v := range g.Values {
		if v.Init != nil {
			v.Init.Load = nil
		}
	}
}

// loadSmall loads small tensors that lie in another file, which is about to go; large ones are drawn anew when they are
// needed.
func loadSmall(g *graph.Graph) error {
	for _, v := range g.Values {
		t := v.Init
		if t == nil || t.Load == nil {
			continue
		}
		if n := t.Len(); n >= 0 && t.DType.Size(n) <= workload.SmallBytes {
			raw, err := t.Load(0, t.DType.Size(n))
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
