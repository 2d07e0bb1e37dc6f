package report

import (
	"io"
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/graph/scope"
)

// Schema is the version of the JSON format.
const Schema = 2

// Head says which program wrote a document, and what it read.
type Head struct {
	Schema  int                   `json:"schema"` // version of the format
	Version string                `json:"irene"`  // version of the program
	Model   Model                 `json:"model" lines:"before"`
	Dims    render.Members[int64] `json:"dims" lines:"before"` // every dim that has a number, by name
	Assumed []string              `json:"assumed"`             // names of the dims nobody gave
	Basis
}

// Basis says what predictions rest on.
type Basis struct {
	Device     *deviceJSON      `json:"device" lines:"before"` // null where nothing was predicted
	Profile    render.Text      `json:"runtime"`               // runtime profile: which nodes run as one kernel; null without a device
	Mode       string           `json:"mode"`                  // what the numbers rest on: "spec" is the file alone
	As         string           `json:"as,omitzero"`           // precision that the model was costed in, with --as
	Convention graph.Convention `json:"flops"`                 // what counts as a floating-point operation
}

// deviceJSON says for what device energy and time were predicted.
type deviceJSON struct {
	ID       string      `json:"id"`      // in the table of devices
	Name     string      `json:"name"`    // as the vendor calls it
	Boundary render.Text `json:"scope"`   // what energies cover: "board", "module", "package" or "wall"; null where there are none
	Origin   string      `json:"origin"`  // "fitted" to measurements of this device, or "estimated" from its row and those of others
	Default  bool        `json:"default"` // nobody chose the device
	// LeftOut is the mean error of times of kernels like these on GPUs that were left out of the fit, as a ratio; null where
	// it is not known.
	LeftOut render.Number `json:"left_out"`
	Limit   render.Number `json:"power_limit_w"` // watts that hold; null where the coefficients hold at the plug
}

// Output is what irene analyze --format json writes: the whole report, a line per module, operator and value.
type Output struct {
	Head
	Tree      moduleJSON               `json:"tree" lines:"before"`                   // the model as a module
	Selected  []selectedJSON           `json:"selected,omitzero" lines:"before,each"` // modules that --module asked for
	Top       []int                    `json:"top,omitzero" lines:"before"`           // operators that weigh most, with --top, as indices
	Operators []operatorJSON           `json:"operators" lines:"before,each"`         // in graph order
	Values    render.Members[factJSON] `json:"values,omitzero" lines:"before,each"`   // every edge of the graph, with --values, by name
	Memory    MemoryJSON               `json:"memory" lines:"before"`                 // what the run holds
	TariffJSON
	Coverage render.Members[float64] `json:"coverage" lines:"before"`          // part of the nodes, 0 to 1, that each source of scopes placed
	Unknown  []Kind                  `json:"unknown_operators" lines:"before"` // operators whose cost is in no sum, by type
	Warnings []string                `json:"warnings" lines:"before"`          // what to know beside the numbers, for people
}

// moduleJSON is one call of a module. Where the view ends, it has the operators of everything below it.
type moduleJSON struct {
	Name      string                  `json:"name"`      // within its parent
	Path      string                  `json:"path"`      // of the call; "" is the model
	Canonical string                  `json:"module"`    // path of the module under which its weights are stored
	Class     string                  `json:"class"`     // of the module in the source, where the exporter left it
	Call      int                     `json:"call"`      // 0 for the first call of the module
	Calls     int                     `json:"calls"`     // of the module in the whole model
	Source    render.Members[float64] `json:"source"`    // part of the operators, 0 to 1, that each source of scopes placed
	Share     render.Number           `json:"share"`     // part of the model, 0 to 1: of its energy, else of its time, else of its FLOPs
	Metrics   MetricsJSON             `json:"metrics"`   // sums over the subtree
	Operators []int                   `json:"operators"` // those directly in the module, as indices
	Children  []moduleJSON            `json:"children" lines:"each"`
}

// selectedJSON is a module that was asked for; the tree itself stays whole.
type selectedJSON struct {
	Path      string        `json:"path"`    // of the call
	Canonical string        `json:"module"`  // path of the module under which its weights are stored
	Share     render.Number `json:"share"`   // part of the model, 0 to 1
	Metrics   MetricsJSON   `json:"metrics"` // sums over the subtree
}

// MetricsJSON are the numbers of an operator, or the sums of the known ones over a subtree. A number is an expression in
// the open dims where the report is symbolic, null where it is not known.
type MetricsJSON struct {
	Params    graph.Dim     `json:"params"`          // parameters
	MACs      graph.Dim     `json:"macs"`            // multiply-accumulates
	FLOPs     graph.Dim     `json:"flops"`           // floating-point operations, by the convention of the document
	Read      graph.Dim     `json:"bytes_read"`      // bytes that operators read
	Written   graph.Dim     `json:"bytes_written"`   // bytes that operators write
	Operators int           `json:"operators"`       // nodes of the graph
	Unknown   int           `json:"unknown"`         // operators among them of which some number is not known
	Time      render.Number `json:"time_s"`          // seconds
	Energy    render.Number `json:"energy_j"`        // joules
	Low       render.Number `json:"energy_low_j"`    // joules, of the 90 % interval
	High      render.Number `json:"energy_high_j"`   // joules, of the 90 % interval
	Low50     render.Number `json:"energy_low50_j"`  // joules, of the 50 % interval
	High50    render.Number `json:"energy_high50_j"` // joules, of the 50 % interval
}

// operatorJSON is one node of the graph.
type operatorJSON struct {
	Name         string         `json:"name"`         // of the node; may be empty
	Op           string         `json:"op"`           // operator type
	Domain       string         `json:"domain"`       // of the operator; "" is ai.onnx
	Path         string         `json:"path"`         // of the module call that it stands in
	Class        string         `json:"class"`        // of the energy model
	DType        graph.DType    `json:"dtype"`        // element type that it computes in
	Inputs       []*graph.Value `json:"inputs"`       // names of values; "" is an absent one
	Outputs      []*graph.Value `json:"outputs"`      // names of values; "" is an absent one
	Metrics      MetricsJSON    `json:"metrics"`      // of the operator alone
	Kernel       render.Text    `json:"kernel"`       // operator whose kernel does the work; null where it is this one
	Origin       render.Text    `json:"origin"`       // what stands behind the prediction: "fitted", "estimated" or "stand-in"; null where nothing runs
	StandIn      bool           `json:"scaled"`       // the prediction borrows another class or element type
	Extrapolated bool           `json:"extrapolated"` // the sizes lie outside what was measured
	Why          string         `json:"why,omitzero"` // of the latter two, for people
}

// factJSON is what was inferred of a value.
type factJSON struct {
	DType graph.DType  `json:"dtype"`         // element type
	Shape *graph.Shape `json:"shape"`         // sizes; null where not even the rank is known
	Kind  string       `json:"kind,omitzero"` // of what is no tensor
	Elem  *factJSON    `json:"elem,omitzero"` // of what a sequence or an optional holds
}

// MemoryJSON is what a run holds at once.
type MemoryJSON struct {
	Weights int64  `json:"weight_bytes"`          // bytes of all weights
	Peak    *int64 `json:"peak_activation_bytes"` // bytes of the activations at their peak, in graph order
	Device  *int64 `json:"device_bytes"`          // bytes of the device's memory; null without a device
	Fits    *bool  `json:"fits"`                  // weights and activations fit the device
}

// writeJSON writes the whole report.
func writeJSON(w io.Writer, r *Report) error {
	out := Output{
		Head: r.head(), Tree: r.moduleJSON(r.Tree, 0), Memory: r.MemoryJSON(), TariffJSON: r.TariffJSON(),
		Coverage: sharesJSON(r.Coverage), Unknown: r.Unknown, Warnings: r.Warnings,
		Operators: make([]operatorJSON, len(r.Operators)),
	}
	for _, m := range r.View.Selected {
		out.Selected = append(out.Selected, selectedJSON{m.Path, m.Canonical, render.Number(m.Metrics.Share), m.Metrics.JSON()})
	}
	if r.View.Top >= 0 {
		out.Top = append([]int{}, r.topOperators(r.View.Top)...)
	}
	for i := range r.Operators {
		out.Operators[i] = r.Operators[i].json()
	}
	if r.Values != nil {
		out.Values = make(render.Members[factJSON], len(r.Values))
		for i, v := range r.Values {
			out.Values[i] = render.Member[factJSON]{Name: v.Name, Value: newFactJSON(v.Fact)}
		}
	}
	return render.WriteJSON(w, &out)
}

func (r *Report) head() Head {
	return Head{Schema: Schema, Version: r.Version, Model: r.Model, Dims: DimsJSON(r.Dims), Assumed: r.Assumed, Basis: r.Basis()}
}

// DimsJSON are dims by name.
func DimsJSON(dims []Dim) render.Members[int64] {
	var out render.Members[int64]
	for _, d := range dims {
		out = append(out, render.Member[int64]{Name: d.Name, Value: d.Value})
	}
	return out
}

// Basis is what the report's predictions rest on.
func (r *Report) Basis() Basis {
	out := Basis{Mode: string(r.Mode), As: r.As, Convention: r.Convention}
	if d := r.Device; d != nil {
		out.Device = &deviceJSON{d.ID, d.Name, render.Text(d.Boundary), d.Origin, d.Default, orNull(d.LeftOut), orNull(float64(d.Limit()))}
		out.Profile = render.Text(d.Profile)
	}
	return out
}

func (r *Report) moduleJSON(m *Module, depth int) moduleJSON {
	out := moduleJSON{
		Name: m.Name, Path: m.Path, Canonical: m.Canonical, Class: m.Class, Call: m.Call, Calls: m.Calls,
		Source: sharesJSON(m.Source), Share: render.Number(m.Metrics.Share), Metrics: m.Metrics.JSON(), Operators: m.Operators,
	}
	if r.View.Depth >= 0 && depth >= r.View.Depth {
		out.Operators = m.allOperators()
		return out
	}
	out.Children = make([]moduleJSON, len(m.Children))
	for i, c := range m.Children {
		out.Children[i] = r.moduleJSON(c, depth+1)
	}
	return out
}

func sharesJSON(list []scope.Share) render.Members[float64] {
	var out render.Members[float64]
	for _, s := range list {
		out = append(out, render.Member[float64]{Name: s.Source, Value: s.Share})
	}
	return out
}

// JSON is how the numbers stand in documents.
func (m *Metrics) JSON() MetricsJSON {
	joules := func(v energy.Joules) render.Number {
		if !m.HasEnergy() {
			return render.Number(math.NaN())
		}
		return render.Number(v)
	}
	out := MetricsJSON{
		Params: m.Params, MACs: m.MACs, FLOPs: m.FLOPs, Read: m.Read, Written: m.Written,
		Operators: m.Operators, Unknown: m.Unknown, Time: render.Number(m.Time), Energy: joules(m.Energy),
		Low: joules(m.Low), High: joules(m.High), Low50: joules(m.Low50), High50: joules(m.High50),
	}
	if !m.Predicted {
		out.Time = render.Number(math.NaN())
	}
	return out
}

func (op *Operator) json() operatorJSON {
	n := op.Node
	out := operatorJSON{
		Name: n.Name, Op: n.Op, Domain: n.Domain, Path: op.Path, Class: op.Class, DType: op.DType,
		Inputs: n.Inputs, Outputs: n.Outputs, Metrics: op.Metrics.JSON(),
		Origin: render.Text(op.Origin), StandIn: op.StandIn, Extrapolated: op.Extrapolated, Why: op.Why,
	}
	if op.Kernel != nil {
		out.Kernel = render.Text(op.Kernel.Label())
	}
	return out
}

// TensorKinds names the kinds of values that are no tensors.
var TensorKinds = map[graph.Kind]string{
	graph.KindSequence: "sequence", graph.KindOptional: "optional", graph.KindMap: "map",
	graph.KindSparse: "sparse", graph.KindOpaque: "opaque",
}

func newFactJSON(f *ops.Fact) factJSON {
	out := factJSON{DType: f.DType, Kind: TensorKinds[f.Kind]}
	if f.Shape != nil {
		out.Shape = &f.Shape
	}
	if out.Kind != "" && f.Elem != nil {
		out.Elem = new(newFactJSON(f.Elem))
	}
	return out
}

// MemoryJSON is how the report's memory stands in documents.
func (r *Report) MemoryJSON() MemoryJSON {
	out := MemoryJSON{Weights: r.Memory.WeightBytes}
	if r.Memory.Known {
		out.Peak = &r.Memory.PeakBytes
	}
	if r.Device != nil {
		out.Device = &r.Device.MemoryBytes
	}
	if fits, known := r.Fits(); known {
		out.Fits = &fits
	}
	return out
}

// orNull is a number that zero stands for the lack of.
func orNull(v float64) render.Number {
	if v == 0 {
		v = math.NaN()
	}
	return render.Number(v)
}
