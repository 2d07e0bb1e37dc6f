package plots

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/sweep"
)

// A plot holds at most that many lines and points: more could not be told apart.
const (
	maxLines  = 24
	maxMarked = 20_000
)

// Sweep is a plot of a sweep, whose rows are added in any order.
type Sweep struct {
	report *report.Sweep
	on     Settings
	along  int // index of a dim, or one of those below
	lines  []*line
	named  map[string]*line
}

// Settings say how many power limits and clocks a sweep goes over.
type Settings struct{ PowerLimits, Clocks int }

// What lies along the lines of a plot where no dim does.
const (
	noAxis     = -1
	powerLimit = -2
	clock      = -3
)

// line is the rows that differ in what lies along the axis alone.
type line struct {
	group int // of settings: device and precision
	name  string
	rows  []*sweep.Row
}

// NewSweep plots a sweep over the dim of a name; over power limits or clocks where it is "" and there are several, else over
// the dim of most sizes. An error says what there would be too little or too much of.
func NewSweep(s *report.Sweep, on Settings, dim string) (*Sweep, error) {
	w := &Sweep{report: s, on: on, named: map[string]*line{}}
	w.along = w.axis(dim)
	each := 1
	switch {
	case w.along == noAxis:
		return nil, errors.New("nothing lies along the axis of a plot: take --dim NAME=SIZES, or several of --power-limit or --clock")
	case w.along == powerLimit:
		each = on.PowerLimits
	case w.along == clock:
		each = on.Clocks
	default:
		each = len(s.Axes[w.along].Sizes)
	}
	rows := s.Points * len(s.Settings)
	if n := rows / each; n > maxLines || rows > maxMarked {
		return nil, fmt.Errorf("a plot of %d lines and %d points tells little; take fewer sizes (at most %d lines, %d points)", n, rows, maxLines, maxMarked)
	}
	return w, nil
}

// axis is what lies along the lines: the index of a dim, or one of the settings.
func (w *Sweep) axis(dim string) int {
	best := noAxis
	for i, a := range w.report.Axes {
		if a.Name == dim {
			return i
		}
		if best < 0 || len(a.Sizes) > len(w.report.Axes[best].Sizes) {
			best = i
		}
	}
	switch {
	case w.on.PowerLimits > 1:
		return powerLimit
	case w.on.Clocks > 1:
		return clock
	}
	return best
}

// Add puts a row on its line.
func (w *Sweep) Add(r *sweep.Row) {
	name := w.lineName(r)
	l := w.named[name]
	if l == nil {
		l = &line{group: w.report.Settings[r.Setting].Group, name: name}
		w.named[name] = l
		w.lines = append(w.lines, l)
	}
	l.rows = append(l.rows, r)
}

// lineName says what the rows of a line have in common, as far as others have it not.
func (w *Sweep) lineName(r *sweep.Row) string {
	s := w.report
	on := &s.Settings[r.Setting]
	name := s.GroupName(on.Group)
	if w.along != powerLimit && w.on.PowerLimits > 1 {
		name += " " + on.PowerLimit.String()
	}
	if w.along != clock && w.on.Clocks > 1 {
		name += " " + on.Clock.String()
	}
	for i, a := range s.Axes {
		if i != w.along && len(a.Sizes) > 1 {
			name += fmt.Sprintf(" %s=%d", s.Names[i], a.Size(r.Values[i]))
		}
	}
	return name
}

// Draw draws what was added, in a format of [Formats].
func (w *Sweep) Draw(format string) ([]byte, error) {
	slices.SortStableFunc(w.lines, func(a, b *line) int { return a.group - b.group })
	for _, l := range w.lines {
		slices.SortStableFunc(l.rows, w.compare)
	}
	if w.along < 0 {
		return w.drawFront(format)
	}
	return w.drawPanels(format)
}

// compare orders the rows of a line.
func (w *Sweep) compare(a, b *sweep.Row) int {
	if w.along >= 0 {
		return cmp.Compare(a.Values[w.along], b.Values[w.along])
	}
	m, n := &w.report.Settings[a.Setting], &w.report.Settings[b.Setting]
	return cmp.Or(cmp.Compare(m.PowerLimit, n.PowerLimit), cmp.Compare(m.Clock, n.Clock))
}
