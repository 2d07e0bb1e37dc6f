package law

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
	StandIn bool
	// Extrapolated says that the operator lies outside the range its coefficients were fitted on.
	Extrapolated bool
	Why          string // of Scaled or Extrapolated
	// Measured says that the energy is the meter's.
	Metered bool
}
