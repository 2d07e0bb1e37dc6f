package model

import (
	"math"
	"testing"
)

// byHand is a composer over one feature, φ = (1, x), W = (0.5, 2), b = -0.25.
func byHand(strategy Strategy, rows ...float64) *composer {
	c := &composer{strategy: strategy, tau: 10, weights: []float64{0.5, 2, -0.25}, width: 2, gradient: make([]float64, 3)}
	for _, x := range rows {
		c.phi = append(c.phi, 1, x)
	}
	return c
}

// TestComposition computes a root over a leaf and a module of two equal leaves.
func TestComposition(t *testing.T) {
	p := &plan{nodes: []planNode{
		{row: 0, groundTruth: 4, count: 2},
		{row: 1, groundTruth: 9, count: 1, children: []edge{{0, 2}}},
		{row: 2, groundTruth: 6, count: 1},
		{row: 3, groundTruth: 20, count: 1, children: []edge{{1, 1}, {2, 1}}},
	}}
	leaves := []float64{5, 0, 7, 0}
	alpha := func(x float64) float64 { return 1 + math.Tanh(0.5+2*x-0.25)/10 }
	a0, a1, a2 := alpha(0.1), alpha(-0.2), alpha(0.3)
	for _, tt := range []struct {
		strategy     Strategy
		training     bool
		module, root float64
	}{
		{EndToEnd, true, 2 * a0 * 5, a1*(2*a0*5) + a2*7},
		{EndToEnd, false, 2 * a0 * 5, a1*(2*a0*5) + a2*7},
		{Stepwise, true, 2 * a0 * 4, a1*9 + a2*6},
		{Stepwise, false, 2 * a0 * 5, a1*(2*a0*5) + a2*7},
		{Unstructured, true, 0.5 + 2*-0.2 - 0.25, 0.5 + 2*0.4 - 0.25},
		{None, false, 10, 17},
	} {
		c := byHand(tt.strategy, 0.1, -0.2, 0.3, 0.4)
		c.forward(p, leaves, tt.training)
		if math.Abs(c.energy[1]-tt.module) > 1e-12 || math.Abs(c.energy[3]-tt.root) > 1e-12 {
			t.Errorf("%s, training %v: module %v, root %v, want %v and %v", tt.strategy, tt.training, c.energy[1], c.energy[3], tt.module, tt.root)
		}
		want := math.Pow(tt.module/9-1, 2) + math.Pow(tt.root/20-1, 2)
		if got := c.loss(p); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: loss %v, want %v", tt.strategy, got, want)
		}
	}
}

// TestGradient holds the gradient against finite differences of the loss, on trees with repeated and unmeasured parts.
func TestGradient(t *testing.T) {
	trees := someTrees()
	trees[1].Root.Children[0].Energy = 0 // two layers that differ, one of them unmeasured
	for _, strategy := range []Strategy{EndToEnd, Stepwise, Unstructured} {
		opts, err := Options{Strategy: strategy, Degree: 2}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		d, err := newDataset(featuresOf(opts.FeatureSets), trees)
		if err != nil {
			t.Fatal(err)
		}
		counts := d.counts(d.plans)
		m := &Model{options: opts, features: d.features, nodes: fitScaler(d.rows, counts, len(d.features))}
		m.weights = initialWeights(1, products(len(d.features), 2))
		if m.leaves, err = fitLeaves(d, d.plans); err != nil {
			t.Fatal(err)
		}
		c := m.composer(d.rows, counts)
		c.gradient = make([]float64, len(c.weights))
		for _, p := range d.plans[:3] {
			leaves, err := m.leafEnergies(d.rows, p)
			if err != nil {
				t.Fatal(err)
			}
			c.forward(p, leaves, true)
			c.backward(p)
			for i := range c.weights {
				const h = 1e-5
				at := func(w float64) float64 {
					kept := c.weights[i]
					c.weights[i] = w
					c.forward(p, leaves, true)
					c.weights[i] = kept
					return c.loss(p)
				}
				w := c.weights[i]
				want := (at(w+h) - at(w-h)) / (2 * h)
				if math.Abs(c.gradient[i]-want) > 1e-6*max(1, math.Abs(want)) {
					t.Errorf("%s: weight %d: gradient %v, by differences %v", strategy, i, c.gradient[i], want)
				}
			}
		}
	}
}

// TestAdam takes the first two steps by hand.
func TestAdam(t *testing.T) {
	a, w := newAdam(0.1, 1), []float64{1}
	a.step(w, []float64{4}) // the first step is the rate, whatever the gradient
	if want := 1 - 0.1*4/(4+1e-8); math.Abs(w[0]-want) > 1e-15 {
		t.Errorf("after one step %v, want %v", w[0], want)
	}
	before := w[0]
	a.step(w, []float64{-2})
	mean, square := (0.9*0.1*4-0.1*2)/(1-0.81), (0.999*0.001*16+0.001*4)/(1-0.999*0.999)
	if want := before - 0.1*mean/(math.Sqrt(square)+1e-8); math.Abs(w[0]-want) > 1e-12 {
		t.Errorf("after two steps %v, want %v", w[0], want)
	}
}

// loss is the sum of the squared relative errors of the measured nodes with children, after forward.
func (c *composer) loss(p *plan) float64 {
	sum := 0.0
	for i := range p.nodes {
		if n := &p.nodes[i]; !n.leaf() && n.groundTruth > 0 {
			e := c.energy[i]/n.groundTruth - 1
			sum += n.count * e * e
		}
	}
	return sum
}
