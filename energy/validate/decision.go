package validate

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/stats"
)

// Decision says how well predictions choose the cheaper of two ways to work.
type Decision struct {
	Models  Choices `json:"models"`  // two models at one batch size and sequence length
	Batches Choices `json:"batches"` // two batch sizes of one model at one sequence length, per item of the batch
}

// Choices are all pairs, and those whose measured values are within closePair of each other.
type Choices struct {
	All   Choice `json:"all"`
	Close Choice `json:"close"`
}

// Choice is how well the cheaper one of two was named.
type Choice struct {
	Pairs int          `json:"pairs"`
	Right stats.Number `json:"right"` // share of the pairs in which the cheaper one was named; a tie is half right
	// Regret is what the one named costs beyond the cheaper one, as a share of that: over all pairs, over the pairs with
	// the wrong one named, and at most.
	Regret      stats.Number `json:"regret"`
	RegretWrong stats.Number `json:"regret_wrong"`
	RegretMost  stats.Number `json:"regret_most"`
	Tau         stats.Number `json:"tau"` // Kendall's: pairs in the right order less those in the wrong one, as a share
}

// closePair is how far apart the values of a close pair are at most, as a share of the smaller.
const closePair = 0.10

// option is one of the ways to work that a chooser has.
type option struct {
	group               string // options of one group are compared
	measured, predicted float64
}

// decide compares whole models and batch sizes by what was predicted of each tree.
func decide(seeds [][]outcome, target Target) *Decision {
	var models, batches []option
	for seed, outcomes := range seeds {
		for i := range outcomes {
			o := &outcomes[i]
			if o.Type != irene.TypeModel {
				continue
			}
			items, measured, predicted := float64(o.Batch), target.of(o.Item), o.of(target).value
			models = append(models, option{fmt.Sprint(seed, "/", o.Batch, "/", o.Sequence), measured, predicted})
			batches = append(batches, option{fmt.Sprint(seed, "/", o.Model, "/", o.Sequence), measured / items, predicted / items})
		}
	}
	d := &Decision{Models: choices(models), Batches: choices(batches)}
	for _, c := range []*Choice{&d.Models.All, &d.Models.Close, &d.Batches.All, &d.Batches.Close} {
		c.Pairs /= max(1, len(seeds))
	}
	return d
}

func choices(options []option) Choices {
	return Choices{All: choose(options, math.Inf(1)), Close: choose(options, closePair)}
}

// choose compares every pair of options of a group whose measured values differ, by no more than the share within.
func choose(options []option, within float64) Choice {
	var right, regret, regretWrong, most, tau float64
	var pairs, wrong int
	groups := map[string][]option{}
	for _, o := range options {
		for _, other := range groups[o.group] {
			cheap, dear := o, other
			if cheap.measured > dear.measured {
				cheap, dear = dear, cheap
			}
			excess := dear.measured/cheap.measured - 1
			if excess == 0 || excess > within {
				continue
			}
			pairs++
			switch {
			case cheap.predicted < dear.predicted:
				right++
				tau++
			case cheap.predicted == dear.predicted:
				right += 0.5
				regret += excess / 2
			default:
				wrong++
				tau--
				regret += excess
				regretWrong += excess
				most = max(most, excess)
			}
		}
		groups[o.group] = append(groups[o.group], o)
	}
	n := float64(pairs)
	return Choice{
		Pairs: pairs, Right: stats.Number(right / n), Tau: stats.Number(tau / n),
		Regret: stats.Number(regret / n), RegretWrong: stats.Number(regretWrong / float64(wrong)), RegretMost: stats.Number(most),
	}
}
