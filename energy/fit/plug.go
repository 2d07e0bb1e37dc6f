package fit

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
)

// plugReading is an energy at the plug beside the board's.
type plugReading struct {
	run         int
	plug, board energy.Joules
	time        energy.Seconds
}

// addPlug takes the readings of a tree, whatever its model: they tell of the machine.
func (d *Data) addPlug(run int, t *irene.Tree) {
	t.Root.Walk(func(n *irene.Node) {
		if n.Energy > 0 && n.Time > 0 && n.GPUEnergy > 0 {
			d.plug = append(d.plug, plugReading{run, energy.Joules(n.Energy), energy.Joules(n.GPUEnergy), energy.Seconds(n.Time)})
		}
	})
}

// addPlugRecord takes the reading of a record that has both energies.
func (d *Data) addPlugRecord(it *Item) {
	if r := it.Record; r.WallEnergy != nil && r.Energy != nil && r.Time != nil && r.Boundary == energy.BoundaryBoard {
		d.plug = append(d.plug, plugReading{it.Run, *r.WallEnergy, *r.Energy, *r.Time})
	}
}

// leastReadings is the number of readings that a split of the plug's energy needs.
const leastReadings = 10

// SplitPlugEnergy fits wall = factor·board + host·time to what was measured at both, on relative errors; nil where too
// little was. It only tells how much of the plug's energy is the board's, for scaling to other boards: the board's energy
// is no feature of any prediction.
func (d *Data) SplitPlugEnergy() *coefficients.HostPower {
	ls := newLeastSquares(2)
	for _, r := range d.plug {
		ls.add([]int{0, 1}, []float64{float64(r.board) / float64(r.plug), float64(r.time) / float64(r.plug)}, 1, 1)
	}
	x, err := ls.solve()
	if err != nil || ls.rows < leastReadings || x[0] == 0 {
		return nil
	}
	return &coefficients.HostPower{Watts: energy.Watts(x[1]), Factor: x[0]}
}
