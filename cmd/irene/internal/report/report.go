package report

import (
	"cmp"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/ops"
	"github.com/irene-onnx/irene/graph/scope"
)

// Report is what every format reads.
type Report struct {
	Version    string // of irene
	Model      Model
	Dims       []Dim    // every dim that has a number, in the order the model declares them
	Assumed    []string // names of the dims nobody gave
	Symbolic   bool
	As         string       // precision that the model was costed in; "": that of the file
	Device     *Device      // nil where nothing was predicted
	Mode       predict.Mode // what the numbers rest on
	Convention graph.Convention
	Tree       *Module
	Operators  []Operator // in graph order
	Values     []Value    // nil unless asked for
	Memory     analysis.Memory
	Work       Work
	Tariff     Tariff
	Coverage   []scope.Share
	Unknown    []Kind // operators whose cost is not known
	Warnings   []string
	View       View

	Graph      *graph.Graph
	Facts      []ops.Fact      // by Value.ID
	Prediction *predict.Result // nil where there is none
}

// Model says which file was read.
type Model struct {
	File     string                `json:"file"`       // its path as it was given
	Producer string                `json:"producer"`   // program that wrote the file, with its version
	IR       int64                 `json:"ir_version"` // version of the ONNX format
	Opsets   render.Members[int64] `json:"opsets"`     // versions of the imported operator sets, by domain
	Nodes    int                   `json:"nodes"`      // of the whole graph, subgraphs included
}

// Dim is one dim with its number.
type Dim struct {
	Name    string
	Value   int64
	Assumed bool
}

// Device says for what and by which coefficients energy and time were predicted.
type Device struct {
	energy.Device
	Boundary energy.Boundary
	Origin   string // "fitted" or "estimated"
	Profile  string
	Default  bool         // nobody chose the device
	LeftOut  float64      // see predict.Result; 0 where it is not known
	Set      energy.Watts // power limit that was asked for; 0: the board's own

	DefaultProfile bool // nobody chose the runtime profile
}

// Limit is the power limit that holds; 0 where energy is not the board's.
func (d *Device) Limit() energy.Watts {
	if d.Boundary != energy.BoundaryBoard {
		return 0
	}
	return cmp.Or(d.Set, d.TDP)
}

// Metrics are the numbers of an operator, or the sums of the known ones over a subtree. Expressions are constants
// unless the report is symbolic; unknown ones are unknown Dims.
type Metrics struct {
	Params    graph.Dim
	MACs      graph.Dim
	FLOPs     graph.Dim
	Read      graph.Dim
	Written   graph.Dim
	Operators int
	Unknown   int     // operators among them of which some number is not known
	Share     float64 // of the whole model, in [0, 1]; NaN where it is not known; see Report.ShareOf
	Predicted bool    // else the estimate has no numbers
	NoEnergy  bool    // the coefficients hold times alone: energies are not known
	law.Estimate
}

// HasEnergy reports whether the energies are known.
func (m *Metrics) HasEnergy() bool { return m.Predicted && !m.NoEnergy }

// Module is one call of a module.
type Module struct {
	*graph.Module
	Calls     int // of the canonical module in the whole tree
	Source    []scope.Share
	Metrics   Metrics
	Operators []int // those directly in the module, as indices
	Children  []*Module
}

// Operator is one node of the graph.
type Operator struct {
	Node         *graph.Node
	Path         string
	Class        string
	DType        graph.DType
	Metrics      *Metrics    // equal ones are shared: nobody may change one
	Kernel       *graph.Node // whose kernel does the work; nil where it is the operator itself
	StandIn      bool        // the prediction borrows another class or element type
	Extrapolated bool
	Why          string     // of the latter two
	Origin       law.Origin // "" where nothing runs
}

// Value is one edge of the graph with what was inferred of it.
type Value struct {
	Name string
	Fact *ops.Fact
}

// Kind counts operators of one type whose cost is not known.
type Kind struct {
	Op    string `json:"op"`    // type, with its domain
	Count int    `json:"count"` // operators
	Why   string `json:"why"`   // what keeps the cost from being known, for people
}

// View says what part of the report formats show, and in which order.
type View struct {
	Depth    int       // levels of modules below the root; negative: the format chooses
	Top      int       // operators to list; negative: the format chooses
	Selected []*Module // modules asked for; nil: all
	Sort     string    // ByOrder, ByName, or the name of a metric
	Expand   bool      // show every one of equal layers
	Verbose  bool      // of texts: where modules' names come from, and every doubt with its reason
	render.Screen
	Focus  *Module // of pictures: the module that is shown; nil: the model
	Radius int     // of pictures: steps around the focus
}

// Format is one way to write a report.
type Format = render.Format[*Report]

// Formats is the table of formats that list what the model costs, the default first.
func Formats() []Format {
	return []Format{
		{Name: "text", Help: "tables for people", Ext: []string{".txt"}, Levels: true, Write: writeText},
		{Name: "json", Help: "everything, schema 2", Ext: []string{".json"}, Levels: true, Write: writeJSON},
		{Name: "csv", Help: "a row per module and operator", Ext: []string{".csv"}, Levels: true, Write: writeCSV},
		{Name: "markdown", Help: "tables for issues and pull requests", Ext: []string{".md", ".markdown"}, Levels: true, Write: writeMarkdown},
	}
}

// ShareOf names the metric that shares are parts of: "energy", "time" where no energy is known, "flops" where no time is
// either, "" where the FLOPs are no number.
func (r *Report) ShareOf() string {
	switch m := &r.Tree.Metrics; {
	case m.HasEnergy():
		return "energy"
	case m.Predicted:
		return "time"
	}
	if n, ok := r.Tree.Metrics.FLOPs.Const(); ok && n > 0 {
		return "flops"
	}
	return ""
}

// Walk visits m and everything below it, parents first.
func (m *Module) Walk(visit func(*Module)) {
	visit(m)
	for _, c := range m.Children {
		c.Walk(visit)
	}
}
