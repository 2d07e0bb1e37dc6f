package compare

import (
	"io"
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// DevicesOutput is what irene compare --format json writes of one model on several devices.
type DevicesOutput struct {
	Schema     int              `json:"schema"`                           // version of the format
	Version    string           `json:"irene"`                            // version of the program
	Model      *report.Model    `json:"model" lines:"before"`             // null where no device was asked
	As         string           `json:"as,omitzero"`                      // precision that the model was costed in, with --as
	Convention graph.Convention `json:"flops"`                            // what counts as a floating-point operation
	Per        report.Per       `json:"per" lines:"before"`               // what of a run devices are ranked by: "token", "item" or "run"
	Metric     string           `json:"metric"`                           // that they are ranked by, its key
	Deadline   *energy.Seconds  `json:"deadline_s,omitzero"`              // seconds that a run may take, with --deadline
	Step       *energy.Seconds  `json:"itl_s,omitzero"`                   // seconds that a decode step may take, with --itl
	Batch      render.Text      `json:"batch_dim"`                        // dim whose largest size was looked for; null where all devices run the same
	Devices    []choiceJSON     `json:"devices" lines:"before,each"`      // in the order of the flag
	Ranking    []deviceRankJSON `json:"ranking" lines:"before,each"`      // of the devices that run the model, the best first; then those with operators of unknown cost
	Unknown    []report.Kind    `json:"unknown_operators" lines:"before"` // operators whose cost is in no sum, by type
	RatioRule  string           `json:"ratio_rule" lines:"before"`        // what verdicts rest on, for people
	Notes      []string         `json:"notes"`                            // what to know beside the numbers, for people
}

// choiceJSON is the model on one device. Numbers are null where it does not run there.
type choiceJSON struct {
	ID       string                  `json:"id"`                 // in the table of devices
	Status   Status                  `json:"status"`             // "runs", "does not fit", "misses the deadline" or "refused"
	Why      render.Text             `json:"why"`                // it does not run, for people; null where it does
	Size     *int64                  `json:"batch"`              // size of the batch: the largest that was found, else the smallest; null where the file fixes it
	Dims     render.Members[int64]   `json:"dims"`               // every dim that has a number, by name
	Assumed  []string                `json:"assumed"`            // names of the dims nobody gave
	Boundary render.Text             `json:"scope"`              // what energies cover: "board", "module", "package" or "wall"; null where there are none
	Profile  render.Text             `json:"runtime"`            // runtime profile: which nodes run as one kernel; null where the device was refused
	Origin   render.Text             `json:"origin"`             // "fitted" to measurements of this device, or "estimated" from its row and those of others
	Origins  render.Members[float64] `json:"origins"`            // part of the energy, 0 to 1, by what stands behind the prediction: "fitted", "estimated", "stand-in"
	Items    render.Number           `json:"items"`              // members of the batch of a run
	Tokens   render.Number           `json:"tokens"`             // in all of them; null where the model has none
	Metrics  *report.MetricsJSON     `json:"metrics"`            // of a run
	Energy   render.Number           `json:"energy_j_each"`      // joules of one of "per"
	Low      render.Number           `json:"energy_low_j_each"`  // joules, of the 90 % interval
	High     render.Number           `json:"energy_high_j_each"` // joules, of the 90 % interval
	Time     render.Number           `json:"time_s_each"`        // seconds of a run over its number of "per"
	Memory   *report.MemoryJSON      `json:"memory"`             // what the run holds, at the batch above; null where the device was refused
	report.TariffJSON
	Warnings []string `json:"warnings"` // what to know beside the numbers, for people
}

// deviceRankJSON is a device in its order.
type deviceRankJSON struct {
	Device string        `json:"device"`       // its id
	Rank   render.Index  `json:"rank"`         // from 1 on, the same for what takes the same; null of what is known in part only
	Front  bool          `json:"pareto"`       // no other one is at once faster and takes less energy
	Ratio  render.Number `json:"ratio"`        // of the metric, to the best; null where one of both is not known
	Energy ratioJSON     `json:"energy_ratio"` // of energies to the best
	Time   ratioJSON     `json:"time_ratio"`   // of times to the best
}

func writeDevicesJSON(w io.Writer, d *Devices) error {
	out := DevicesOutput{
		Schema: report.Schema, Version: d.Version, Per: d.Per, Metric: d.ranking.metric.Key, Batch: render.Text(d.Batch),
		RatioRule: devicesRule, Notes: d.Notes,
	}
	if d.Deadline > 0 && d.Step {
		out.Step = &d.Deadline
	} else if d.Deadline > 0 {
		out.Deadline = &d.Deadline
	}
	if r := d.first(); r != nil {
		out.Model, out.As, out.Convention, out.Unknown = &r.Model, r.As, r.Convention, r.Unknown
	}
	runs := map[int]*standing{}
	for _, s := range d.ranking.list {
		runs[s.place] = s
	}
	for i := range d.Choices {
		out.Devices = append(out.Devices, d.choiceJSON(&d.Choices[i], runs[i]))
	}
	for _, s := range d.ranking.json() {
		out.Ranking = append(out.Ranking, deviceRankJSON{d.Choices[s.Model].Device, s.Rank, s.Front, s.Ratio, s.Energy, s.Time})
	}
	return render.WriteJSON(w, &out)
}

// choiceJSON is how a choice stands in documents; s is nil where the model does not run.
func (d *Devices) choiceJSON(c *Choice, s *standing) choiceJSON {
	nan := render.Number(math.NaN())
	out := choiceJSON{
		ID: c.Device, Status: d.Status(c), Why: render.Text(d.why(c)), Items: nan, Tokens: nan, Energy: nan, Low: nan, High: nan, Time: nan,
	}
	if c.Size > 0 {
		out.Size = &c.Size
	}
	r := c.Report
	if r == nil {
		return out
	}
	out.Dims, out.Assumed, out.Warnings = report.DimsJSON(r.Dims), r.Assumed, r.Warnings
	out.Boundary, out.Profile, out.Origin = render.Text(r.Device.Boundary), render.Text(r.Device.Profile), render.Text(r.Device.Origin)
	out.Memory = new(r.MemoryJSON())
	if s == nil {
		return out
	}
	for _, o := range r.Origins() {
		out.Origins = append(out.Origins, render.Member[float64]{Name: string(o.Origin), Value: o.Share})
	}
	out.Items, out.Tokens, out.TariffJSON = countJSON(r, report.PerItem), countJSON(r, report.PerToken), r.TariffJSON()
	out.Metrics = new(r.Tree.Metrics.JSON())
	out.Energy, out.Low, out.High = render.Number(s.each("energy")), render.Number(s.each("energy_low_j")), render.Number(s.each("energy_high_j"))
	out.Time = render.Number(s.each("time"))
	return out
}
