package ops

import "github.com/irene-onnx/irene/graph"

// Fact is what inference knows of one value.
type Fact struct {
	Kind  graph.Kind
	DType graph.DType
	Shape graph.Shape // nil: rank unknown
	Elem  *Fact       // element of a sequence or an optional; nil where unknown
	Items *Items      // the elements of a sequence as a list; nil where nothing is known of it
	Block int64       // elements that share a scale of one byte, stored beside them; 0 where none do

	// Data are the elements, row by row, of a small integer or boolean tensor (booleans as 0 and 1), or of a float
	// tensor whose elements are integers; an element nobody knows is an unknown Dim. nil: nothing is known.
	Data []graph.Dim
	// Reals are the elements of a small float tensor whose values are all known numbers.
	Reals []float64
	// Numbers are the elements of a small float tensor of which some depend on dims; nil where none do.
	Numbers []number
	// Tensor is the stored tensor behind the value, where it is one (an initializer, a Constant, an alias of either).
	Tensor *graph.Tensor

	dataRead, realsRead bool // Tensor has been asked for its integers, its reals
}

// Known reports whether the element type is known.
func (f *Fact) Known() bool { return f.DType != graph.Undefined }

// Tensor data that may shape something is small: values with more elements are not propagated.
const (
	maxData   = 64   // elements that elementwise rules propagate
	maxStored = 4096 // elements of a stored vector that are read when a rule asks for them
)

// Constraint is an equality that the graph implies between dims that do not look equal.
type Constraint struct {
	A, B graph.Dim
	Node *graph.Node
	// Broadcast says that the equality comes from broadcasting, where either side may also be 1.
	Broadcast bool
}
