package main

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
)

// Members of rows that are told apart.
const (
	keyTime     = "time_s"
	keyEnergy   = "energy_j"
	keyMeasured = "measured_energy_j"
)

func addedKeys() []string {
	return []string{keyTime, keyEnergy, "power_w", "origin", "scaled", "extrapolated"}
}

// appendRow writes a row's members as they came, and the prediction after them. Members of an earlier prediction give
// way to the new one; an energy that no prediction made is kept as measured.
func appendRow(members []operator.Member, pr *law.Prediction) []byte {
	predicted := slices.ContainsFunc(members, func(m operator.Member) bool { return m.Key == keyTime })
	b := []byte{'{'}
	for _, m := range members {
		key := m.Key
		if key == keyEnergy && !predicted {
			key = keyMeasured
		}
		if slices.Contains(addedKeys(), key) {
			continue
		}
		name, _ := json.Marshal(key) // a string has no way to fail
		b = append(append(append(b, name...), ": "...), m.Value...)
		b = append(b, ", "...)
	}
	p := predictedMembers{
		Time: nineDigits(float64(pr.Time)), Energy: nineDigits(float64(pr.Energy)), Origin: render.Text(pr.Origin), StandIn: pr.StandIn, Extrapolated: pr.Extrapolated,
	}
	if pr.Time > 0 {
		p.Power = nineDigits(float64(pr.Energy) / float64(pr.Time))
	} else {
		p.Power = nineDigits(0)
	}
	return append(b, render.JSON(&p)[1:]...)
}

// predictedMembers are what predictions add to rows.
type predictedMembers struct {
	Time         render.Number `json:"time_s"`       // seconds
	Energy       render.Number `json:"energy_j"`     // joules
	Power        render.Number `json:"power_w"`      // watts
	Origin       render.Text   `json:"origin"`       // fitted, estimated or stand-in
	StandIn      bool          `json:"scaled"`       // the prediction borrows another class or element type
	Extrapolated bool          `json:"extrapolated"` // the sizes lie outside what was measured
}

// nineDigits rounds a prediction; zero is none.
func nineDigits(v float64) render.Number {
	if v == 0 {
		v = math.NaN()
	}
	return render.Number(published(v))
}
