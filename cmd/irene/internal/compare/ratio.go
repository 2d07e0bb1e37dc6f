package compare

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/paired"
	"github.com/irene-onnx/irene/graph"
)

// ratioRule says in words what verdicts rest on.
const ratioRule = "the 90 % interval of the ratio does not hold 1: errors of the coefficients are drawn and applied to both predictions, and what these share cancels"

// predicted are the metrics whose ratios have intervals.
func predicted() []*report.Metric {
	return []*report.Metric{report.FindMetric("energy"), report.FindMetric("time")}
}

// quantityOf is the place of a metric in what is drawn; false where none of it is.
func quantityOf(x *report.Metric) (int, bool) {
	switch x.Key {
	case "energy_j":
		return paired.Energy, true
	case "time_s":
		return paired.Time, true
	}
	return 0, false
}

// ratios are the draws of one point, and the modules of each model that they are applied to.
type ratios struct {
	draws   *paired.Draws
	modules []map[*graph.Module]*paired.Sum // by model; nil where nothing was predicted
}

func newRatios(reports []*report.Report) *ratios {
	r := &ratios{draws: paired.NewDraws()}
	for _, x := range reports {
		var modules map[*graph.Module]*paired.Sum
		if x.Prediction != nil {
			modules = x.Prediction.Paired(r.draws, x.Tree.Module)
		}
		r.modules = append(r.modules, modules)
	}
	return r
}

// ratio is what a row's module of one model takes over what another's does, at a point; false where one of them has none,
// or the metric is not predicted.
func (c *Comparison) ratio(x *report.Metric, r *Row, point, base, k int) (paired.Ratio, bool) {
	nothing := paired.Ratio{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	q, ok := quantityOf(x)
	a, b := r.Module(point, base), r.Module(point, k)
	if !ok || a == nil || b == nil {
		return nothing, false
	}
	p := c.ratios[point]
	first, other := p.modules[base][a.Module], p.modules[k][b.Module]
	if first == nil || other == nil {
		return nothing, false
	}
	return scaled(p.draws.Ratio(first, other, q), c.share(x, point, base)/c.share(x, point, k)), true
}

// scaled is a ratio times a number that is certain.
func scaled(r paired.Ratio, by float64) paired.Ratio {
	return paired.Ratio{Value: r.Value * by, Low: r.Low * by, High: r.High * by}
}

// decides reports whether a row's module takes less or more than the first model's, beyond doubt.
func (c *Comparison) decides(x *report.Metric, r *Row, point, k int) bool {
	ratio, ok := c.ratio(x, r, point, 0, k)
	v := ratio.Verdict()
	return ok && (v == paired.Lower || v == paired.Higher)
}

// decision is a ratio's verdict in words.
func (c *Comparison) decision(r paired.Ratio, a, b *report.Metrics, k int) string {
	text := string(r.Verdict())
	switch {
	case r.Low == 1 && r.High == 1:
		return "the same work"
	case !math.IsNaN(r.Value):
		return text + fmt.Sprintf(", with 90 %% the ratio lies in %s … %s", formatRatio(r.Low), formatRatio(r.High))
	case !math.IsNaN(r.High):
		text += fmt.Sprintf(", with 95 %% the ratio is below %s", formatRatio(r.High))
	case !math.IsNaN(r.Low):
		text += fmt.Sprintf(", with 95 %% the ratio is above %s", formatRatio(r.Low))
	}
	for i, m := range []*report.Metrics{a, b} {
		if m.Unknown > 0 {
			text += fmt.Sprintf("; %s of unknown cost in %s", render.Plural(m.Unknown, "operator"), c.Names[i*k])
		}
	}
	return text
}
