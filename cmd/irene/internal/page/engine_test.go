package page_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// evaluateScript evaluates a page's data under many choices, without a browser: the numbers of modules and operators, then
// memory and how sure they are.
const evaluateScript = `
const engine = require("./html/engine.js");
const { data, choices } = JSON.parse(require("fs").readFileSync(0));
const model = engine.prepare(data.models[0], data.rules, data.overlap), m = model.data;
console.log(JSON.stringify(choices.map((c) => {
  const device = m.devices.findIndex((d) => d.id === c.Device), type = m.types.findIndex((t) => t.as === c.As);
  const profile = c.Profile ? m.profiles.indexOf(c.Profile) : m.types[type].profiles[device];
  const r = engine.evaluate(model, m.dims.map((d) => c.Dims[d.name]), { device, type, profile }, c.Set || {});
  return { Numbers: [...r.modules, ...r.operators].map((m) => [m.energy, m.time, m.low, m.high, m.flops, m.read, m.written]), Memory: [r.memory.weights, r.memory.peak], LeftOut: r.sure.leftOut };
})));
`

// choice is what a page can be set to.
type choice struct {
	Device, As, Profile string
	Dims                map[string]int64
	Set                 map[string]float64
}

// answer is what a page says under a choice: of every module, parents first, then of every operator in graph order.
type answer struct {
	Numbers [][7]float64 // energy, time, interval, FLOPs, bytes read and written
	Memory  [2]float64   // weights, activations
	LeftOut float64
}

// TestHTMLEngine holds the page's arithmetic against predictions, on devices of either law, at sizes, in types, under
// profiles and power limits, where node is there to run it.
func TestHTMLEngine(t *testing.T) {
	for _, name := range fixtures.Models() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := reporttest.Fixture(t, name)
			data := dataElement.FindSubmatch(html(t, pageOf(t, g, "gtx-1070")))[1]
			list := choices(parsedDims(t, data))
			got := nodeAnswers[answer](t, evaluateScript, map[string]any{"data": json.RawMessage(data), "choices": list})
			for i, c := range list {
				want := expected(t, g, c)
				if len(got[i].Numbers) != len(want.Numbers) {
					t.Fatalf("%+v: %d modules and operators, want %d", c, len(got[i].Numbers), len(want.Numbers))
				}
				for k := range want.Numbers {
					for j, x := range want.Numbers[k] {
						if math.Abs(got[i].Numbers[k][j]-x) > 1e-12*math.Abs(x) {
							t.Fatalf("%+v: number %d of module or operator %d is %v, predicted %v", c, j, k, got[i].Numbers[k][j], x)
						}
					}
				}
				if got[i].Memory != want.Memory || math.Abs(got[i].LeftOut-want.LeftOut) > 1e-12 {
					t.Errorf("%+v: memory %v, left out %v; want %v, %v", c, got[i].Memory, got[i].LeftOut, want.Memory, want.LeftOut)
				}
			}
		})
	}
}

// choices are sizes on every device of the test, then every type and profile at one.
func choices(dims []string) []choice {
	var out []choice
	sized := func(row ...int64) map[string]int64 {
		m := map[string]int64{}
		for i, d := range dims {
			m[d] = row[i]
		}
		return m
	}
	for _, device := range []string{"gtx-1070", "h100-sxm", "t4"} {
		for _, row := range [][]int64{{1, 1, 1}, {3, 7, 5}, {8, 128, 129}} {
			out = append(out, choice{Device: device, Dims: sized(row...)})
		}
	}
	profiles, _ := kernel.Profiles()
	for i, as := range append([]string{""}, analysis.PrecisionNames()...) {
		for k, profile := range append([]string{""}, profiles...) {
			device := []string{"b200-sxm", "gtx-1070", "l4"}[(i+k)%3]
			c := choice{Device: device, As: as, Profile: profile, Dims: sized(4, 96, 65)}
			if device == "l4" {
				c.Set = map[string]float64{"limit": 55}
			}
			out = append(out, c)
		}
	}
	return out
}

func parsedDims(t *testing.T, data []byte) []string {
	t.Helper()
	var d htmlData
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range d.Models[0].Dims {
		names = append(names, x.Name)
	}
	return names
}

// expected is what the program says under a choice.
func expected(t *testing.T, g *graph.Graph, c choice) answer {
	t.Helper()
	a, err := analysis.Run(g, analysis.Options{Dims: c.Dims, As: c.As})
	if err != nil {
		t.Fatal(err)
	}
	target := reporttest.Target(t, c.Device)
	target.Options = predict.Options{Profile: c.Profile, PowerLimit: energy.Watts(c.Set["limit"])}
	p, err := target.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	r := report.Build(a, p, report.Options{Convention: graph.TwoMACPlusElementwise})
	out := answer{Memory: [2]float64{float64(r.Memory.WeightBytes), float64(r.Memory.PeakBytes)}, LeftOut: p.LeftOut}
	add := func(m *report.Metrics) {
		row := [7]float64{float64(m.Energy), float64(m.Time), float64(m.Low), float64(m.High)}
		for i, d := range []graph.Dim{m.FLOPs, m.Read, m.Written} {
			n, _ := d.Const()
			row[4+i] = float64(n)
		}
		out.Numbers = append(out.Numbers, row)
	}
	r.Tree.Walk(func(m *report.Module) { add(&m.Metrics) })
	for i := range r.Operators {
		add(r.Operators[i].Metrics)
	}
	return out
}

// nodeAnswers is the list that a script prints; the test is skipped where node is not there to run it.
func nodeAnswers[T any](t *testing.T, script string, input any) []T {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node; make html-test does the same in a browser")
	}
	in, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", script)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	var out []T
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
