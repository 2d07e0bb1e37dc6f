package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// AnswerNotes say what a run of the model takes, whether it fits, how sure that is and what was assumed; what changes the
// answer stands beside it.
func (r *Report) AnswerNotes() []render.Note {
	m := &r.Tree.Metrics
	var out []render.Note
	add := func(key, text string, style render.Style) {
		if text != "" {
			out = append(out, render.Note{Key: key, Text: text, Style: style})
		}
	}
	if m.Predicted {
		add("energy", r.energyText(), render.Bold)
		add("time", r.timeText(), render.Bold)
	}
	add("work", r.workText(), render.Plain)
	memory, style := r.memoryText(), render.Plain
	if fits, known := r.Fits(); known && !fits {
		style = render.Alarm
	}
	add("memory", memory, style)
	out = append(out, r.TariffNotes()...)
	add("sure", r.SureText(), render.Plain)
	add("assumed", r.assumedText(), render.Plain)
	add("type", r.PrecisionHint(), render.Plain)
	return append(out, r.Alerts()...)
}

// noEnergyText is what there is to say of energies that coefficients do not hold.
const noEnergyText = "unknown: the coefficients are of times alone"

// energyText is the energy of a run with its interval, and that of a token or item.
func (r *Report) energyText() string {
	m := &r.Tree.Metrics
	if m.NoEnergy {
		return noEnergyText
	}
	if r.nothingKnown() {
		return render.UnknownText
	}
	text := fmt.Sprintf("%s (90 %% interval%s %v to %v)", m.Text("energy"), ofKnown(m.Unknown > 0), m.Low, m.High)
	if per := r.Work.Finest(); per != PerRun {
		x := FindMetric("energy")
		text += fmt.Sprintf(", %s per %s", x.Print(float64(r.Use(per).Energy), true, x.More(m)), per)
	}
	return text
}

// nothingKnown reports whether all that takes time is of unknown cost.
func (r *Report) nothingKnown() bool {
	m := &r.Tree.Metrics
	return m.Unknown > 0 && m.Energy == 0 && m.Time == 0
}

// boundText stands before a number where more comes on top of it.
func boundText(more bool) string {
	if more {
		return "≥ "
	}
	return ""
}

// ofKnown stands behind the interval of such a number.
func ofKnown(more bool) string {
	if more {
		return " of what is known"
	}
	return ""
}

// timeText is the time of a run, and the mean power with the limit beside it.
func (r *Report) timeText() string {
	m := &r.Tree.Metrics
	text := m.Text("time")
	if m.NoEnergy || m.Time <= 0 {
		return text
	}
	return text + r.Device.powerText(m.Energy, m.Time)
}

// powerText is a mean power behind a time, with the limit beside it: " at 193 W of 700 W".
func (d *Device) powerText(e energy.Joules, t energy.Seconds) string {
	if limit := d.Limit(); limit > 0 {
		return fmt.Sprintf(" at %v of %v", e.Over(t), limit)
	}
	return fmt.Sprintf(" at %v", e.Over(t))
}

// fitsText says behind an amount of memory whether the device has as much.
func fitsText(fits bool, device int64) string {
	verb := "fits"
	if !fits {
		verb = "does NOT fit"
	}
	return fmt.Sprintf(" %s %s", verb, energy.FormatBinaryBytes(float64(device)))
}

// workText is what is counted of a run.
func (r *Report) workText() string {
	m := &r.Tree.Metrics
	var list []string
	if !r.Symbolic {
		list = append(list, m.Text("flops"), m.Text("bytes")+" moved")
	}
	return strings.Join(append(list, m.Text("params")+" parameters", render.Plural(m.Operators, "operator")), ", ")
}

// memoryText is what a run holds, and whether the device does.
func (r *Report) memoryText() string {
	size := func(n int64) string { return energy.FormatBinaryBytes(float64(n)) }
	weights := "weights " + size(r.Memory.WeightBytes)
	if !r.Memory.Known {
		return weights + ", activations depend on dims that have no number"
	}
	text := size(r.Memory.WeightBytes + r.Memory.PeakBytes)
	if fits, known := r.Fits(); known {
		text += fitsText(fits, r.Device.MemoryBytes)
	}
	return fmt.Sprintf("%s (%s, activations ≤ %s)", text, weights, size(r.Memory.PeakBytes))
}

// SureText says what the numbers rest on: what part of the energy is fitted, estimated and a stand-in, and how far off such
// numbers were.
func (r *Report) SureText() string {
	if r.Device == nil {
		return ""
	}
	if r.nothingKnown() {
		return "of nothing: no operator that takes time has a known cost"
	}
	text := r.OriginsText()
	if r.Device.LeftOut > 0 {
		text += fmt.Sprintf("; times of such kernels were %.0f %% off on GPUs left out of the fit", 100*r.Device.LeftOut)
	} else {
		text = r.deviceOriginText()
	}
	if r.Mode != predict.ModeSpec {
		return ModeText(r.Mode) + "; predictions " + text
	}
	return text
}

// deviceOriginText says what coefficients of a device as a whole rest on, and which part of the energy they do not cover.
func (r *Report) deviceOriginText() string {
	text := "estimated from specifications and what was measured on others"
	if r.Device.Origin == predict.OriginFitted {
		text = "fitted to measurements of the device"
	}
	var list []string
	for _, x := range []struct {
		noun  string
		holds func(*Operator) bool
	}{
		{"stand-in", func(op *Operator) bool { return op.StandIn }},
		{"extrapolated", func(op *Operator) bool { return op.Extrapolated && !op.StandIn }},
	} {
		share := 0.0
		for i := range r.Operators {
			if x.holds(&r.Operators[i]) {
				share += r.Operators[i].Metrics.Share
			}
		}
		if share > 0 {
			list = append(list, render.Percent(share)+" "+x.noun)
		}
	}
	return strings.Join(append([]string{text}, list...), ", ")
}

// assumedText lists what nobody said, and how to say it.
func (r *Report) assumedText() string {
	list := assumedDims(r.Dims, r.View.Verbose)
	if r.Device != nil && r.Device.Default {
		list = append(list, fmt.Sprintf("the device %s (--device)", r.Device.ID))
	}
	if r.Device != nil && r.Device.DefaultProfile {
		list = append(list, fmt.Sprintf("the runtime %s (--runtime)", r.Device.Profile))
	}
	return strings.Join(list, ", ")
}

// assumedDims is one text that lists the dims nobody gave; none where all were.
func assumedDims(dims []Dim, all bool) []string {
	var assumed []Dim
	for _, d := range dims {
		if d.Assumed {
			assumed = append(assumed, Dim{Name: d.Name, Value: d.Value})
		}
	}
	if assumed == nil {
		return nil
	}
	return []string{strings.Join(dimTexts(assumed, all), ", ") + " (--dim)"}
}

// PrecisionHint says that most products are in a type that the device's tensor cores do not take, and in which they would be; ""
// where they take it, or the device has none.
func (r *Report) PrecisionHint() string {
	d := r.Device
	if d == nil || d.LeftOut == 0 {
		return ""
	}
	for _, from := range []graph.DType{graph.Float32, graph.BFloat16} {
		rate, _ := d.MatrixRate(from.String())
		if r.productsIn(from) < 0.5 {
			continue
		}
		for _, to := range []graph.DType{graph.BFloat16, graph.Float16} {
			if better, ok := d.MatrixRate(to.String()); !ok || better < 2*rate {
				continue
			}
			how := "without tensor cores"
			if from == graph.Float32 && strings.HasPrefix(d.Profile, "ort") {
				how = "TF32 on tensor cores"
			}
			return fmt.Sprintf("products in %v: %s; --as %v costs the model as tensor cores run it", from, how, to)
		}
	}
	return ""
}

// productsIn is what share of the energy products of a type take.
func (r *Report) productsIn(t graph.DType) float64 {
	sum := 0.0
	for i := range r.Operators {
		if op := &r.Operators[i]; op.DType == t && slices.Contains([]string{"gemm", "bmm", "conv"}, op.Class) && !math.IsNaN(op.Metrics.Share) {
			sum += op.Metrics.Share
		}
	}
	return sum
}
