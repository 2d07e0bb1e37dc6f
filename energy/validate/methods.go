package validate

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/irene/model"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// method is one row of the table of methods that Validate compares.
type method struct {
	name string
	help string
	// measured says that the method is told what was measured while the left-out model ran: its times, its utilisation,
	// the board's energy. Methods without need its file only.
	measured bool
	fit      func(*trial) (forecast, error)
}

// forecast predicts the spots of a tree, once for every seed. An error says why the method cannot.
type forecast func(*heldTree) ([][]estimate, error)

// estimate is one prediction.
type estimate struct {
	value  float64
	known  bool
	banded bool // has intervals
	half   coefficients.Range
	ninety coefficients.Range
}

// MethodAdditive is the method that the other commands predict with.
const MethodAdditive = "additive"

// methods is the table of methods, in the order of reports.
func methods() []method {
	return []method{
		{MethodAdditive, "the model of this program: coefficients per class of operator, fitted to all levels at once", false, fitAdditive},
		{"plain-sum", "the sum of the operators that were measured alone, each as the additive model predicts it, and nothing of what modules do between them", false, fitPlainSum},
		{"flops", "energy (time) proportional to FLOPs, one factor per level", false, fitFLOPs},
		{"copy", "whole models only: what the most similar model left in was measured to take at the same batch and sequence, scaled by FLOPs", false, fitCopy},
		{"irene", fmt.Sprintf("IrEne's model (end to end, 14 features, mean of %d seeds)", ireneSeeds), true, fitIrene},
		{"measured-affine", "the ceiling: a·(board's energy) + b·time of the very run that is predicted", true, fitAffine},
	}
}

// MethodNames lists the methods.
func MethodNames() []string {
	var names []string
	for _, m := range methods() {
		names = append(names, m.name)
	}
	return names
}

// MethodHelp says what the methods are, and which are told what was measured while the left-out model ran.
func MethodHelp(name string) (help string, measured bool) {
	for _, m := range methods() {
		if m.name == name {
			return m.help, m.measured
		}
	}
	return "", false
}

func chooseMethods(names []string) ([]method, error) {
	all := methods()
	if len(names) == 0 {
		return all, nil
	}
	for _, n := range names {
		if !slices.ContainsFunc(all, func(m method) bool { return m.name == n }) {
			return nil, fmt.Errorf("no method %q: it is one of %s", n, strings.Join(MethodNames(), ", "))
		}
	}
	return slices.DeleteFunc(all, func(m method) bool { return !slices.Contains(names, m.name) }), nil
}

// single is the forecast of a method without seeds.
func single(predict func(*heldTree) []estimate) forecast {
	return func(h *heldTree) ([][]estimate, error) { return [][]estimate{predict(h)}, nil }
}

// coefficients fits the additive model to the training trees, with ranges and intervals that rest on nothing else.
func (t *trial) coefficients() (*coefficients.Coefficients, error) {
	if t.additive != nil || t.additiveErr != nil {
		return t.additive, t.additiveErr
	}
	t.additive, t.additiveErr = t.fitCoefficients()
	return t.additive, t.additiveErr
}

func (t *trial) fitCoefficients() (*coefficients.Coefficients, error) {
	in := fit.TrainInput{Device: t.source, Profile: t.runtime}
	eqs := equationsOf(t.train)
	c, err := fit.Fit(eqs, &in)
	if err != nil {
		return nil, err
	}
	seen := fit.Ranges{}
	for _, h := range t.train {
		seen.Merge(h.seen)
		in.Trees = append(in.Trees, h.tree)
	}
	for i := range c.Classes {
		c.Classes[i].Range = seen[c.Classes[i].Key]
	}
	if c.Residuals, err = fit.Residuals(eqs, &in); err != nil {
		return nil, err
	}
	c.Host = fit.SplitPlugEnergy(in.Trees)
	return c, nil
}

// fitAdditive predicts like Run.
func fitAdditive(t *trial) (forecast, error) {
	c, err := t.coefficients()
	if err != nil {
		return nil, err
	}
	target := predict.Target{Coefficients: c, Device: t.device, Options: predict.Options{Profile: t.runtime}}
	programs := map[*fit.Subject]*predict.Program{}
	for _, h := range t.test {
		if programs[h.s] == nil {
			if programs[h.s], err = target.Bind(h.s.A); err != nil {
				return nil, err
			}
		}
	}
	return single(func(h *heldTree) []estimate {
		res := programs[h.s].At(h.s.Eval(h.tree))
		out := make([]estimate, len(h.spots))
		for i := range h.spots {
			switch s := &h.spots[i]; {
			case s.module != nil:
				m := res.Modules[s.module]
				out[i] = estimateOf(t.target, m.Energy, m.Time, [4]energy.Joules{m.Low50, m.High50, m.Low, m.High})
			case s.kernel >= 0:
				n := res.Nodes[h.s.Plan.Kernels[s.kernel].Node.ID]
				out[i] = estimateOf(t.target, n.Energy, n.Time, [4]energy.Joules{n.Low50, n.High50, n.Low, n.High})
			default: // runs as no kernel: it takes nothing
				out[i].known = true
			}
		}
		return out
	}), nil
}

// estimateOf has intervals where energy is predicted; there are none of time.
func estimateOf(target Target, e energy.Joules, s energy.Seconds, bounds [4]energy.Joules) estimate {
	if target == TargetTime {
		return estimate{value: float64(s), known: true}
	}
	return estimate{
		value: float64(e), known: true, banded: true,
		half:   coefficients.Range{Low: float64(bounds[0]), High: float64(bounds[1])},
		ninety: coefficients.Range{Low: float64(bounds[2]), High: float64(bounds[3])},
	}
}

// fitPlainSum adds up the leaves of the measured tree.
func fitPlainSum(t *trial) (forecast, error) {
	additive, err := fitAdditive(t)
	if err != nil {
		return nil, err
	}
	return single(func(h *heldTree) []estimate {
		runs, _ := additive(h)
		out := make([]estimate, len(h.spots))
		for i := range h.spots {
			out[i].known = true
			for j := i; j < h.spots[i].end; j++ {
				if h.spots[j].leaf() {
					out[i].value += runs[0][j].value
				}
			}
		}
		return out
	}), nil
}

// fitFLOPs minimises the relative squared error of c·FLOPs, level by level.
func fitFLOPs(t *trial) (forecast, error) {
	sum, squares := map[string]float64{}, map[string]float64{}
	for _, h := range t.train {
		for i := range h.spots {
			if s := &h.spots[i]; s.first {
				x := s.flops / s.gold(t.target)
				sum[s.node.Type] += x
				squares[s.node.Type] += x * x
			}
		}
	}
	return single(func(h *heldTree) []estimate {
		out := make([]estimate, len(h.spots))
		for i := range h.spots {
			s := &h.spots[i]
			if sq := squares[s.node.Type]; sq > 0 {
				out[i] = estimate{value: sum[s.node.Type] / sq * s.flops, known: true}
			}
		}
		return out
	}), nil
}

// fitCopy looks for what the most similar model took at the same shape.
func fitCopy(t *trial) (forecast, error) {
	trained := map[string]*heldTree{}
	kinds := map[string]*heldTree{}
	for _, h := range t.train {
		trained[shapeKey(h.tree.Model, h.tree)] = h
		if kinds[h.tree.Model] == nil {
			kinds[h.tree.Model] = h
		}
	}
	known := false
	for _, h := range t.test {
		for name := range kinds {
			known = known || trained[shapeKey(name, h.tree)] != nil
		}
	}
	if !known {
		return nil, errors.New("no model left in was measured at the same batch and sequence")
	}
	return single(func(h *heldTree) []estimate {
		out := make([]estimate, len(h.spots))
		best, score := (*heldTree)(nil), -1.0
		for _, name := range slices.Sorted(maps.Keys(kinds)) {
			if other := trained[shapeKey(name, h.tree)]; other != nil {
				if s := likeness(h, other); s > score {
					best, score = other, s
				}
			}
		}
		if best != nil && best.spots[0].flops > 0 {
			out[0] = estimate{value: best.spots[0].gold(t.target) * h.spots[0].flops / best.spots[0].flops, known: true}
		}
		return out
	}), nil
}

func shapeKey(model string, t *irene.Tree) string {
	return fmt.Sprint(model, "/", t.Batch, "/", t.Sequence)
}

// likeness is how much of two models' FLOPs lies in operators of the same type, times the ratio of their sizes.
func likeness(a, b *heldTree) float64 {
	x, y := a.spots[0].flops, b.spots[0].flops
	if x == 0 || y == 0 {
		return 0
	}
	return (fit.Overlap(a.flopShares(), b.flopShares()) + 0.01) * min(x/y, y/x)
}

// flopShares is the share of each type of operator in the FLOPs of the measured ones.
func (h *heldTree) flopShares() map[string]float64 {
	out, sum := map[string]float64{}, 0.0
	for i := range h.spots {
		if s := &h.spots[i]; s.leaf() {
			out[s.node.InstanceType] += s.flops
			sum += s.flops
		}
	}
	for k := range out {
		out[k] /= cmp.Or(sum, 1)
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
	var trees []*irene.Tree
	for _, h := range t.train {
		trees = append(trees, h.tree)
	}
	var fitted []*model.Model
	for seed := range uint64(ireneSeeds) {
		m, err := model.Train(trees, model.Options{Seed: seed})
		if err != nil {
			return nil, err
		}
		fitted = append(fitted, m)
		if seed > 0 {
			continue
		}
		for _, h := range t.test { // whether it can does not depend on the seed
			if _, err := m.Predict(h.tree); err != nil {
				return nil, ireneReason(err)
			}
		}
	}
	return func(h *heldTree) (runs [][]estimate, err error) {
		for _, m := range fitted {
			predictions, err := m.Predict(h.tree)
			if err != nil {
				return nil, ireneReason(err)
			}
			out := make([]estimate, len(h.spots))
			for i := range out {
				out[i] = estimate{value: float64(predictions[i].Energy), known: true}
			}
			runs = append(runs, out)
		}
		return runs, nil
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
	var trees []*irene.Tree
	for _, h := range t.train {
		trees = append(trees, h.tree)
	}
	host := fit.SplitPlugEnergy(trees)
	if host == nil {
		return nil, errors.New("the data do not hold the board's energy")
	}
	return single(func(h *heldTree) []estimate {
		out := make([]estimate, len(h.spots))
		for i := range h.spots {
			if n := h.spots[i].node; n.GPUEnergy > 0 {
				out[i] = estimate{value: host.Factor*n.GPUEnergy + float64(host.Watts)*n.Time, known: true}
			}
		}
		return out
	}), nil
}

// unlike is how far two devices' rates are apart, as a sum of logarithms.
func unlike(a, b energy.Device) float64 {
	d := math.Abs(math.Log(float64(a.Bandwidth / b.Bandwidth)))
	x, okX := coefficients.Peak(a, graph.Float32)
	y, okY := coefficients.Peak(b, graph.Float32)
	if okX && okY {
		d += math.Abs(math.Log(float64(x / y)))
	}
	return d
}
