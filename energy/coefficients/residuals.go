package coefficients

import (
	"github.com/irene-onnx/irene/energy"
)

// Residuals are quantiles of the relative errors of held-out predictions, from which intervals are made.
type Residuals struct {
	Levels  map[energy.Level]Band `json:"levels"`
	Small   map[energy.Level]Band `json:"small,omitempty"`   // of nodes that take less than smallTime
	Classes map[string]Band       `json:"classes,omitempty"` // of operators measured alone, by class
}

// Band holds quantiles of |measured - predicted| / predicted.
type Band struct {
	P50 float64 `json:"p50"` // median
	P90 float64 `json:"p90"` // 90 % quantile
	N   int     `json:"n"`   // predictions
}

// SmallTime parts nodes whose time is mostly launches from the others.
const SmallTime energy.Seconds = 100e-6

// Band is the width of the interval of a node of a level: that of its class where it has one, else of its size, else
// of the level.
func (r *Residuals) Band(level energy.Level, class string, t energy.Seconds) Band {
	if b, ok := r.Classes[class]; ok && level == energy.LevelOperator {
		return b
	}
	if b, ok := r.Small[level]; ok && t < SmallTime {
		return b
	}
	if b, ok := r.Levels[level]; ok && b.N > 0 {
		return b
	}
	return Band{P50: UnknownResidual / 2, P90: UnknownResidual}
}

// The widths of intervals beyond the held-out residuals, as factors: a stand-in's error is not that of the class.
const (
	WiderStandIn      = 4
	WiderExtrapolated = 2
	LeastStandIn      = 0.5
	UnknownResidual   = 0.5 // of coefficients without held-out residuals
)
