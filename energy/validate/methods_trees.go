package validate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/irene/model"
)

// shape names a model at one batch size and sequence length.
type shape struct {
	model           string
	batch, sequence int64
}

func shapeOf(it *fit.Item) shape { return shape{it.Model, it.Batch, it.Sequence} }

// fitCopy looks for what the most similar model took at the same shape.
func fitCopy(t *trial) (forecast, error) {
	trained := map[shape]*fit.Item{}
	for _, it := range roots(t.train) {
		trained[shapeOf(it)] = it
	}
	names := t.train.Models()
	best := func(it *fit.Item) *fit.Item {
		var best *fit.Item
		score := -1.0
		for _, name := range names {
			if other := trained[shape{name, it.Batch, it.Sequence}]; other != nil {
				if s := likeness(it, other); s > score {
					best, score = other, s
				}
			}
		}
		return best
	}
	if !slices.ContainsFunc(roots(t.test), func(it *fit.Item) bool { return best(it) != nil }) {
		return nil, errors.New("no model left in was measured at the same batch and sequence")
	}
	return single(func(it *fit.Item) (e estimate) {
		if it.Type != irene.TypeModel {
			return e
		}
		if other := best(it); other != nil && other.FLOPs > 0 {
			for _, target := range Targets() {
				e.set(target, number{target.of(other) * it.FLOPs / other.FLOPs, true})
			}
		}
		return e
	}), nil
}

// roots lists the whole models.
func roots(d *fit.Data) []*fit.Item {
	return d.Select(func(it *fit.Item) bool { return it.Type == irene.TypeModel }).Items
}

// likeness is how much of two models' FLOPs lies in operators of the same type, times the ratio of their sizes.
func likeness(a, b *fit.Item) float64 {
	x, y := a.FLOPs, b.FLOPs
	if x == 0 || y == 0 {
		return 0
	}
	return (fit.Overlap(flopShares(a), flopShares(b)) + 0.01) * min(x/y, y/x)
}

// flopShares is the share of each type of operator in the FLOPs of a model's operators.
func flopShares(it *fit.Item) map[string]float64 {
	out, sum := map[string]float64{}, 0.0
	for _, l := range it.Leaves {
		out[l.Kind] += l.FLOPs
		sum += l.FLOPs
	}
	for k := range out {
		out[k] /= cmp.Or(sum, 1)
	}
	return out
}

// trees lists the trees that items are of, in order.
func trees(d *fit.Data) (out []*irene.Tree) {
	for _, run := range d.ByRun() {
		out = append(out, run[0].Tree)
	}
	return out
}

// ireneSeeds is the number of seeds that IrEne's model is trained with: its errors on whole models depend on them.
const ireneSeeds = 5

// fitIrene trains IrEne's model.
func fitIrene(t *trial) (forecast, error) {
	if t.target != TargetEnergy {
		return nil, errors.New("it predicts energy only")
	}
	var fitted []*model.Model
	for seed := range uint64(ireneSeeds) {
		m, err := model.Train(trees(t.train), model.Options{Seed: seed})
		if err != nil {
			return nil, err
		}
		fitted = append(fitted, m)
		if seed > 0 {
			continue
		}
		for _, tree := range trees(t.test) { // whether it can does not depend on the seed
			if _, err := m.Predict(tree); err != nil {
				return nil, ireneReason(err)
			}
		}
	}
	return func(run []*fit.Item) (seeds [][]estimate, err error) {
		for _, m := range fitted {
			predictions, err := m.Predict(run[0].Tree)
			if err != nil {
				return nil, ireneReason(err)
			}
			out := make([]estimate, len(run))
			for i, it := range run {
				out[i].set(TargetEnergy, number{float64(predictions[it.Index].Energy), true})
			}
			seeds = append(seeds, out)
		}
		return seeds, nil
	}, nil
}

// ireneReason says why a tree cannot be predicted without naming a line of the data.
func ireneReason(err error) error {
	if unknown, ok := errors.AsType[*model.UnknownTypeError](err); ok {
		return fmt.Errorf("no operator of type %s is among those trained on", unknown.Type)
	}
	return err
}

// fitAffine fits the host's power and the losses of the supply.
func fitAffine(t *trial) (forecast, error) {
	if t.target != TargetEnergy {
		return nil, errors.New("time is what it is given")
	}
	host := t.train.SplitPlugEnergy()
	if host == nil {
		return nil, errors.New("the data do not hold the board's energy")
	}
	return single(func(it *fit.Item) (e estimate) {
		if n := it.Node; n.GPUEnergy > 0 {
			e.set(TargetEnergy, number{host.Factor*n.GPUEnergy + float64(host.Watts)*n.Time, true})
		}
		return e
	}), nil
}
