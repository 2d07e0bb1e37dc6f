package page_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// evaluateScript evaluates a page's data at sizes, without a browser.
const evaluateScript = `
const engine = require("./html/engine.js");
const { data, sizes, device } = JSON.parse(require("fs").readFileSync(0));
const model = engine.prepare(data.models[0], data.rules, data.overlap);
const values = model.data.dims.map((d) => sizes[d.name]);
const result = engine.evaluate(model, values, model.data.devices.findIndex((d) => d.id === device));
console.log(JSON.stringify([...result.modules, ...result.operators].map((m) => [m.energy, m.time, m.low, m.high])));
`

// TestHTMLEngine holds the page's arithmetic against predictions, where node is there to run it.
func TestHTMLEngine(t *testing.T) {
	devices := []string{"gtx-1070", "h100-sxm", "t4"}
	for _, name := range fixtures.Models() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := reporttest.Fixture(t, name)
			data := dataElement.FindSubmatch(html(t, pageOf(t, g, devices...)))[1]
			for _, device := range devices {
				for _, row := range [][]int64{{1, 1, 1}, {3, 7, 5}, {8, 128, 129}} {
					given := map[string]int64{}
					for i, d := range parsedDims(t, data) {
						given[d] = row[i]
					}
					a, err := analysis.Run(g, analysis.Options{Dims: given})
					if err != nil {
						t.Fatal(err)
					}
					want := predicted(t, a, device)
					got := nodeAnswers[[4]float64](t, evaluateScript, map[string]any{"data": json.RawMessage(data), "sizes": given, "device": device})
					if len(got) != len(want) {
						t.Fatalf("%d modules and operators, want %d", len(got), len(want))
					}
					for i := range want {
						for k := range want[i] {
							if math.Abs(got[i][k]-want[i][k]) > 1e-12*math.Abs(want[i][k]) {
								t.Fatalf("%v on %s: number %d of module or operator %d is %v, predicted %v", given, device, k, i, got[i][k], want[i][k])
							}
						}
					}
				}
			}
		})
	}
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

// predicted lists energy, time and interval of every module, parents first, then of every operator in graph order.
func predicted(t *testing.T, a *analysis.Analysis, device string) [][4]float64 {
	t.Helper()
	p, err := reporttest.Target(t, device).Run(a)
	if err != nil {
		t.Fatal(err)
	}
	var out [][4]float64
	a.Tree.Root.Walk(func(m *graph.Module) {
		s := p.Modules[m]
		out = append(out, [4]float64{float64(s.Energy), float64(s.Time), float64(s.Low), float64(s.High)})
	})
	for _, n := range a.Graph.Nodes {
		if o := &p.Nodes[n.ID]; a.Tree.Of[n.ID] != nil {
			out = append(out, [4]float64{float64(o.Energy), float64(o.Time), float64(o.Low), float64(o.High)})
		}
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
