package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// overtime is how long what has begun when the budget is spent may take to end: a window, a round of anchors.
const overtime = 2 * time.Second

// ending is how long a run may take to end after that: a child that hangs is given a second before it is killed.
const ending = 3 * time.Second

// spentError says that the budget was spent on something else than measuring.
type spentError struct{ budget time.Duration }

// Error says what to do.
func (e *spentError) Error() string {
	return fmt.Sprintf("--budget %v was spent before anything was measured; give it more time", e.budget)
}

// timed reports whether the budget is one of the machine's time. That of the made-up device passes in its own.
func (q *profileRequest) timed() bool { return q.budget > 0 && q.executor != pretending }

// limit is a context that ends so long after the budget.
func (q *profileRequest) limit(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	if !q.timed() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, q.begun.Add(q.budget+after), &spentError{q.budget})
}

// withinBudget does the work, and leaves it behind where it does not end with the budget, as a driver's library that hangs
// in this process: the program ends then.
func (q *profileRequest) withinBudget(ctx context.Context, work func() error) error {
	if !q.timed() {
		return work()
	}
	last, cancel := q.limit(ctx, overtime+ending)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				done <- internalError(v, debug.Stack())
			}
		}()
		done <- work()
	}()
	select {
	case err := <-done:
		return err
	case <-last.Done():
	}
	if ctx.Err() != nil { // told to stop: whoever does not want to wait tells once more
		return <-done
	}
	return fmt.Errorf("--budget %v: what was under way does not end: it was left behind", q.budget)
}
