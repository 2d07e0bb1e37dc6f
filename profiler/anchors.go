package profiler

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/stats"
)

// driftWarn is how far an anchor may move before somebody is told.
const driftWarn = 0.01

// AnchorDrift is how far an anchor moved through a session: the largest distance from its median, as a share of it.
type AnchorDrift struct {
	Name   string
	Rounds int
	Time   float64
	Energy float64 // 0 where no energy was measured
}

// anchor is a task that is measured again and again.
type anchor struct {
	task     Task
	times    []float64
	energies []float64
}

// add notes a measurement of the anchor, unless it is spoiled.
func (a *anchor) add(r *energy.Record) {
	if !r.Usable() {
		return
	}
	if r.Time != nil {
		a.times = append(a.times, float64(*r.Time))
	}
	if r.Energy != nil {
		a.energies = append(a.energies, float64(*r.Energy))
	}
}

// farthest is the largest distance from the median as a share of it; 0 of nothing.
func farthest(values []float64) float64 {
	median, far := stats.Median(values), 0.
	for _, v := range values {
		far = max(far, math.Abs(v/median-1))
	}
	return far
}

// After the first round, an anchor is there to be compared with itself: a short look will do.
const (
	anchorWindow = 2 * time.Second
	anchorWarmUp = 500 * time.Millisecond
)

// forAnchor are the options of an anchor after the first round.
func (o Options) forAnchor() Options {
	o.Windows, o.Window, o.WarmUp = o.AnchorWindows, min(o.Window, anchorWindow), min(o.WarmUp, anchorWarmUp)
	o.MaxWindow = max(o.MaxWindow, o.Window)
	return o
}

// anchorRound measures every anchor once. Those that fail in the first round are not measured again.
func (s *session) anchorRound(ctx context.Context) error {
	opts, first := s.opts, s.rounds == 0
	var kept []*anchor
	if !first {
		opts = opts.forAnchor()
	}
	for _, a := range s.anchors {
		r, err := s.measureAndRecord(ctx, a.task, opts)
		if err != nil {
			return err
		}
		if r != nil {
			a.add(r)
		}
		if r != nil || !first {
			kept = append(kept, a)
		}
	}
	s.anchors = kept
	s.rounds++
	s.stale = false
	s.lastRound = s.clock.Now()
	return nil
}

// anchorsDue reports whether it is time for another round.
func (s *session) anchorsDue() bool {
	return len(s.anchors) > 0 && s.clock.Now()-s.lastRound >= s.opts.AnchorEvery
}

// anchorCost is how long a round of anchors will take.
func (s *session) anchorCost(opts Options) time.Duration {
	total := time.Duration(0)
	for _, a := range s.anchors {
		total += s.cost(a.task, opts)
	}
	return total
}

// reportDrift sums the anchors up, and warns where they moved.
func (s *session) reportDrift() {
	for _, a := range s.anchors {
		d := AnchorDrift{Name: a.task.name(), Rounds: len(a.times), Time: farthest(a.times), Energy: farthest(a.energies)}
		if d.Rounds == 0 {
			continue
		}
		s.summary.Anchors = append(s.summary.Anchors, d)
		if max(d.Time, d.Energy) > driftWarn {
			text := ""
			if len(a.energies) > 0 {
				text = " and " + percent(d.Energy) + " % of its energy"
			}
			s.env.logf("anchor %s moved by %s %% of its time%s", d.Name, percent(d.Time), text)
		}
	}
}

// percent prints a share with one decimal.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) }
