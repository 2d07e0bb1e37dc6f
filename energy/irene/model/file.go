package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
)

// format names the layout of model files.
const format = "irene-model-1"

// modelFile is a model as JSON.
type modelFile struct {
	Format string `json:"format"`
	Options
	Features []string               `json:"features"`
	Leaves   map[string]*regression `json:"leaves"`
	Nodes    scaler                 `json:"nodes"`
	Weights  []float64              `json:"weights,omitempty"` // of the products of features, in their order
	Bias     float64                `json:"bias"`
}

// Write writes m as JSON, from which [Read] makes the same model.
func (m *Model) Write(w io.Writer) error {
	f := modelFile{Format: format, Options: m.options, Features: Features(m.options.FeatureSets...), Leaves: m.leaves, Nodes: m.nodes}
	if n := len(m.weights); n > 0 {
		f.Weights, f.Bias = m.weights[:n-1], m.weights[n-1]
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(&f)
}

// Read reads a model that [Model.Write] wrote; file is for messages.
func Read(r io.Reader, file string) (*Model, error) {
	var f modelFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: not a model of IrEne: %w", file, err)
	}
	m, err := f.model()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// model checks a file's content.
func (f *modelFile) model() (*Model, error) {
	if f.Format != format {
		return nil, fmt.Errorf("format %q: not a model of IrEne (%s)", f.Format, format)
	}
	opts, err := f.Options.withDefaults()
	if err != nil {
		return nil, err
	}
	features := featuresOf(opts.FeatureSets)
	k := len(features)
	if !slices.Equal(f.Features, Features(opts.FeatureSets...)) {
		return nil, fmt.Errorf("features %s: feature sets %s have others", list(f.Features), list(opts.FeatureSets))
	}
	if !f.Nodes.fits(k) {
		return nil, fmt.Errorf("nodes: not a scaler of %d features", k)
	}
	for kind, r := range f.Leaves {
		if r == nil || !r.fits(k) || len(r.Coefficients) != k {
			return nil, fmt.Errorf("leaves of type %s: not a regression on %d features", kind, k)
		}
	}
	m := &Model{options: opts, features: features, leaves: f.Leaves, nodes: f.Nodes}
	if opts.Strategy == None {
		return m, nil
	}
	if want := products(k, opts.Degree); len(f.Weights) != want {
		return nil, fmt.Errorf("%d weights: %d features in products of at most %d take %d", len(f.Weights), k, opts.Degree, want)
	}
	m.weights = append(slices.Clone(f.Weights), f.Bias)
	return m, nil
}

func (s scaler) fits(features int) bool { return len(s.Mean) == features && len(s.Inverse) == features }

// predictedTree is a line of a file of predictions.
type predictedTree struct {
	*irene.Tree
	Root *predictedNode `json:"frontend_tree"`
}

// predictedNode adds predicted_energy to a node as it was read. Fields with the name of one of the node's take its place.
type predictedNode struct {
	*irene.Node
	Energy    *float64         `json:"ground_truth_energy,omitempty"` // absent where nothing was measured
	Predicted energy.Joules    `json:"predicted_energy"`
	Children  []*predictedNode `json:"child_nodes_obj"`
	Scopes    []string         `json:"child_nodes"`
}

// WritePredictions writes one line of JSON: the tree as published, with predicted_energy on every node. Predictions are
// those of [Model.Predict] for t. A file of such lines is what IrEne's own predict.py writes and its evaluate.py reads.
func WritePredictions(w io.Writer, t *irene.Tree, predictions []Prediction) error {
	if t == nil || t.Root == nil {
		return fmt.Errorf("%s: it has no nodes", treeLabel(t))
	}
	root, rest, err := predicted(t.Root, predictions)
	if err == nil && len(rest) > 0 {
		err = errors.New("there are more predictions than nodes")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", treeLabel(t), err)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(&predictedTree{t, root})
}

// predicted takes the predictions of n and what is below from the front of a list, and returns what remains of it.
func predicted(n *irene.Node, list []Prediction) (*predictedNode, []Prediction, error) {
	if len(list) == 0 || n == nil || list[0].Node != n {
		return nil, nil, errors.New("the predictions are not this tree's")
	}
	p := &predictedNode{Node: n, Predicted: list[0].Energy, Children: []*predictedNode{}, Scopes: []string{}}
	if n.Energy > 0 {
		p.Energy = &n.Energy
	}
	list = list[1:]
	for _, c := range n.Children {
		child, rest, err := predicted(c, list)
		if err != nil {
			return nil, nil, err
		}
		p.Children, p.Scopes, list = append(p.Children, child), append(p.Scopes, c.Scope), rest
	}
	return p, list, nil
}
