package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/profiler"
)

// stoppedError is a run that was stopped, which says itself what is left.
type stoppedError struct{ left int }

// Error says how to go on.
func (e *stoppedError) Error() string {
	return fmt.Sprintf("stopped with %s left; the same command goes on from here", render.Plural(e.left, "task"))
}

// report sums a run up, and makes an error of what was not measured.
func (q *profileRequest) report(env *environment, s profiler.Summary, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // the budget is spent
	}
	if s.Measured+s.Failed+s.Elsewhere == 0 && err != nil && !errors.Is(err, context.Canceled) {
		return err // there is nothing to sum up
	}
	fmt.Fprintf(env.stderr, "irene: %s measured in %v", render.Plural(s.Measured, "task"), s.Elapsed.Round(time.Second))
	if s.Unusable > 0 {
		fmt.Fprintf(env.stderr, ", %d of them flagged as no good", s.Unusable)
	}
	if s.Elsewhere > 0 {
		fmt.Fprintf(env.stderr, ", %d more by other runs", s.Elsewhere)
	}
	if s.Idle != nil {
		fmt.Fprintf(env.stderr, "; idle at %v", *s.Idle)
	}
	fmt.Fprintln(env.stderr)
	if c := s.Counter; c.Period > 0 {
		fmt.Fprintf(env.stderr, "irene: energy by %s, updated every %v%s\n", c.Method, c.Period, agreement(c))
	}
	if s.Remaining > 0 && s.Measured+s.Failed+s.Elsewhere > 0 {
		switch {
		case err == nil:
			fmt.Fprintf(env.stderr, "irene: %s left when the budget was spent; the same command goes on from here\n", render.Plural(s.Remaining, "task"))
		case !errors.Is(err, context.Canceled):
			fmt.Fprintf(env.stderr, "irene: %s left\n", render.Plural(s.Remaining, "task"))
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &stoppedError{s.Remaining}
	case err != nil:
		return err
	case s.Remaining > 0 && s.Measured+s.Failed+s.Elsewhere == 0:
		return fmt.Errorf("--budget %v: too short to measure anything", q.budget)
	case s.Failed > 0:
		return fmt.Errorf("%s could not be measured", render.Plural(s.Failed, "task"))
	}
	return nil
}

// agreement says how the energy counter compares with the integral of power, where both can be read.
func agreement(c profiler.CounterCheck) string {
	text := ""
	if c.Load != nil {
		text += fmt.Sprintf("; counter over integral of power: %.3f under load", *c.Load)
	}
	if c.Idle != nil {
		text += fmt.Sprintf(", %.3f idle", *c.Idle)
	}
	return text
}
