package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
)

// standingJSON is what stands behind predictions of one kind on a device.
type standingJSON struct {
	Kind    string        `json:"kind"`     // models, or a group of kernels such as product fp8; other: kernels of all other groups
	Profile render.Text   `json:"runtime"`  // runtime profile of models; null for kernels, which are the same under all
	Origin  string        `json:"origin"`   // fitted: to measurements of the device; estimated: from its row and constants of other devices
	Data    []string      `json:"data"`     // what it was fitted to
	Rows    int           `json:"rows"`     // distinct measurements of the device
	LeftOut render.Number `json:"left_out"` // error of predictions left out of the fit, as a ratio: of models the median of energies, of kernels the mean of times with all of the device left out; null where it is not known
}

// standings finds what stands behind predictions on devices. Kernels are the same under every runtime profile.
type standings struct{ kernels *coefficients.Overlap }

// newStandings reads what was fitted to operators of many devices.
func newStandings() (*standings, error) {
	c, err := coefficients.OfDevice(energy.Device{})
	if err != nil {
		return nil, err
	}
	return &standings{c.Overlap}, nil
}

// of lists the standings of a device: models of each runtime profile, then groups of kernels.
func (s *standings) of(d energy.Device) ([]standingJSON, error) {
	var out []standingJSON
	c, err := coefficients.OfDevice(d)
	if err != nil {
		return nil, err
	}
	for _, p := range profiles() {
		x := standingJSON{Kind: "models", Profile: render.Text(p), Origin: string(law.OriginEstimated), LeftOut: nineDigits(0)}
		if c.Overlap == nil && c.Device == d.ID && c.Profile == p {
			x.Origin, x.Data, x.Rows = string(law.OriginFitted), c.Provenance.Data, c.Provenance.Equations
			x.LeftOut = nineDigits(c.Residuals.Levels[energy.LevelModel].P50)
		}
		out = append(out, x)
	}
	for _, g := range s.kernels.Groups {
		if slices.Contains(g.Devices, d.ID) {
			off := g.Off(d.ID)
			out = append(out, standingJSON{Kind: g.Name, Origin: string(law.OriginFitted), Data: g.Data, Rows: off.Rows, LeftOut: nineDigits(off.Error)})
		}
	}
	return append(out, standingJSON{Kind: "other", Origin: string(law.OriginEstimated), LeftOut: nineDigits(0)}), nil
}

// standsOn says in a few words what of a device is fitted, and how far its most usual kernels are off where they are not.
func standsOn(all []standingJSON) (origin, left string) {
	var kernels int
	var best *standingJSON
	var models []string
	for i := range all {
		x := &all[i]
		switch {
		case x.Origin != string(law.OriginFitted):
			continue
		case x.Kind == "models":
			models = append(models, "models ("+string(x.Profile)+")")
		default:
			kernels++
		}
		if best == nil || usual(x.Kind) > usual(best.Kind) {
			best = x
		}
	}
	if best == nil {
		return string(law.OriginEstimated), ""
	}
	if kernels > 0 {
		models = append(models, "kernels of "+render.Plural(kernels, "kind"))
	}
	if best.LeftOut > 0 { // NaN where it is not known
		left = fmt.Sprintf("%s %.1f %%", best.Kind, 100*float64(best.LeftOut))
	}
	return string(law.OriginFitted) + ": " + strings.Join(models, ", "), left
}

// usual orders kinds by how much of them runs.
func usual(kind string) int {
	return slices.Index([]string{law.GroupVector, "models", law.GroupProduct}, kind)
}

// standingsText is the table of what stands behind one device.
func standingsText(s render.Screen, all []standingJSON) string {
	t := &render.Table{Screen: s, Columns: []render.Column{
		{Title: "kind"}, {Title: "origin"}, {Title: "rows", Right: true}, {Title: "left out", Right: true}, {Title: "data", Room: 24, Wrap: true},
	}}
	for _, x := range all {
		rows, left := "", ""
		if x.Rows > 0 {
			rows = fmt.Sprint(x.Rows)
		}
		if x.LeftOut > 0 {
			left = fmt.Sprintf("%.1f %%", 100*float64(x.LeftOut))
		}
		kind := x.Kind
		if x.Profile != "" {
			kind += ", " + string(x.Profile)
		}
		t.Row(kind, x.Origin, rows, left, strings.Join(x.Data, ", "))
	}
	return t.String()
}
