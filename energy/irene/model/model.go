package model

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
)

// Model is a trained model. Its methods may be called concurrently.
type Model struct {
	options  Options
	features []feature
	leaves   map[string]*regression // by type of operator
	nodes    scaler                 // of the features that φ is made of
	weights  []float64              // W, then b; none for the strategy None
}

// Options are those the model was trained with.
func (m *Model) Options() Options { return m.options }

// Train fits a model to measured trees.
func Train(trees []*irene.Tree, opts Options) (*Model, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := newDataset(featuresOf(opts.FeatureSets), trees)
	if err != nil {
		return nil, err
	}
	return train(d, d.plans, opts)
}

// train fits a model to some plans of a data set. Options are complete.
func train(d *dataset, plans []*plan, opts Options) (*Model, error) {
	if len(plans) == 0 {
		return nil, errors.New("no trees to train on")
	}
	m := &Model{options: opts, features: d.features}
	var err error
	if m.leaves, err = fitLeaves(d, plans); err != nil {
		return nil, err
	}
	counts := d.counts(plans)
	m.nodes = fitScaler(d.rows, counts, len(d.features))
	if opts.Strategy == None {
		return m, nil
	}
	if opts.Strategy == Stepwise {
		if err := allMeasured(plans); err != nil {
			return nil, err
		}
	}
	m.weights = initialWeights(opts.Seed, products(len(d.features), opts.Degree))
	return m, m.fitWeights(d, plans, counts)
}

// allMeasured refuses leaves and modules without measured energy.
func allMeasured(plans []*plan) error {
	for _, p := range plans {
		for i := range p.nodes {
			if n := &p.nodes[i]; n.groundTruth == 0 && i < len(p.nodes)-1 {
				return fmt.Errorf("%s: %s: no measured energy, which strategy %s needs", treeLabel(p.tree), n.source.Scope, Stepwise)
			}
		}
	}
	return nil
}

// initialWeights draws W and b uniformly from ±1/√width.
func initialWeights(seed uint64, width int) []float64 {
	random := rand.New(rand.NewPCG(seed, 0))
	bound := 1 / math.Sqrt(float64(width))
	weights := make([]float64, width+1)
	for i := range weights {
		weights[i] = bound * (2*random.Float64() - 1)
	}
	return weights
}

// fitWeights trains W and b, a tree a step.
func (m *Model) fitWeights(d *dataset, plans []*plan, counts []float64) error {
	c := m.composer(d.rows, counts)
	leaves := make([][]float64, len(plans))
	for i, p := range plans {
		var err error
		if leaves[i], err = m.leafEnergies(d.rows, p); err != nil {
			return err
		}
	}
	c.gradient = make([]float64, len(c.weights))
	optimiser := newAdam(m.options.LearningRate, len(c.weights))
	for range m.options.Epochs {
		for i, p := range plans {
			c.forward(p, leaves[i], true)
			c.backward(p)
			optimiser.step(c.weights, c.gradient)
		}
	}
	for _, w := range m.weights {
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return errors.New("training diverged: the weights are not finite")
		}
	}
	return nil
}

// composer shares the weights of m. It knows φ of the rows with a count; of all rows where counts is nil.
func (m *Model) composer(rows [][]float64, counts []float64) *composer {
	c := &composer{strategy: m.options.Strategy, tau: m.options.Tau, weights: m.weights}
	if m.options.Strategy == None {
		return c
	}
	c.width = products(len(m.features), m.options.Degree)
	c.phi = make([]float64, len(rows)*c.width)
	x := make([]float64, len(m.features))
	for r, row := range rows {
		if counts == nil || counts[r] > 0 {
			m.nodes.apply(x, row)
			expand(c.features(int32(r))[:0], x, m.options.Degree)
		}
	}
	return c
}

// Prediction is the predicted energy of one node.
type Prediction struct {
	Node   *irene.Node
	Energy energy.Joules
	Weight float64 // α, with which its parent counts it; 1 for the root and where the strategy has no weights
}

// Predict predicts every node of a tree, in the order of irene.Node.Walk: parents first. Measured energies of the tree
// are not used.
func (m *Model) Predict(t *irene.Tree) ([]Prediction, error) {
	d, err := newDataset(m.features, []*irene.Tree{t})
	if err != nil {
		return nil, err
	}
	return m.predict(m.composer(d.rows, nil), d.rows, d.plans[0])
}

func (m *Model) predict(c *composer, rows [][]float64, p *plan) ([]Prediction, error) {
	leaves, err := m.leafEnergies(rows, p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", treeLabel(p.tree), err)
	}
	c.forward(p, leaves, false)
	predictions := make([]Prediction, 0, len(p.walk))
	p.tree.Root.Walk(func(n *irene.Node) {
		i := p.walk[len(predictions)]
		predictions = append(predictions, Prediction{n, energy.Joules(c.energy[i]), c.alpha[i]})
	})
	return predictions, nil
}
