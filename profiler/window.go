package profiler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// Limits of waiting.
const (
	leastPatience = 5 * time.Second // for an update of the meter, at least
	stallTime     = 2 * time.Minute // for a run to end
	lookTime      = time.Second     // between two looks at the meter's state
	fewRuns       = 4               // below which no window ends
	slowestPoll   = 25 * time.Millisecond
	timePoll      = 250 * time.Millisecond // without a meter
)

// errReset says that the energy counter went back. What was being measured is lost; the next time may be better.
var errReset = errors.New("the energy counter went back")

// window is what was measured between two updates of the meter.
type window struct {
	elapsed energy.Seconds
	energy  energy.Joules // 0 where the meter did not move
	updates int
	short   bool // fewer updates of the meter than asked for

	// Of a window under load.
	runs   int64
	perRun energy.Seconds

	integrated energy.Joules // integral of power over the same time, where that was asked for
	observed   observation
}

// power is the mean; only where there is energy.
func (w *window) power() energy.Watts { return w.energy.Over(w.elapsed) }

// edge is a moment at which energy was read.
type edge struct {
	at         time.Duration
	energy     energy.Joules
	updated    bool // the meter has just been updated
	progress   Progress
	integrated energy.Joules
}

// taker takes windows one after the other, under the same load.
type taker struct {
	gauge      *gauge
	opts       Options
	load       Load        // nil: the device is idle
	integrator *integrator // of power, beside the counter; nil: not asked for

	last   *energy.Joules // of the meter, to see when it changes
	target time.Duration  // into the window: when it may be full
	stall  stall
}

// take measures one window. A counter that goes back costs another try.
func (t *taker) take(ctx context.Context) (window, error) {
	for try := 0; ; try++ {
		w, err := t.takeOnce(ctx)
		if !errors.Is(err, errReset) || try >= t.opts.Retries {
			return w, err
		}
	}
}

// takeOnce measures from an update of the meter to a later one.
func (t *taker) takeOnce(ctx context.Context) (window, error) {
	begin, err := t.begin(ctx)
	if err != nil {
		return window{}, err
	}
	w := window{observed: observation{meter: t.gauge.meter, clock: t.gauge.clock}}
	if err := w.observed.begin(); err != nil {
		return window{}, err
	}
	t.target, t.stall = t.opts.Window, stall{}
	for looked := begin.at; ; {
		if err := t.pause(ctx, begin.at); err != nil {
			return window{}, err
		}
		e, err := t.read()
		if err != nil {
			return window{}, err
		}
		if e.updated {
			w.updates++
		}
		if e.at-looked >= lookTime {
			looked = e.at
			if err := w.observed.look(); err != nil {
				return window{}, err
			}
		}
		switch full, err := t.full(begin, &e, &w); {
		case err != nil:
			return window{}, err
		case full:
			return w, w.close(begin, e)
		}
	}
}

// close works out what happened between two edges.
func (w *window) close(begin, end edge) error {
	w.elapsed = energy.Seconds((end.at - begin.at).Seconds())
	if begin.updated && end.updated {
		w.energy = end.energy - begin.energy
	}
	w.integrated = end.integrated - begin.integrated
	if w.runs = end.progress.Runs - begin.progress.Runs; w.runs > 0 {
		w.perRun = (end.progress.At - begin.progress.At) / energy.Seconds(w.runs)
	}
	return w.observed.look()
}

// begin waits for an update of the meter, in vain where it is stuck.
func (t *taker) begin(ctx context.Context) (edge, error) {
	t.last = nil
	e, err := t.read()
	for from := e.at; err == nil && !e.updated && e.at-from < t.gauge.patience(); {
		if err = t.gauge.clock.Sleep(ctx, t.gauge.finePoll()); err == nil {
			e, err = t.read()
		}
	}
	if err != nil {
		return edge{}, err
	}
	return e, t.locate(&e)
}

// read reads the meter, and says whether it has changed since it was read before. Without a meter, every moment will do.
func (t *taker) read() (edge, error) {
	e := edge{}
	if t.gauge.meter != nil {
		joules, err := t.gauge.meter.Energy()
		switch {
		case err != nil:
			return edge{}, err
		case t.last != nil && joules < *t.last:
			return edge{}, fmt.Errorf("%w, from %s to %s", errReset, *t.last, joules)
		}
		e.updated = t.last != nil && joules > *t.last
		e.energy, t.last = joules, &joules
	} else {
		e.updated = true
	}
	e.at = t.gauge.clock.Now()
	if t.integrator != nil {
		joules, err := t.integrator.Energy()
		if err != nil {
			return edge{}, err
		}
		e.integrated = joules
	}
	return e, nil
}

// locate notes how far the load is.
func (t *taker) locate(e *edge) error {
	if t.load == nil {
		return nil
	}
	var err error
	e.progress, err = t.load.Progress()
	return err
}

// pause sleeps until the next reading: coarsely within a window, finely towards its end.
func (t *taker) pause(ctx context.Context, begin time.Duration) error {
	left := t.target - (t.gauge.clock.Now() - begin) - t.gauge.period
	return t.gauge.clock.Sleep(ctx, max(t.gauge.finePoll(), min(t.gauge.coarsePoll(), left)))
}

// full reports whether a window that began there may end here, and if not, sets the target anew.
func (t *taker) full(begin edge, e *edge, w *window) (bool, error) {
	elapsed := e.at - begin.at
	long := elapsed >= t.opts.MaxWindow
	overdue := elapsed >= t.opts.MaxWindow+t.gauge.patience() || long && !begin.updated
	if elapsed < t.opts.Window || !e.updated && !overdue {
		return false, nil
	}
	w.short = w.updates < t.gauge.leastUpdates(t.opts) || !begin.updated || !e.updated
	if t.gauge.meter == nil {
		w.short = false
	}
	if t.load == nil {
		return !w.short || long, nil
	}
	if err := t.locate(e); err != nil {
		return false, err
	}
	runs := e.progress.Runs - begin.progress.Runs
	if err := t.stall.check(e.progress.Runs, e.at); err != nil {
		return false, err
	}
	if runs >= int64(t.opts.MinRuns) && !w.short || runs >= fewRuns && long {
		return true, nil
	}
	t.target = elapsed + t.gauge.period
	if wanted := t.opts.MinRuns; runs > 0 && runs < int64(wanted) {
		t.target = max(t.target, min(t.opts.MaxWindow, time.Duration(float64(elapsed)*float64(wanted)/float64(runs))))
	}
	return false, nil
}

// stall notices that a load does not get on.
type stall struct {
	runs  int64
	since time.Duration
	begun bool
}

// check is an error where no run has ended for a long time.
func (s *stall) check(runs int64, now time.Duration) error {
	if !s.begun || runs != s.runs {
		*s = stall{runs: runs, since: now, begun: true}
	}
	if now-s.since > stallTime {
		return fmt.Errorf("no run has ended for %s", now-s.since)
	}
	return nil
}
