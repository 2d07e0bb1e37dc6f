package ort

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/profiler"
)

// filled is an input of n elements with its values.
func filled(t *testing.T, in profiler.Input, n int64) []byte {
	t.Helper()
	in.Name, in.Dims = "x", []int64{n}
	if got, err := elements(in); err != nil || got != n {
		t.Fatalf("%d elements, %v", got, err)
	}
	b := make([]byte, in.DType.Size(n))
	for i := range b {
		b[i] = 0xa5 // what was there before is to be overwritten
	}
	fillInput(b, in)
	return b
}

func TestFillIntegers(t *testing.T) {
	const n = 300_000 // more than are drawn one by one
	for _, tt := range []struct {
		dtype graph.DType
		read  func([]byte) int64
	}{
		{graph.Int64, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }},
		{graph.Int32, func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }},
		{graph.Int16, func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) }},
		{graph.Int8, func(b []byte) int64 { return int64(int8(b[0])) }},
	} {
		b := filled(t, profiler.Input{DType: tt.dtype, Low: -2, High: 3}, n)
		counts := map[int64]int{}
		for i := 0; i < len(b); i += len(b) / n {
			counts[tt.read(b[i:])]++
		}
		// Five values of equal chance: each a fifth, within ten standard deviations.
		for v := int64(-2); v < 3; v++ {
			if share := float64(counts[v]) / n; math.Abs(share-0.2) > 0.02 {
				t.Errorf("%v: %d is %.3g of the values", tt.dtype, v, share)
			}
		}
		if len(counts) != 5 {
			t.Errorf("%v: values %v", tt.dtype, counts)
		}
	}
	if b := filled(t, profiler.Input{DType: graph.Int64, Low: 5, High: 5}, 10); !bytes.Equal(b, make([]byte, 80)) {
		t.Errorf("an empty range gives %v", b)
	}
	if b := filled(t, profiler.Input{DType: graph.Uint64, Low: math.MinInt64, High: math.MaxInt64}, 10); bytes.Equal(b[:8], b[8:16]) {
		t.Error("the widest range gives the same number twice")
	}
	// Two numbers a byte, each 1 or 2.
	for _, b := range filled(t, profiler.Input{DType: graph.Int4, Low: 1, High: 3}, 100) {
		if low, high := b&15, b>>4; low < 1 || low > 2 || high < 1 || high > 2 {
			t.Fatalf("int4: %#x", b)
		}
	}
}

func TestFillFloats(t *testing.T) {
	const n = 300_000
	for _, tt := range []struct {
		dtype graph.DType
		read  func([]byte) float64
	}{
		{graph.Float64, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }},
		{graph.Float32, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }},
		{graph.BFloat16, func(b []byte) float64 {
			return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
		}},
		{graph.Float16, func(b []byte) float64 { return half(binary.LittleEndian.Uint16(b)) }},
	} {
		b := filled(t, profiler.Input{DType: tt.dtype, Scale: 0.02}, n)
		var sum, squares float64
		for i := 0; i < len(b); i += len(b) / n {
			x := tt.read(b[i:])
			sum += x
			squares += x * x
		}
		if mean, deviation := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.001 || math.Abs(deviation-0.02) > 0.001 {
			t.Errorf("%v: mean %.3g, deviation %.3g, want 0 and 0.02", tt.dtype, mean, deviation)
		}
	}
	a, b := filled(t, profiler.Input{DType: graph.Float32}, n), filled(t, profiler.Input{DType: graph.Float32}, n)
	if !bytes.Equal(a, b) {
		t.Error("the same input has other values the second time")
	}
	for _, b := range filled(t, profiler.Input{DType: graph.Float8E4M3FN}, n) {
		if b == 0x80 || b&0x7f > 0x40 {
			t.Fatalf("float8: %#x", b)
		}
	}
	if b := filled(t, profiler.Input{DType: graph.Bool}, 3); !bytes.Equal(b, []byte{1, 1, 1}) {
		t.Errorf("booleans %v", b)
	}
	if b := filled(t, profiler.Input{DType: graph.Float32, Data: []byte{1, 2, 3, 4}}, 1); !bytes.Equal(b, []byte{1, 2, 3, 4}) {
		t.Errorf("data %v", b)
	}
	filled(t, profiler.Input{DType: graph.Float32}, 0)
}

// half is the value of a half-precision number: sign, 5 bits of exponent biased by 15, 10 of fraction.
func half(b uint16) float64 {
	sign := 1.0
	if b&0x8000 != 0 {
		sign = -1
	}
	e, f := int(b>>10&31), float64(b&1023)
	if e == 0 {
		return sign * math.Ldexp(f, -24)
	}
	return sign * math.Ldexp(1024+f, e-25)
}

func TestElements(t *testing.T) {
	if n, err := elements(profiler.Input{DType: graph.Float32}); n != 1 || err != nil {
		t.Errorf("a scalar has %d elements, %v", n, err)
	}
	for _, in := range []profiler.Input{
		{DType: graph.Float32, Dims: []int64{1 << 40, 1 << 40}},
		{DType: graph.Float32, Dims: []int64{-1}},
		{DType: graph.String, Dims: []int64{1}},
		{DType: graph.Complex64, Dims: []int64{1}},
		{Dims: []int64{1}},
	} {
		if n, err := elements(in); err == nil {
			t.Errorf("%v %v: %d elements", in.DType, in.Dims, n)
		}
	}
}

func TestOnHost(t *testing.T) {
	log := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	const gpu = " Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 1\n  MatMul (/a/MatMul)"
	const cpu = " Node(s) placed on [CPUExecutionProvider]. Number of nodes: 2"
	for _, tt := range []struct {
		name, log string
		ops       string
		harmless  bool
	}{
		{"sizes", log("Node placements", gpu, cpu, "  Shape (/a/Shape)", "  Gather ()"), "Gather Shape", true},
		{"the other order", log(cpu, "  Shape (/a/Shape)", gpu), "Shape", true},
		{"work", log(gpu, cpu, "  Shape (s)", "  Softmax (/a/Softmax)"), "Shape Softmax", false},
		{"copied", log("2 Memcpy nodes are added to the graph main for CUDAExecutionProvider.", gpu, cpu, "  Shape (s)"), "Shape", false},
		{"all on the CPU", log(cpu, "  Shape (s)"), "Shape", false},
		{"all on the CPU, on one line", log(" All nodes placed on [CPUExecutionProvider]. Number of nodes: 3"), "", false},
		{"nothing said", "", "", false},
	} {
		ops, harmless := onHost(tt.log)
		if strings.Join(ops, " ") != tt.ops || harmless != tt.harmless {
			t.Errorf("%s: %v, %v, want %s, %v", tt.name, ops, harmless, tt.ops, tt.harmless)
		}
	}
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:129 void onnxruntime::CudaCall(int) [with X = int] CUDA failure 2: out of memory ;\n GPU=0\n": "CUDA failure 2: out of memory ; GPU=0",
		"Load model from x failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:181 Unsupported model IR version: 99":                                             "Load model from x failed: Unsupported model IR version: 99",
		"two\nlines": "two lines",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := oneLine(strings.Repeat("é", 1000)); len([]rune(got)) > 403 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

func TestLibraries(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ONNXRUNTIME_LIB", "")
	t.Setenv("VIRTUAL_ENV", dir)
	capi := filepath.Join(dir, "lib", "python3.11", "site-packages", "onnxruntime", "capi")
	beside := filepath.Join(dir, "lib", "python3.11", "site-packages", "nvidia", "cublas", "lib")
	for _, d := range []string{capi, beside} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"libonnxruntime.so.1.9.0", "libonnxruntime.so.1.27.0", "libonnxruntime_providers_cuda.so"} {
		if err := os.WriteFile(filepath.Join(capi, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newest := filepath.Join(capi, "libonnxruntime.so.1.27.0")
	found, err := libraries("")
	if err != nil || len(found) < 4 || found[0] != newest || !slices.Contains(found, "libonnxruntime.so.1") {
		t.Errorf("%v, %v", found, err)
	}
	for _, named := range []string{newest, capi} {
		if found, err := libraries(named); err != nil || !slices.Equal(found, []string{newest}) {
			t.Errorf("%s: %v, %v", named, found, err)
		}
	}
	t.Setenv("ONNXRUNTIME_LIB", newest)
	if found, err := libraries(""); err != nil || !slices.Equal(found, []string{newest}) {
		t.Errorf("from the environment: %v, %v", found, err)
	}
	for _, named := range []string{filepath.Join(dir, "none"), dir} {
		if found, err := libraries(named); err == nil {
			t.Errorf("%s: %v", named, found)
		}
	}
	o := Options{Provider: CUDA, DeviceUUID: "GPU-1"}
	t.Setenv("LD_LIBRARY_PATH", "/mine")
	env := o.environment(newest)
	for _, want := range []string{"LD_LIBRARY_PATH=/mine:" + beside, "CUDA_VISIBLE_DEVICES=GPU-1", "ORT_DISABLE_TELEMETRY=1", "NVIDIA_TF32_OVERRIDE=0"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestMachine(t *testing.T) {
	if got, want := slug("Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.20GHz"), "intel-xeon-platinum-8480-cpu-2-20ghz"; got != want {
		t.Errorf("slug %q, want %q", got, want)
	}
	for s, want := range map[string]int64{"48K\n": 48 << 10, "33 M": 33 << 20, "25276518 kB": 25276518 << 10, "": 0, "many": 0, "12": 12} {
		if got := size(s); got != want {
			t.Errorf("size(%q) = %d, want %d", s, got, want)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index0/level": "1\n", "index0/size": "48K\n", "index2/level": "3\n", "index2/size": "36M\n", "index3/level": "2\n", "index3/size": "2M\n",
		"gpus/0000:01:00.0/information": "Model: \t\t NVIDIA A100\nGPU UUID: \t GPU-1\n",
		"gpus/0000:02:00.0/information": "Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-2\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := cacheBytes(dir); got != 36<<20 {
		t.Errorf("last level of cache %d", got)
	}
	if got := cacheBytes(filepath.Join(dir, "none")); got != 0 {
		t.Errorf("cache of nothing %d", got)
	}
	gpus := filepath.Join(dir, "gpus")
	if got := gpuDevice(gpus, "GPU-2", 0); got != (energy.RecordDevice{Kind: "gpu", UUID: "GPU-2", Name: "NVIDIA H100"}) {
		t.Errorf("%+v", got)
	}
	if got := gpuDevice(gpus, "", 1); got != (energy.RecordDevice{Kind: "gpu", Name: "CUDA device 1"}) {
		t.Errorf("one of two: %+v", got)
	}
	if n := cores(); n < 1 {
		t.Errorf("%d cores", n)
	}
}

// The user's own override would make a run with TF32 one without, which its record would not say.
func TestEnvironmentLeavesTF32ToTheOptions(t *testing.T) {
	t.Setenv("NVIDIA_TF32_OVERRIDE", "0")
	overrides := func(o Options) (found []string) {
		for _, v := range o.environment("") {
			if strings.HasPrefix(v, "NVIDIA_TF32_OVERRIDE=") {
				found = append(found, v)
			}
		}
		return found
	}
	if got := overrides(Options{Provider: CUDA, TF32: true}); len(got) != 0 {
		t.Errorf("with TF32 the child has %v", got)
	}
	if got := overrides(Options{Provider: CUDA}); !slices.Equal(got, []string{"NVIDIA_TF32_OVERRIDE=0"}) {
		t.Errorf("without TF32 the child has %v", got)
	}
}
