package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// remedy says in a few words what would make one kernel cheaper.
func (b *explainer) remedy(p *ExplainedPart) string {
	total := p.Causes.Total()
	switch {
	case p.Bound() == "compute" && p.Causes[law.Waves].Time > total.Time/10 && p.Terms.Fill > 0:
		return b.fill(p)
	case p.Bound() == "launch" && len(p.Terms.Members) == 0:
		return "a call without a kernel: only the host works"
	case p.Bound() == "launch":
		return "less work than a launch: fuse it, or give it a larger batch"
	case p.Bound() == "memory" && fewRows(p.Terms):
		return "reads its weights for few rows: a larger batch shares them, narrower types are fewer bytes"
	case p.Bound() == "memory":
		return "moves bytes: fuse it with its neighbours, or use a narrower type"
	case p.Bound() == "compute":
		return "computes: fewer FLOPs, or a type with a higher peak"
	}
	return ""
}

// fewRows reports whether a kernel is a product whose right operand is larger than its left one and its result.
func fewRows(k *predict.Kernel) bool {
	return k.Fill > 0 && k.Sizes.Products[0].M < min(k.Sizes.Products[0].N, k.Sizes.Products[0].K)
}

// fill says which sizes would fill the tiles of a kernel's first product.
func (b *explainer) fill(p *ExplainedPart) string {
	q := p.Terms.Tiling(0)
	sms := float64(b.e.Device.SMs)
	tilesM, tilesN := math.Ceil(q.M/q.Rows), math.Ceil(q.N/q.Cols)
	edges := q.M * q.N / (tilesM * q.Rows * tilesN * q.Cols)
	rounds := 1.0
	if sms > 0 {
		rounds = q.Blocks / (math.Ceil(q.Blocks/sms) * sms)
	}
	s := fmt.Sprintf("tiles of %.0f×%.0f %.0f %% full", q.Rows, q.Cols, 100*p.Terms.Fill)
	products := b.open.Costs[p.Op.Node.ID].Products
	if len(products) == 0 {
		return s
	}
	open := products[0]
	if q.Vector { // too few rows for tiles
		open.M = graph.Const(int64(q.M))
	}
	if rounds > edges {
		if hint := multiple(open.M, q.M, q.Rows); hint != "" {
			return s + ": " + hint
		}
		return s + hinted(multiple(open.N, q.N, q.Cols))
	}
	s += fmt.Sprintf(", %.0f on %.0f multiprocessors", q.Blocks, sms)
	if hint := multiple(open.Batch, q.Batch, sms/greatest(sms, tilesM*tilesN)); hint != "" {
		return s + ": " + hint
	}
	return s + hinted(multiple(open.M, q.M, q.Rows*sms/greatest(sms, q.Batch*tilesN)))
}

func hinted(hint string) string {
	if hint == "" {
		return ""
	}
	return ": " + hint
}

// multiple says that an open size should be a multiple of a step; "" where the size is fixed or a multiple already.
func multiple(d graph.Dim, v, step float64) string {
	if _, fixed := d.Const(); fixed || d.IsUnknown() || step <= 1 || math.Mod(v, step) == 0 {
		return ""
	}
	return fmt.Sprintf("%s (%.0f) as a multiple of %.0f fills them", render.Expression(d), v, step)
}

// greatest is the greatest common divisor of whole numbers.
func greatest(a, b float64) float64 {
	for b != 0 {
		a, b = b, math.Mod(a, b)
	}
	return max(1, a)
}

// advise says what binds a module as a whole and what would help, the largest part of its time first. What kernels wait for the
// host is apart from what binds them.
func (b *explainer) advise(m *ExplainedModule) []string {
	total := m.Causes.Total().Time
	if total <= 0 {
		return nil
	}
	type line struct {
		time energy.Seconds
		text string
	}
	var lines []line
	for _, bound := range []string{"compute", "memory", "launch"} {
		var parts []*ExplainedPart
		var t energy.Seconds
		for _, p := range m.Operators {
			if p.Bound() == bound {
				parts = append(parts, p)
				t += p.Causes.Total().Time - p.Causes[law.Host].Time
			}
		}
		if t < total/100 {
			continue
		}
		text := fmt.Sprintf("%s-bound: %s of the time, %s: ", bound, render.Percent(float64(t/total)), b.counted(parts))
		switch bound {
		case "compute":
			text += b.computeAdvice(parts, t)
		case "memory":
			text += b.memoryAdvice(parts, t)
		default:
			text += fmt.Sprintf("launches take longer than the work: a larger batch, or %s", b.fusingRuntime())
		}
		lines = append(lines, line{t, text})
	}
	if t := m.Causes[law.Host].Time; t >= total/20 {
		lines = append(lines, line{t, b.hostAdvice(float64(t / total))})
	}
	if t := m.Causes[law.Waves].Time; t >= total/20 {
		worst := slices.MaxFunc(m.Operators, func(x, y *ExplainedPart) int {
			return cmp.Compare(x.Causes[law.Waves].Time, y.Causes[law.Waves].Time)
		})
		text := fmt.Sprintf("waves: %s of the time is for elements of tiles and multiprocessors that stay idle", render.Percent(float64(t/total)))
		if worst.Advice != "" && worst.Terms.Fill > 0 {
			text += fmt.Sprintf("; most in %s of %s: %s", worst.Op.Node.Kind(), place(worst.Place), b.fill(worst))
		}
		lines = append(lines, line{t, text})
	}
	slices.SortStableFunc(lines, func(x, y line) int { return cmp.Compare(y.time, x.time) })
	var out []string
	for _, l := range lines {
		out = append(out, l.text)
	}
	return out
}

// hostAdvice says what the host keeps the device from. By the law of overlapping kernels it sets the pace of the whole pass.
func (b *explainer) hostAdvice(share float64) string {
	text := fmt.Sprintf("host: %s of the time the device waits for launches", render.Percent(share))
	if b.e.LeftOut > 0 {
		text += ", so that faster kernels save energy and no time"
	}
	return text + ": a larger batch, or " + b.fusingRuntime()
}

func place(path string) string {
	if path == "" {
		return "the model"
	}
	return path
}

// counted is "36 kernels and 4 calls".
func (b *explainer) counted(parts []*ExplainedPart) string {
	kernels := 0
	for _, p := range parts {
		if len(p.Terms.Members) > 0 {
			kernels++
		}
	}
	switch calls := len(parts) - kernels; {
	case calls == 0:
		return render.Plural(kernels, "kernel")
	case kernels == 0:
		return render.Plural(calls, "call")
	default:
		return render.Plural(kernels, "kernel") + " and " + render.Plural(calls, "call") + " without one"
	}
}

func (b *explainer) computeAdvice(parts []*ExplainedPart, t energy.Seconds) string {
	flops := 0.0
	for _, p := range parts {
		flops += p.Terms.FLOPs()
	}
	dtype := slices.MaxFunc(parts, func(x, y *ExplainedPart) int { return cmp.Compare(x.Terms.FLOPs(), y.Terms.FLOPs()) }).Terms.DType
	rate := energy.FLOPsPerSecond(flops / float64(t))
	s := rate.String()
	peak, ok := b.e.Device.MatrixRate(dtype.String())
	if ok {
		s += fmt.Sprintf(", %s of the peak in %v", render.Percent(float64(rate/peak)), dtype)
	}
	s += "; fewer FLOPs help"
	for _, other := range []string{energy.TF32, "float16", "int8"} {
		if better, known := b.e.Device.PeakMatrix(other); ok && known && better > peak {
			return s + fmt.Sprintf(", or %s, whose peak is %.3g times as high", other, float64(better/peak))
		}
	}
	return s
}

func (b *explainer) memoryAdvice(parts []*ExplainedPart, t energy.Seconds) string {
	bytes, products := 0.0, 0
	for _, p := range parts {
		bytes += p.Terms.Sizes.Bytes
		if fewRows(p.Terms) {
			products++
		}
	}
	rate := energy.BytesPerSecond(bytes / float64(t))
	s := rate.String()
	if b.e.Device.Bandwidth > 0 {
		s += fmt.Sprintf(", %s of the bandwidth", render.Percent(float64(rate/b.e.Device.Bandwidth)))
	}
	if 2*products > len(parts) {
		return s + "; a larger batch reads the weights once for more rows, narrower types are fewer bytes"
	}
	return s + "; narrower types, or " + b.fusingRuntime() + ", move fewer bytes"
}

// fusingRuntime names what runs several of the kernels as one.
func (b *explainer) fusingRuntime() string {
	switch b.e.Profile {
	case "eager", "ort-basic", "none":
		return "a runtime that fuses more (see --runtime ort-extended)"
	}
	return "further fusion, or a captured graph of launches"
}
