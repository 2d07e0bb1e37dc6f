package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// Explanation is what the formats of irene explain read.
type Explanation struct {
	*Report
	Idle    energy.Watts
	Modules []*ExplainedModule
	Top     int // operators to list; negative: the format chooses
}

// ExplainedModule says what the energy and the time of a module are made of.
type ExplainedModule struct {
	*Module
	Causes    law.Causes
	Static    energy.Joules // idle power while it runs
	Kernels   int
	Calls     int              // of the framework, without a kernel
	Classes   []*ExplainedPart // the largest first
	Operators []*ExplainedPart // kernels and calls, in graph order
	Advice    []string         // the weightiest first
}

// ExplainedPart is one kernel, or the sum of several.
type ExplainedPart struct {
	Class  string
	Count  int
	Causes law.Causes
	Static energy.Joules

	// Of single kernels, and of equal ones that share a row.
	Op     *Operator
	Place  string
	Terms  *predict.Kernel
	FLOPs  float64 // of all members, in the convention of the report
	Ridge  float64 // FLOPs per byte from which on the device's arithmetic binds; 0 where no peak is known
	Advice string
}

// Bound names what takes most of the part's time: "compute", "memory", "launch", or "" where nothing takes time.
func (p *ExplainedPart) Bound() string {
	c, ok := p.Causes.Bound()
	switch {
	case !ok:
		return ""
	case c == law.Memory:
		return "memory"
	case c == law.Launch:
		return "launch"
	}
	return "compute"
}

// Intensity is the part's FLOPs per byte.
func (p *ExplainedPart) Intensity() float64 {
	if p.Terms == nil || p.Terms.Sizes.Bytes == 0 {
		return 0
	}
	return p.FLOPs / p.Terms.Sizes.Bytes
}

// BuildExplanation explains modules of a report. The open analysis is of the same graph in symbols, and names the dims
// that advice speaks of.
func BuildExplanation(r *Report, e *predict.Result, open *analysis.Analysis, modules []*Module) *Explanation {
	b := &explainer{r: r, e: e, open: open, index: map[*graph.Node]int{}}
	for i := range r.Operators {
		b.index[r.Operators[i].Node] = i
	}
	b.terms = make([]*predict.Kernel, len(r.Operators))
	for i := range e.Kernels {
		k := &e.Kernels[i]
		b.terms[b.index[k.Node]] = k
		for _, n := range k.Members {
			b.terms[b.index[n]] = k
		}
	}
	out := &Explanation{Report: r, Idle: e.Idle, Top: -1}
	if r.Tree.Metrics.NoEnergy {
		out.Idle = energy.Watts(math.NaN())
	}
	for _, m := range modules {
		out.Modules = append(out.Modules, b.module(m))
	}
	return out
}

type explainer struct {
	r     *Report
	e     *predict.Result
	open  *analysis.Analysis
	index map[*graph.Node]int
	terms []*predict.Kernel // by the index of an operator: the kernel that it runs in
}

// inside is what part of a kernel a module's operators stand for, and the first of them.
type inside struct {
	kernel *predict.Kernel
	first  int
	part   float64
}

// kernels lists the kernels that run in a module, in graph order, each as far as its operators are the module's.
func (b *explainer) kernels(m *Module) []inside {
	var out []inside
	at := map[*predict.Kernel]int{}
	for _, i := range m.allOperators() {
		k := b.terms[i]
		if k == nil || !k.Known {
			continue
		}
		j, ok := at[k]
		if !ok {
			j = len(out)
			at[k] = j
			out = append(out, inside{kernel: k, first: i})
		}
		if n := b.r.Operators[i].Node; n == k.Node {
			out[j].first = i
		}
		out[j].part += b.e.Nodes[b.r.Operators[i].Node.ID].Part
	}
	return out
}

func (b *explainer) module(m *Module) *ExplainedModule {
	out := &ExplainedModule{Module: m}
	classes := map[string]*ExplainedPart{}
	for _, x := range b.kernels(m) {
		k := x.kernel
		p := b.part(x.first, k, min(1, x.part))
		if p.Causes.Total() == (law.Share{}) {
			continue
		}
		if b.r.Tree.Metrics.NoEnergy {
			p.forgetEnergy()
		}
		if len(k.Members) > 0 {
			out.Kernels++
		} else {
			out.Calls++
		}
		out.Operators = append(out.Operators, p)
		out.Causes.Add(&p.Causes)
		out.Static += p.Static
		c := classes[p.Class]
		if c == nil {
			c = &ExplainedPart{Class: p.Class}
			classes[p.Class] = c
			out.Classes = append(out.Classes, c)
		}
		c.Count++
		c.Static += p.Static
		c.Causes.Add(&p.Causes)
	}
	slices.SortStableFunc(out.Classes, byEnergy)
	out.Advice = b.advise(out)
	return out
}

// forgetEnergy makes energies not a number, which is how what coefficients do not hold is printed as unknown.
func (p *ExplainedPart) forgetEnergy() {
	for i := range p.Causes {
		p.Causes[i].Energy = energy.Joules(math.NaN())
	}
	p.Static = energy.Joules(math.NaN())
}

// byEnergy orders parts, those first that take most; by time where energies are unknown.
func byEnergy(x, y *ExplainedPart) int {
	if a, b := x.Causes.Total(), y.Causes.Total(); math.IsNaN(float64(a.Energy)) {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(x.Class, y.Class))
	}
	return cmp.Or(cmp.Compare(y.Causes.Total().Energy, x.Causes.Total().Energy), strings.Compare(x.Class, y.Class))
}

// part is a kernel, of which so much is a module's.
func (b *explainer) part(i int, k *predict.Kernel, of float64) *ExplainedPart {
	op := &b.r.Operators[i]
	causes := k.Causes
	if of < 1 {
		causes = causes.Times(of)
	}
	total := causes.Total()
	p := &ExplainedPart{
		Class: k.Class, Count: 1, Causes: causes, Op: op, Place: op.Path, Terms: k,
		Static: min(total.Energy, b.e.Idle.Times(total.Time)),
	}
	for _, n := range k.Members {
		if j, ok := b.index[n]; ok {
			v, _ := b.r.Operators[j].Metrics.FLOPs.Const()
			p.FLOPs += float64(v)
		}
	}
	if ridge, ok := b.e.Device.RidgePoint(k.DType.String()); ok && len(k.Members) > 0 {
		p.Ridge = ridge
	}
	p.Advice = b.remedy(p)
	return p
}

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

// ExplainFormats is the table of formats for explanations, the default first.
func ExplainFormats() []render.Format[*Explanation] {
	return []render.Format[*Explanation]{
		{Name: "text", Help: "tables for people", Write: writeExplainText},
		{Name: "json", Help: "every kernel", Ext: []string{".json"}, Write: writeExplainJSON},
	}
}
