// Package wallmeter reads the log of a meter at the plug, which covers the whole machine.
//
// A log is a file of lines "time,watts", oldest first. The time is RFC 3339 ("2026-03-01T12:00:00.5Z") or seconds since
// 1970; watts are as the meter shows them, with a decimal point. A first line that is a heading, blank lines and lines
// that begin with # are passed over. The machine's clock and that of whoever writes the log must agree.
package wallmeter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// MaxGap is the longest time between two readings across which power is taken to follow a straight line.
const MaxGap = 5 * time.Second

// Log is a log that may still be growing. It is used by one goroutine at a time.
type Log struct {
	path    string
	samples []sample // sorted by time
	offset  int64    // bytes read
	line    int      // lines read
}

// sample is one reading.
type sample struct {
	at    time.Time
	watts float64
}

// Open reads a log up to its last complete line. A line that cannot be used is an *energy.SyntaxError.
func Open(path string) (*Log, error) {
	l := &Log{path: path}
	if err := l.Refresh(); err != nil {
		return nil, err
	}
	return l, nil
}

// Refresh reads the lines that were added since. A last line without a line feed waits for it: its writer may be within
// a number.
func (l *Log) Refresh() error {
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.NewSectionReader(f, l.offset, math.MaxInt64-l.offset))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	for {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return nil
		}
		if err := l.add(strings.TrimSpace(string(text[:i]))); err != nil {
			return &energy.SyntaxError{File: l.path, Line: l.line + 1, Msg: err.Error()}
		}
		l.line, l.offset, text = l.line+1, l.offset+int64(i)+1, text[i+1:]
	}
}

// add takes a line.
func (l *Log) add(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	fields := strings.Split(line, ",")
	if len(fields) != 2 {
		return fmt.Errorf("%.40q is not time,watts", line)
	}
	at, err := parseTime(strings.TrimSpace(fields[0]))
	if err != nil {
		if l.heading(fields) {
			return nil
		}
		return err
	}
	watts, err := strconv.ParseFloat(strings.TrimSpace(fields[1]), 64)
	if err != nil || !(watts >= 0) || math.IsInf(watts, 0) {
		return fmt.Errorf("%.40q are no watts", fields[1])
	}
	if n := len(l.samples); n > 0 && at.Before(l.samples[n-1].at) {
		return fmt.Errorf("%s is before the line above: a log goes forward", fields[0])
	}
	l.samples = append(l.samples, sample{at, watts})
	return nil
}

// heading reports whether fields may be names of columns: those of the first line with text, neither of them a number.
func (l *Log) heading(fields []string) bool {
	return len(l.samples) == 0 && !slices.ContainsFunc(fields, func(f string) bool { return strings.ContainsAny(f, "0123456789") })
}

// latestSeconds is in the year 5138. Greater numbers are milliseconds, of any year since 1973.
const latestSeconds = 1e11

// parseTime reads RFC 3339, or seconds since 1970 with or without a fraction.
func parseTime(text string) (time.Time, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return at, fmt.Errorf("%.40q is no time; want 2026-03-01T12:00:00Z or seconds since 1970", text)
		}
		return at, nil
	case !(seconds >= 0 && seconds < latestSeconds):
		return time.Time{}, fmt.Errorf("%.40q is no time in seconds since 1970", text)
	}
	whole := math.Floor(seconds)
	return time.Unix(int64(whole), int64((seconds-whole)*1e9)), nil
}

// Until is the time of the last reading; zero before the first.
func (l *Log) Until() time.Time {
	if len(l.samples) == 0 {
		return time.Time{}
	}
	return l.samples[len(l.samples)-1].at
}

// EnergyBetween is the energy from start to end, with power on straight lines between the readings. False says that the
// log does not reach from start to end, or has a gap of more than MaxGap between the two.
func (l *Log) EnergyBetween(start, end time.Time) (energy.Joules, bool) {
	if !end.After(start) {
		return 0, false
	}
	// The first reading after start; the one before it is at start or earlier.
	first, _ := slices.BinarySearchFunc(l.samples, start, func(s sample, t time.Time) int {
		if s.at.After(t) {
			return 1
		}
		return -1
	})
	if first == 0 {
		return 0, false
	}
	sum := 0.0
	for i := first; i < len(l.samples); i++ {
		a, b := l.samples[i-1], l.samples[i]
		if b.at.Sub(a.at) > MaxGap {
			return 0, false
		}
		if a.at.Before(start) {
			a = sample{start, between(l.samples[i-1], b, start)}
		}
		if !b.at.Before(end) {
			b = sample{end, between(l.samples[i-1], b, end)}
			return energy.Joules(sum + trapezoid(a, b)), true
		}
		sum += trapezoid(a, b)
	}
	return 0, false // the log ends before
}

// between is the power at a time from a to b, on a straight line.
func between(a, b sample, at time.Time) float64 {
	span := b.at.Sub(a.at).Seconds()
	if span == 0 {
		return b.watts
	}
	return a.watts + (b.watts-a.watts)*at.Sub(a.at).Seconds()/span
}

// trapezoid is the energy from a to b.
func trapezoid(a, b sample) float64 {
	return (a.watts + b.watts) / 2 * b.at.Sub(a.at).Seconds()
}
