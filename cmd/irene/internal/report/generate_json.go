package report

import (
	"io"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy/generate"
	"github.com/irene-onnx/irene/energy/predict"
)

// GenerateOutput is what irene generate --format json writes.
type GenerateOutput struct {
	Schema    int        `json:"schema"` // version of the format
	Version   string     `json:"irene"`  // version of the program
	Model     string     `json:"model"`  // file of the decoder
	Device    targetJSON `json:"device" lines:"before"`
	Batch     int64      `json:"batch" lines:"before"`      // sequences side by side
	Prompt    int64      `json:"prompt"`                    // tokens of a prompt
	Tokens    int64      `json:"tokens"`                    // decode steps
	PrefillBy string     `json:"prefill_by" lines:"before"` // what reads prompts: "graph" (the decoder), "file", "encoder" or "estimated"
	Estimated bool       `json:"prefill_estimated"`         // prompts are estimated from the decode step
	Prefill   float64    `json:"prefill_s" lines:"before"`  // seconds that reading the prompts takes

	PrefillEnergy render.Number `json:"prefill_j"`          // joules that reading the prompts takes
	Decode        float64       `json:"decode_s"`           // seconds of all decode steps
	DecodeEnergy  render.Number `json:"decode_j"`           // joules of all decode steps
	Step          float64       `json:"decode_step_s"`      // seconds of a step, on average
	StepEnergy    render.Number `json:"decode_step_j"`      // joules of a step, on average
	DecodePower   render.Number `json:"decode_power_w"`     // watts while decoding, on average
	Power         render.Number `json:"power_w"`            // watts, on average
	Time          float64       `json:"time_s"`             // seconds of prompts and steps
	Energy        render.Number `json:"energy_j"`           // joules of prompts and steps
	Low           render.Number `json:"energy_low_j"`       // joules, of the 90 % interval
	High          render.Number `json:"energy_high_j"`      // joules, of the 90 % interval
	PerToken      render.Number `json:"joules_per_token"`   // joules of a generated token, prompts included
	PerRequest    render.Number `json:"joules_per_request"` // joules of a sequence
	Rate          render.Number `json:"tokens_per_s"`       // generated tokens per second, prompts included
	PrefillShare  render.Number `json:"prefill_share"`      // of the energy, 0 to 1

	Memory *int64 `json:"memory_bytes" lines:"before"` // bytes held at the last step
	Cache  *int64 `json:"cache_bytes"`                 // bytes of the cache at the last step
	Fits   *bool  `json:"fits"`                        // the last step fits the device's memory
	costJSON
	Serving     *servingJSON `json:"serving,omitzero" lines:"before"` // with --lengths or --trace
	StepWork    []workJSON   `json:"step_work" lines:"before"`        // of the decode step in the middle, by class and element type
	PrefillWork []workJSON   `json:"prefill_work" lines:"before"`     // of a batch of prompts, by class and element type
	Assumed     []string     `json:"assumed" lines:"before"`          // names of the dims nobody gave
	Warnings    []string     `json:"warnings" lines:"before"`         // what to know beside the numbers, for people
}

// targetJSON is a device with what its numbers rest on.
type targetJSON struct {
	ID       string      `json:"id"`      // in the table of devices
	Boundary render.Text `json:"scope"`   // what energies cover: "board", "module", "package" or "wall"; null where there are none
	Origin   string      `json:"origin"`  // "measured" on this device, or "scaled" from another one
	Runtime  string      `json:"runtime"` // runtime profile: which nodes run as one kernel
}

func newTargetJSON(b *predict.Basis) targetJSON {
	return targetJSON{b.Device.ID, render.Text(b.Boundary), b.Origin, b.Profile}
}

// costJSON is what a million tokens cost, where it was asked for.
type costJSON struct {
	Cost     *render.Number `json:"cost_per_million_tokens,omitzero"`  // in the currency, with --price
	Currency *string        `json:"currency,omitzero"`                 // as --price has it; may be empty
	Carbon   *render.Number `json:"co2_g_per_million_tokens,omitzero"` // grams of CO2, with --carbon
}

// servingJSON averages requests.
type servingJSON struct {
	Requests   float64       `json:"requests"`           // that were given
	Prompt     float64       `json:"mean_prompt"`        // tokens
	Tokens     float64       `json:"mean_tokens"`        // generated tokens
	PerRequest render.Number `json:"joules_per_request"` // joules
	Time       float64       `json:"busy_s_per_request"` // seconds that a request keeps a device busy
	PerToken   render.Number `json:"joules_per_token"`   // joules of a generated token
	Idle       render.Number `json:"idle_w"`             // watts while there is nothing to do

	// With a rate of requests.
	Rate    *float64       `json:"rate_per_s,omitzero"`    // requests per second
	Devices *int           `json:"devices,omitzero"`       // that the rate takes
	Busy    *float64       `json:"busy,omitzero"`          // part of their time, 0 to 1
	Power   *render.Number `json:"power_w,omitzero"`       // watts of them all, on average
	Month   *render.Number `json:"kwh_per_month,omitzero"` // kilowatt hours of them all in 30 days
}

// workJSON is the work of a class of kernels in an element type.
type workJSON struct {
	Class   string        `json:"class"`    // of the energy model
	DType   string        `json:"dtype"`    // element type
	Kernels int           `json:"kernels"`  // that the device runs
	FLOPs   float64       `json:"flops"`    // floating-point operations, two a multiply-accumulate
	Bytes   float64       `json:"bytes"`    // read and written
	Energy  render.Number `json:"energy_j"` // joules
	Time    float64       `json:"time_s"`   // seconds
}

// writeGenerationJSON writes one object.
func writeGenerationJSON(w io.Writer, g *Generation) error {
	total, steps, batch := g.Total(), float64(g.Tokens), float64(g.Batch)
	number := func(v float64) render.Number { return render.Number(v) }
	out := GenerateOutput{
		Schema: Schema, Version: g.Version, Model: g.Model.File,
		Device: newTargetJSON(g.Generator.Basis()),
		Batch:  g.Batch, Prompt: g.Prompt, Tokens: g.Tokens,
		PrefillBy: g.Generator.Way, Estimated: g.Generator.Way == generate.PromptsByRows,
		Prefill: float64(g.Prefill.Time), PrefillEnergy: number(float64(g.Prefill.Energy)),
		Decode: float64(g.Decode.Time), DecodeEnergy: number(float64(g.Decode.Energy)),
		Step: float64(g.Decode.Time) / steps, StepEnergy: number(float64(g.Decode.Energy) / steps),
		DecodePower: number(float64(g.Decode.Energy) / float64(g.Decode.Time)), Power: number(float64(total.Energy) / float64(total.Time)),
		Time: float64(total.Time), Energy: number(float64(total.Energy)),
		Low: number(g.Low * float64(total.Energy)), High: number(g.High * float64(total.Energy)),
		PerToken: number(float64(g.PerToken())), PerRequest: number(float64(total.Energy) / batch),
		Rate: number(batch * steps / float64(total.Time)), PrefillShare: number(float64(g.Prefill.Energy / total.Energy)),
		costJSON: g.costJSON(), StepWork: worksJSON(g.Steps), PrefillWork: worksJSON(g.Reading),
		Assumed: g.Generator.Step.Open.Example.Assumed, Warnings: g.warnings(),
	}
	if g.Memory >= 0 {
		out.Memory, out.Cache = &g.Memory, &g.Cache
	}
	if fits, ok := g.Fits(); ok {
		out.Fits = &fits
	}
	if g.Serving != nil {
		out.Serving = newServingJSON(g.Serving)
	}
	return render.WriteJSON(w, &out)
}

func (g *Generation) costJSON() costJSON {
	var out costJSON
	perMillion := 1e6 * float64(g.PerToken()) / jPerKWh
	if g.Price != nil {
		out.Cost, out.Currency = new(render.Number(perMillion*g.Price.PerKWh)), &g.Price.Currency
	}
	if g.Carbon != nil {
		out.Carbon = new(render.Number(perMillion * *g.Carbon))
	}
	return out
}

func newServingJSON(s *generate.Serving) *servingJSON {
	out := &servingJSON{
		Requests: s.Requests, Prompt: s.Prompt, Tokens: s.Tokens, PerRequest: render.Number(s.Energy),
		Time: float64(s.Time), PerToken: render.Number(s.PerToken), Idle: render.Number(s.Idle),
	}
	if s.Rate > 0 {
		out.Rate, out.Devices, out.Busy = &s.Rate, &s.Devices, &s.Busy
		out.Power, out.Month = new(render.Number(s.Power)), new(render.Number(s.Month/jPerKWh))
	}
	return out
}

func worksJSON(list []generate.Work) []workJSON {
	var out []workJSON
	for _, w := range list {
		out = append(out, workJSON{w.Class, w.DType, w.Kernels, w.FLOPs, w.Bytes, render.Number(w.Energy), float64(w.Time)})
	}
	return out
}
