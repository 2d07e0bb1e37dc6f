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
	along  int
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
	p := &Sweep{report: s, on: on, named: map[string]*line{}}
	p.along = p.axis(dim)
	each := 1
	switch {
	case p.along == noAxis:
		return nil, errors.New("nothing lies along the axis of a plot: take --dim NAME=SIZES, or several of --power-limit or --clock")
	case p.along == powerLimit:
		each = on.PowerLimits
	case p.along == clock:
		each = on.Clocks
	default:
		each = len(s.Axes[p.along].Sizes)
	}
	rows := s.Points * len(s.Settings)
	if n := rows / each; n > maxLines || rows > maxMarked {
		return nil, fmt.Errorf("a plot of %d lines and %d points tells little; take fewer sizes (at most %d lines, %d points)", n, rows, maxLines, maxMarked)
	}
	return p, nil
}

// axis is what lies along the lines: the index of a dim, or one of the settings.
func (p *Sweep) axis(dim string) int {
	best := noAxis
	for i, a := range p.report.Axes {
		if a.Name == dim {
			return i
		}
		if best < 0 || len(a.Sizes) > len(p.report.Axes[best].Sizes) {
			best = i
		}
	}
	switch {
	case p.on.PowerLimits > 1:
		return powerLimit
	case p.on.Clocks > 1:
		return clock
	}
	return best
}

// Add puts a row on its line.
func (p *Sweep) Add(r *sweep.Row) {
	name := p.lineName(r)
	l := p.named[name]
	if l == nil {
		l = &line{group: p.report.Settings[r.Setting].Group, name: name}
		p.named[name] = l
		p.lines = append(p.lines, l)
	}
	l.rows = append(l.rows, r)
}

// lineName says what the rows of a line have in common, as far as others have it not.
func (p *Sweep) lineName(r *sweep.Row) string {
	s := p.report
	on := &s.Settings[r.Setting]
	name := s.GroupName(on.Group)
	if p.along != powerLimit && p.on.PowerLimits > 1 {
		name += " " + on.PowerLimit.String()
	}
	if p.along != clock && p.on.Clocks > 1 {
		name += " " + on.Clock.String()
	}
	for i, a := range s.Axes {
		if i != p.along && len(a.Sizes) > 1 {
			name += fmt.Sprintf(" %s=%d", s.Names[i], a.Size(r.Values[i]))
		}
	}
	return name
}

// Draw draws what was added, in a format of [Formats].
func (p *Sweep) Draw(format string) ([]byte, error) {
	slices.SortStableFunc(p.lines, func(a, b *line) int { return a.group - b.group })
	for _, l := range p.lines {
		slices.SortStableFunc(l.rows, p.compare)
	}
	if p.along < 0 {
		return drawFront(p.report, p.lines, p.along, format)
	}
	return drawPanels(p.report, p.lines, p.along, format)
}

// compare orders the rows of a line.
func (p *Sweep) compare(a, b *sweep.Row) int {
	if p.along >= 0 {
		return cmp.Compare(a.Values[p.along], b.Values[p.along])
	}
	m, n := &p.report.Settings[a.Setting], &p.report.Settings[b.Setting]
	return cmp.Or(cmp.Compare(m.PowerLimit, n.PowerLimit), cmp.Compare(m.Clock, n.Clock))
}
