package trace_test

import (
	"bytes"
	"compress/gzip"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/internal/bounded"
)

func read(t *testing.T, text string) *trace.Trace {
	t.Helper()
	tr, err := trace.Read(strings.NewReader(text), "t.json")
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// want compares the events with "name op µs", in order.
func want(t *testing.T, tr *trace.Trace, events ...event) {
	t.Helper()
	if len(tr.Events) != len(events) {
		t.Fatalf("%d events, want %d: %+v", len(tr.Events), len(events), tr.Events)
	}
	for i, w := range events {
		got := tr.Events[i]
		if got.Name != w.name || got.Op != w.op || math.Abs(float64(got.Time)-w.us*1e-6) > 1e-12 || got.Calls != w.calls {
			t.Errorf("event %d: %s %s %v ×%d, want %+v", i, got.Name, got.Op, got.Time, got.Calls, w)
		}
	}
}

type event struct {
	name, op string
	us       float64
	calls    int
}

// ort writes events of ONNX Runtime.
type ort struct{ events []string }

func (o *ort) run(ts, dur string) {
	o.events = append(o.events, `{"cat":"Session","pid":1,"tid":1,"dur":`+dur+`,"ts":`+ts+`,"ph":"X","name":"model_run","args":{}}`)
}

func (o *ort) node(name, op, ts, dur, index string) {
	o.events = append(o.events, `{"cat":"Node","pid":1,"tid":1,"dur":`+dur+`,"ts":`+ts+`,"ph":"X","name":"`+name+`_kernel_time","args":{"op_name":"`+op+`","provider":"CPUExecutionProvider","node_index":"`+index+`","output_type_shape":[{"float":[2,3]}],"input_type_shape":[{"float":[2,4]},{"float":[4,3]}]}}`)
}

func (o *ort) kernel(parent, ts, dur string) {
	o.events = append(o.events, `{"cat":"Kernel","pid":1,"tid":2,"dur":`+dur+`,"ts":`+ts+`,"ph":"X","name":"sgemm","args":{"stream":"7","op_name":"MatMul","parent_name":"`+parent+`_kernel_time"}}`)
}

func (o *ort) text() string { return "[\n" + strings.Join(o.events, ",\n") + "\n]\n" }

// TestONNXRuntimeRuns: of three runs the first warms up; what a node takes is the mean of the others.
func TestONNXRuntimeRuns(t *testing.T) {
	var o ort
	for i, ts := range []string{"100", "1000", "2000"} {
		o.node("/a/MatMul", "MatMul", ts, []string{"500", "30", "50"}[i], "4")
		o.node("/a/Relu", "Relu", ts, []string{"9", "1", "2"}[i], "5")
		o.events = append(o.events, `{"cat":"Node","pid":1,"tid":1,"dur":77,"ts":`+ts+`,"ph":"X","name":"/a/MatMul_fence_before","args":{"op_name":"MatMul"}}`)
		o.run(ts, "600")
	}
	tr := read(t, o.text())
	if tr.Kind != trace.KindONNXRuntime || tr.Runs != 2 || tr.Dropped != 1 {
		t.Errorf("%s, %d runs after %d", tr.Kind, tr.Runs, tr.Dropped)
	}
	want(t, tr, event{"/a/MatMul", "MatMul", 40, 2}, event{"/a/Relu", "Relu", 1.5, 2})
	e := tr.Events[0]
	if e.Index != 4 || e.Provider != "CPUExecutionProvider" || !slices.Equal(e.Outputs[0], []int64{2, 3}) || !slices.Equal(e.Inputs[1], []int64{4, 3}) {
		t.Errorf("%+v", e)
	}
	if math.Abs(float64(tr.Total())-41.5e-6) > 1e-12 {
		t.Errorf("total %v", tr.Total())
	}
	if !tr.OnCPU() {
		t.Error("not on the CPU")
	}
}

// TestONNXRuntimeLoop: the body of a loop runs twice a run, and the loop's own time is what its body does not take.
func TestONNXRuntimeLoop(t *testing.T) {
	var o ort
	o.node("body", "Add", "110", "20", "0")
	o.node("body", "Add", "140", "20", "0")
	o.node("loop", "Loop", "100", "100", "7")
	o.node("after", "Relu", "200", "10", "8")
	o.run("90", "200")
	want(t, read(t, o.text()), event{"body", "Add", 40, 2}, event{"loop", "Loop", 60, 1}, event{"after", "Relu", 10, 1})
}

// TestONNXRuntimeKernels: where the GPU's kernels are reported, they are the time, and the host's calls are not.
func TestONNXRuntimeKernels(t *testing.T) {
	var o ort
	o.node("/a/MatMul", "MatMul", "100", "8", "0")
	o.kernel("/a/MatMul", "120", "300")
	o.kernel("/a/MatMul", "420", "50")
	o.node("/a/Shape", "Shape", "110", "5", "1")
	o.run("90", "600")
	tr := read(t, o.text())
	want(t, tr, event{"/a/MatMul", "MatMul", 350, 1})
	if len(tr.Notes) != 0 {
		t.Errorf("notes %q", tr.Notes)
	}
	host := strings.ReplaceAll(strings.ReplaceAll(o.text(), "CPUExec", "CUDAExec"), `"cat":"Kernel"`, `"cat":"Api"`)
	tr = read(t, host)
	want(t, tr, event{"/a/MatMul", "MatMul", 8, 1}, event{"/a/Shape", "Shape", 5, 1})
	if len(tr.Notes) != 1 || !strings.Contains(tr.Notes[0], "CUDAExecutionProvider are those of the host's calls") {
		t.Errorf("notes %q", tr.Notes)
	}
}

// TestONNXRuntimeCut: a session that was killed leaves a list without an end.
func TestONNXRuntimeCut(t *testing.T) {
	var o ort
	o.node("a", "Relu", "100", "8", "0")
	o.node("a", "Relu", "200", "10", "0")
	for _, text := range []string{strings.TrimSuffix(o.text(), "\n]\n"), strings.TrimSuffix(o.text(), "\n]\n") + ",\n{\"cat\":\"No"} {
		tr := read(t, text)
		want(t, tr, event{"a", "Relu", 9, 2})
		if len(tr.Notes) != 2 || !strings.Contains(tr.Notes[0], "names no runs") || !strings.Contains(tr.Notes[1], "ends within") {
			t.Errorf("notes %q", tr.Notes)
		}
	}
}

const layers = `[
  { "count" : 10 }
, { "name" : "/a/MatMul + /a/Add", "timeMs" : 5, "averageMs" : 0.5, "medianMs" : 0.4, "percentage" : 50 }
, { "name" : "Reformatting CopyNode for Input Tensor 0 to /a/MatMul + /a/Add", "timeMs" : 1, "percentage" : 10 }
, { "name" : "a.weight + PWN(PWN(/b/Sigmoid), /b/Mul)", "medianMs" : 0.2, "percentage" : 20 }
, { "name" : "{ForeignNode[/c/ReduceMean.../c/Add_1]}", "timeMs" : 2, "averageMs" : 0.2, "percentage" : 20 }
, { "name" : "__myl_Fused_myl0_3", "timeMs" : 1, "averageMs" : 0.1, "percentage" : 10 }
, { "name" : "(Unnamed Layer* 7) [Constant]", "timeMs" : 0, "averageMs" : 0, "percentage" : 0 }
]
`

// TestTRTExec takes names of layers apart; the layer information behind the times says what a layer holds, if it is there.
func TestTRTExec(t *testing.T) {
	tr := read(t, layers)
	if tr.Kind != trace.KindTRTExec || tr.Runs != 10 {
		t.Errorf("%s, %d runs", tr.Kind, tr.Runs)
	}
	want(
		t, tr, event{"/a/MatMul + /a/Add", "", 500, 10},
		event{"Reformatting CopyNode for Input Tensor 0 to /a/MatMul + /a/Add", "Reformat", 100, 10},
		event{"a.weight + PWN(PWN(/b/Sigmoid), /b/Mul)", "PointWise", 200, 10},
		event{"{ForeignNode[/c/ReduceMean.../c/Add_1]}", "ForeignNode", 200, 10},
		event{"__myl_Fused_myl0_3", "", 100, 10},
	)
	for i, names := range []string{"/a/MatMul /a/Add", "/a/MatMul /a/Add", "a.weight /b/Sigmoid /b/Mul", "/c/ReduceMean /c/Add_1", "__myl_Fused"} {
		if got := strings.Join(tr.Events[i].Names, " "); got != names || tr.Events[i].Between != (i == 3) {
			t.Errorf("layer %d: %q (%v), want %q", i, got, tr.Events[i].Between, names)
		}
	}
	tr = read(t, layers+`{"Layers": ["/a/MatMul + /a/Add", {"Name": "__myl_Fused_myl0_3", "LayerType": "kgen", "Metadata": "[ONNX Layer: /d/Div]\u001f[ONNX Layer: /d/[1]/Erf]"}], "Bindings": ["x"]}`)
	if got := tr.Events[4]; strings.Join(got.Names, " ") != "/d/Div /d/[1]/Erf" || got.Op != "kgen" {
		t.Errorf("%+v", got)
	}
}

// torchRun is one step of a model of a Linear and a GELU on a GPU, and an addition beneath the Linear's module.
func torchRun(step string, at float64, linear, gelu string) string {
	f := func(x float64) string { return strconv.FormatFloat(at+x, 'f', 3, 64) }
	return `
{"ph":"X","cat":"user_annotation","name":"ProfilerStep#` + step + `","pid":1,"tid":1,"ts":` + f(0) + `,"dur":900,"args":{"External id":1}},
{"ph":"X","cat":"python_function","name":"nn.Module: Net_0","pid":1,"tid":1,"ts":` + f(10) + `,"dur":500,"args":{"Python id":1}},
{"ph":"X","cat":"python_function","name":"net.py(3): forward","pid":1,"tid":1,"ts":` + f(11) + `,"dur":498,"args":{"Python id":2}},
{"ph":"X","cat":"python_function","name":"nn.Module: Linear_0","pid":1,"tid":1,"ts":` + f(20) + `,"dur":200,"args":{"Python id":3}},
{"ph":"X","cat":"cpu_op","name":"aten::linear","pid":1,"tid":1,"ts":` + f(30) + `,"dur":100,"args":{"External id":` + step + `1,"Input Dims":[[2,5,4],[3,4],[3]]}},
{"ph":"X","cat":"cpu_op","name":"aten::addmm","pid":1,"tid":1,"ts":` + f(40) + `,"dur":80,"args":{"External id":` + step + `2,"Input Dims":[[3],[10,4],[4,3],[],[]]}},
{"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":1,"tid":1,"ts":` + f(50) + `,"dur":5,"args":{"correlation":` + step + `7,"External id":` + step + `2}},
{"ph":"X","cat":"cpu_op","name":"aten::gelu","pid":1,"tid":1,"ts":` + f(300) + `,"dur":50,"args":{"External id":` + step + `3,"Input Dims":[[2,5,3],[]]}},
{"ph":"X","cat":"kernel","name":"ampere_sgemm","pid":0,"tid":7,"ts":` + f(600) + `,"dur":` + linear + `,"args":{"External id":` + step + `2,"correlation":` + step + `7,"stream":7}},
{"ph":"X","cat":"kernel","name":"gelu_kernel","pid":0,"tid":7,"ts":` + f(700) + `,"dur":` + gelu + `,"args":{"External id":` + step + `3,"correlation":` + step + `8,"stream":7}}`
}

const torchHead = `{"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA A100-SXM4-40GB"}], "traceEvents": [
{"ph":"M","name":"process_name","pid":1,"tid":0,"args":{"name":"python"}},`

// TestTorch: an operator takes what the kernels take that it and those it calls launched; the first of three steps is
// left out.
func TestTorch(t *testing.T) {
	text := torchHead + torchRun("1", 1e9, "990", "99") + "," + torchRun("2", 2e9, "20", "4") + "," + torchRun("3", 3e9, "30", "5.5") + "\n], \"traceName\": \"t\"}"
	tr := read(t, text)
	if tr.Kind != trace.KindTorch || tr.Runs != 2 || tr.Dropped != 1 || tr.Device != "NVIDIA A100-SXM4-40GB" || len(tr.Notes) != 0 {
		t.Errorf("%+v", tr)
	}
	want(t, tr, event{"aten::linear", "aten::linear", 25, 2}, event{"aten::gelu", "aten::gelu", 4.75, 2})
	e := tr.Events[0]
	if strings.Join(e.Frames, "/") != "Net_0/Linear_0" || len(e.Inputs) != 3 || !slices.Equal(e.Inputs[1], []int64{3, 4}) || e.Provider != "cuda" {
		t.Errorf("%+v", e)
	}
	if tr.OnCPU() {
		t.Error("on the CPU")
	}
	// without steps, the outermost module tells the runs; without it, the calls that repeat
	for _, drop := range []string{"ProfilerStep#", "nn.Module: "} {
		text = strings.ReplaceAll(text, drop, "something ")
		tr = read(t, text)
		if tr.Runs != 2 || tr.Dropped != 1 {
			t.Errorf("without %s: %d runs after %d", drop, tr.Runs, tr.Dropped)
		}
		want(t, tr, event{"aten::linear", "aten::linear", 25, 2}, event{"aten::gelu", "aten::gelu", 4.75, 2})
	}
	if len(tr.Notes) != 1 || !strings.Contains(tr.Notes[0], "repeats itself 3 times") {
		t.Errorf("notes %q", tr.Notes)
	}
}

// TestTorchCPU: without kernels an operator takes its own time with all that it calls.
func TestTorchCPU(t *testing.T) {
	text := strings.ReplaceAll(torchHead+torchRun("1", 0, "0", "0")+"]}", `"cat":"kernel"`, `"cat":"other"`)
	tr := read(t, text)
	want(t, tr, event{"aten::linear", "aten::linear", 100, 1}, event{"aten::gelu", "aten::gelu", 50, 1})
	if !tr.OnCPU() {
		t.Error("not on the CPU")
	}
}

// TestTorchLoose: a kernel that no operator launched keeps its own name, and its part of the time.
func TestTorchLoose(t *testing.T) {
	loose := `,{"ph":"X","cat":"kernel","name":"triton_poi_fused","pid":0,"tid":7,"ts":5,"dur":60,"args":{"stream":7}}`
	tr := read(t, torchHead+torchRun("1", 0, "20", "4")+","+torchRun("2", 5000, "20", "4")+loose+"]}")
	want(t, tr, event{"aten::linear", "aten::linear", 20, 2}, event{"aten::gelu", "aten::gelu", 4, 2}, event{"triton_poi_fused", "triton_poi_fused", 30, 1})
}

// TestTorchOtherCalls: a step that makes other calls than the rest does not count.
func TestTorchOtherCalls(t *testing.T) {
	odd := strings.ReplaceAll(torchRun("2", 5000, "20", "4"), "aten::gelu", "aten::relu")
	tr := read(t, torchHead+torchRun("1", 0, "1", "1")+","+odd+","+torchRun("3", 10000, "30", "6")+","+torchRun("4", 15000, "50", "8")+"]}")
	if tr.Runs != 2 || tr.Dropped != 1 || len(tr.Notes) != 1 || !strings.Contains(tr.Notes[0], "1 of 3 runs make other calls") {
		t.Errorf("%d runs after %d, %q", tr.Runs, tr.Dropped, tr.Notes)
	}
	want(t, tr, event{"aten::linear", "aten::linear", 40, 2}, event{"aten::gelu", "aten::gelu", 7, 2})
}

func TestGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(layers)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	tr, err := trace.Read(&b, "t.json.gz")
	if err != nil || tr.Kind != trace.KindTRTExec {
		t.Fatalf("%v, %v", tr, err)
	}
}

func TestErrors(t *testing.T) {
	var o ort
	o.node("a", "Relu", "1", "0", "0")
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "t.json: byte 0: unexpected EOF"},
		{"no JSON", "hello", "t.json: byte 1: invalid character 'h'"},
		{"a number", "3", "t.json: not a trace"},
		{"records", `{"schema": 2}`, "t.json: not a trace"},
		{"an empty list", "[]", "t.json: an empty trace"},
		{"numbers", "[1, 2]", "t.json: not a trace"},
		{"other objects", `[{"a": 1}]`, "t.json: not a trace"},
		{"both lists", `[{"count": 3}, {"ph": "X", "cat": "Node", "name": "a_kernel_time", "dur": 1}]`, "t.json: not a trace"},
		{"layers alone", `{"Layers": ["a"]}`, "layers without times: put the times of trtexec --exportProfile before them"},
		{"a broken list", `[{"name": "a", "averageMs": 1}, {"na`, "t.json: byte 31: unexpected EOF"},
		{"no end", `[{"name": "a", "averageMs": 1}`, "t.json: byte 30: unexpected EOF"},
		{"junk behind", `[{"name": "a", "averageMs": 1}] [1]`, "what follows the times is no layer information"},
		{"negative", `[{"count": 1}, {"name": "a", "averageMs": -1}]`, `t.json: event 2: "a": -1`},
		{"a string for a time", `[{"ph": "X", "cat": "Node", "name": "a_kernel_time", "dur": "long"}]`, "t.json: event 1: dur: unexpected string"},
		{"too long", `[{"ph": "X", "cat": "Node", "name": "a_kernel_time", "dur": 1e300}]`, `event 1: "a_kernel_time" takes 1e+300 µs`},
		{"no time at all", o.text(), "t.json: no operator has a time in it"},
		{"a trace of something else", `{"traceEvents": [{"ph": "X", "cat": "v8", "name": "gc", "dur": 1}]}`, "without operators of torch.profiler"},
		{"no list of events", `{"traceEvents": {}}`, "t.json: not a trace"},
		{"a torn torch trace", `{"traceEvents": [{"ph": "X", "cat": "cpu_op", "name": "aten::add", "dur": 1}`, "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, err := trace.Read(strings.NewReader(tt.text), "t.json")
			if err == nil {
				t.Fatalf("no error: %+v", tr)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q does not hold %q", err, tt.want)
			}
		})
	}
}

func TestIsTrace(t *testing.T) {
	for text, is := range map[string]bool{
		layers: true, torchHead: true, `{"Layers": []}`: true,
		`{"schema": 2, "energy_j": 1}`: false, "": false, "x": false, `{"model_name": "a", "frontend_tree": {}}`: false,
	} {
		if got := trace.IsTrace([]byte(text)); got != is {
			t.Errorf("%.40q: %v", text, got)
		}
	}
}

// FuzzRead: whatever a file holds, reading it ends in an error or in events with finite times that are not negative.
func FuzzRead(f *testing.F) {
	var o ort
	o.node("a", "If", "1", "9", "0")
	o.node("b", "Relu", "2", "3", "1")
	o.kernel("b", "3", "4")
	o.run("0", "20")
	f.Add([]byte(o.text()))
	f.Add([]byte(layers + `{"Layers": [{"Name": "__myl_Fused_myl0_3", "Metadata": "[ONNX Layer: /d/Div]"}]}`))
	f.Add([]byte(torchHead + torchRun("1", 0, "20", "4") + "," + torchRun("2", 5000, "20", "4") + "]}"))
	f.Add([]byte("[" + strings.Repeat(`{"cat":"kernel","name":"k","ph":"X","ts":0,"dur":1},`, 2000) + "{}]"))
	f.Add([]byte(strings.Repeat("[", 20000)))
	f.Add([]byte(`{"Layers": [` + strings.Repeat(`"[Layer: a]+[Layer: b]",`, 2000) + `""]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tr *trace.Trace
		var err error
		bounded.Run(t, "reading", func() { tr, err = trace.Read(bytes.NewReader(data), "fuzz") })
		if err != nil {
			return
		}
		var sum energy.Seconds
		for _, e := range tr.Events {
			if !(e.Time >= 0) || math.IsInf(float64(e.Time), 0) || e.Calls < 0 {
				t.Fatalf("%+v", e)
			}
			sum += e.Time
		}
		if !(sum > 0) || tr.Runs < 1 {
			t.Fatalf("%v in %d runs", sum, tr.Runs)
		}
	})
}
