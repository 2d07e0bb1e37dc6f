package report

import (
	"io"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/generate"
	"github.com/irene-onnx/irene/energy/predict"
)

// GenerateOutput is what irene generate --format json writes.
type GenerateOutput struct {
	Schema    int                    `json:"schema"`         // version of the format
	Version   string                 `json:"irene"`          // version of the program
	Model     string                 `json:"model"`          // file of the decoder
	Files     render.Members[string] `json:"files,omitzero"` // of a model in a folder, by what they are of it
	As        string                 `json:"as,omitzero"`    // precision that the model was costed in, with --as
	Device    targetJSON             `json:"device" lines:"before"`
	Batch     int64                  `json:"batch" lines:"before"`      // sequences side by side
	Prompt    int64                  `json:"prompt"`                    // tokens of a prompt
	Tokens    int64                  `json:"tokens"`                    // decode steps
	PrefillBy string                 `json:"prefill_by" lines:"before"` // what reads prompts: "graph" (the decoder), "file", "encoder" or "estimated"
	Estimated bool                   `json:"prefill_estimated"`         // prompts are estimated from the decode step
	Prefill   energy.Seconds         `json:"prefill_s" lines:"before"`  // seconds that reading the prompts takes

	PrefillEnergy energy.Joules  `json:"prefill_j"`          // joules that reading the prompts takes
	Decode        energy.Seconds `json:"decode_s"`           // seconds of all decode steps
	DecodeEnergy  energy.Joules  `json:"decode_j"`           // joules of all decode steps
	Step          energy.Seconds `json:"decode_step_s"`      // seconds of a step, on average
	StepEnergy    energy.Joules  `json:"decode_step_j"`      // joules of a step, on average
	DecodePower   energy.Watts   `json:"decode_power_w"`     // watts while decoding, on average
	Power         energy.Watts   `json:"power_w"`            // watts, on average
	Time          energy.Seconds `json:"time_s"`             // seconds of prompts and steps
	Energy        energy.Joules  `json:"energy_j"`           // joules of prompts and steps
	Low           energy.Joules  `json:"energy_low_j"`       // joules, of the 90 % interval
	High          energy.Joules  `json:"energy_high_j"`      // joules, of the 90 % interval
	PerToken      energy.Joules  `json:"joules_per_token"`   // joules of a generated token, prompts included
	PerRequest    energy.Joules  `json:"joules_per_request"` // joules of a sequence
	Rate          render.Number  `json:"tokens_per_s"`       // generated tokens per second, prompts included
	PrefillShare  render.Number  `json:"prefill_share"`      // of the energy, 0 to 1

	Memory *int64 `json:"memory_bytes" lines:"before"` // bytes held at the last step
	Cache  *int64 `json:"cache_bytes"`                 // bytes of the cache at the last step
	Fits   *bool  `json:"fits"`                        // the last step fits the device's memory
	TariffJSON
	Serving     *servingJSON    `json:"serving,omitzero" lines:"before"` // with --lengths or --trace
	StepWork    []generate.Work `json:"step_work" lines:"before"`        // of the decode step in the middle, by class and element type
	PrefillWork []generate.Work `json:"prefill_work" lines:"before"`     // of a batch of prompts, by class and element type
	Assumed     []string        `json:"assumed" lines:"before"`          // names of the dims nobody gave
	Warnings    []string        `json:"warnings" lines:"before"`         // what to know beside the numbers, for people
}

// targetJSON is a device with what its numbers rest on.
type targetJSON struct {
	ID       string      `json:"id"`      // in the table of devices
	Boundary render.Text `json:"scope"`   // what energies cover: "board", "module", "package" or "wall"; null where there are none
	Origin   string      `json:"origin"`  // "measured" on this device, or "scaled" from another one
	Profile  string      `json:"runtime"` // runtime profile: which nodes run as one kernel
}

func newTargetJSON(b *predict.Basis) targetJSON {
	return targetJSON{b.Device.ID, render.Text(b.Boundary), b.Origin, b.Profile}
}

// servingJSON averages requests.
type servingJSON struct {
	Requests   float64        `json:"requests"`           // that were given
	Prompt     float64        `json:"mean_prompt"`        // tokens
	Tokens     float64        `json:"mean_tokens"`        // generated tokens
	PerRequest energy.Joules  `json:"joules_per_request"` // joules
	Time       energy.Seconds `json:"busy_s_per_request"` // seconds that a request keeps a device busy
	PerToken   energy.Joules  `json:"joules_per_token"`   // joules of a generated token
	Idle       energy.Watts   `json:"idle_w"`             // watts while there is nothing to do

	// With a rate of requests.
	Rate    *float64       `json:"rate_per_s,omitzero"`    // requests per second
	Devices *int           `json:"devices,omitzero"`       // that the rate takes
	Busy    *float64       `json:"busy,omitzero"`          // part of their time, 0 to 1
	Power   *energy.Watts  `json:"power_w,omitzero"`       // watts of them all, on average
	Month   *render.Number `json:"kwh_per_month,omitzero"` // kilowatt hours of them all in 30 days
}

func writeGenerationJSON(w io.Writer, g *Generation) error {
	total, steps := g.Total(), float64(g.Tokens)
	out := GenerateOutput{
		Schema: Schema, Version: g.Version, Model: g.Model.File, Files: g.Files, As: g.As,
		Device: newTargetJSON(g.Generator.Basis()),
		Batch:  g.Batch, Prompt: g.Prompt, Tokens: g.Tokens,
		PrefillBy: g.Generator.Way, Estimated: g.Generator.Way == generate.PromptsByRows,
		Prefill: g.Prefill.Time, PrefillEnergy: g.Prefill.Energy, Decode: g.Decode.Time, DecodeEnergy: g.Decode.Energy,
		Step: g.Decode.Time / energy.Seconds(steps), StepEnergy: g.Decode.Energy / energy.Joules(steps),
		DecodePower: g.Decode.Energy.Over(g.Decode.Time), Power: total.Energy.Over(total.Time),
		Time: total.Time, Energy: total.Energy, Low: energy.Joules(g.Low) * total.Energy, High: energy.Joules(g.High) * total.Energy,
		PerToken: g.PerToken(), PerRequest: total.Energy / energy.Joules(g.Batch),
		Rate: render.Number(float64(g.Batch) * steps / float64(total.Time)), PrefillShare: render.Number(g.Prefill.Energy / total.Energy),
		TariffJSON: g.Tariff.JSON(g.use(), g.useOfToken(), true), StepWork: g.Steps, PrefillWork: g.Reading,
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

func newServingJSON(s *generate.Serving) *servingJSON {
	out := &servingJSON{
		Requests: s.Requests, Prompt: s.Prompt, Tokens: s.Tokens, PerRequest: s.Energy,
		Time: s.Time, PerToken: s.PerToken, Idle: s.Idle,
	}
	if s.Rate > 0 {
		out.Rate, out.Devices, out.Busy = &s.Rate, &s.Devices, &s.Busy
		out.Power, out.Month = &s.Power, new(render.Number(s.Month/jPerKWh))
	}
	return out
}
