package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Strategy is a way to go from the leaves to the nodes above.
type Strategy string

// The strategies of the paper.
const (
	// EndToEnd trains the weights through the whole tree: the error of every node reaches all weights below it. The default.
	EndToEnd Strategy = "end2end"
	// Stepwise trains the weights of each node alone, its children's measured energies in place of their predicted ones.
	Stepwise Strategy = "stepwise"
	// Unstructured predicts each node from its own features, regardless of what is below: P(n) = W · φ(n) + b.
	Unstructured Strategy = "unstructured"
	// None trains nothing: a node is the plain sum of the leaves below it.
	None Strategy = "none"
)

// Strategies lists all strategies.
func Strategies() []Strategy { return []Strategy{EndToEnd, Stepwise, Unstructured, None} }

// Options say how to train. The zero value is the model of the paper.
type Options struct {
	Strategy     Strategy     `json:"training_strategy"` // "" is EndToEnd
	FeatureSets  []FeatureSet `json:"feature_sets"`      // none given: all of them
	Degree       int          `json:"degree"`            // most features in one product of φ, 1 to 3; 0 is 3
	Tau          float64      `json:"tanh_scalar"`       // weights lie within 1 ± 1/Tau; 0 is 10
	Epochs       int          `json:"epochs"`            // passes over the training trees; 0 is 8
	LearningRate float64      `json:"learning_rate"`     // Adam's; 0 is 0.001
	Seed         uint64       `json:"seed"`              // of the weights before training
}

// withDefaults is o with what was left out filled in, or what is wrong with it.
func (o Options) withDefaults() (Options, error) {
	o.Strategy = cmp.Or(o.Strategy, EndToEnd)
	o.Degree, o.Tau, o.Epochs = cmp.Or(o.Degree, 3), cmp.Or(o.Tau, 10), cmp.Or(o.Epochs, 8)
	o.LearningRate = cmp.Or(o.LearningRate, 1e-3)
	if len(o.FeatureSets) == 0 {
		o.FeatureSets = []FeatureSet{ModelSpecs, ResourceUtilization}
	}
	switch {
	case !slices.Contains(Strategies(), o.Strategy):
		return o, fmt.Errorf("strategy %q: it is one of %s", o.Strategy, list(Strategies()))
	case o.Degree < 0 || o.Degree > 3:
		return o, fmt.Errorf("degree %d: it is 1, 2 or 3", o.Degree)
	case !(o.Tau > 0) || math.IsInf(o.Tau, 0):
		return o, fmt.Errorf("tau %v: it is positive", o.Tau)
	case !(o.LearningRate > 0) || math.IsInf(o.LearningRate, 0):
		return o, fmt.Errorf("learning rate %v: it is positive", o.LearningRate)
	case o.Epochs < 0:
		return o, fmt.Errorf("%d epochs: there is one at least", o.Epochs)
	}
	for _, set := range o.FeatureSets {
		if set != ModelSpecs && set != ResourceUtilization {
			return o, fmt.Errorf("feature set %q: it is one of %s", set, list([]FeatureSet{ModelSpecs, ResourceUtilization}))
		}
	}
	return o, nil
}

// list is names, separated by commas.
func list[S ~string](names []S) string {
	var parts []string
	for _, n := range names {
		parts = append(parts, string(n))
	}
	return strings.Join(parts, ", ")
}
