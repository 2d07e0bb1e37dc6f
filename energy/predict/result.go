package predict

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// Mode says what a prediction may use beside the model file. Modes are never mixed.
type Mode string

// The modes.
const (
	ModeSpec    Mode = "spec"     // the file alone
	ModeTimes   Mode = "runtime"  // and measured times of this model's operators on this device
	ModeMetered Mode = "measured" // what the meter said, predictions filling only what it did not cover
)

// Modes lists the modes, the default first.
func Modes() []Mode { return []Mode{ModeSpec, ModeTimes, ModeMetered} }

// Sum is the prediction of a subtree: the sums over its operators.
type Sum struct {
	Energy        energy.Joules
	Low, High     energy.Joules // 90 %
	Low50, High50 energy.Joules // 50 %
	Time          energy.Seconds
	Unknown       int // operators without a prediction
	StandIns      int
	Extrapolated  int
}

// Result is the prediction of a whole graph.
type Result struct {
	Device   energy.Device
	Boundary energy.Boundary // board or wall
	Origin   string          // "measured": coefficients of this device; "scaled": of another one
	Profile  string          // kernel profile
	Mode     Mode
	Nodes    []law.Prediction // by Node.ID
	NoEnergy bool             // the coefficients hold times alone: every energy here is unknown, not zero
	Modules  map[*graph.Module]Sum
	Warnings []string
}
