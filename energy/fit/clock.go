package fit

import (
	"math"

	"github.com/irene-onnx/irene/energy"
)

// How what a module or model takes goes with the clock f it ran at. A chip's dynamic power is P ∝ f·V² and V rises about
// with f, so that the dynamic energy of the same work goes with f²; the rest of the energy at the plug, that of the host
// and of the board at rest, goes with time, which falls as f^timeByClock since memory keeps its own clock. On the GTX 1070
// of IrEne's trees [Data.SplitPlugEnergy] and the card's idle power find 0.55 of a model's energy dynamic:
// 0.55·2 - 0.45·0.7 = 0.8. Its models beside the sums of their parts say 1.2 ± 0.3, leaving out a family the same from
// 0.7 to 1.
const (
	energyByClock = 0.8
	timeByClock   = 0.7
)

// clock is the mean clock of the models among equations, in hertz; 0 where none is known.
func clock(eqs []*equation) energy.Hertz {
	sum, n := energy.Hertz(0), energy.Hertz(0)
	for _, e := range eqs {
		if e.Level == energy.LevelModel && e.Clock > 0 {
			sum, n = sum+e.Clock, n+1
		}
	}
	return sum / max(1, n)
}

// atOneClock brings models and modules to the mean clock of the models, so that parts that ran at different clocks add up:
// cards throttle by what runs. Operators stay at the clock that they run at.
func atOneClock(eqs []*equation) []*equation {
	mean := clock(eqs)
	if mean == 0 {
		return eqs
	}
	out := make([]*equation, len(eqs))
	for i, e := range eqs {
		out[i] = e
		if e.Level == energy.LevelOperator || e.Clock <= 0 {
			continue
		}
		faster := float64(e.Clock / mean)
		moved := *e
		moved.energy /= energy.Joules(math.Pow(faster, energyByClock))
		moved.time *= energy.Seconds(math.Pow(faster, timeByClock))
		out[i] = &moved
	}
	return out
}
