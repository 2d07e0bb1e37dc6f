package fit

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// Fold is shapes that were left out together, predicted by constants that were fitted without them.
type Fold struct {
	Name string
	Held []Held

	constants []coefficients.Constant
}

// Held is a shape predicted by constants that were fitted without it.
type Held struct {
	*Shape
	Law law.Prediction // its intervals are those of the groups, once Surround has put them around it
}

// LeftOut names the fold of a shape: shapes of a fold are left out together.
type LeftOut func(*Shape) string

// OverlapByDevice leaves devices out.
func OverlapByDevice(s *Shape) string { return s.Device.ID }

// OverlapByKind leaves kinds of multiprocessors out, each with all its devices. Those before compute capability 8.0, of
// which there are products in float32 alone, are one.
func OverlapByKind(s *Shape) string {
	if cc := s.Device.ComputeCapability; len(cc) == 3 && cc < "8" {
		return "6.x, 7.x"
	}
	return law.SMKind(&s.Device)
}

// HoldOut predicts every fold of shapes from constants fitted to the others. Progress, if any, hears of each fit done.
func HoldOut(shapes []*Shape, by LeftOut, thin int, progress func(done, total int)) ([]*Fold, error) {
	of := map[string][]*Shape{}
	for _, s := range shapes {
		of[by(s)] = append(of[by(s)], s)
	}
	var out []*Fold
	for _, name := range slices.Sorted(maps.Keys(of)) {
		c, list, err := FitOverlap(shapes, OverlapOptions{Thin: thin, Exclude: func(s *Shape) bool { return by(s) == name }})
		if err != nil {
			return nil, err
		}
		p := &Fold{Name: name, constants: append(list, setConstants(c, list)...)}
		if p.Held, err = PredictShapes(of[name], &coefficients.Overlap{Constants: p.constants}); err != nil {
			return nil, err
		}
		if out = append(out, p); progress != nil {
			progress(len(out), len(of))
		}
	}
	return out, nil
}

// PredictShapes predicts shapes by the law of given constants; those that it cannot say anything of are left out.
func PredictShapes(shapes []*Shape, c *coefficients.Overlap) ([]Held, error) {
	laws := map[string]*law.Overlap{}
	var out []Held
	for _, s := range shapes {
		l := laws[s.Device.ID]
		if l == nil {
			var err error
			if l, err = law.NewOverlap(c, s.Device); err != nil {
				return nil, err
			}
			laws[s.Device.ID] = l
		}
		if p := l.Kernel(&s.Kernel); p.Time > 0 && p.Energy > 0 {
			out = append(out, Held{Shape: s, Law: p})
		}
	}
	return out, nil
}

// Surround puts intervals around the predictions of folds that say nothing of the folds themselves: they come from the
// errors of the other devices, each predicted without itself (devices) or without its kind of multiprocessor (kinds).
func Surround(folds, devices, kinds []*Fold) error {
	for _, p := range folds {
		var shapes []*Shape
		own := map[string]bool{}
		for _, h := range p.Held {
			shapes = append(shapes, h.Shape)
			own[h.Device.ID] = true
		}
		others := without(devices, own)
		var fitted []*Shape
		for _, h := range others {
			fitted = append(fitted, h.Shape)
		}
		groups := groupsOf(fitted, others, without(kinds, own))
		var err error
		if p.Held, err = PredictShapes(shapes, &coefficients.Overlap{Constants: p.constants, Groups: groups}); err != nil {
			return err
		}
	}
	return nil
}

// without is what folds hold of other devices.
func without(folds []*Fold, devices map[string]bool) []Held {
	return slices.DeleteFunc(heldOf(folds), func(h Held) bool { return devices[h.Device.ID] })
}

// heldOf is what folds hold.
func heldOf(folds []*Fold) (out []Held) {
	for _, p := range folds {
		out = append(out, p.Held...)
	}
	return out
}

// NewOverlap fits the constants of the law and, by leaving whole devices and whole kinds out in turn, how far it is off.
// Progress, if any, hears of each fit done.
func NewOverlap(shapes []*Shape, files []string, thin int, progress func(done, total int)) (*coefficients.Overlap, error) {
	c, list, err := FitOverlap(shapes, OverlapOptions{Thin: thin, Costs: true})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		names = append(names, dataName(f))
	}
	for i := range list {
		list[i].Data = strings.Join(names, " ")
	}
	out := &coefficients.Overlap{Constants: append(list, setConstants(c, list)...)}
	devices, err := HoldOut(shapes, OverlapByDevice, thin, progress)
	if err != nil {
		return nil, err
	}
	kinds, err := HoldOut(shapes, OverlapByKind, thin, progress)
	if err != nil {
		return nil, err
	}
	out.Groups = groupsOf(shapes, heldOf(devices), heldOf(kinds))
	return out, nil
}

// setConstants are those that hold although no row speaks of them.
func setConstants(c *law.Constants, fitted []coefficients.Constant) []coefficients.Constant {
	var out []coefficients.Constant
	for _, s := range c.Slots() {
		if kept(s) && !slices.ContainsFunc(fitted, func(k coefficients.Constant) bool { return k.Name == s.Name && k.Of == s.Of }) {
			out = append(out, coefficients.Constant{Name: s.Name, Of: s.Of, Value: *s.Value, Unit: s.Unit, Data: s.Source})
		}
	}
	return out
}

// groupsOf summarises what was held out, by group of kernels.
func groupsOf(shapes []*Shape, devices, kinds []Held) []coefficients.Group {
	groups := map[string]*coefficients.Group{}
	of := func(name string) *coefficients.Group {
		if groups[name] == nil {
			groups[name] = &coefficients.Group{Name: name}
		}
		return groups[name]
	}
	for _, h := range slices.Concat(devices, kinds) {
		of(h.Group)
	}
	for _, s := range shapes {
		if g := of(s.Group); s.Time > 0 && s.Aside == "" {
			g.Rows++
			if !slices.Contains(g.Devices, s.Device.ID) {
				g.Devices = append(g.Devices, s.Device.ID)
			}
			if name := dataName(s.Operator.File); !slices.Contains(g.Data, name) {
				g.Data = append(g.Data, name)
			}
		}
	}
	var out []coefficients.Group
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		slices.Sort(g.Devices)
		slices.Sort(g.Data)
		g.Time, g.Energy = heldBand(devices, name, timeOff), heldBand(devices, name, energyOff)
		g.StandIn = heldBand(kinds, name, timeOff)
		g.LeftOut = leftOut(devices, name)
		g.Spread = heldSpreads(devices, name)
		out = append(out, *g)
	}
	return out
}

// dataName names a data set by its file and folder, since files of several have one name.
func dataName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return filepath.Base(filepath.Dir(file)) + "/" + name
}

// heldSpreads are how far a group is off as a whole on devices that were left out, and its kernels beside that; nil where
// no time was measured on any. Energies that nobody measured are off as times are.
func heldSpreads(held []Held, group string) *coefficients.Spreads {
	times := heldSpread(held, group, func(h *Held) float64 { return h.Shape.Time / float64(h.Law.Time) })
	if times == nil {
		return nil
	}
	energies := heldSpread(held, group, func(h *Held) float64 { return h.Shape.Energy / float64(h.Law.Energy) })
	if energies == nil {
		energies = times
	}
	return &coefficients.Spreads{Energy: *energies, Time: *times}
}

// heldSpread is the spread of logarithms of measured over predicted values of one quantity, each device alike; nil where
// there are none.
func heldSpread(held []Held, group string, over func(*Held) float64) *coefficients.Spread {
	of := map[string][]float64{}
	for i := range held {
		if h := &held[i]; h.Group == group && h.Aside == "" && over(h) > 0 {
			of[h.Device.ID] = append(of[h.Device.ID], math.Log(over(h)))
		}
	}
	if len(of) == 0 {
		return nil
	}
	var groups, kernels float64
	for _, id := range slices.Sorted(maps.Keys(of)) {
		mean, variance := moments(of[id])
		groups, kernels = groups+mean*mean, kernels+variance
	}
	n := float64(len(of))
	return &coefficients.Spread{Group: math.Sqrt(groups / n), Kernel: math.Sqrt(kernels / n)}
}

// moments are the mean and the variance about it.
func moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		variance += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, variance
}

// leftOut is the mean error of a group on each device that was left out, of times predicted over measured.
func leftOut(held []Held, group string) []coefficients.LeftOut {
	sums := map[string]*coefficients.LeftOut{}
	for i := range held {
		h := &held[i]
		if h.Group != group || h.Shape.Time == 0 || h.Aside != "" {
			continue
		}
		d := sums[h.Device.ID]
		if d == nil {
			d = &coefficients.LeftOut{Device: h.Device.ID}
			sums[d.Device] = d
		}
		d.Rows++
		d.Error += errorOf(float64(h.Law.Time), h.Shape.Time)
		d.Bias += math.Log(h.Shape.Time / float64(h.Law.Time))
	}
	var out []coefficients.LeftOut
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		d := sums[id]
		d.Error /= float64(d.Rows)
		d.Bias /= float64(d.Rows)
		out = append(out, *d)
	}
	return out
}

// timeOff and energyOff are a held-out shape's error over its prediction; negative where it has none.
func timeOff(h *Held) float64 {
	if h.Shape.Time == 0 {
		return -1
	}
	return errorOf(h.Shape.Time, float64(h.Law.Time))
}

func energyOff(h *Held) float64 {
	if h.Shape.Energy == 0 {
		return -1
	}
	return errorOf(h.Shape.Energy, float64(h.Law.Energy))
}

// heldBand is the quantiles of errors of a group on what was left out.
func heldBand(held []Held, group string, off func(*Held) float64) coefficients.Band {
	var all []float64
	for i := range held {
		if h := &held[i]; h.Group == group && h.Aside == "" {
			if e := off(h); e >= 0 {
				all = append(all, e)
			}
		}
	}
	if len(all) == 0 {
		return coefficients.Band{}
	}
	return coefficients.Band{P50: conformalQuantile(all, 0.5), P90: conformalQuantile(all, 0.9), N: len(all)}
}
