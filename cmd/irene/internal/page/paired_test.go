package page_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report/reporttest"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// pairedScript gives the ratio of two models of a page in energy and time, under many choices.
const pairedScript = `
const engine = require("./html/engine.js"), paired = require("./html/paired.js");
const { data, choices } = JSON.parse(require("fs").readFileSync(0));
const models = data.models.map((m) => engine.prepare(m, data.rules, data.overlap));
const at = (model, c) => {
  const m = model.data, device = m.devices.findIndex((d) => d.id === c.Device), type = m.types.findIndex((t) => t.as === c.As);
  return engine.evaluate(model, m.dims.map((d) => c.Dims[d.name]), { device, type, profile: c.Profile ? m.profiles.indexOf(c.Profile) : m.types[type].profiles[device] }, c.Set || {});
};
console.log(JSON.stringify(choices.map((c) => ["energy", "time"].map((q) => {
  const r = paired.ratio(at(models[0], c), at(models[1], c), q, data.normals);
  return [r.value, r.low, r.high];
}))));
`

// TestHTMLPaired holds the intervals of ratios that the page draws against those of irene compare.
func TestHTMLPaired(t *testing.T) {
	for _, names := range [][2]string{{"bert-base", "distilbert-base"}, {"bert-base", "bert-base-ortfused"}, {"qwen2-3layers-decode", "qwen2-3layers-decode"}} {
		t.Run(names[0]+" "+names[1], func(t *testing.T) {
			t.Parallel()
			graphs := [2]*graph.Graph{reporttest.Fixture(t, names[0]), reporttest.Fixture(t, names[1])}
			data := dataElement.FindSubmatch(html(t, pageOf(t, graphs[0], "h100-sxm"), pageOf(t, graphs[1], "h100-sxm")))[1]
			dims := parsedDims(t, data)
			var list []choice
			for i, device := range []string{"h100-sxm", "t4", "b200-sxm", "l4"} {
				c := choice{Device: device, As: []string{"", "bfloat16", "fp8"}[i%3], Profile: []string{"", "vllm", "ort-extended"}[i%3], Dims: map[string]int64{}}
				for k, d := range dims {
					c.Dims[d] = []int64{1, 128, 3}[(k+i)%3]
				}
				if device == "l4" {
					c.Set = map[string]float64{"limit": 60}
				}
				list = append(list, c)
			}
			got := nodeAnswers[[2][3]*float64](t, pairedScript, map[string]any{"data": json.RawMessage(data), "choices": list})
			for i, c := range list {
				draws := paired.NewDraws()
				var sums [2]*paired.Sum
				for k, g := range graphs {
					sums[k] = pairedSum(t, draws, g, c)
				}
				for q := range got[i] {
					want := draws.Ratio(sums[0], sums[1], q)
					for k, x := range []float64{want.Value, want.Low, want.High} {
						is := got[i][q][k]
						if (is == nil) != math.IsNaN(x) || is != nil && math.Abs(*is-x) > 1e-9*x {
							t.Errorf("%+v, quantity %d: %v, want %+v", c, q, got[i][q], want)
							break
						}
					}
				}
			}
		})
	}
}

func pairedSum(t *testing.T, draws *paired.Draws, g *graph.Graph, c choice) *paired.Sum {
	t.Helper()
	a, err := analysis.Run(g, analysis.Options{Dims: c.Dims, As: c.As})
	if err != nil {
		t.Fatal(err)
	}
	target := reporttest.Target(t, c.Device)
	target.Options = predict.Options{Profile: c.Profile, PowerLimit: energy.Watts(c.Set["limit"])}
	r, err := target.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	return r.Paired(draws, a.Tree.Root)[a.Tree.Root]
}
