package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler/wallmeter"
)

// A meter's log is behind: a record waits for it so long at most.
const (
	wallPatience = 3 * time.Second
	wallPoll     = 100 * time.Millisecond
)

// wallSink adds the energy at the plug to records before they are written.
type wallSink struct {
	log     *wallmeter.Log
	next    func(energy.Record) error
	missing int // records that the log did not cover
}

// put waits for the log to get to the end of a record's windows, not for long, and passes the record on.
func (s *wallSink) put(r energy.Record) error {
	if r.Context != energy.ContextAlone {
		return s.next(r) // its energy is a difference of two runs, of which a log knows nothing
	}
	until := time.Now().Add(wallPatience)
	for {
		if err := s.log.Refresh(); err != nil {
			return errors.Join(fmt.Errorf("--wall-log: %w", err), s.next(r))
		}
		if !s.log.Until().Before(r.Timestamp) || !time.Now().Before(until) {
			break
		}
		time.Sleep(wallPoll)
	}
	if r.WallEnergy = wallEnergy(s.log, &r); r.WallEnergy == nil {
		s.missing++
	}
	return s.next(r)
}

// report says how many records the log did not cover.
func (s *wallSink) report(stderr io.Writer) {
	if s.missing > 0 {
		fmt.Fprintf(stderr, "irene: --wall-log: the log does not cover %s\n", render.Plural(s.missing, "record"))
	}
}

// wallEnergy is what one execution took at the plug: the mean power over the record's windows, which ended with its
// timestamp and were under load without a pause, times the time of one execution. Nil where the log does not tell.
func wallEnergy(log *wallmeter.Log, r *energy.Record) *energy.Joules {
	if r.Time == nil || r.Spread == nil || r.Spread.Window == nil || len(r.Spread.Times) == 0 || r.Timestamp.IsZero() {
		return nil
	}
	span := *r.Spread.Window * energy.Seconds(len(r.Spread.Times))
	e, ok := log.EnergyBetween(r.Timestamp.Add(-seconds(float64(span))), r.Timestamp)
	if !ok {
		return nil
	}
	one := e.Over(span).Times(*r.Time)
	return &one
}
