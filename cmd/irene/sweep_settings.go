package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
)

// targets are the devices with their coefficients, at every power limit and clock. Where there are several devices, those
// settings that one of them does not take are left out on it, and refused says so; none may be refused by all.
func (q *sweepRequest) targets(env *environment) (out []predict.Target, refused []string, err error) {
	bases, err := basesOf(env, q.devices)
	if err != nil {
		return nil, nil, err
	}
	for _, base := range bases {
		var no refusals
		for _, limit := range q.limits {
			for _, clock := range q.clocks {
				t := base
				t.Options.PowerLimit, t.Options.Clock = energy.Watts(limit), energy.Hertz(clock)
				if _, err := t.Law(); err == nil {
					out = append(out, t)
				} else if !no.add(err) {
					return nil, nil, err
				}
			}
		}
		if len(no.list) > 0 && len(q.devices) == 1 {
			return nil, nil, usagef("%v", no.list[0])
		}
		refused = append(refused, no.text()...)
	}
	if len(out) == 0 {
		return nil, nil, usagef("no device takes such settings: %s", strings.Join(refused, "; "))
	}
	return out, refused, nil
}

// basesOf are devices as they are asked for, but for limits. Where some are measured at the plug and some at the board, and
// nobody said which, all are at the board: sums of both would compare nothing.
func basesOf(env *environment, devices []predictionRequest) ([]predict.Target, error) {
	out := make([]predict.Target, len(devices))
	for i, q := range devices {
		q.settings.PowerLimit, q.settings.Clock = 0, 0
		var err error
		if out[i], err = q.target(env); err != nil {
			return nil, err
		}
	}
	if devices[0].settings.Boundary == "" && slices.ContainsFunc(out, func(t predict.Target) bool { return t.Coefficients.Boundary != out[0].Coefficients.Boundary }) {
		for i := range out {
			out[i].Options.Boundary = energy.BoundaryBoard
		}
	}
	return out, nil
}

// refusals are the settings that a device does not take, each once.
type refusals struct{ list []*law.SettingError }

// add takes an error in; false where it is another.
func (r *refusals) add(err error) bool {
	var e *law.SettingError
	if !errors.As(err, &e) {
		return false
	}
	for _, have := range r.list {
		if *have == *e {
			return true
		}
	}
	r.list = append(r.list, e)
	return true
}

// text says in a line for each reason what is left out.
func (r *refusals) text() (out []string) {
	for i, e := range r.list {
		if i > 0 && r.list[i-1].Why == e.Why {
			continue
		}
		last := i
		for last+1 < len(r.list) && r.list[last+1].Why == e.Why {
			last++
		}
		text := fmt.Sprintf("%s: left out is %s", e.Why, e.Setting)
		if last > i {
			text = fmt.Sprintf("%s: left out are %d settings, from %s to %s", e.Why, last-i+1, e.Setting, r.list[last].Setting)
		}
		out = append(out, text)
	}
	return out
}
