package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler/wallmeter"
)

// A meter's log is behind: records wait for it so long when the run ends.
const (
	wallPatience = 10 * time.Second
	wallPoll     = 250 * time.Millisecond
)

// wallSink adds the energy at the plug to records before they are written. A record waits until the log has got to its
// windows; nobody waits for the log before the run ends.
type wallSink struct {
	log     *wallmeter.Log
	next    func(energy.Record) error
	pending []energy.Record
	missing int // records that the log did not cover
}

// put takes a record and passes on those that the log covers by now, in their order.
func (s *wallSink) put(r energy.Record) error {
	s.pending = append(s.pending, r)
	return s.settle()
}

// settle passes on the records that the log has got to.
func (s *wallSink) settle() error {
	if err := s.log.Refresh(); err != nil {
		return fmt.Errorf("--wall-log: %w", err)
	}
	for len(s.pending) > 0 && !s.log.Until().Before(s.pending[0].Timestamp) {
		if err := s.pass(); err != nil {
			return err
		}
	}
	return nil
}

// pass writes the oldest record.
func (s *wallSink) pass() error {
	r := s.pending[0]
	s.pending = s.pending[1:]
	if r.WallEnergy = wallEnergy(s.log, &r); r.WallEnergy == nil {
		s.missing++
	}
	return s.next(r)
}

// flush waits for the log, and then writes what is left without it.
func (s *wallSink) flush(ctx context.Context, stderr io.Writer) error {
	until := time.Now().Add(wallPatience)
	err := s.settle()
	for err == nil && len(s.pending) > 0 && ctx.Err() == nil && time.Now().Before(until) {
		time.Sleep(wallPoll)
		err = s.settle()
	}
	for len(s.pending) > 0 {
		if more := s.pass(); more != nil {
			return errors.Join(err, more)
		}
	}
	if s.missing > 0 {
		fmt.Fprintf(stderr, "irene: --wall-log: the log does not cover %s\n", plural(s.missing, "record"))
	}
	return err
}

// wallEnergy is what one execution took at the plug: the mean power over the record's windows, which ended with its
// timestamp and were under load without a pause, times the time of one execution.
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
