package model

import (
	"fmt"
	"slices"
	"sync"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/stats"
)

// Errors compares predictions with measurements by level. Every node counts once, copies of a measurement too, as in
// the paper. Errors are shares of the measured energy: 0.1 is ten per cent.
type Errors struct {
	ML        stats.Errors // operators, with and without parameters (types ml and ml-np)
	MLNoParam stats.Errors // those without parameters (ml-np)
	Module    stats.Errors
	Model     stats.Errors
}

// Evaluate compares the predictions of trees with the measurements in them. Nodes without measured energy do not count.
func Evaluate(trees ...[]Prediction) Errors {
	pairs := map[string][]stats.Pair{}
	for _, t := range trees {
		for _, p := range t {
			if p.Node.Energy == 0 {
				continue
			}
			pair := stats.Pair{Predicted: float64(p.Energy), Measured: p.Node.Energy}
			pairs[p.Node.Type] = append(pairs[p.Node.Type], pair)
		}
	}
	return Errors{
		ML:        stats.Summarize(slices.Concat(pairs[irene.TypeML], pairs[irene.TypeMLNoParam])),
		MLNoParam: stats.Summarize(pairs[irene.TypeMLNoParam]),
		Module:    stats.Summarize(pairs[irene.TypeModule]),
		Model:     stats.Summarize(pairs[irene.TypeModel]),
	}
}

// Means are mean absolute errors by level, as shares; NaN where nothing was measured.
type Means struct {
	ML, MLNoParam, Module, Model float64
}

// Fold is one model, predicted from all others.
type Fold struct {
	Model       string
	Errors      Errors
	Trees       []*irene.Tree
	Predictions [][]Prediction // of each tree
}

// Report is the outcome of a cross-validation.
type Report struct {
	Folds []Fold // in the order in which the models first appear
	Mean  Means  // mean over the folds of their mean absolute errors: every model counts alike
}

// CrossValidate leaves out one model at a time, trains on the trees of the others and predicts those of the one left
// out. Each fold gives what [Train] on the same trees gives, but for rounding.
func CrossValidate(trees []*irene.Tree, opts Options) (*Report, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := newDataset(featuresOf(opts.FeatureSets), trees)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range trees {
		if !slices.Contains(names, t.Model) {
			names = append(names, t.Model)
		}
	}
	if len(names) < 2 {
		return nil, fmt.Errorf("leaving one model out takes trees of two models: here are %d", len(names))
	}
	report := &Report{Folds: make([]Fold, len(names))}
	errs := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { report.Folds[i], errs[i] = fold(d, name, opts) })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("without %s: %w", names[i], err)
		}
	}
	report.Mean = means(report.Folds)
	return report, nil
}

// fold leaves out one model.
func fold(d *dataset, name string, opts Options) (Fold, error) {
	var rest, left []*plan
	for _, p := range d.plans {
		if p.tree.Model == name {
			left = append(left, p)
		} else {
			rest = append(rest, p)
		}
	}
	f := Fold{Model: name}
	m, err := train(d, rest, opts)
	if err != nil {
		return f, err
	}
	c := m.composer(d.rows, d.counts(left))
	for _, p := range left {
		predictions, err := m.predict(c, d.rows, p)
		if err != nil {
			return f, err
		}
		f.Trees, f.Predictions = append(f.Trees, p.tree), append(f.Predictions, predictions)
	}
	f.Errors = Evaluate(f.Predictions...)
	return f, nil
}

// means averages the folds, level by level; a fold that lacks a level does not count for it.
func means(folds []Fold) Means {
	mean := func(of func(Errors) stats.Errors) float64 {
		var values []float64
		for _, f := range folds {
			if e := of(f.Errors); e.N > 0 {
				values = append(values, e.MAPE)
			}
		}
		return stats.Mean(values)
	}
	return Means{
		ML:        mean(func(e Errors) stats.Errors { return e.ML }),
		MLNoParam: mean(func(e Errors) stats.Errors { return e.MLNoParam }),
		Module:    mean(func(e Errors) stats.Errors { return e.Module }),
		Model:     mean(func(e Errors) stats.Errors { return e.Model }),
	}
}
