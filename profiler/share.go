package profiler

import (
	"context"
	"errors"
)

// Turn says whose a task is, where sessions share their tasks.
type Turn int

// The turns.
const (
	Ours    Turn = iota // to be measured now
	Theirs              // another session is measuring it: it may yet become ours
	Settled             // another session has measured it, or found that it cannot be
)

// Share shares tasks out among sessions that run at the same time, on one machine or on several. Anchors are not shared.
type Share interface {
	// Take claims a task. One that is Ours is claimed until Release.
	Take(Task) (Turn, error)

	// Release gives the task back that was taken last.
	Release() error

	// Wait waits until it may be worth asking again for tasks that were Theirs, or returns the context's error.
	Wait(context.Context) error
}

// ErrLost is what a sink returns for a record that it did not take, because another session has the task by now. It is asked for
// the task again.
var ErrLost = errors.New("another run took it over while it was measured")

// alone is the share of a session that has all tasks to itself.
type alone struct{}

func (alone) Take(Task) (Turn, error) { return Ours, nil }

func (alone) Release() error { return nil }

func (alone) Wait(ctx context.Context) error { return ctx.Err() }

// pass goes through tasks once, and returns those that were other sessions'.
func (s *session) pass(ctx context.Context, tasks []Task) (theirs []Task, err error) {
	for _, t := range tasks {
		if s.anchorsDue() && s.stale && s.fits(s.anchorCost(s.opts.forAnchor())) {
			if err := s.anchorRound(ctx); err != nil {
				return nil, err
			}
		}
		if !s.fits(s.cost(t, s.opts) + s.lookCost()) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		turn, err := s.share.Take(t)
		switch {
		case err != nil:
			return nil, err
		case turn == Settled:
			s.summary.Elsewhere++
			continue
		case turn == Theirs:
			theirs = append(theirs, t)
			continue
		}
		_, err = s.measureAndRecord(ctx, t, s.opts)
		if errors.Is(err, ErrLost) {
			s.env.logf("%s: %v", t.name(), err)
			theirs, err = append(theirs, t), nil
		}
		if err := errors.Join(err, s.share.Release()); err != nil {
			return nil, err
		}
		s.stale = true
	}
	return theirs, nil
}

// waitForOthers waits for other sessions to come to an end with their tasks. The anchors are measured first: what was measured
// before them ends with this round.
func (s *session) waitForOthers(ctx context.Context) error {
	if s.stale {
		if err := s.anchorRound(ctx); err != nil {
			return err
		}
	}
	if !s.waited {
		s.waited = true
		s.env.logf("waiting for other runs, which are measuring what is left")
	}
	return s.share.Wait(ctx)
}
