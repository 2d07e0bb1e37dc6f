package main

import (
	"cmp"
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

// draw evaluates the grid, draws it, and prints what is recommended.
func (q *sweepRequest) draw(env *environment, s *report.Sweep, axes [][]int64) error {
	x := q.along(s)
	if x == noAxis {
		return usagef("nothing lies along the axis of a plot: take --dim NAME=SIZES, or several of --power-limit or --clock")
	}
	lines, err := q.lines(env, s, axes, x)
	if err != nil {
		return err
	}
	paint := drawSweep
	if x < 0 {
		paint = drawFront
	}
	data, err := paint(s, lines, x, q.plot)
	if err != nil {
		return err
	}
	if err := writeOutput(env, q.output, data); err != nil {
		return err
	}
	fmt.Fprint(env.stdout, s.Head())
	return nil
}

// What lies along the lines of a plot where no dim does.
const (
	noAxis     = -1
	powerLimit = -2
	clock      = -3
)

// along is what lies along the lines of a plot: the index of the dim that is asked for, else power limits or clocks where
// there are several, else the dim of most sizes.
func (q *sweepRequest) along(s *report.Sweep) int {
	best := noAxis
	for i, a := range s.Axes {
		if a.Name == q.x {
			return i
		}
		if best < 0 || len(a.Sizes) > len(s.Axes[best].Sizes) {
			best = i
		}
	}
	switch {
	case len(q.limits) > 1:
		return powerLimit
	case len(q.clocks) > 1:
		return clock
	}
	return best
}

// sweepLine is the rows that differ in what lies along the axis alone.
type sweepLine struct {
	group int // of settings: device and precision
	name  string
	rows  []*sweep.Row
}

// lines evaluates the grid and parts it into lines.
func (q *sweepRequest) lines(env *environment, s *report.Sweep, axes [][]int64, x int) ([]*sweepLine, error) {
	rows := s.Points * len(s.Settings)
	each := 1
	switch {
	case x >= 0:
		each = len(axes[x])
	case x == powerLimit:
		each = len(q.limits)
	case x == clock:
		each = len(q.clocks)
	}
	if n := rows / each; n > maxLines || rows > maxMarked {
		return nil, usagef("a plot of %d lines and %d points tells little; take fewer sizes (at most %d lines, %d points)", n, rows, maxLines, maxMarked)
	}
	var out []*sweepLine
	at := map[string]*sweepLine{}
	err := q.evaluate(env, s, axes, func(r *sweep.Row) error {
		name := q.lineName(s, axes, x, r)
		l := at[name]
		if l == nil {
			l = &sweepLine{group: s.Settings[r.Setting].Group, name: name}
			at[name] = l
			out = append(out, l)
		}
		l.rows = append(l.rows, r)
		return nil
	})
	slices.SortStableFunc(out, func(a, b *sweepLine) int { return a.group - b.group })
	for _, l := range out {
		slices.SortStableFunc(l.rows, func(a, b *sweep.Row) int {
			if x >= 0 {
				return cmp.Compare(a.Values[x], b.Values[x])
			}
			m, n := &s.Settings[a.Setting], &s.Settings[b.Setting]
			return cmp.Or(cmp.Compare(m.PowerLimit, n.PowerLimit), cmp.Compare(m.Clock, n.Clock))
		})
	}
	return out, err
}

// lineName says what the rows of a line have in common, as far as others have it not.
func (q *sweepRequest) lineName(s *report.Sweep, axes [][]int64, x int, r *sweep.Row) string {
	on := &s.Settings[r.Setting]
	name := s.GroupName(on.Group)
	if x != powerLimit && len(q.limits) > 1 {
		name += " " + on.PowerLimit.String()
	}
	if x != clock && len(q.clocks) > 1 {
		name += " " + on.Clock.String()
	}
	for i := range axes {
		if i != x && len(axes[i]) > 1 {
			name += fmt.Sprintf(" %s=%d", s.Names[i], s.Axes[i].Size(r.Values[i]))
		}
	}
	return name
}
