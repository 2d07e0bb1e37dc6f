//go:build cgo && linux

package ort_test

import (
	"encoding/binary"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/internal/profilertest"
	"github.com/irene-onnx/irene/profiler/ort"
)

// realLibrary is a real ONNX Runtime, of which the tests use the CPU provider.
func realLibrary(t *testing.T) string {
	t.Helper()
	file := os.Getenv("IRENE_TEST_ORT")
	if file == "" {
		t.Skip("IRENE_TEST_ORT does not name a libonnxruntime.so")
	}
	return file
}

func real(t *testing.T) *ort.Executor {
	t.Helper()
	return open(t, ort.Options{Library: realLibrary(t), Threads: 1})
}

func TestRealContract(t *testing.T) {
	library := realLibrary(t)
	w := square("MatMul", 128)
	refused := square("NoSuchOperator", 8)
	profilertest.TestExecutor(t, profilertest.ExecutorCase{
		Open: func(t *testing.T) profiler.Executor {
			e, err := ort.Open(t.Context(), ort.Options{Library: library, Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			return e
		},
		Clock: profiler.SystemClock(), Workload: w, Refused: &refused, Scale: 5,
	})
}

// TestRealTimeScales multiplies matrices of which one pair takes eight times the FLOPs of the other. The quickest bursts are
// compared, of as many as a machine that does other things takes.
func TestRealTimeScales(t *testing.T) {
	e := real(t)
	small, large := prepare(t, e, square("MatMul", 256)), prepare(t, e, square("MatMul", 512))
	quickSmall, quickLarge := math.Inf(1), math.Inf(1)
	for from := time.Now(); time.Since(from) < 10*time.Second; {
		quickSmall, quickLarge = min(quickSmall, burst(t, small, 10)), min(quickLarge, burst(t, large, 10))
		if ratio := quickLarge / quickSmall; 4 < ratio && ratio < 16 {
			return
		}
	}
	t.Errorf("the larger product takes %.3g times as long, want about 8", quickLarge/quickSmall)
}

// TestRealLoad compares the time of a run in a load and in a burst, again where the machine does other things.
func TestRealLoad(t *testing.T) {
	r := prepare(t, real(t), square("MatMul", 256))
	ratio := 0.0
	for from := time.Now(); time.Since(from) < 10*time.Second; {
		if ratio = loaded(t, r) / burst(t, r, 100); 0.25 < ratio && ratio < 4 {
			return
		}
	}
	t.Errorf("a run under load takes %.3g times as long as one in a burst", ratio)
}

// loaded is the time of a run in a load of 0.2 s.
func loaded(t *testing.T, r profiler.Run) float64 {
	t.Helper()
	l := start(t, r)
	time.Sleep(100 * time.Millisecond)
	from, err := l.Progress()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	to, err := l.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if elapsed := float64(to.At - from.At); elapsed < 0.19 {
		t.Errorf("%.3g s passed, want 0.2 and a little", elapsed)
	}
	return float64(to.At-from.At) / float64(to.Runs-from.Runs)
}

// TestRealInputsAreValid looks rows up, which fails for an index that is not one, in all types that an index may have, and
// halves numbers of all widths.
func TestRealInputsAreValid(t *testing.T) {
	e := real(t)
	for _, index := range []graph.DType{graph.Int32, graph.Int64} {
		prepare(t, e, lookup(index, -3, 3))
		w := lookup(index, 0, 4) // 3 is none
		_, err := e.Prepare(t.Context(), w)
		wantError(t, err, "Gather", "indices")
	}
	for _, dtype := range []graph.DType{graph.Float32, graph.Float64, graph.Float16, graph.Int32, graph.Uint8, graph.Bool} {
		prepare(t, e, profiler.Workload{
			Name: "Identity " + dtype.String(),
			Model: onnxtest.Model(
				onnxtest.In("x", dtype, 3, 5), onnxtest.Out("y", dtype, 3, 5), onnxtest.Node("Identity", "x", "y"),
			).Bytes(),
			Inputs: []profiler.Input{{Name: "x", DType: dtype, Dims: []int64{3, 5}, High: 7}},
		})
	}
}

// lookup reads 1000 rows of a table of three, at indices drawn from a range.
func lookup(index graph.DType, low, high int64) profiler.Workload {
	return profiler.Workload{
		Name: "Gather",
		Model: onnxtest.Model(
			onnxtest.In("table", graph.Float32, 3, 4), onnxtest.In("i", index, 1000), onnxtest.Out("y", graph.Float32, 1000, 4),
			onnxtest.Node("Gather", "table i", "y"),
		).Bytes(),
		Inputs: []profiler.Input{
			{Name: "table", DType: graph.Float32, Dims: []int64{3, 4}},
			{Name: "i", DType: index, Dims: []int64{1000}, Low: low, High: high},
		},
	}
}

// TestRealData has a workload run only where its input is what it was given: a reshape to these dims.
func TestRealData(t *testing.T) {
	e := real(t)
	shape := func(dims ...int64) profiler.Workload {
		var data []byte
		for _, d := range dims {
			data = binary.LittleEndian.AppendUint64(data, uint64(d))
		}
		return profiler.Workload{
			Name: "Reshape",
			Model: onnxtest.Model(
				onnxtest.In("x", graph.Float32, 6), onnxtest.In("s", graph.Int64, 2), onnxtest.Out("y", graph.Float32, "a", "b"),
				onnxtest.Node("Reshape", "x s", "y"),
			).Bytes(),
			Inputs: []profiler.Input{
				{Name: "x", DType: graph.Float32, Dims: []int64{6}}, {Name: "s", DType: graph.Int64, Dims: []int64{2}, Data: data},
			},
		}
	}
	prepare(t, e, shape(2, 3))
	_, err := e.Prepare(t.Context(), shape(4, 2))
	wantError(t, err, "Reshape")
}

func TestRealRefusals(t *testing.T) {
	e := real(t)
	w := square("MatMul", 8)
	w.Model = onnxtest.Model(
		onnxtest.In("a", graph.BFloat16, 8, 8), onnxtest.In("b", graph.BFloat16, 8, 8), onnxtest.Out("c", graph.BFloat16, 8, 8),
		onnxtest.Node("MatMul", "a b", "c", onnxtest.Name("mm")),
	).Bytes()
	_, err := e.Prepare(t.Context(), w)
	wantError(t, err, "the cpu provider has no kernel for MatMul(13) with these types (node mm)")
	wantUnsupported(t, err, true)

	_, err = e.Prepare(t.Context(), square("NoSuchOperator", 8))
	wantError(t, err, "this version does not know the operator", "NoSuchOperator")
	wantUnsupported(t, err, true)

	// 2^46 elements.
	_, err = e.Prepare(t.Context(), square("Relu", 1<<23))
	wantError(t, err, "not enough memory")
	wantUnsupported(t, err, true)

	_, err = e.Prepare(t.Context(), profiler.Workload{Name: "nothing", Model: []byte("no model")})
	wantError(t, err, "nothing")
	wantUnsupported(t, err, false)

	burst(t, prepare(t, e, square("MatMul", 8)), 2)

	// This build has none, and is said to have none.
	_, err = fake(t, ort.Options{Library: realLibrary(t), Provider: ort.CUDA}, nil)
	wantError(t, err, "cuda provider")
}

// TestRealOptimize rewrites a fixture and compares it with another, which ONNX Runtime wrote at the same level. Its weights
// are zeros.
func TestRealOptimize(t *testing.T) {
	e := real(t)
	dir := t.TempDir()
	model, result := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "optimised.onnx")
	if err := os.WriteFile(model, fixtures.Model(t, "bert-base"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "weights.bin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "weights.bin"), 437465088); err != nil {
		t.Fatal(err)
	}
	if err := e.Optimize(t.Context(), model, result, "extended"); err != nil {
		t.Fatal(err)
	}
	got, err := onnx.Decode(result, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := onnx.DecodeBytes(fixtures.Model(t, "bert-base-ortextended"), "want", dir, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g, w := histogram(got), histogram(want); !maps.Equal(g, w) {
		t.Errorf("operators %v, want %v", g, w)
	}
	info, err := os.Stat(result + ".data")
	if err != nil || info.Size() < 400<<20 {
		t.Errorf("data %v, %v", info, err)
	}
}

// histogram counts a graph's operators.
func histogram(g *graph.Graph) map[string]int {
	out := map[string]int{}
	for _, n := range g.Nodes {
		out[n.Domain+":"+n.Op]++
	}
	return out
}

// TestRealWritesNothing gives the library an empty home: newer versions keep usage statistics there.
func TestRealWritesNothing(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	burst(t, prepare(t, real(t), square("MatMul", 8)), 1)
	files, err := os.ReadDir(home)
	if err != nil || len(files) > 0 {
		t.Errorf("%v, %v", files, err)
	}
}
