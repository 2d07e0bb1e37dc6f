package law

import (
	"maps"
	"slices"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// GroupSheet is a group of kernels that was measured: half widths of 90 % intervals, as shares of the prediction.
type GroupSheet struct {
	Name    string  `json:"name"`
	Time    float64 `json:"time"`
	Energy  float64 `json:"energy"`
	StandIn float64 `json:"standin"` // of both where constants stand in
}

func (l *Overlap) groupSheets() (out []GroupSheet) {
	for _, name := range slices.Sorted(maps.Keys(l.groups)) {
		if g := l.groups[name]; len(g.Devices) > 0 {
			out = append(out, groupSheet(name, &g))
		}
	}
	return out
}

func groupSheet(name string, g *coefficients.Group) GroupSheet {
	time, joules := bands(g, false)
	both, _ := bands(g, true)
	return GroupSheet{name, time.P90, joules.P90, both.P90}
}

// OwnSheet is what a device has of its own on a group of kernels, by the name that its own groups have.
type OwnSheet struct {
	GroupSheet
	Stretch float64 `json:"stretch"` // factor on all that a kernel waits for at boost clock
	Draw    float64 `json:"draw"`    // factor on what it draws above idle
	Fitted  bool    `json:"fitted"`  // measured on the device
}

func (l *Overlap) ownSheets() []OwnSheet {
	out := []OwnSheet{}
	for _, name := range slices.Sorted(maps.Keys(l.own)) {
		f := l.own[name]
		out = append(out, OwnSheet{groupSheet(name, &f.group), f.time, f.energy, slices.Contains(f.group.Devices, l.machine.dev.ID)})
	}
	return out
}

// SpreadSheet is how far predictions of a group of kernels are off: see [coefficients.Spread], whose Model is the same in
// all of a law's.
type SpreadSheet struct {
	Name     string      `json:"name"`
	Energy   SpreadPair  `json:"energy"`
	Time     SpreadPair  `json:"time"`
	StandIn  float64     `json:"standin"`  // least Group of both where constants stand in
	LeftOut  *float64    `json:"left_out"` // mean error of times on devices left out; null where none was
	Measured *SpreadBoth `json:"own"`      // of what the device's own measurements say of the group; null where they say nothing
}

// SpreadPair is the Group and the Kernel of a [coefficients.Spread].
type SpreadPair [2]float64

// SpreadBoth are those of energies and times.
type SpreadBoth struct {
	Energy SpreadPair `json:"energy"`
	Time   SpreadPair `json:"time"`
}

func (l *Overlap) spreadSheets() (out []SpreadSheet) {
	names := slices.Collect(maps.Keys(l.groups))
	for name := range l.own {
		if _, both := l.groups[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		g := l.groups[name]
		both := spreadsOf(&g)
		sheet := SpreadSheet{Name: name, Energy: both.Energy, Time: both.Time, StandIn: leastSpread(&g)}
		if off, known := l.LeftOut(name); known {
			sheet.LeftOut = &off
		}
		if f := l.own[name]; f != nil {
			own := spreadsOf(&f.group)
			sheet.Measured = &own
		}
		out = append(out, sheet)
	}
	return out
}

func spreadsOf(g *coefficients.Group) SpreadBoth {
	s := g.Spreads()
	return SpreadBoth{SpreadPair{s.Energy.Group, s.Energy.Kernel}, SpreadPair{s.Time.Group, s.Time.Kernel}}
}

// ReasonSheet says why constants of a group, or of a row operator, are another's.
type ReasonSheet struct {
	Of  string `json:"of"`
	Why string `json:"why"`
}

func (l *Overlap) reasonSheets() (out []ReasonSheet) {
	for _, of := range slices.Sorted(maps.Keys(l.borrowed)) {
		out = append(out, ReasonSheet{of, l.borrowed[of]})
	}
	return out
}
