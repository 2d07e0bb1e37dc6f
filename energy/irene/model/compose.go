package model

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// composer computes the energies of the nodes above the leaves, and the gradient of the loss. Its slices are scratch,
// one value for each node of a plan.
type composer struct {
	strategy Strategy
	tau      float64
	weights  []float64 // W, then b
	width    int       // length of φ
	phi      []float64 // φ of row r of the data set is phi[r*width:][:width]

	energy, alpha, slope, dEnergy, dZ []float64
	gradient                          []float64 // as long as weights
}

func (c *composer) resize(nodes int) {
	for _, s := range []*[]float64{&c.energy, &c.alpha, &c.slope, &c.dEnergy, &c.dZ} {
		if cap(*s) < nodes {
			*s = make([]float64, nodes)
		}
		*s = (*s)[:nodes]
	}
}

func (c *composer) features(row int32) []float64 {
	return c.phi[int(row)*c.width:][:c.width:c.width]
}

// linear is W · φ + b.
func (c *composer) linear(row int32) float64 {
	return floats.Dot(c.weights[:c.width], c.features(row)) + c.weights[c.width]
}

// forward fills in the energy of every node of p from those of its leaves, and the weight α of every node but the root
// (equation 3 of the paper). Where training is stepwise, a node sums the measured energies of its children.
func (c *composer) forward(p *plan, leaves []float64, training bool) {
	c.resize(len(p.nodes))
	copy(c.energy, leaves)
	for i := range p.nodes {
		n := &p.nodes[i]
		c.alpha[i], c.slope[i] = 1, 0
		switch {
		case c.strategy == Unstructured && !n.leaf():
			c.energy[i] = c.linear(n.row)
			continue
		case !n.leaf():
			c.energy[i] = 0
			for _, e := range n.children {
				c.energy[i] += e.times * c.alpha[e.node] * c.child(p, e.node, training)
			}
		}
		if c.strategy != None && c.strategy != Unstructured && i < len(p.nodes)-1 {
			tanh := math.Tanh(c.linear(n.row))
			c.alpha[i] = 1 + tanh/c.tau
			c.slope[i] = (1 - tanh*tanh) / c.tau
		}
	}
}

// child is the energy that a parent sums for a child.
func (c *composer) child(p *plan, i int32, training bool) float64 {
	if training && c.strategy == Stepwise {
		return p.nodes[i].groundTruth
	}
	return c.energy[i]
}

// backward leaves the gradient of the loss with respect to the weights in c.gradient, after forward in training.
func (c *composer) backward(p *plan) {
	clear(c.dEnergy)
	clear(c.dZ)
	for i := len(p.nodes) - 1; i >= 0; i-- {
		n := &p.nodes[i]
		if n.leaf() {
			continue
		}
		if n.groundTruth > 0 {
			c.dEnergy[i] += n.count * 2 * (c.energy[i]/n.groundTruth - 1) / n.groundTruth
		}
		if c.strategy == Unstructured {
			c.dZ[i] = c.dEnergy[i]
			continue
		}
		for _, e := range n.children {
			c.dZ[e.node] += e.times * c.dEnergy[i] * c.child(p, e.node, true) * c.slope[e.node]
			if c.strategy == EndToEnd {
				c.dEnergy[e.node] += e.times * c.dEnergy[i] * c.alpha[e.node]
			}
		}
	}
	clear(c.gradient)
	for i, d := range c.dZ {
		if d != 0 {
			floats.AddScaled(c.gradient[:c.width], d, c.features(p.nodes[i].row))
			c.gradient[c.width] += d
		}
	}
}
