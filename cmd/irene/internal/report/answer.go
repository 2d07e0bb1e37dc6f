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
	add("sure", r.sureText(), render.Plain)
	add("assumed", r.assumedText(), render.Plain)
	add("type", r.precisionHint(), render.Plain)
	return append(out, r.Alerts()...)
}

// energyText is the energy of a run with its interval, and that of a token or item.
func (r *Report) energyText() string {
	m := &r.Tree.Metrics
	if m.NoEnergy {
		return "unknown: the coefficients are of times alone"
	}
	text := fmt.Sprintf("%s (90 %% interval %v to %v)", m.Text("energy"), m.Low, m.High)
	if per := r.Work.Finest(); per != PerRun {
		x := FindMetric("energy")
		text += fmt.Sprintf(", %s per %s", x.Print(float64(r.energyPer(per)), true, x.More(m)), per)
	}
	return text
}

// timeText is the time of a run, and the mean power with the limit beside it.
func (r *Report) timeText() string {
	m := &r.Tree.Metrics
	text := m.Text("time")
	if m.NoEnergy || m.Time <= 0 {
		return text
	}
	text += fmt.Sprintf(" at %v", m.Energy.Over(m.Time))
	if limit := r.Device.Limit(); limit > 0 {
		text += fmt.Sprintf(" of %v", limit)
	}
	return text
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
		text += fmt.Sprintf(" %s %s", map[bool]string{true: "fits", false: "does NOT fit"}[fits], size(r.Device.MemoryBytes))
	}
	return fmt.Sprintf("%s (%s, activations at most %s)", text, weights, size(r.Memory.PeakBytes))
}

// sureText says what the numbers rest on: what part of the energy is fitted, estimated and a stand-in, and how far off such
// numbers were.
func (r *Report) sureText() string {
	if r.Device == nil {
		return ""
	}
	text := map[string]string{
		predict.OriginFitted:    "fitted to measurements of the device",
		predict.OriginEstimated: "estimated from specifications and what was measured on others",
	}[r.Device.Origin]
	if r.Device.LeftOut > 0 {
		text = fmt.Sprintf("%s; times of such kernels were %.0f %% off on GPUs left out of the fit", r.OriginsText(), 100*r.Device.LeftOut)
	}
	if r.Mode != predict.ModeSpec {
		return ModeText(r.Mode) + "; " + text
	}
	return text
}

// assumedText lists what nobody said, and how to say it.
func (r *Report) assumedText() string {
	list := assumedDims(r.Dims)
	if r.Device != nil && r.Device.Default {
		list = append(list, fmt.Sprintf("the device %s (--device)", r.Device.ID))
	}
	return strings.Join(list, ", ")
}

// assumedDims is one text that lists the dims nobody gave; none where all were.
func assumedDims(dims []Dim) []string {
	var list []string
	for _, d := range dims {
		if d.Assumed {
			list = append(list, fmt.Sprintf("%s = %d", d.Name, d.Value))
		}
	}
	if list == nil {
		return nil
	}
	return []string{strings.Join(list, ", ") + " (--dim)"}
}

// precisionHint says that float32 products could run in a type of the device's tensor cores; "" where most do.
func (r *Report) precisionHint() string {
	d := r.Device
	if d == nil || r.As != "" || d.LeftOut == 0 {
		return ""
	}
	half, ok := d.MatrixRate(graph.BFloat16.String())
	single, _ := d.MatrixRate(graph.Float32.String())
	wide := 0.0
	for i := range r.Operators {
		if op := &r.Operators[i]; op.DType == graph.Float32 && slices.Contains([]string{"gemm", "bmm", "conv"}, op.Class) && !math.IsNaN(op.Metrics.Share) {
			wide += op.Metrics.Share
		}
	}
	if !ok || half < 2*single || wide < 0.5 {
		return ""
	}
	return fmt.Sprintf("products in float32: %s; --as bfloat16 costs the model as tensor cores run it", map[bool]string{true: "TF32 on tensor cores", false: "without tensor cores"}[strings.HasPrefix(d.Profile, "ort")])
}
