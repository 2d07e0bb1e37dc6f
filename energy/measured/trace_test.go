package measured

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/onnx"
)

// traced joins events of a kind to a graph.
func traced(t *testing.T, a *analysis.Analysis, kind trace.Kind, events ...trace.Event) (*Overlay, error) {
	t.Helper()
	for i := range events {
		if events[i].Index == 0 {
			events[i].Index = -1
		}
	}
	return FromTrace(a, &trace.Trace{File: "t.json", Kind: kind, Runs: 1, Events: events})
}

// joinedTo says what was measured together with the operator of a name, and how long that took, in ms.
func joinedTo(t *testing.T, m *Overlay, name string) (members string, ms float64) {
	t.Helper()
	for _, k := range m.Traced {
		if slices.ContainsFunc(k.Nodes, func(n *graph.Node) bool { return n.Name == name }) {
			var names []string
			for _, n := range k.Nodes {
				names = append(names, n.Name)
			}
			slices.Sort(names)
			return strings.Join(names, " "), float64(k.Time) * 1e3
		}
	}
	return "", 0
}

func wantJoined(t *testing.T, m *Overlay, name, members string, ms float64) {
	t.Helper()
	got, took := joinedTo(t, m, name)
	if got != members || math.Abs(took-ms) > 1e-9 {
		t.Errorf("%s: %s in %g ms, want %s in %g ms", name, got, took, members, ms)
	}
}

func ortEvent(name, op string, ms float64, output ...int64) trace.Event {
	e := trace.Event{Name: name, Op: op, Time: energy.Seconds(ms / 1e3), Provider: "CPUExecutionProvider"}
	if output != nil {
		e.Outputs = [][]int64{output}
	}
	return e
}

// TestTraceORTNames: exact names; names that fusions made of names, with what they fused; fusions that lost their names.
func TestTraceORTNames(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	var events []trace.Event
	for i, layer := range []string{"/layer.0", "/layer.1"} {
		ms := 100 * float64(i)
		gelu := "BiasGelu"
		if i > 0 {
			gelu = "BiasGelu_token_4"
		}
		events = append(
			events, ortEvent(layer+"/self/query/MatMul/MatMulAddFusion", "Gemm", ms+1, 10, 64),
			ortEvent(layer+"/self/MatMul", "MatMul", ms+2, 2, 4, 5, 5), ortEvent(layer+"/self/Softmax", "Softmax", ms+4, 2, 4, 5, 5),
			ortEvent(layer+"/self/MatMul", "MatMul", ms+8, 2, 4, 5, 16), ortEvent(layer+"/up/MatMul", "MatMul", ms+16, 2, 5, 256),
			ortEvent(gelu, "BiasGelu", ms+32, 2, 5, 256), ortEvent(layer+"/down/MatMul", "MatMul", ms+64, 2, 5, 64),
		)
	}
	m, err := traced(t, a, trace.KindONNXRuntime, append(events, ortEvent("InsertedCast_l1$o", "Cast", 1000), ortEvent("who", "Knows", 3))...)
	if err != nil {
		t.Fatal(err)
	}
	for i, layer := range []string{"/layer.0", "/layer.1"} {
		ms := 100 * float64(i)
		act := func(ops string) string {
			return layer + "/act/" + strings.ReplaceAll(ops, " ", " "+layer+"/act/")
		}
		wantJoined(t, m, layer+"/up/MatMul", layer+"/up/MatMul", ms+16)
		wantJoined(t, m, layer+"/act/Erf", act("Add Div Erf Mul Mul")+" "+layer+"/up/Add", ms+32)
		wantJoined(t, m, layer+"/self/Softmax", layer+"/self/Softmax", ms+4)
		if got, ms := joinedTo(t, m, layer+"/self/query/MatMul"); !strings.Contains(got, layer+"/self/query/Add") || ms != 1+100*float64(i) {
			t.Errorf("query: %s in %g ms", got, ms)
		}
	}
	wantJoined(t, m, "/layer.0/down/MatMul", "/layer.0/down/MatMul", 64)
	wantJoined(t, m, "/layer.1/down/MatMul", "/layer.1/down/MatMul", 164+1000)
	note := strings.Join(m.Notes, "\n")
	if !strings.Contains(note, "t.json: onnxruntime, one run: 99.8 % of 1.96 s joined") || !strings.HasSuffix(note, "; not joined: Knows 0.2 %") {
		t.Errorf("notes %q", note)
	}
	if !m.AllRun {
		t.Error("the trace is not taken to be whole")
	}
}

// evenPower are coefficients under which everything takes the same power.
func evenPower() *coefficients.Coefficients {
	rows := []coefficients.ClassCoefficients{energytest.Row("gemm", graph.Float32, 1e-12, 1e-10, 1e-6)}
	for _, class := range []string{"bmm", "softmax", "norm", "activation", "gather", "elementwise", "move", "reduce"} {
		rows = append(rows, energytest.Row(class, graph.Float32, 1e-12, 1e-10, 1e-6))
	}
	return energytest.CoefficientsOf(rows...)
}

// TestTraceApply: all coefficients stand for the same power, so the energy is the power times the time of the trace, also
// where operators are predicted on another node or predicted to launch nothing.
func TestTraceApply(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	c := evenPower()
	var events []trace.Event
	var total energy.Seconds
	for i, n := range a.Graph.Nodes {
		if n.Op != "LayerNormalization" { // as if it had been folded away
			events = append(events, ortEvent(n.Name, n.Op, float64(i+1)))
			total += events[len(events)-1].Time
		}
	}
	m, err := traced(t, a, trace.KindONNXRuntime, events...)
	if err != nil {
		t.Fatal(err)
	}
	r := predicttest.Predicted(t, a, c, energytest.Device(t, "gtx-1070"))
	if err := Apply(r, a, m, predict.ModeTimes, c); err != nil {
		t.Fatal(err)
	}
	sum := r.Modules[a.Tree.Root]
	if energytest.Relative(float64(sum.Time), float64(total)) > 1e-9 {
		t.Errorf("%v, want %v", sum.Time, total)
	}
	if want := energytest.Power * float64(total); energytest.Relative(float64(sum.Energy), want) > 1e-9 {
		t.Errorf("%v, want %g J", sum.Energy, want)
	}
	for _, n := range a.Graph.Nodes {
		p := r.Nodes[n.ID]
		switch {
		case n.Op == "LayerNormalization" && (p.Time != 0 || p.Energy != 0 || !p.Known):
			t.Errorf("%s was not in the trace: %+v", n.Name, p)
		case n.Op == "Reshape" && (p.Time == 0 || !p.StandIn): // a view of eager PyTorch, which ran here
			t.Errorf("%s: %+v", n.Name, p)
		case n.Name == "/layer.0/up/MatMul": // with its bias, which the prediction has in the same kernel
			both := p.Time + r.Nodes[n.ID+1].Time
			if want := energy.Seconds(float64(2*n.ID+3) / 1e3); energytest.Relative(float64(both), float64(want)) > 1e-9 {
				t.Errorf("%s: %v, want %v", n.Name, both, want)
			}
		}
	}
	warnings := strings.Join(r.Warnings, "\n")
	for _, want := range []string{"2 operators are not in the trace", "predicted to launch nothing: they take the mean power"} {
		if !strings.Contains(warnings, want) {
			t.Errorf("no %q in %q", want, warnings)
		}
	}
}

// TestTraceRefused: a trace of another model, or of other sizes.
func TestTraceRefused(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	for _, tt := range []struct {
		name, want string
		kind       trace.Kind
		events     []trace.Event
	}{
		{
			"another model", "t.json: only 10.0 % of its time is of operators of this model; not joined: TRT 90.0 %", trace.KindONNXRuntime,
			[]trace.Event{ortEvent("/layer.0/down/MatMul", "MatMul", 1), ortEvent("TensorrtExecutionProvider_TRTKernel_0", "TRT", 9)},
		},
		{
			"other sizes", "/layer.0/down/MatMul makes [2 7 64] there, [2 5 64] here; bind the dims of the trace with --dim", trace.KindONNXRuntime,
			[]trace.Event{ortEvent("/layer.0/down/MatMul", "MatMul", 1, 2, 7, 64), ortEvent("/layer.1/down/MatMul", "MatMul", 1, 2, 7, 64)},
		},
		{
			"other names", "only 0.0 % of its time", trace.KindONNXRuntime,
			[]trace.Event{ortEvent("/net/0/down/MatMul", "MatMul", 1, 2, 5, 64), ortEvent("/net/0/norm/LayerNormalization", "LayerNormalization", 1, 2, 5, 64)},
		},
		{
			"other layers", "only 0.0 % of its time", trace.KindTRTExec,
			[]trace.Event{{Name: "/conv/Conv", Names: []string{"/conv/Conv"}, Time: 1}},
		},
		{
			"other products", "0 of 4 matrix products of the trace", trace.KindTorch,
			[]trace.Event{atenLinear(7, 64, 64), atenLinear(7, 64, 64), atenLinear(7, 64, 64), atenLinear(7, 64, 64)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := traced(t, a, tt.kind, tt.events...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v; want an error with %q", m, err, tt.want)
			}
		})
	}
}

func trtLayer(ms float64, between bool, names ...string) trace.Event {
	return trace.Event{Name: strings.Join(names, " + "), Names: names, Between: between, Time: energy.Seconds(ms / 1e3)}
}

// TestTraceLayers: layers of TensorRT hold what they list, regions what no other layer does, reformats go with their layer.
func TestTraceLayers(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	m, err := traced(
		t, a, trace.KindTRTExec,
		trtLayer(1, false, "embed.weight", "/embed/Gather"), // a weight and a node
		trtLayer(2, false, "/layer.0/up/MatMul", "/layer.0/up/Add"),
		trtLayer(4, false, "/layer.0/up/MatMul"), // a reformat of its input
		trtLayer(8, true, "/layer.0/self/query/MatMul", "/layer.0/output/norm/LayerNormalization"),
		trtLayer(16, true, "/layer.0/output/Add", "/layer.1/down/Add"), // all that is left
		trtLayer(32, false, "l0$w1"),                                   // a weight alone: by who reads it
		trtLayer(64, false, "(Unnamed Layer* 3) [Shuffle]"),
		trtLayer(128, true, "/layer.1/act/Div", "(Unnamed)"),
	)
	if err != nil {
		t.Fatal(err)
	}
	wantJoined(t, m, "/embed/Gather", "/embed/Gather", 1)
	wantJoined(t, m, "/layer.0/up/MatMul", "/layer.0/up/Add /layer.0/up/MatMul", 2+4+32)
	wantJoined(t, m, "/layer.1/act/Div", "/layer.1/act/Div", 128)
	// the smaller region takes the addition that both could have
	got, ms := joinedTo(t, m, "/layer.0/output/Add")
	if ms != 8 || !strings.Contains(got, "/layer.0/self/Softmax") || strings.Contains(got, "/layer.1") {
		t.Errorf("%g ms: %s", ms, got)
	}
	got, ms = joinedTo(t, m, "/layer.1/self/Softmax")
	if ms != 16 || !strings.Contains(got, "/layer.0/act/Erf") || strings.Contains(got, "/layer.1/act/Div") || strings.Contains(got, "/layer.0/up/Add") {
		t.Errorf("%g ms: %s", ms, got)
	}
	if !strings.Contains(m.Notes[0], "74.9 % of 255 ms joined") || m.AllRun {
		t.Errorf("notes %q", m.Notes)
	}
}

func aten(op string, ms float64, dims ...[]int64) trace.Event {
	return trace.Event{Name: "aten::" + op, Op: "aten::" + op, Time: energy.Seconds(ms / 1e3), Inputs: dims, Provider: "cuda"}
}

// atenLinear is a call of aten::linear on rows of k columns, with n outputs, of one second.
func atenLinear(rows, k, n int64) trace.Event {
	return aten("linear", 1e3, []int64{rows, k}, []int64{n, k}, []int64{n})
}

// encoderCalls are what PyTorch calls in the model of encoder; call i of layer l takes 100·l + i ms.
func encoderCalls(fusedAttention bool) []trace.Event {
	x, wide := []int64{2, 5, 64}, []int64{2, 5, 256}
	heads, keys, scores := []int64{2, 4, 5, 16}, []int64{2, 4, 16, 5}, []int64{2, 4, 5, 5}
	out := []trace.Event{aten("embedding", 7, []int64{100, 64}, []int64{2, 5})}
	for l := range 2 {
		ms := func(i int) float64 { return float64(100*l + i) }
		calls := []trace.Event{
			aten("linear", ms(1), x, []int64{64, 64}, []int64{64}), aten("matmul", ms(2), heads, keys), aten("softmax", ms(3), scores), aten("matmul", ms(4), scores, heads),
			aten("add", ms(5), x, x), aten("layer_norm", ms(6), x, nil, []int64{64}, []int64{64}), aten("linear", ms(7), x, []int64{256, 64}, []int64{256}),
			aten("gelu", ms(8), wide), aten("linear", ms(9), wide, []int64{64, 256}, []int64{64}),
		}
		if fusedAttention {
			calls = slices.Replace(calls, 1, 4, aten("scaled_dot_product_attention", ms(2), heads, heads, heads))
		}
		out = append(out, calls...)
	}
	return out
}

// TestTraceTorch: calls without names are found by kind, size and order.
func TestTraceTorch(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	events := encoderCalls(false)
	odd := aten("cudnn_rnn", 40) // no operator of the model, in a module that has some
	odd.Frames = []string{"Net_0", "Self_0"}
	events[1].Frames = odd.Frames
	m, err := traced(t, a, trace.KindTorch, append(slices.Insert(events, 2, odd), aten("to", 0.5, []int64{9}))...)
	if err != nil {
		t.Fatal(err)
	}
	wantJoined(t, m, "/embed/Gather", "/embed/Gather", 7)
	for l, s := range []string{"/layer.0", "/layer.1"} {
		ms := 100 * float64(l)
		extra := 40 * float64(1-l)
		wantJoined(t, m, s+"/self/query/MatMul", s+"/self/query/Add "+s+"/self/query/MatMul", ms+1+extra)
		wantJoined(t, m, s+"/self/Softmax", s+"/self/Softmax", ms+3)
		wantJoined(t, m, s+"/output/Add", s+"/output/Add", ms+5)
		wantJoined(t, m, s+"/output/norm/LayerNormalization", s+"/output/norm/LayerNormalization", ms+6)
		wantJoined(t, m, s+"/up/MatMul", s+"/up/Add "+s+"/up/MatMul", ms+7)
		wantJoined(t, m, s+"/act/Erf", s+"/act/Add "+s+"/act/Div "+s+"/act/Erf "+s+"/act/Mul "+s+"/act/Mul", ms+8)
		wantJoined(t, m, s+"/down/MatMul", s+"/down/Add "+s+"/down/MatMul", ms+9)
	}
	if !strings.HasSuffix(m.Notes[0], "; not joined: aten::to 0.0 %") {
		t.Errorf("notes %q", m.Notes)
	}
}

// TestTraceTorchAttention: attention in one call is its products, too.
func TestTraceTorchAttention(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	m, err := traced(t, a, trace.KindTorch, encoderCalls(true)...)
	if err != nil {
		t.Fatal(err)
	}
	for l, s := range []string{"/layer.0", "/layer.1"} {
		got, ms := joinedTo(t, m, s+"/self/Softmax")
		if ms != float64(100*l+2) || strings.Count(got, s+"/self/MatMul") != 2 || strings.Contains(got, "/query/") || strings.Contains(got, "/output/") {
			t.Errorf("%g ms: %s", ms, got)
		}
	}
}

// TestTraceTorchWhole: of compiled kernels only the sum is known.
func TestTraceTorchWhole(t *testing.T) {
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 2, "sequence": 5})
	c := evenPower()
	m, err := traced(t, a, trace.KindTorch, trace.Event{Name: "triton_mm", Op: "triton_mm", Time: 0.25}, aten("gelu", 10))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Notes) != 2 || !strings.Contains(m.Notes[1], "the time of the whole model is used") {
		t.Errorf("notes %q", m.Notes)
	}
	r := predicttest.Predicted(t, a, c, energytest.Device(t, "gtx-1070"))
	was := r.Modules[a.Tree.Root]
	first := r.Nodes[a.Graph.Nodes[0].ID]
	if err := Apply(r, a, m, predict.ModeTimes, c); err != nil {
		t.Fatal(err)
	}
	now := r.Modules[a.Tree.Root]
	if energytest.Relative(float64(now.Time), 0.26) > 1e-9 || energytest.Relative(float64(now.Energy), 0.26*energytest.Power) > 1e-9 {
		t.Errorf("%v, %v", now.Time, now.Energy)
	}
	if got, want := r.Nodes[a.Graph.Nodes[0].ID].Time/now.Time, first.Time/was.Time; energytest.Relative(float64(got), float64(want)) > 1e-9 {
		t.Errorf("share %v, was %v", got, want)
	}
}

// realTrace is a profile that ONNX Runtime 1.27.0 wrote on a CPU (three runs at level extended, batch 1, sequence 64, weights
// made up), with the arguments that are read.
func realTrace(t *testing.T, model string, dims map[string]int64) (*analysis.Analysis, []byte, *trace.Trace) {
	t.Helper()
	g, err := onnx.DecodeBytes(fixtures.Model(t, model), model, "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile("testdata/" + model + ".ort-extended.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	tr, err := trace.Read(bytes.NewReader(packed), model)
	if err != nil {
		t.Fatal(err)
	}
	return energytest.Analyzed(t, g, dims), b.Bytes(), tr
}

// TestTraceORTReal joins real profiles: at least 95 % of the time of each.
func TestTraceORTReal(t *testing.T) {
	for model, dims := range map[string]map[string]int64{
		"distilbert-base": {"batch": 1, "sequence": 64}, "bert-base-int8": {"batch": 1, "sequence": 64}, "bert-2layers-functions": {"s0": 1, "s1": 64},
	} {
		t.Run(model, func(t *testing.T) {
			a, _, tr := realTrace(t, model, dims)
			if tr.Runs != 2 || tr.Dropped != 1 {
				t.Errorf("%d runs after %d", tr.Runs, tr.Dropped)
			}
			m, err := FromTrace(a, tr)
			if err != nil {
				t.Fatal(err)
			}
			var joined energy.Seconds
			for _, k := range m.Traced {
				joined += k.Time
			}
			if joined < 0.95*tr.Total() || joined > 1.0001*tr.Total() {
				t.Errorf("%v of %v joined: %q", joined, tr.Total(), m.Notes)
			}
		})
	}
}

// TestTraceORTOrder: fusions that lost their names land in the layer in which they ran: layers run one after the other, so
// the order of execution tells which is which.
func TestTraceORTOrder(t *testing.T) {
	a, data, tr := realTrace(t, "distilbert-base", map[string]int64{"batch": 1, "sequence": 64})
	m, err := FromTrace(a, tr)
	if err != nil {
		t.Fatal(err)
	}
	var events []struct {
		Name    string
		TS, Dur float64
		Args    struct {
			Op string `json:"op_name"`
		}
	}
	if err := json.Unmarshal(data, &events); err != nil {
		t.Fatal(err)
	}
	sort.Slice(events, func(i, k int) bool { return events[i].TS < events[k].TS })
	var took []float64
	for _, e := range events {
		if e.Args.Op == "BiasGelu" {
			took = append(took, e.Dur)
		}
	}
	if len(took) != 18 {
		t.Fatalf("%d events of BiasGelu, want 3 runs of 6 layers", len(took))
	}
	for l := range 6 {
		name := fmt.Sprintf("/transformer/layer.%d/ffn/activation/Erf", l)
		members, ms := joinedTo(t, m, name)
		if want := (took[6+l] + took[12+l]) / 2 / 1e3; math.Abs(ms-want) > 1e-9 {
			t.Errorf("%s: %g ms, want %g", name, ms, want)
		}
		if !strings.Contains(members, fmt.Sprintf("/transformer/layer.%d/ffn/lin1/Add", l)) {
			t.Errorf("%s without the bias: %s", name, members)
		}
	}
}
