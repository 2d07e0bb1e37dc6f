package validate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/measured"
)

// Method is one row of the table of methods that are compared.
type Method struct {
	Name string
	Help string
	// Told says that the method is told what was measured while the left-out model ran: its times, its utilisation,
	// the board's energy. Methods without need its file only.
	Told bool
}

type method struct {
	Method
	kinds []measured.Kind // of data that the method is compared on
	fit   func(*trial) (forecast, error)
	lacks func(*fit.Data) string // why the method says nothing of data, which it then is not compared on unless it is asked for; nil: it speaks of all
}

// forecast predicts the items of a run, once for every seed. An error says why the method cannot.
type forecast func(run []*fit.Item) ([][]estimate, error)

// estimate is what a method says of one item.
type estimate struct {
	answered     bool // the method speaks of the item
	energy, time number
	banded       bool // has intervals of energy
	half, ninety coefficients.Range
}

// number is a prediction that may be missing.
type number struct {
	value float64
	known bool
}

// positive is a prediction that is missing where it is zero.
func positive(v float64) number { return number{v, v > 0} }

// of is the prediction of a quantity.
func (e *estimate) of(t Target) number {
	if t == TargetTime {
		return e.time
	}
	return e.energy
}

// set makes a number the prediction of a quantity.
func (e *estimate) set(t Target, n number) {
	e.answered = true
	if t == TargetTime {
		e.time = n
	} else {
		e.energy = n
	}
}

// MethodAdditive is the method that the other commands predict with.
const MethodAdditive = "additive"

// methods is the table of methods, in the order of reports.
func methods() []method {
	trees, records := []measured.Kind{measured.KindTrees}, []measured.Kind{measured.KindRecords}
	both := append(slices.Clone(trees), records...)
	return []method{
		{Method{MethodAdditive, "the model of this program: coefficients per class of operator, fitted to all levels at once", false}, both, fitAdditive, nil},
		{Method{"overlap", "the law of overlapping kernels, with constants of the device's own: those that come with the program, moved as far as the records say", false}, records, fitOverlap, (*fit.Data).WhyNoOwn},
		{Method{"overlap-shipped", "the same by the constants that come with the program; nothing is fitted", false}, records, shippedOverlap, (*fit.Data).WhyNoOwn},
		{Method{"plain-sum", "the sum of the operators that were measured alone, each as the additive model predicts it, and nothing of what modules do between them", false}, trees, fitPlainSum, nil},
		{Method{"flops", "energy (time) proportional to FLOPs, one factor per level", false}, both, proportional(func(it *fit.Item) float64 { return it.FLOPs }), nil},
		{Method{"bytes", "energy (time) proportional to bytes, one factor per level", false}, records, proportional(func(it *fit.Item) float64 { return it.Work.Bytes() }), nil},
		{Method{"copy", "whole models only: what the most similar model left in was measured to take at the same batch and sequence, scaled by FLOPs", false}, trees, fitCopy, nil},
		{Method{"irene", fmt.Sprintf("IrEne's model (end to end, 14 features, mean of %d seeds)", ireneSeeds), true}, trees, fitIrene, nil},
		{Method{"measured-affine", "the ceiling: a·(board's energy) + b·time of the very run that is predicted", true}, trees, fitAffine, nil},
		{Method{"roofline", "the device's numbers: of arithmetic and memory the longer, kernel by kernel, at the power limit; nothing is fitted", false}, records, fitRoofline, nil},
	}
}

// Methods lists the methods that are compared on data of a kind.
func Methods(kind measured.Kind) []Method {
	var out []Method
	for _, m := range methods() {
		if slices.Contains(m.kinds, kind) {
			out = append(out, m.Method)
		}
	}
	return out
}

// MethodNames lists the names of the methods that are compared on data of a kind.
func MethodNames(kind measured.Kind) []string {
	var names []string
	for _, m := range Methods(kind) {
		names = append(names, m.Name)
	}
	return names
}

// chooseMethods are those asked for, or all that speak of the data.
func chooseMethods(d *fit.Data, names []string) ([]method, error) {
	known := MethodNames(d.Kind)
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("no method %q: it is one of %s", n, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(methods(), func(m method) bool {
		if len(names) == 0 && m.lacks != nil && m.lacks(d) != "" {
			return true
		}
		return !slices.Contains(known, m.Name) || len(names) > 0 && !slices.Contains(names, m.Name)
	}), nil
}

// single is the forecast of a method without seeds that speaks of one item at a time.
func single(predict func(*fit.Item) estimate) forecast {
	return func(run []*fit.Item) ([][]estimate, error) {
		out := make([]estimate, len(run))
		for i, it := range run {
			out[i] = predict(it)
		}
		return [][]estimate{out}, nil
	}
}

// fitAdditive predicts like the other commands.
func fitAdditive(t *trial) (forecast, error) {
	p, err := t.predictor()
	if err != nil {
		return nil, err
	}
	joules, seconds := t.fitted.Holds()
	return single(func(it *fit.Item) estimate {
		pr := p.Predict(it.Work)
		e := estimate{answered: true, energy: number{float64(pr.Energy), joules}, time: number{float64(pr.Time), seconds}}
		if t.train.Kind == measured.KindRecords {
			e.energy, e.time = positive(float64(pr.Energy)), positive(float64(pr.Time))
		}
		if t.target == TargetEnergy && (it.Work.Level != "" || len(it.Work.Kernels) > 0) { // else it runs as no kernel and takes nothing
			e.banded = true
			e.half = coefficients.Range{Low: float64(pr.Low50), High: float64(pr.High50)}
			e.ninety = coefficients.Range{Low: float64(pr.Low), High: float64(pr.High)}
		}
		return e
	}), nil
}

// fitOverlap fits what is the device's own in the law of overlapping kernels.
func fitOverlap(t *trial) (forecast, error) {
	shared, err := coefficients.OfDevice(t.test.Device)
	if err != nil {
		return nil, err
	}
	p, err := fit.PredictOwn(shared.Overlap, t.train)
	if err != nil {
		return nil, err
	}
	return overlapForecast(p), nil
}

// shippedOverlap takes the law of overlapping kernels as it is.
func shippedOverlap(t *trial) (forecast, error) {
	if why := t.test.WhyNoOwn(); why != "" {
		return nil, errors.New(why)
	}
	shared, err := coefficients.OfDevice(t.test.Device)
	if err != nil {
		return nil, err
	}
	p, err := fit.NewOwnPredictor(shared.Overlap, t.test.Device)
	if err != nil {
		return nil, err
	}
	return overlapForecast(p), nil
}

func overlapForecast(p *fit.OwnPredictor) forecast {
	return single(func(it *fit.Item) estimate {
		pr := p.Predict(it)
		return estimate{answered: true, energy: positive(float64(pr.Energy)), time: positive(float64(pr.Time))}
	})
}

// fitPlainSum adds up the operators below a node.
func fitPlainSum(t *trial) (forecast, error) {
	p, err := t.predictor()
	if err != nil {
		return nil, err
	}
	return single(func(it *fit.Item) estimate {
		e := estimate{answered: true, energy: number{known: true}, time: number{known: true}}
		for i := range it.Leaves {
			pr := p.Predict(it.Leaves[i].Work)
			e.energy.value += float64(pr.Energy)
			e.time.value += float64(pr.Time)
		}
		return e
	}), nil
}

// factor minimises the relative squared errors of a quantity proportional to x.
type factor struct{ sum, squares float64 }

func (f *factor) add(x, measured float64) {
	if measured > 0 {
		f.sum += x / measured
		f.squares += (x / measured) * (x / measured)
	}
}

// proportional fits a factor per level to an amount, on relative errors; levels without a measurement to fit to take the
// factor of all. An amount that is not a number gives no prediction.
func proportional(amount func(*fit.Item) float64) func(*trial) (forecast, error) {
	return func(t *trial) (forecast, error) {
		type key struct {
			target Target
			level  string
		}
		factors := map[key]*factor{}
		for _, it := range t.train.Items {
			if x := amount(it); !it.Copy && x >= 0 {
				for _, target := range Targets() {
					for _, level := range []string{"", it.Type} {
						f := factors[key{target, level}]
						if f == nil {
							f = &factor{}
							factors[key{target, level}] = f
						}
						f.add(x, target.of(it))
					}
				}
			}
		}
		return single(func(it *fit.Item) estimate {
			e := estimate{answered: true}
			for _, target := range Targets() {
				f := factors[key{target, it.Type}]
				if f == nil || f.squares == 0 {
					f = factors[key{target, ""}]
				}
				if x := amount(it); x >= 0 && f != nil && f.squares > 0 {
					e.set(target, number{f.sum / f.squares * x, true})
				}
			}
			return e
		}), nil
	}
}

// fitRoofline predicts from the device's numbers.
func fitRoofline(t *trial) (forecast, error) {
	d := t.test.Device
	if _, ok := roofline(t.test.Items[0].Work, d); !ok {
		return nil, fmt.Errorf("no peak or no bandwidth of %s is known", d.ID)
	}
	return single(func(it *fit.Item) estimate {
		s, _ := roofline(it.Work, d)
		return estimate{answered: true, energy: positive(float64(d.TDP.Times(s))), time: positive(float64(s))}
	}), nil
}
