package fit

import (
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
)

// SplitPlugEnergy fits wall = factor·board + host·time to the measured nodes, on relative errors; nil where the trees do not
// hold the board's energy. It only tells how much of the plug's energy is the board's, for scaling to other boards: the
// board's energy is no feature of any prediction.
func SplitPlugEnergy(trees []*irene.Tree) *coefficients.HostPower {
	ls := newLeastSquares(2)
	for _, t := range trees {
		t.Root.Walk(func(n *irene.Node) {
			if n.Energy > 0 && n.Time > 0 && n.GPUEnergy > 0 {
				ls.add([]int{0, 1}, []float64{n.GPUEnergy / n.Energy, n.Time / n.Energy}, 1, 1)
			}
		})
	}
	x, err := ls.solve()
	if err != nil || ls.rows < 10 || x[0] == 0 {
		return nil
	}
	return &coefficients.HostPower{Watts: energy.Watts(x[1]), Factor: x[0]}
}
