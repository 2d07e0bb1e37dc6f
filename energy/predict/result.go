package predict

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// Prediction is what one operator takes. A prediction that is not Known has no numbers.
type Prediction struct {
	Known bool
	Class string // class of the kernel that was predicted

	Energy        energy.Joules
	Low, High     energy.Joules // 90 % interval from held-out residuals
	Low50, High50 energy.Joules // 50 % interval
	Time          energy.Seconds

	// Kernel is the node whose kernel does this node's work; nil where the node stands for itself.
	Kernel *graph.Node
	// Scaled says that the class or the element type was never measured on the device and another's coefficients,
	// scaled by the device's peaks, stand for them.
	Scaled bool
	// Extrapolated says that the operator lies outside the range its coefficients were fitted on.
	Extrapolated bool
	Why          string // of Scaled or Extrapolated
	// Measured says that the energy is the meter's.
	Measured bool
}

// Sum is the prediction of a subtree: the sums over its operators.
type Sum struct {
	Energy        energy.Joules
	Low, High     energy.Joules // 90 %
	Low50, High50 energy.Joules // 50 %
	Time          energy.Seconds
	Unknown       int // operators without a prediction
	Scaled        int
	Extrapolated  int
}

// Result is the prediction of a whole graph.
type Result struct {
	Device   energy.Device
	Boundary energy.Boundary // board or wall
	Origin   string          // "measured": coefficients of this device; "scaled": of another one
	Runtime  string          // kernel profile
	Mode     Mode
	Nodes    []Prediction // by Node.ID
	NoEnergy bool         // the coefficients hold times alone: every energy here is unknown, not zero
	Modules  map[*graph.Module]Sum
	Warnings []string
}
