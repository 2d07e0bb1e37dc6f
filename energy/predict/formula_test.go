package predict

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

// eachModel runs a test on every model that tests share.
func eachModel(t *testing.T, test func(*testing.T, *graph.Graph)) {
	t.Helper()
	for _, name := range fixtures.EveryModel(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, energytest.Shared(t, name))
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

func deviceOf(tb testing.TB, id string) (*coefficients.Coefficients, energy.Device) {
	tb.Helper()
	c, err := coefficients.OfTrees()
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

func formulas(a *analysis.Analysis, c *coefficients.Coefficients, dev energy.Device) (*Formulas, error) {
	p, err := Target{Coefficients: c, Device: dev}.Bind(a)
	if err != nil {
		return nil, err
	}
	return p.Formulas()
}

// TestFormulasAreExact holds the formulas of every module, and the program with open sizes, against predictions of the
// graph bound to random dims.
func TestFormulasAreExact(t *testing.T) {
	eachModel(t, func(t *testing.T, g *graph.Graph) {
		sym, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for _, id := range []string{coefficients.TreesDevice, "h100-sxm"} {
			c, dev := deviceOf(t, id)
			p, err := Target{Coefficients: c, Device: dev}.Bind(sym)
			if err != nil {
				t.Fatal(err)
			}
			fs, err := p.Formulas()
			if err != nil {
				t.Fatal(err)
			}
			for range 6 {
				dims := randomDims(rng, g, sym.Inference.Solved)
				a, err := analysis.Run(g, analysis.Options{Dims: dims})
				if err != nil {
					t.Fatalf("%v: %v", dims, err)
				}
				want := predicted(t, a, c, dev)
				compare(t, sym, a, fs, want)
				open := p.At(func(d graph.Dim) (int64, bool) {
					return d.Eval(func(name string) (int64, bool) { v, ok := a.Dims[name]; return v, ok })
				})
				if got, want := open.Modules[sym.Tree.Root], want.Modules[a.Tree.Root]; !near(float64(got.Energy), float64(want.Energy), 1e-9) || !near(float64(got.High), float64(want.High), 1e-9) || !near(float64(got.Time), float64(want.Time), 1e-9) {
					t.Errorf("%v: %+v of the open program, %+v predicted", a.Dims, got, want)
				}
				compareCounts(t, sym, a)
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
		if f.Unknown != want.Unknown || f.StandIns != want.StandIns {
			t.Errorf("%v: %q: %d unknown, %d scaled; predicted %d, %d", a.Dims, m.Path, f.Unknown, f.StandIns, want.Unknown, want.StandIns)
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
	root, moved := fs.Modules[sym.Tree.Root], int64(0)
	for _, n := range a.Graph.Nodes {
		if x := &res.Nodes[n.ID]; a.Tree.Of[n.ID] != nil && x.Known {
			moved += x.Read + x.Written
		}
	}
	if got, ok := root.Read.Add(root.Written).Eval(func(name string) (int64, bool) { v, ok := a.Dims[name]; return v, ok }); !ok || got != moved {
		t.Errorf("%v: %d bytes by formula, kernels move %d", a.Dims, got, moved)
	}
}

// compareCounts evaluates the formulas of FLOPs and bytes.
func compareCounts(t *testing.T, sym, a *analysis.Analysis) {
	t.Helper()
	var symbols []string
	var values []int64
	for name, v := range a.Dims {
		symbols, values = append(symbols, name), append(values, v)
	}
	bound := map[string]analysis.Metrics{}
	for m, x := range a.ModuleMetrics() {
		bound[m.Path] = x
	}
	for m, x := range sym.ModuleMetrics() {
		y := bound[m.Path]
		for _, d := range [][2]graph.Dim{
			{x.FLOPs(graph.TwoMACPlusElementwise), y.FLOPs(graph.TwoMACPlusElementwise)}, {x.Read.Add(x.Written), y.Read.Add(y.Written)},
		} {
			f, ok := DimFormula(d[0])
			if !ok {
				t.Fatalf("%q: not known", m.Path)
			}
			eval, err := f.Compile(symbols)
			if err != nil {
				t.Fatalf("%q: %v", m.Path, err)
			}
			if want, _ := d[1].Const(); !near(eval(values), float64(want), 1e-12) {
				t.Errorf("%v: %q: %v is %v, want %d", a.Dims, m.Path, d[0], eval(values), want)
			}
		}
	}
}

// TestFormulaByHand spells out the formulas of a linear layer and an activation on a device of two multiprocessors that
// hides launches behind 1000 bytes, so that no batch leaves one in sight.
func TestFormulaByHand(t *testing.T) {
	g := energytest.Built(
		t, energytest.FloatIn("x", "batch", 64), energytest.FloatWeight("w", 64, 256), Node("MatMul", "x w", "h"), Node("Relu", "h", "y"), Out("y", graph.Float32, "batch", 256),
	)
	a, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		t.Fatal(err)
	}
	dev := energytest.Device(t, "gtx-1070")
	dev.SMs, dev.Bandwidth = 2, 1.25e8
	gemm := energytest.Row("gemm", graph.Float32, 3, 5, 7)
	gemm.Time[coefficients.WavesL] = 11
	c := energytest.CoefficientsOf(gemm, energytest.Row("activation", graph.Float32, 0, 13, 17), energytest.Row(coefficients.HostClass, graph.Float32, 0, 0, 1000))
	fs, err := formulas(a, c, dev)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, x := range fs.Modules[a.Tree.Root].Time.Terms {
		got[x.Kind.String()+" "+x.Expression.String()] = x.Coefficient
	}
	// gemm: 2·64·256·batch FLOPs; 4·(64·batch + 64·256 + 256·batch) bytes; one wave has 2 tiles of 128×128, the layer
	// ⌈batch/128⌉·2 tiles, so ⌈batch/128⌉ waves of 2·2·128·128·64 FLOPs. Relu: 4·2·256·batch bytes.
	wave := 11.0 * 2 * 2 * 128 * 128 * 64
	less := 11.0 * 2 * 2 * 128 * 64 // per row that is missing to 128, below 8
	want := map[string]float64{
		"work batch":                             3*2*64*256 + 5*4*(64+256) + 13*4*2*256,
		"work 1":                                 5*4*64*256 + 7 + 17,
		"waves (batch + 127)//128":               wave,
		"small-products max(-(batch//8) + 1, 0)": -less * 121,
		"small-products max(-batch + 7, 0)":      -less,
	}
	for key, v := range want {
		if !near(got[key], v, 1e-12) {
			t.Errorf("%s: %v, want %v", key, got[key], v)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("further terms %v", got)
	}
}

// TestFormulaHost spells out the part of a launch that few bytes leave in sight.
func TestFormulaHost(t *testing.T) {
	g := energytest.Built(t, energytest.FloatIn("x", "batch", 4), Node("Relu", "x", "y"), Out("y", graph.Float32, "batch", 4))
	a, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		t.Fatal(err)
	}
	dev := energytest.Device(t, "gtx-1070")
	dev.Bandwidth = 1.25e8 // 1000 bytes while a launch takes 8 µs
	fs, err := formulas(a, energytest.CoefficientsOf(energytest.Row("activation", graph.Float32, 0, 0, 1), energytest.Row(coefficients.HostClass, graph.Float32, 0, 0, 500)), dev)
	if err != nil {
		t.Fatal(err)
	}
	f := fs.Modules[a.Tree.Root].Time
	eval, err := f.Compile([]string{"batch"})
	if err != nil {
		t.Fatal(err)
	}
	for batch, want := range map[int64]float64{1: 1 + 500*(1-0.032), 20: 1 + 500*0.36, 31: 1 + 500*0.008, 32: 1, 1000: 1} {
		if got := eval([]int64{batch}); !near(got, want, 1e-12) {
			t.Errorf("batch %d: %v, want %v", batch, got, want)
		}
	}
	if _, err := f.Compile([]string{"sequence"}); err == nil {
		t.Error("compiled without a value for batch")
	}
	if _, err := formulas(energytest.Analyzed(t, g, nil), energytest.Embedded(t), energytest.Device(t, "gtx-1070")); err == nil {
		t.Error("formulas of a bound analysis")
	}
}

func BenchmarkSymbolic(b *testing.B) {
	g := energytest.Shared(b, "bert-base")
	c, dev := deviceOf(b, coefficients.TreesDevice)
	for b.Loop() {
		a, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := formulas(a, c, dev); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormulaEval(b *testing.B) {
	a, err := analysis.Run(energytest.Shared(b, "bert-base"), analysis.Options{Symbolic: true})
	if err != nil {
		b.Fatal(err)
	}
	c, dev := deviceOf(b, coefficients.TreesDevice)
	fs, err := formulas(a, c, dev)
	if err != nil {
		b.Fatal(err)
	}
	eval, err := fs.Modules[a.Tree.Root].Energy.Compile([]string{"batch", "sequence"})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		eval([]int64{8, 128})
	}
}
