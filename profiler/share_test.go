package profiler_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/fake"
)

// shared is a share whose other sessions do as a list says: what Take answers for a path, turn by turn, Ours at the end.
type shared struct {
	t      *testing.T
	turns  map[string][]profiler.Turn
	held   string
	waited int
}

func (s *shared) Take(task profiler.Task) (profiler.Turn, error) {
	path := task.Record.Path
	if s.held != "" || task.Anchor {
		s.t.Errorf("%s is asked for, %q is held", path, s.held)
	}
	turn := profiler.Ours
	if left := s.turns[path]; len(left) > 0 {
		turn, s.turns[path] = left[0], left[1:]
	}
	if turn == profiler.Ours {
		s.held = path
	}
	return turn, nil
}

func (s *shared) Release() error {
	s.held = ""
	return nil
}

func (s *shared) Wait(ctx context.Context) error {
	s.waited++
	return ctx.Err()
}

// TestShare: what others have measured is left out, what they are measuring is asked for again, and what was lost while it was
// measured is measured again; every record is of a task that is held.
func TestShare(t *testing.T) {
	const settled, theirs = profiler.Settled, profiler.Theirs
	s := &shared{t: t, turns: map[string][]profiler.Turn{
		"copy1": {settled}, "copy2": {theirs, theirs, settled}, "copy3": {theirs}, "copy5": {profiler.Ours, theirs},
	}}
	b := newBench(fake.Options{})
	b.env.Share = s
	var got []string
	lose := true
	sum, err := profiler.RunTasks(t.Context(), append(tasks(6), anchor(task("a", medium()))), b.env, profiler.Options{}, func(r energy.Record) error {
		if r.Anchor {
			return nil
		}
		if r.Path != s.held {
			t.Errorf("a record of %s while %q is held", r.Path, s.held)
		}
		if r.Path == "copy5" && lose {
			lose = false
			return profiler.ErrLost
		}
		got = append(got, r.Path)
		return nil
	})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"copy0", "copy3", "copy4", "copy5"}) {
		t.Errorf("measured %q, %v", got, err)
	}
	if sum.Measured != 5 || sum.Elsewhere != 2 || sum.Remaining != 0 || sum.Failed != 0 || s.waited != 2 || s.held != "" {
		t.Errorf("%+v, waited %d times, %q is held", sum, s.waited, s.held)
	}
	if n := strings.Count(strings.Join(b.log, "\n"), "waiting for other runs"); n != 1 {
		t.Errorf("it says %d times that it waits: %q", n, b.log)
	}
}

// TestShareEnds: a session that is told to stop gives back what it holds, and does not wait.
func TestShareEnds(t *testing.T) {
	s := &shared{t: t, turns: map[string][]profiler.Turn{"copy0": slices.Repeat([]profiler.Turn{profiler.Theirs}, 1000)}}
	b := newBench(fake.Options{})
	b.env.Share = s
	ctx, cancel := context.WithCancel(t.Context())
	sum, err := profiler.RunTasks(ctx, tasks(3), b.env, profiler.Options{}, func(energy.Record) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || s.held != "" || sum.Measured != 1 || sum.Remaining != 2 {
		t.Errorf("%+v, %v, %q is held", sum, err, s.held)
	}
}
