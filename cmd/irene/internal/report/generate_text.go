package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/generate"
	"github.com/irene-onnx/irene/energy/law"
)

// promptsText says how prompts were predicted.
func (g *Generation) promptsText() string {
	switch g.Generator.Way {
	case generate.PromptsByGraph:
		return "prompts read by the decoder itself, with an empty cache"
	case generate.PromptsByFile:
		return "prompts read by " + g.Prompts
	case generate.PromptsByEncoder:
		if g.Prompts == "" {
			return "prompts read by an encoder, not counted"
		}
		return "prompts read by the encoder " + g.Prompts
	}
	return "prompts ESTIMATED from the decode step: a row per token, attention corrected, logits of the last token"
}

// writeGenerationText writes tables.
func writeGenerationText(w io.Writer, g *Generation) error {
	var b strings.Builder
	var t notes
	for _, n := range g.HeadNotes() {
		if n.Key == "model" {
			t.add(n.Key, n.Text)
		}
	}
	for _, f := range g.Files {
		t.add("", f.Name+" "+f.Value)
	}
	if g.As != "" {
		t.add("numbers", g.NumbersText())
	}
	d := g.Generator.Basis()
	t.add("device", deviceText(&d.Device, d.Boundary, d.Origin, d.Profile))
	t.add("run", fmt.Sprintf("batch %d, prompts of %d tokens, %d decode steps; %s", g.Batch, g.Prompt, g.Tokens, g.promptsText()))
	if g.Memory >= 0 {
		text := fmt.Sprintf("%s at the last step, %s of them cache", energy.FormatBinaryBytes(float64(g.Memory)), energy.FormatBinaryBytes(float64(g.Cache)))
		if fits, ok := g.Fits(); ok && fits {
			text += ", fits the device's " + energy.FormatBinaryBytes(float64(d.Device.MemoryBytes))
		} else if ok {
			text += ": does NOT fit the device's " + energy.FormatBinaryBytes(float64(d.Device.MemoryBytes))
		}
		t.add("memory", text)
	}
	b.WriteString(g.View.Notes(t))
	b.WriteByte('\n')
	b.WriteString(g.phases())
	b.WriteByte('\n')
	b.WriteString(g.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// phases is a row for the prompts and one for the steps.
func (g *Generation) phases() string {
	t := &render.Table{Screen: g.View.Screen, Columns: append(render.Columns(false, "phase"), render.Columns(true, "energy", "share", "time", "power", "per token")...)}
	total := g.Total()
	tokens := energy.Joules(g.Batch * g.Tokens)
	for _, p := range []struct {
		name string
		law.Share
	}{{"prefill", g.Prefill}, {"decode", g.Decode}, {"total", total}} {
		power := "0"
		if p.Time > 0 || math.IsNaN(float64(p.Energy)) {
			power = orUnknown(p.Energy.Over(p.Time))
		}
		share := render.UnknownText
		if !math.IsNaN(float64(total.Energy)) {
			share = render.Percent(float64(p.Energy / total.Energy))
		}
		t.Row(p.name, orUnknown(p.Energy), share, p.Time.String(), power, orUnknown(p.Energy/tokens))
	}
	return t.String()
}

// summary says what a token, a step and a request take.
func (g *Generation) summary() string {
	var t notes
	total := g.Total()
	steps := energy.Seconds(g.Tokens)
	if math.IsNaN(float64(total.Energy)) {
		g.timeSummary(&t)
		return g.View.Notes(t)
	}
	t.add("token", fmt.Sprintf("%v each, prompt included (90 %% interval %v to %v)", g.PerToken(), energy.Joules(g.Low)*g.PerToken(), energy.Joules(g.High)*g.PerToken()))
	t.add("step", fmt.Sprintf("%v and %v on average, %s tokens/s with the prompts", g.Decode.Time/steps, g.Decode.Energy/energy.Joules(steps), energy.FormatCount(roundTo3(float64(g.Batch*g.Tokens)/float64(total.Time)))))
	t.add("request", (total.Energy / energy.Joules(g.Batch)).String())
	g.costs(&t)
	if s := g.Serving; s != nil {
		t.add("serving", fmt.Sprintf("%v a request of %.0f + %.0f tokens on average (%s), %v a token, busy for %v", s.Energy, s.Prompt, s.Tokens, render.Plural(int(s.Requests), "request"), s.PerToken, s.Time))
		if s.Rate > 0 {
			t.add("", fmt.Sprintf("%.4g requests/s: %s, %.0f %% busy, %v with %v idle each, %.4g kWh a month of 30 days", s.Rate, render.Plural(s.Devices, "device"), 100*s.Busy, s.Power, s.Idle, float64(s.Month)/jPerKWh))
		}
	}
	for _, x := range g.warnings() {
		t.add("warning", x)
	}
	return g.View.Notes(t)
}

// timeSummary says what a step takes where no energy is known.
func (g *Generation) timeSummary(t *notes) {
	total := g.Total()
	t.add("step", fmt.Sprintf("%v on average, %s tokens/s with the prompts", g.Decode.Time/energy.Seconds(g.Tokens), energy.FormatCount(roundTo3(float64(g.Batch*g.Tokens)/float64(total.Time)))))
	if s := g.Serving; s != nil {
		t.add("serving", fmt.Sprintf("a request of %.0f + %.0f tokens on average (%s) keeps the device busy for %v", s.Prompt, s.Tokens, render.Plural(int(s.Requests), "request"), s.Time))
		if s.Rate > 0 {
			t.add("", fmt.Sprintf("%.4g requests/s: %s, %.0f %% busy", s.Rate, render.Plural(s.Devices, "device"), 100*s.Busy))
		}
	}
	for _, x := range g.warnings() {
		t.add("warning", x)
	}
}

// use is what the whole run takes.
func (g *Generation) use() Use {
	total := g.Total()
	return Use{total.Energy, total.Time, g.Generator.Basis().Device.ID}
}

// useOfToken is what a token takes, with its share of the prompts.
func (g *Generation) useOfToken() Use { return g.use().times(1 / float64(g.Batch*g.Tokens)) }

func (g *Generation) costs(t *notes) {
	for _, n := range g.Tariff.Notes("", UseOf{g.useOfToken(), "token"}, UseOf{g.use(), "run"}) {
		t.add(n.Key, n.Text)
	}
}

// roundTo3 keeps three digits.
func roundTo3(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
