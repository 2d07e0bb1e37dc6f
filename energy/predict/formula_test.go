package predict

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/onnx/onnxtest"
)

// eachSharedModel runs a test on every model of the shared folder.
func eachSharedModel(t *testing.T, test func(*testing.T, *graph.Graph)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(onnxtest.Shared(t, "models"), "*.onnx.gz"))
	if err != nil || len(files) == 0 {
		t.Skip("no models in shared/models")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".onnx.gz"), func(t *testing.T) {
			t.Parallel()
			g, err := onnx.Decode(file, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			test(t, g)
		})
	}
}

// randomDims draws sizes for the dims that no equality gives: small ones are as likely as large ones.
func randomDims(rng *rand.Rand, g *graph.Graph, solved map[string]graph.Dim) map[string]int64 {
	out := map[string]int64{}
	for _, name := range analysis.Declared(g) {
		if _, ok := solved[name]; ok {
			continue
		}
		most := 400.0
		if analysis.IsBatch(g, name) {
			most = 40
		}
		out[name] = int64(math.Exp(rng.Float64() * math.Log(most)))
	}
	return out
}

func deviceOf(tb testing.TB, id string) (*Coefficients, energy.Device) {
	tb.Helper()
	c, err := ForDevice(DefaultDevice)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := energy.LookupDevice(id)
	if err != nil {
		tb.Fatal(err)
	}
	return c, d
}

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b))
}

// TestFormulasAreExact holds the formulas of every module against predictions at random dims.
func TestFormulasAreExact(t *testing.T) {
	eachSharedModel(t, func(t *testing.T, g *graph.Graph) {
		sym, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for _, id := range []string{DefaultDevice, "h100-sxm"} {
			c, dev := deviceOf(t, id)
			fs, err := Symbolic(sym, c, dev, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 6 {
				dims := randomDims(rng, g, sym.Inference.Solved)
				a, err := analysis.Run(g, analysis.Options{Dims: dims})
				if err != nil {
					t.Fatalf("%v: %v", dims, err)
				}
				res, err := Run(a, c, dev, Options{})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, sym, a, fs, res)
			}
		}
	})
}

// compare evaluates the formula of every module at the dims of a bound analysis.
func compare(t *testing.T, sym, a *analysis.Analysis, fs *Formulas, res *Result) {
	t.Helper()
	bound := map[string]*graph.Module{}
	a.Tree.Root.Walk(func(m *graph.Module) { bound[m.Path] = m })
	var symbols []string
	var values []int64
	for name, v := range a.Dims {
		symbols, values = append(symbols, name), append(values, v)
	}
	bad := 0
	sym.Tree.Root.Walk(func(m *graph.Module) {
		f, want := fs.Modules[m], res.Modules[bound[m.Path]]
		if f.Unknown != want.Unknown || f.Scaled != want.Scaled {
			t.Errorf("%v: %q: %d unknown, %d scaled; predicted %d, %d", a.Dims, m.Path, f.Unknown, f.Scaled, want.Unknown, want.Scaled)
		}
		for _, x := range []struct {
			name string
			f    Formula
			want float64
		}{{"energy", f.Energy, float64(want.Energy)}, {"time", f.Time, float64(want.Time)}} {
			eval, err := x.f.Compile(symbols)
			if err != nil {
				t.Fatalf("%q: %v", m.Path, err)
			}
			if got := eval(values); !near(got, x.want, 1e-9) && bad < 5 {
				bad++
				t.Errorf("%v: %s of %q is %v by formula, %v by prediction", a.Dims, x.name, m.Path, got, x.want)
			}
		}
	})
}
