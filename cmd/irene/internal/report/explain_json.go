package report

import (
	"io"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
)

// ExplainOutput is what irene explain --format json writes, a line per module, class and kernel.
type ExplainOutput struct {
	Head
	Idle     energy.Watts    `json:"idle_w" lines:"before"` // watts of the device without work; null where no energy is known
	Modules  []explainedJSON `json:"modules" lines:"each"`
	Warnings []string        `json:"warnings" lines:"before"` // what to know beside the numbers, for people
}

// explainedJSON says what the energy and the time of a module are made of.
type explainedJSON struct {
	Path      string `json:"path"`    // of the call; "" is the model
	Canonical string `json:"module"`  // path of the module under which its weights are stored
	Class     string `json:"class"`   // of the module in the source, where the exporter left it
	Kernels   int    `json:"kernels"` // that the device runs
	Calls     int    `json:"calls"`   // of the framework, without a kernel
	Unknown   int    `json:"unknown"` // operators of unknown cost, which are in no sum
	causesJSON
	Classes   []classJSON  `json:"classes" lines:"before,each"`   // the largest first
	Operators []kernelJSON `json:"operators" lines:"before,each"` // in graph order, or the largest first with --top
	Advice    []string     `json:"advice"`                        // what would help, the weightiest first, for people
}

// classJSON is what the kernels of a class take.
type classJSON struct {
	Class   string      `json:"class"`   // of the energy model
	Kernels int         `json:"kernels"` // and calls of the framework without one
	Bound   render.Text `json:"bound"`   // what takes most of the time: "compute", "memory" or "launch"; null where nothing takes any
	causesJSON
}

// kernelJSON is one kernel, or a call of the framework without one.
type kernelJSON struct {
	Name      string        `json:"name"`                 // of the node that it stands on
	Op        string        `json:"op"`                   // type of that node, with its domain
	Path      string        `json:"path"`                 // of the module call that it stands in
	Class     string        `json:"class"`                // of the energy model
	Members   int           `json:"members"`              // nodes that it runs; 0 for a call without a kernel
	Bound     render.Text   `json:"bound"`                // what takes most of the time: "compute", "memory" or "launch"; null where nothing takes any
	FLOPs     float64       `json:"flops"`                // floating-point operations of all members, by the convention of the document
	Bytes     float64       `json:"bytes"`                // bytes read and written
	Intensity render.Number `json:"flops_per_byte"`       // FLOPs per byte
	Ridge     render.Number `json:"ridge_flops_per_byte"` // FLOPs per byte from which on arithmetic binds; null where no peak is known
	Fill      render.Number `json:"tile_fill"`            // part of the tiles, 0 to 1, that holds elements; null without tiles
	causesJSON
	StandIn bool   `json:"scaled"` // the prediction borrows another class or element type
	Advice  string `json:"advice"` // what would make it cheaper, for people
}

// causesJSON are the members that modules, classes and kernels have in common.
type causesJSON struct {
	law.Share
	Static  energy.Joules   `json:"static_j"`  // joules that flow without work too
	Dynamic energy.Joules   `json:"dynamic_j"` // joules that the work adds
	Causes  causeSharesJSON `json:"causes"`    // of energy and time; their sum is the whole
}

// causeSharesJSON says what energy and time stand for.
type causeSharesJSON struct {
	Arithmetic law.Share `json:"arithmetic"` // operations of products
	Waves      law.Share `json:"waves"`      // elements of tiles and multiprocessors that stay idle
	Memory     law.Share `json:"memory"`     // bytes read and written
	Launch     law.Share `json:"launch"`     // starting kernels
	Host       law.Share `json:"host"`       // launches and calls that work does not hide
}

func writeExplainJSON(w io.Writer, r *Explanation) error {
	out := ExplainOutput{Head: r.head(), Idle: r.Idle, Warnings: r.Warnings}
	for _, m := range r.Modules {
		out.Modules = append(out.Modules, m.json(r.Top))
	}
	return render.WriteJSON(w, &out)
}

func (m *ExplainedModule) json(top int) explainedJSON {
	out := explainedJSON{
		Path: m.Path, Canonical: m.Canonical, Class: m.Class, Kernels: m.Kernels, Calls: m.Calls, Unknown: m.Metrics.Unknown,
		causesJSON: newCausesJSON(&m.Causes, m.Static), Advice: m.Advice,
	}
	for _, c := range m.Classes {
		out.Classes = append(out.Classes, classJSON{c.Class, c.Count, render.Text(c.Bound()), newCausesJSON(&c.Causes, c.Static)})
	}
	for _, p := range topParts(m.Operators, top) {
		out.Operators = append(out.Operators, p.json())
	}
	return out
}

// topParts are the n kernels that take most; all in graph order where n is negative.
func topParts(list []*ExplainedPart, n int) []*ExplainedPart {
	if n < 0 {
		return list
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, byEnergy)
	return out[:min(n, len(out))]
}

func newCausesJSON(c *law.Causes, static energy.Joules) causesJSON {
	total := c.Total()
	return causesJSON{
		total, static, total.Energy - static,
		causeSharesJSON{c[law.Arithmetic], c[law.Waves], c[law.Memory], c[law.Launch], c[law.Host]},
	}
}

func (p *ExplainedPart) json() kernelJSON {
	return kernelJSON{
		Name: p.Op.Node.Name, Op: p.Op.Node.Kind(), Path: p.Op.Path, Class: p.Class,
		Members: len(p.Terms.Members), Bound: render.Text(p.Bound()), FLOPs: p.FLOPs, Bytes: p.Terms.Sizes.Bytes,
		Intensity: positive(p.Intensity(), p.Terms.Sizes.Bytes), Ridge: positive(p.Ridge, p.Ridge), Fill: positive(p.Terms.Fill, p.Terms.Fill),
		causesJSON: newCausesJSON(&p.Causes, p.Static), StandIn: p.Terms.StandIn, Advice: p.Advice,
	}
}

// positive is v where there is some of what it is a part of; else it is not known.
func positive(v, of float64) render.Number {
	if of > 0 {
		return render.Number(v)
	}
	return render.Number(math.NaN())
}
