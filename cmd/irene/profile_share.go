package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
	"github.com/irene-onnx/irene/profiler/claims"
)

// claimsSuffix is added to the name of a file of records for the folder by which those who append to it take turns.
const claimsSuffix = ".claims"

// share is a run's part of what several runs measure: who has claimed what, and what all of them have recorded.
type share struct {
	folder *claims.Folder
	claim  *claims.Claim // on the task that is being measured
	lease  time.Duration
	out    *energy.Appender
	fill   func(energy.Record) energy.Record
	keyOf  func(*energy.Record) string

	common   bool // the folder was named: runs with files of their own share it
	own      string
	files    map[string]*energy.Follower
	failures *failureList
	usable   map[string]bool
	tries    map[string]int
	before   map[string]int // tries when this run began
}

// joinShare makes a run one of those that share a folder of claims: the one that was named, or else that of its file.
func (q *profileRequest) joinShare(on profiler.Environment, out *energy.Appender) (s *share, err error) {
	s = &share{
		lease: q.lease, out: out, fill: on.Fill, keyOf: (*energy.Record).Key, common: q.claims != "", own: q.output,
		files: map[string]*energy.Follower{}, failures: newFailureList(q.output), usable: map[string]bool{}, tries: map[string]int{},
	}
	dir := q.output + claimsSuffix
	if s.common {
		dir, s.keyOf = q.claims, (*energy.Record).KindKey
	}
	s.folder, err = claims.Join(dir, claims.Options{Session: on.Session, Results: q.output, Lease: q.lease, Gone: gone})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, bare(err))
	}
	if s.common {
		if err := s.agree(dir, on.Fill(energy.Record{Runtime: energy.Runtime{Profile: q.profile, Options: q.lockedOptions(on)}})); err != nil {
			return nil, errors.Join(err, s.folder.Leave())
		}
	}
	if err := s.refresh(); err != nil {
		return nil, errors.Join(err, s.folder.Leave())
	}
	s.before = maps.Clone(s.tries)
	return s, nil
}

// wrongBoardError says that a run would mix what does not belong together. Trying again on this machine is of no use.
type wrongBoardError struct{ msg string }

func (e *wrongBoardError) Error() string { return e.msg }

// agree makes sure that all runs that share a folder measure the same kind of board in the same way.
func (s *share) agree(dir string, r energy.Record) error {
	mine := conditionsOf(&r)
	first, err := s.folder.Agree(strings.Join(mine, "\n"))
	if err != nil {
		return fmt.Errorf("%s: %w", dir, bare(err))
	}
	theirs := strings.Split(first, "\n")
	if slices.Equal(mine, theirs) {
		return s.folder.Share()
	}
	only := func(these, those []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(these), func(line string) bool { return slices.Contains(those, line) }), ", ")
	}
	return &wrongBoardError{fmt.Sprintf("%s: the runs that share it measure with %s, this one with %s: start it on the same kind of board, or with another --claims FOLDER",
		dir, cmp.Or(only(theirs, mine), "less"), cmp.Or(only(mine, theirs), "less"))}
}

// conditionsOf lists what is part of every key of a record on a kind of board: what measurements must have in common.
func conditionsOf(r *energy.Record) []string {
	name := cmp.Or(r.Device.ID, r.Device.Name)
	out := []string{"device " + name}
	if w := r.Device.PowerLimit; w != nil {
		out = append(out, fmt.Sprintf("power limit %.0f W", float64(*w)))
	}
	out = append(out, "runtime "+strings.TrimSpace(r.Runtime.Name+" "+r.Runtime.Version+" "+r.Runtime.Profile))
	for _, option := range slices.Sorted(maps.Keys(r.Runtime.Options)) {
		out = append(out, option+" "+r.Runtime.Options[option])
	}
	return append(out, "energy of the "+cmp.Or(string(r.Boundary), "nothing"))
}

// refresh reads what was recorded since, by this run or another.
func (s *share) refresh() error {
	files := []string{s.own}
	if s.common {
		shared, err := s.folder.Files()
		if err != nil {
			return err
		}
		files = shared
	}
	for _, path := range files {
		if s.files[path] == nil {
			s.files[path] = energy.NewFollower(path)
		}
		records, err := s.files[path].Next()
		if err != nil {
			return err
		}
		for i := range records {
			key := s.keyOf(&records[i])
			s.usable[key] = s.usable[key] || records[i].Usable()
			s.tries[key]++
		}
		if err := s.failures.read(path); err != nil {
			return err
		}
	}
	return nil
}

// settled reports whether a task needs no measurement by this run: a usable one is there, or another run has tried since this
// one began.
func (s *share) settled(key string) bool {
	return s.usable[key] || s.tries[key] > s.before[key] || s.failures.has(key)
}

// Take claims a task. What others have recorded is looked at once more when it is ours: who had it before may have just done it.
func (s *share) Take(t profiler.Task) (profiler.Turn, error) {
	r := s.fill(t.Record)
	key := s.keyOf(&r)
	if s.settled(key) {
		return profiler.Settled, nil
	}
	claim, err := s.folder.Take(key)
	if err != nil {
		return 0, err
	}
	if err := s.refresh(); err != nil {
		return 0, err
	}
	s.claim = claim
	switch {
	case s.settled(key):
		return profiler.Settled, s.Release()
	case claim == nil:
		return profiler.Theirs, nil
	}
	return profiler.Ours, nil
}

// Release gives the claim back.
func (s *share) Release() error {
	c := s.claim
	if c == nil {
		return nil
	}
	s.claim = nil
	return c.Release()
}

// Wait waits for others, on the machine's clock.
func (s *share) Wait(ctx context.Context) error {
	return profiler.SystemClock().Sleep(ctx, min(time.Second, s.lease/4))
}

// put appends a record where it is of an anchor, or its task still is this run's.
func (s *share) put(r energy.Record) error {
	if s.claim == nil {
		return s.out.Append(r)
	}
	err := s.out.AppendIf(r, s.claim.Renew)
	if errors.Is(err, claims.ErrLost) {
		return profiler.ErrLost
	}
	return err
}

// fail adds a task to the list of what cannot be run, and says where that is.
func (s *share) fail(t profiler.Task, why error) string {
	r := s.fill(t.Record)
	return s.failures.add(s.keyOf(&r), &r, why)
}

// leave ends the run's part.
func (s *share) leave() error { return errors.Join(s.Release(), s.folder.Leave()) }
