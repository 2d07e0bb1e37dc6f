package fit

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// Held is a shape predicted by constants that were fitted without it.
type Held struct {
	*Shape
	Part   string         // what was left out
	Law    law.Prediction // with the intervals of the groups, where they are known
	Time   float64        // s, predicted
	Energy float64        // J, predicted
}

// LeftOut names what of shapes can be left out together: their devices, or the kinds of multiprocessors with all devices.
type LeftOut func(*Shape) string

// ByDevice and ByKind are the two.
func OverlapByDevice(s *Shape) string { return s.Device.ID }

// OverlapByKind leaves kinds of multiprocessors out.
func OverlapByKind(s *Shape) string { return law.SMKind(&s.Device) }

// HoldOut predicts every part of shapes from constants fitted to the others. Progress, if any, hears of each fit done.
func HoldOut(shapes []*Shape, by LeftOut, thin int, progress func(done, total int)) ([]Held, error) {
	parts := map[string]bool{}
	for _, s := range shapes {
		parts[by(s)] = true
	}
	var out []Held
	names := slices.Sorted(maps.Keys(parts))
	for i, part := range names {
		held, err := holdOutPart(shapes, by, part, thin)
		if err != nil {
			return nil, err
		}
		out = append(out, held...)
		if progress != nil {
			progress(i+1, len(names))
		}
	}
	return out, nil
}

func holdOutPart(shapes []*Shape, by LeftOut, part string, thin int) ([]Held, error) {
	c, _, err := FitOverlap(shapes, OverlapOptions{Thin: thin, Exclude: func(s *Shape) bool { return by(s) == part }})
	if err != nil {
		return nil, err
	}
	c.Borrow()
	laws := map[string]*law.Overlap{}
	var out []Held
	for _, s := range shapes {
		if by(s) != part {
			continue
		}
		l := laws[s.Device.ID]
		if l == nil {
			if l, err = law.Fitting(c, s.Device); err != nil {
				return nil, err
			}
			laws[s.Device.ID] = l
		}
		if p := l.Kernel(&s.Kernel); p.Time > 0 && p.Energy > 0 {
			out = append(out, Held{Shape: s, Part: part, Law: p, Time: float64(p.Time), Energy: float64(p.Energy)})
		}
	}
	return out, nil
}

// NewOverlap fits the constants of the law and, by leaving whole devices and whole kinds out in turn, how far it is off.
func NewOverlap(shapes []*Shape, files []string, thin int, progress func(done, total int)) (*coefficients.Overlap, error) {
	c, list, err := FitOverlap(shapes, OverlapOptions{Thin: thin})
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Data = strings.Join(baseNames(files), " ")
	}
	out := &coefficients.Overlap{Constants: append(list, setConstants(c)...)}
	devices, err := HoldOut(shapes, OverlapByDevice, thin, progress)
	if err != nil {
		return nil, err
	}
	kinds, err := HoldOut(shapes, OverlapByKind, thin, progress)
	if err != nil {
		return nil, err
	}
	out.Groups = groupsOf(shapes, devices, kinds)
	return out, nil
}

// setConstants are those that no time decides.
func setConstants(c *law.Constants) []coefficients.Constant {
	var out []coefficients.Constant
	for _, s := range c.Slots() {
		if s.Group == law.GroupPower {
			out = append(out, coefficients.Constant{Name: s.Name, Of: s.Of, Value: *s.Value, Unit: s.Unit})
		}
	}
	return out
}

// groupsOf summarises what was held out, by group of kernels.
func groupsOf(shapes []*Shape, devices, kinds []Held) []coefficients.Group {
	groups := map[string]*coefficients.Group{}
	for _, s := range shapes {
		g := groups[s.Group]
		if g == nil {
			g = &coefficients.Group{Name: s.Group}
			groups[s.Group] = g
		}
		if s.Time == 0 {
			continue
		}
		g.Rows++
		if !slices.Contains(g.Devices, s.Device.ID) {
			g.Devices = append(g.Devices, s.Device.ID)
		}
		if name := dataName(s.Operator.File); !slices.Contains(g.Data, name) {
			g.Data = append(g.Data, name)
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
		out = append(out, *g)
	}
	return out
}

// dataName names a data set by its file and folder, since files of several have one name.
func dataName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	return filepath.Base(filepath.Dir(file)) + "/" + name
}

// leftOut is the mean error of a group on each device that was left out, of times predicted over measured.
func leftOut(held []Held, group string) []coefficients.LeftOut {
	sums := map[string]*coefficients.LeftOut{}
	for i := range held {
		h := &held[i]
		if h.Group != group || h.Shape.Time == 0 {
			continue
		}
		d := sums[h.Device.ID]
		if d == nil {
			d = &coefficients.LeftOut{Device: h.Device.ID}
			sums[d.Device] = d
		}
		d.Rows++
		d.Error += errorOf(h.Time, h.Shape.Time)
	}
	var out []coefficients.LeftOut
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		d := sums[id]
		d.Error /= float64(d.Rows)
		out = append(out, *d)
	}
	return out
}

// timeOff and energyOff are a held-out shape's error over its prediction; negative where it has none.
func timeOff(h *Held) float64 {
	if h.Shape.Time == 0 {
		return -1
	}
	return errorOf(h.Shape.Time, h.Time)
}

func energyOff(h *Held) float64 {
	if h.Shape.Energy == 0 {
		return -1
	}
	return errorOf(h.Shape.Energy, h.Energy)
}

// heldBand is the quantiles of errors of a group on what was left out.
func heldBand(held []Held, group string, off func(*Held) float64) coefficients.Band {
	var all []float64
	for i := range held {
		if h := &held[i]; h.Group == group {
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
