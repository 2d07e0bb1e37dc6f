//go:build cgo && linux

package ort_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/internal/profilertest"
	"github.com/irene-onnx/irene/profiler/ort"
)

// The fake device multiplies at 20 TFLOP/s: 2·1024³ FLOPs are 107.4 µs.
const (
	matmul1024 = 2 * 1024 * 1024 * 1024 / 20e12
	matmul2048 = 8 * matmul1024
)

func TestContract(t *testing.T) {
	t.Setenv("FAKE_ORT_MISSING", "Gelu")
	library := fakeLibrary(t)
	refused := square("Gelu", 8)
	for _, tt := range []struct {
		name, provider string
		graph          bool
	}{
		{"cpu", ort.CPU, false},
		{"cuda", ort.CUDA, false},
		{"cuda, recorded", ort.CUDA, true},
		{"tensorrt", ort.TensorRT, false},
	} {
		w := square("MatMul", 1024)
		w.Graph = tt.graph
		t.Run(tt.name, func(t *testing.T) {
			profilertest.TestExecutor(t, profilertest.ExecutorCase{
				Open: func(t *testing.T) profiler.Executor {
					e, err := ort.Open(t.Context(), ort.Options{Library: library, Provider: tt.provider})
					if err != nil {
						t.Fatal(err)
					}
					return e
				},
				Clock: profiler.SystemClock(), Workload: w, Refused: &refused, Scale: 5,
			})
		})
	}
}

// quickest measures until a run takes what it should, which it does unless the machine is busy with something else, or
// until nobody would wait any longer. No run is ever quicker.
func quickest(t *testing.T, measure func() float64) {
	t.Helper()
	best := math.Inf(1)
	for from := time.Now(); best > matmul2048*1.2 && time.Since(from) < 10*time.Second; {
		took := measure()
		if took < matmul2048*0.999 {
			t.Fatalf("%.4g s a run, which takes %.4g", took, matmul2048)
		}
		best = min(best, took)
	}
	if best > matmul2048*1.2 {
		t.Errorf("%.4g s a run, want %.4g", best, matmul2048)
	}
}

func TestBurstTakesTheDevicesTime(t *testing.T) {
	for _, provider := range []string{ort.CPU, ort.CUDA, ort.TensorRT} {
		r := prepare(t, open(t, ort.Options{Provider: provider}), square("MatMul", 2048))
		quickest(t, func() float64 { return burst(t, r, 20) })
	}
}

func TestLoadRunsWithoutAPause(t *testing.T) {
	for _, provider := range []string{ort.CPU, ort.CUDA} {
		r := prepare(t, open(t, ort.Options{Provider: provider}), square("MatMul", 2048))
		l := start(t, r)
		var before profiler.Progress
		progress := func() profiler.Progress {
			p, err := l.Progress()
			if err != nil {
				t.Fatal(err)
			}
			if p.Runs < before.Runs || p.At < before.At {
				t.Fatalf("%s: progress went from %v to %v", provider, before, p)
			}
			return p
		}
		for before.Runs == 0 {
			before = progress()
		}
		quickest(t, func() float64 {
			from := before
			for before.Runs < from.Runs+20 {
				time.Sleep(5 * time.Millisecond)
				before = progress()
			}
			return float64(before.At-from.At) / float64(before.Runs-from.Runs)
		})
		last, err := l.Stop()
		if err != nil {
			t.Fatal(err)
		}
		if last.Runs < before.Runs || last.At < before.At {
			t.Errorf("%s: stopped at %v after %v", provider, last, before)
		}
		burst(t, r, 3) // the run is as it was
	}
}

func TestEnergyReachesTheDevice(t *testing.T) {
	device := filepath.Join(t.TempDir(), "device")
	if err := os.WriteFile(device, make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE_DEVICE", device)
	r := prepare(t, open(t, ort.Options{Provider: ort.CUDA}), square("MatMul", 1024))
	read := func() (busy, microjoules float64) {
		b, err := os.ReadFile(device)
		if err != nil {
			t.Fatal(err)
		}
		return float64(binary.LittleEndian.Uint64(b[8:])), float64(binary.LittleEndian.Uint64(b[16:]))
	}
	busy, microjoules := read()
	const n = 40
	burst(t, r, n)
	afterBusy, afterMicrojoules := read()
	if got, want := afterBusy-busy, n*matmul1024*1e9; math.Abs(got-want) > 2 {
		t.Errorf("%d runs made the device busy for %g ns, want %g", n, got, want)
	}
	// 10 pJ a FLOP, 15 pJ a byte of three matrices of 4 MiB that fit the cache, 40 W.
	joules := 2*math.Pow(1024, 3)*10e-12 + 3*4*math.Pow(1024, 2)*15e-12 + 40*matmul1024
	if got, want := afterMicrojoules-microjoules, n*joules*1e6; math.Abs(got-want) > 2 {
		t.Errorf("%d runs took %g µJ, want %g", n, got, want)
	}
}

func TestRecordedLaunches(t *testing.T) {
	w := square("Softmax", 8) // one node of 2 µs: the host needs 2 µs to launch it, 1 µs to replay it
	w.Graph = true
	r := prepare(t, open(t, ort.Options{Provider: ort.CUDA}), w)
	if !r.Graph() {
		t.Error("the launches are not recorded")
	}
	burst(t, r, 50)
	l := start(t, r)
	if _, err := l.Stop(); err != nil {
		t.Error(err)
	}
	if w.Graph = false; prepare(t, open(t, ort.Options{Provider: ort.CUDA}), w).Graph() {
		t.Error("launches are recorded that were not to be")
	}
	if w.Graph = true; prepare(t, open(t, ort.Options{Provider: ort.CPU}), w).Graph() {
		t.Error("the CPU records launches")
	}
}

func TestLaunchesThatCannotBeRecorded(t *testing.T) {
	for _, when := range []string{"1", "2"} {
		t.Setenv("FAKE_ORT_NO_GRAPH", when)
		var notes bytes.Buffer
		e, err := fake(t, ort.Options{Provider: ort.CUDA}, &notes)
		if err != nil {
			t.Fatal(err)
		}
		w := square("Softmax", 8)
		w.Graph = true
		r := prepare(t, e, w)
		if r.Graph() {
			t.Error("the launches are recorded")
		}
		burst(t, r, 5)
		if !strings.Contains(notes.String(), "Softmax: launches cannot be recorded") {
			t.Errorf("notes %q", notes.String())
		}
	}
}

func TestWhatTheRuntimeIsAskedFor(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    ort.Options
		want []string
		not  []string
	}{
		{
			"cpu",
			ort.Options{Provider: ort.CPU, Threads: 3},
			[]string{"telemetry-off=1", "api 22", "threads 3", "session level=0 provider= graph=0"},
			[]string{"disable_cpu_ep_fallback", "option"},
		},
		{
			"cuda",
			ort.Options{Provider: ort.CUDA, Device: 2},
			[]string{
				"telemetry-off=1", "threads 1", "option device_id=2", "option use_tf32=0", "entry session.disable_cpu_ep_fallback=1",
				"session level=0 provider=CUDAExecutionProvider graph=1",
			},
			nil,
		},
		{"tf32", ort.Options{Provider: ort.CUDA, TF32: true}, []string{"option use_tf32=1"}, []string{"use_tf32=0"}},
		// The child sees one GPU only.
		{"uuid", ort.Options{Provider: ort.CUDA, Device: 2, DeviceUUID: "GPU-1"}, []string{"option device_id=0"}, []string{"device_id=2"}},
		{
			"tensorrt",
			ort.Options{Provider: ort.TensorRT},
			[]string{"option trt_cuda_graph_enable=1", "session level=0 provider=TensorrtExecutionProvider graph=1"},
			[]string{"tf32"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report := reported(t)
			w := square("Softmax", 8)
			w.Graph = true
			prepare(t, open(t, tt.o), w)
			got := report()
			for _, line := range tt.want {
				if !strings.Contains(got, line) {
					t.Errorf("no %q in\n%s", line, got)
				}
			}
			for _, line := range tt.not {
				if strings.Contains(got, line) {
					t.Errorf("%q in\n%s", line, got)
				}
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for _, tt := range []struct{ version, err, note string }{
		{"1.21.1", "want 1.22 or later", ""},
		{"nonsense", "cannot be read: nonsense", ""},
		{"1.22.0", "", ""},
		{"1.31.1", "", ""},
		{"1.40.0", "", "newer than those"},
		{"2.0.0", "", ""},
	} {
		t.Setenv("FAKE_ORT_VERSION", tt.version)
		var notes bytes.Buffer
		e, err := fake(t, ort.Options{}, &notes)
		if tt.err != "" {
			wantError(t, err, tt.err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Describe().Runtime.Version; got != tt.version {
			t.Errorf("version %q, want %q", got, tt.version)
		}
		if has := notes.String(); tt.note == "" && has != "" || !strings.Contains(has, tt.note) {
			t.Errorf("%s: notes %q, want %q", tt.version, has, tt.note)
		}
	}
}

func TestDescribe(t *testing.T) {
	d := open(t, ort.Options{Provider: ort.CUDA, DeviceUUID: "GPU-1", TF32: true}).Describe()
	if d.Runtime.Name != "onnxruntime" || d.Runtime.Options["provider"] != "cuda" || d.Runtime.Options["tf32"] != "true" || d.Runtime.Options["commit"] != "0123456789" {
		t.Errorf("runtime %+v", d.Runtime)
	}
	if d.Device.UUID != "GPU-1" || d.Device.Kind != "gpu" {
		t.Errorf("device %+v", d.Device)
	}
	d = open(t, ort.Options{Threads: 2}).Describe()
	if d.Device.Kind != "cpu" || d.Device.Units != 2 || d.Device.ID == "" || d.Device.Name == "" || d.Device.MemoryBytes < 1<<28 {
		t.Errorf("device %+v", d.Device)
	}
	if _, has := d.Runtime.Options["tf32"]; has || d.Runtime.Options["threads"] != "2" {
		t.Errorf("runtime %+v", d.Runtime)
	}
}

// sized is a model with a node that computes a size beside one that computes.
func sized() profiler.Workload {
	return profiler.Workload{
		Name: "sized",
		Model: onnxtest.Model(
			onnxtest.In("x", graph.Float32, 4), onnxtest.Out("y", graph.Float32, 4), onnxtest.Out("s", graph.Int64, 1),
			onnxtest.Node("Softmax", "x", "y"), onnxtest.Node("Shape", "x", "s"),
		).Bytes(),
		Inputs: []profiler.Input{{Name: "x", DType: graph.Float32, Dims: []int64{4}}},
	}
}

func TestNodesOnTheCPU(t *testing.T) {
	for _, tt := range []struct{ name, ops, memcpy, err string }{
		{"sizes", "Shape", "", ""},
		{"sizes for which data is copied", "Shape", "1", "Shape would run on the CPU"},
		{"work", "Softmax", "", "Softmax would run on the CPU"},
		{"everything", "Softmax,Shape", "", "Shape, Softmax would run on the CPU"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("FAKE_ORT_CPU_OPS", tt.ops)
			t.Setenv("FAKE_ORT_MEMCPY", tt.memcpy)
			var notes bytes.Buffer
			e, err := fake(t, ort.Options{Provider: ort.CUDA}, &notes)
			if err != nil {
				t.Fatal(err)
			}
			r, err := e.Prepare(t.Context(), sized())
			if tt.err != "" {
				wantError(t, err, "sized", tt.err)
				wantUnsupported(t, err, true)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			burst(t, r, 2)
			if !strings.Contains(notes.String(), "sized: the CPU computes sizes (Shape)") {
				t.Errorf("notes %q", notes.String())
			}
		})
	}
}

func TestOptimize(t *testing.T) {
	report := reported(t)
	e := open(t, ort.Options{Provider: ort.CUDA})
	dir := t.TempDir()
	model, result := filepath.Join(dir, "in.onnx"), filepath.Join(dir, "out.onnx")
	w := square("Softmax", 8)
	if err := os.WriteFile(model, w.Model, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Optimize(t.Context(), model, result, "extended"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(result); err != nil || !bytes.Equal(got, w.Model) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for _, line := range []string{
		"session level=2 provider=CUDAExecutionProvider", "entry session.optimized_model_external_initializers_file_name=out.onnx.data",
	} {
		if !strings.Contains(report(), line) {
			t.Errorf("no %q in\n%s", line, report())
		}
	}
	wantError(t, e.Optimize(t.Context(), model, result, "all"), `"all"`)
	wantError(t, e.Optimize(t.Context(), filepath.Join(dir, "none.onnx"), filepath.Join(dir, "x.onnx"), "basic"), "none.onnx")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func TestModelInAFile(t *testing.T) {
	e := open(t, ort.Options{})
	dir := t.TempDir()
	w := square("Softmax", 8)
	if err := os.WriteFile(filepath.Join(dir, "m.onnx"), w.Model, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // the child is elsewhere
	w.Model, w.Path = nil, "m.onnx"
	burst(t, prepare(t, e, w), 2)
}

func TestWorkloadsThatAreWrong(t *testing.T) {
	e := open(t, ort.Options{})
	w := square("MatMul", 8)
	for _, tt := range []struct {
		name   string
		inputs []profiler.Input
		err    string
	}{
		{"too few", w.Inputs[:1], "Missing Input: b"},
		{"another", append(w.Inputs[:2:2], profiler.Input{Name: "z", DType: graph.Float32}), "input z"},
		{"negative", []profiler.Input{{Name: "a", DType: graph.Float32, Dims: []int64{-1}}}, "input a: shape [-1]"},
		{"data", []profiler.Input{{Name: "a", DType: graph.Float32, Dims: []int64{2}, Data: make([]byte, 7)}}, "input a: 7 bytes of data, want 8"},
		{"strings", []profiler.Input{{Name: "a", DType: graph.String, Dims: []int64{2}}}, "no values of type string"},
	} {
		bad := w
		bad.Inputs = tt.inputs
		_, err := e.Prepare(t.Context(), bad)
		wantError(t, err, "onnxruntime: MatMul", tt.err)
	}
	prepare(t, e, w)
}

func TestMisuse(t *testing.T) {
	r := prepare(t, open(t, ort.Options{}), square("Softmax", 8))
	if _, err := r.Burst(t.Context(), 0); err == nil {
		t.Error("a burst of nothing")
	}
	l := start(t, r)
	_, err := r.Burst(t.Context(), 1)
	wantError(t, err, "a load is running")
	_, err = r.Start(t.Context())
	wantError(t, err, "a load is running")
	if err := r.Close(); err != nil {
		t.Errorf("close during a load: %v", err)
	}
	_, err = l.Progress()
	wantError(t, err, "stopped")
	_, err = l.Stop()
	wantError(t, err, "stopped")
	_, err = r.Burst(t.Context(), 1)
	wantError(t, err, "closed")
	if err := r.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}
