package ops_test

import (
	"testing"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
)

// TestModels holds the shapes of every value of the reference models, with dims bound and unbound, against those that
// ONNX Runtime had.
func TestModels(t *testing.T) {
	unknown, total := tally{}, tally{}
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			g, ref := decode(t, name), fixtures.Answers(t, name)
			dims := boundTo(ref)
			for _, mode := range []struct {
				name string
				dims map[string]graph.Dim
			}{{"bound", dims}, {"symbolic", nil}} {
				inf := ops.Infer(g, ops.Options{Dims: mode.dims})
				verdicts := score(t, g, inf, ref, mode.name)
				for k, n := range verdicts {
					total[mode.name+" "+k] += n
				}
				t.Logf("%s: %d right, %d unknown of %d", mode.name, verdicts["right"], verdicts["unknown"], len(ref.Shapes))
				for _, c := range inf.Conflicts {
					t.Errorf("%s: %v", mode.name, c)
				}
				if mode.dims == nil {
					blame(g, inf, unknown)
				}
			}
			compareModes(t, g, dims)
			withhold(g)
			verdicts := score(t, g, ops.Infer(g, ops.Options{}), ref, "nothing declared")
			if r, n := verdicts["right"], len(ref.Shapes); r != n {
				t.Errorf("nothing declared: %d of %d right", r, n)
			}
		})
	}
	total.log(t, "values")
	unknown.log(t, "leaves unknown")
}

// compareModes holds what follows from bound dims against the same numbers put into what follows from symbols.
func compareModes(t *testing.T, g *graph.Graph, dims map[string]graph.Dim) {
	t.Helper()
	env := func(name string) (int64, bool) { return dims[name].Const() }
	bound, symbolic := ops.Infer(g, ops.Options{Dims: dims}), ops.Infer(g, ops.Options{})
	for _, v := range g.Values {
		x, ok := evaluated(bound.Facts[v.ID].Shape, env)
		y, ok2 := evaluated(symbolic.Facts[v.ID].Shape, env)
		if ok && ok2 && !equalInts(x, y) {
			t.Errorf("%s: bound %v, symbolic %v", v.Name, x, symbolic.Facts[v.ID].Shape)
		}
	}
	a, b := ops.Count(g, bound), ops.Count(g, symbolic)
	for i, n := range g.Nodes {
		for _, m := range [...]struct {
			name string
			x, y graph.Dim
		}{
			{"MACs", a[i].MACs, b[i].MACs},
			{"elementwise", a[i].Elementwise, b[i].Elementwise},
			{"read", a[i].Read, b[i].Read},
			{"written", a[i].Written, b[i].Written},
		} {
			x, ok := m.x.Eval(env)
			y, ok2 := m.y.Eval(env)
			if ok != ok2 || x != y {
				t.Errorf("%s: %s: bound %v, symbolic %v", n.Label(), m.name, m.x, m.y)
			}
		}
	}
}

// score compares inferred types with the reference, symbols standing for the reference's dims.
func score(t *testing.T, g *graph.Graph, inf *ops.Inference, ref fixtures.Reference, mode string) tally {
	t.Helper()
	env := func(name string) (int64, bool) {
		n, ok := ref.Dims[name]
		return n, ok
	}
	byName := make(map[string]*graph.Value, len(g.Values))
	for _, v := range g.Values {
		byName[v.Name] = v
	}
	out := tally{}
	for name, want := range ref.Shapes {
		v := byName[name]
		if v == nil {
			out["unknown"]++
			continue
		}
		f := &inf.Facts[v.ID]
		got, ok := evaluated(f.Shape, env)
		switch {
		case !ok:
			out["unknown"]++
		case !equalInts(got, want.Shape) || dtypeName(want.DType) != f.DType.String():
			out["wrong"]++
			if out["wrong"] <= 10 {
				t.Errorf("%s: %s: got %v %v, want %s %v", mode, name, f.DType, f.Shape, want.DType, want.Shape)
			}
		default:
			out["right"]++
		}
	}
	return out
}

// evaluated puts numbers into a shape; false where something of it is not known.
func evaluated(s graph.Shape, env func(string) (int64, bool)) ([]int64, bool) {
	if s == nil {
		return nil, false
	}
	out := make([]int64, len(s))
	for i, d := range s {
		n, ok := d.Eval(env)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

func equalInts(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// dtypeName is the name of an element type as NumPy spells it.
func dtypeName(s string) string {
	switch s {
	case "float":
		return "float32"
	case "double":
		return "float64"
	}
	return s
}
