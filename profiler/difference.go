package profiler

import (
	"context"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
)

// difference measures a task that is what one workload takes beyond another: first the larger one, then its base.
func (s *session) difference(ctx context.Context, t Task, opts Options) (Measurement, error) {
	if t.Times < 1 {
		return Measurement{}, fmt.Errorf("a difference over %d executions, want 1 or more", t.Times)
	}
	more, err := s.buildAndMeasure(ctx, t, t.Workload, opts)
	if err != nil {
		return Measurement{}, err
	}
	base, err := s.buildAndMeasure(ctx, t, t.Base, opts)
	if err != nil {
		return Measurement{}, fmt.Errorf("the base: %w", err)
	}
	return more.minus(base, float64(t.Times), opts)
}

// leastDifference is how many times what windows may disagree by a difference is to be of the run that is taken off.
const leastDifference = 2

// minus is what m takes beyond a base, over n. Windows are paired as they were taken, and must agree as those of any
// other measurement. Shares of time and clocks stay those of m.
func (m Measurement) minus(base Measurement, n float64, opts Options) (Measurement, error) {
	out := m
	out.Time = (m.Time - base.Time) / energy.Seconds(n)
	if out.Time <= 0 {
		return Measurement{}, fmt.Errorf("it takes %s with and %s without what is measured", m.Time, base.Time)
	}
	out.Energy, out.Power, out.KernelTime = nil, nil, nil
	if m.Energy != nil && base.Energy != nil {
		e := (*m.Energy - *base.Energy) / energy.Joules(n)
		if e <= 0 {
			return Measurement{}, fmt.Errorf("it takes %s with and %s without what is measured", *m.Energy, *base.Energy)
		}
		out.Energy, out.Power = &e, new(e.Over(out.Time))
	}
	if m.KernelTime != nil && base.KernelTime != nil && *m.KernelTime > *base.KernelTime {
		out.KernelTime = new((*m.KernelTime - *base.KernelTime) / energy.Seconds(n))
	}
	out.Spread.Times = paired(m.Spread.Times, base.Spread.Times, n)
	out.Spread.Windows = paired(m.Spread.Windows, base.Spread.Windows, n)
	out.Flags = slices.Clone(m.Flags)
	for _, f := range base.Flags {
		if !slices.Contains(out.Flags, f) {
			out.Flags = append(out.Flags, f)
		}
	}
	out.judgeSpread(opts)
	if least := leastDifference * opts.MaxCV; float64(m.Time-base.Time) < least*float64(base.Time) && !slices.Contains(out.Flags, energy.FlagCV) {
		out.Flags = append(out.Flags, energy.FlagCV) // runs differ by as much from one to the next
	}
	return out, nil
}

// paired is the difference of each pair of windows, over n. Those below zero are left at zero: a record holds none.
func paired[T ~float64](more, base []T, n float64) []T {
	var out []T
	for i := range min(len(more), len(base)) {
		out = append(out, max(0, T(float64(more[i]-base[i])/n)))
	}
	return out
}

// judgeSpread judges anew how far the windows of a difference agree.
func (m *Measurement) judgeSpread(opts Options) {
	cv := 0.
	if times := m.Spread.Times; len(times) > 1 {
		cv = stats.CV(times)
	}
	if joules := m.Spread.Windows; len(joules) > 1 {
		cv = max(cv, stats.CV(joules))
	}
	m.Flags = slices.DeleteFunc(m.Flags, func(f string) bool { return f == energy.FlagCV })
	if m.Spread.CV != nil {
		m.Spread.CV = &cv
	}
	if cv > opts.MaxCV {
		m.Flags = append(m.Flags, energy.FlagCV)
	}
}
