package ops

import (
	"fmt"
	"sort"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Op is one row of the operator table: what is known of one operator from one opset version on.
type Op struct {
	Domain string // "" is ai.onnx
	Name   string
	Since  int64 // first opset version of the domain in which the row holds

	Class   string // operator class of the energy model
	Shape   ShapeRule
	Cost    CostRule
	Fold    FoldRule // nil where the shape rule knows all there is to know of elements
	Weights Slots    // input slots that hold trained parameters when they read an initializer

	// Params counts the parameters in a weight slot where they are not the stored elements: packed quantised weights.
	Params func(n *graph.Node, slot int, stored int64) int64
}

// row is what is known of an operator of ONNX's own domain from a version on. weights are its slots that hold parameters.
func row(name string, since int64, class string, shape ShapeRule, cost CostRule, weights ...int) Op {
	op := Op{Name: name, Since: since, Class: class, Shape: shape, Cost: cost}
	for _, i := range weights {
		op.Weights |= 1 << i
	}
	return op
}

// contrib is row for an operator of ONNX Runtime's domain, of which there is one version.
func contrib(name, class string, shape ShapeRule, cost CostRule, weights ...int) Op {
	return ofDomain("com.microsoft", row(name, 1, class, shape, cost, weights...))[0]
}

// ofDomain puts rows into another domain.
func ofDomain(domain string, rows ...Op) []Op {
	for i := range rows {
		rows[i].Domain = domain
	}
	return rows
}

// Addresses of operator documentation.
const (
	onnxPages    = "https://onnx.ai/onnx/operators/onnx_%s_%s.html"
	contribPage  = "https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.%s"
	nchwcRules   = "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/graph/contrib_ops/nchwc_schema_defs.cc"
	nhwcRules    = "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/graph/contrib_ops/internal_nhwc_onnx_schemas.cc"
	contribRules = "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/graph/contrib_ops/contrib_defs.cc"
)

// Documentation is the address of the page that specifies the operator, from which its rules were read: ONNX's page, which
// has a section for each opset version, or the entry in ONNX Runtime's list of contrib operators. SimplifiedLayerNormalization
// and the domains of ONNX Runtime's layouts are in neither; their address is the source that defines them.
func (o *Op) Documentation() string {
	switch {
	case o.Name == "SimplifiedLayerNormalization":
		return contribRules
	case o.Domain == nchwcDomain:
		return nchwcRules
	case o.Domain == nhwcDomain:
		return nhwcRules
	case o.Domain == "com.microsoft":
		return fmt.Sprintf(contribPage, o.Name)
	}
	return fmt.Sprintf(onnxPages, strings.ReplaceAll(o.Domain, ".", ""), o.Name)
}

// ShapeRule sets the types, shapes and, where they can shape something, the values of a node's outputs. Outputs it
// leaves alone stay unknown. An error is a provable contradiction in the file or between its dims.
type ShapeRule func(*Context) error

// CostRule counts one run of a node whose shapes have been inferred: multiply-accumulates, elementwise operations, and
// bytes read and written. What it cannot know stays an unknown Dim.
type CostRule func(*Context) graph.Cost

// Slots is a set of input slots.
type Slots uint64

// Has reports whether slot i is in the set.
func (s Slots) Has(i int) bool { return i < 64 && s>>i&1 == 1 }

type key struct{ domain, name string }

// table holds the rows by operator, highest Since first. It is built once from the families and never changes.
var table = index(families())

func index(rows []Op) map[key][]*Op {
	t := make(map[key][]*Op, len(rows))
	for i := range rows {
		k := key{rows[i].Domain, rows[i].Name}
		t[k] = append(t[k], &rows[i])
	}
	for _, versions := range t {
		sort.Slice(versions, func(i, j int) bool { return versions[i].Since > versions[j].Since })
	}
	return t
}

// Lookup returns the row for an operator at an opset version: the highest Since that is not above it. Versions older
// than every row get the oldest row of the operator: files with a wrong or missing opset import are still read.
func Lookup(domain, name string, opset int64) (*Op, bool) {
	versions := table[key{domain, name}]
	for _, op := range versions {
		if op.Since <= opset {
			return op, true
		}
	}
	if len(versions) > 0 {
		return versions[len(versions)-1], true
	}
	return nil, false
}

// All returns every row, sorted by domain, name and version.
func All() []Op {
	var out []Op
	for _, versions := range table {
		for _, op := range versions {
			out = append(out, *op)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Domain != b.Domain {
			return a.Domain < b.Domain
		}
		if a.Name != b.Name {
			return a.Name < b.Name
		}
		return a.Since < b.Since
	})
	return out
}
