package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

const (
	shownNotes  = 12 // warnings
	shownDoubts = 5  // reasons of one kind
)

// notes are lines beside tables.
type notes []render.Note

func (t *notes) add(key, text string) { *t = append(*t, render.Note{Key: key, Text: text}) }

// HeadNotes says what was read and under which assumptions the numbers hold.
func (r *Report) HeadNotes() []render.Note {
	out := []render.Note{{Key: "model", Text: fmt.Sprintf("%s (%s)", r.Model.File, r.AboutModel())}}
	out = append(out, render.Note{Key: "dims", Text: r.DimsText()})
	if r.Device != nil {
		text := deviceText(&r.Device.Device, r.Device.Boundary, r.Device.Origin, r.Device.Profile)
		if r.Device.Default {
			text += "; the default, --device ID chooses another (irene devices)"
		}
		out = append(out, render.Note{Key: "device", Text: text})
		if text := r.surenessText(); text != "" {
			out = append(out, render.Note{Key: "sure", Text: text})
		}
	}
	if text := r.precisionHint(); text != "" {
		out = append(out, render.Note{Key: "type", Text: text})
	}
	out = append(out, render.Note{Key: "numbers", Text: fmt.Sprintf("%s; FLOPs count %s", r.NumbersText(), r.Convention)})
	return append(out, render.Note{Key: "total", Text: r.totalText(), Style: render.Bold})
}

// deviceText says what predictions rest on.
func deviceText(d *energy.Device, b energy.Boundary, origin, profile string) string {
	return fmt.Sprintf("%s (%s): %s, %s, runtime %s", d.Name, d.ID, BoundaryText(b), origin, profile)
}

// surenessText says what share of the model is fitted, estimated and a stand-in, and how far off such numbers were.
func (r *Report) surenessText() string {
	if r.Device.LeftOut == 0 {
		return ""
	}
	return fmt.Sprintf("%s; times of such kernels were %.0f %% off on GPUs left out of the fit", r.OriginsText(), 100*r.Device.LeftOut)
}

// BoundaryText says what energies cover; coefficients of times alone have none.
func BoundaryText(s energy.Boundary) string {
	if s == "" {
		return "no energy"
	}
	return string(s) + " energy"
}

// AboutModel says where the file comes from and how large it is.
func (r *Report) AboutModel() string {
	m := r.Model
	about := []string{}
	if m.Producer != "" {
		about = append(about, m.Producer)
	}
	for _, o := range m.Opsets {
		switch {
		case o.Name == "" || o.Name == "ai.onnx":
			about = append(about, fmt.Sprintf("opset %d", o.Value))
		case r.uses(o.Name): // domains of inlined functions are left out
			about = append(about, fmt.Sprintf("%s %d", o.Name, o.Value))
		}
	}
	return strings.Join(append(about, fmt.Sprintf("IR %d", m.IR), render.Plural(m.Nodes, "node")), ", ")
}

func (r *Report) uses(domain string) bool {
	return slices.ContainsFunc(r.Operators, func(op Operator) bool { return op.Node.Domain == domain })
}

// ModeText says in words what the numbers of a mode rest on.
func ModeText(mode predict.Mode) string {
	switch mode {
	case predict.ModeSpec:
		return "from the file alone"
	case predict.ModeTimes:
		return "from the file and measured operator times"
	case predict.ModeMetered:
		return "measured, predicted where nothing was"
	}
	return string(mode)
}

// NumbersText says in words what the report's numbers rest on, and the precision where it is not the file's.
func (r *Report) NumbersText() string {
	if r.As == "" {
		return ModeText(r.Mode)
	}
	return ModeText(r.Mode) + ", as " + r.As
}

// DimsText lists the dims that have a number, and says which are assumed.
func (r *Report) DimsText() string {
	var list []string
	for _, d := range r.Dims {
		s := fmt.Sprintf("%s = %d", d.Name, d.Value)
		if d.Assumed {
			s += " (assumed)"
		}
		list = append(list, s)
	}
	switch {
	case len(list) == 0 && r.Symbolic:
		return "none bound"
	case len(list) == 0:
		return "all fixed in the file"
	}
	return strings.Join(list, ", ")
}

func (r *Report) totalText() string {
	m := &r.Tree.Metrics
	var list []string
	switch {
	case m.HasEnergy():
		list = append(list, fmt.Sprintf("%s (%v to %v)", m.Text("energy"), m.Low, m.High), m.Text("time"))
		if m.Time > 0 {
			list = append(list, r.powerText(m.Energy.Over(m.Time)))
		}
	case m.Predicted:
		list = append(list, "energy unknown", m.Text("time"))
	}
	if !r.Symbolic {
		list = append(list, m.Text("flops"), m.Text("bytes"))
	}
	list = append(list, m.Text("params")+" parameters", render.Plural(m.Operators, "operator"))
	return strings.Join(list, ", ")
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
		if op := &r.Operators[i]; op.DType == graph.Float32 && (op.Class == "gemm" || op.Class == "bmm" || op.Class == "conv") && !math.IsNaN(op.Metrics.Share) {
			wide += op.Metrics.Share
		}
	}
	if !ok || half < 2*single || wide < 0.5 {
		return ""
	}
	return fmt.Sprintf("products in float32: %s; --as bfloat16 costs the model as tensor cores run it", map[bool]string{true: "TF32 on tensor cores", false: "without tensor cores"}[strings.HasPrefix(d.Profile, "ort")])
}

// powerText is a mean power, and the limit beside it.
func (r *Report) powerText(w energy.Watts) string {
	if limit := r.Device.Limit(); limit > 0 {
		return fmt.Sprintf("%v of %v", w, limit)
	}
	return w.String()
}

// notes are what to know beside the tables, doubts last.
func (r *Report) notes() []render.Note {
	var out []render.Note
	out = append(out, render.Note{Key: "memory", Text: r.memoryText()})
	out = append(out, r.TariffNotes()...)
	if len(r.Coverage) > 0 {
		var list []string
		for _, s := range r.Coverage {
			list = append(list, fmt.Sprintf("%s by %s", render.Percent(s.Share), s.Source))
		}
		out = append(out, render.Note{Key: "modules", Text: "operators placed: " + strings.Join(list, ", ")})
	}
	return append(out, r.Doubts()...)
}

// Doubts are what makes the numbers less sure, warnings last.
func (r *Report) Doubts() []render.Note {
	out := append(
		r.counted("scaled", func(op *Operator) bool { return op.StandIn }),
		r.counted("extrapolated", func(op *Operator) bool { return op.Extrapolated })...,
	)
	for _, k := range r.Unknown {
		out = append(out, render.Note{Key: "unknown", Text: fmt.Sprintf("%s ×%d: %s; its cost is in no sum", k.Op, k.Count, k.Why), Mark: render.Yellow})
	}
	for i, w := range r.Warnings {
		if i == shownNotes {
			return append(out, render.Note{Key: "warning", Text: fmt.Sprintf("%d more (JSON has all)", len(r.Warnings)-i), Mark: render.Yellow})
		}
		out = append(out, render.Note{Key: "warning", Text: w, Mark: render.Yellow})
	}
	return out
}

// counted counts the operators of which something holds, by the reason.
func (r *Report) counted(key string, holds func(*Operator) bool) []render.Note {
	type doubt struct {
		why   string
		n     int
		share float64
	}
	var list []doubt
	for i := range r.Operators {
		op := &r.Operators[i]
		if !holds(op) {
			continue
		}
		k := slices.IndexFunc(list, func(d doubt) bool { return d.why == op.Why })
		if k < 0 {
			k = len(list)
			list = append(list, doubt{why: op.Why})
		}
		list[k].n++
		list[k].share += op.Metrics.Share
	}
	slices.SortStableFunc(list, func(x, y doubt) int { return cmp.Compare(y.share, x.share) })
	var out []render.Note
	for i, d := range list {
		if i == shownDoubts {
			out = append(out, render.Note{Key: key, Text: fmt.Sprintf("%s more (JSON has all)", render.Plural(len(list)-i, "reason")), Mark: render.Yellow})
			break
		}
		text := fmt.Sprintf("%s, %s of the %s", render.Plural(d.n, "operator"), render.Percent(d.share), r.ShareOf())
		if d.why != "" {
			text += ": " + d.why
		}
		out = append(out, render.Note{Key: key, Text: text, Mark: render.Yellow})
	}
	return out
}

func (r *Report) memoryText() string {
	size := func(n int64) string { return energy.FormatBinaryBytes(float64(n)) }
	s := "weights " + size(r.Memory.WeightBytes)
	if !r.Memory.Known {
		return s + ", activations depend on dims that have no number"
	}
	s += fmt.Sprintf(" + activations at most %s = %s", size(r.Memory.PeakBytes), size(r.Memory.WeightBytes+r.Memory.PeakBytes))
	fits, known := r.Fits()
	switch {
	case !known:
		return s
	case fits:
		return s + fmt.Sprintf(", fits the device's %s", size(r.Device.MemoryBytes))
	}
	return s + fmt.Sprintf(": does NOT fit the device's %s", size(r.Device.MemoryBytes))
}
