package report

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/generate"
	"github.com/irene-onnx/irene/energy/law"
)

// notCounted stands for what is no part of the sums.
const notCounted = "–"

// promptless reports whether the prompts are read by an encoder that nobody gave.
func (g *Generation) promptless() bool {
	return g.Generator.Way == generate.PromptsByEncoder && g.Prompts == ""
}

// bounded reports whether there is more than the numbers say: operators of unknown cost.
func (g *Generation) bounded() bool { return g.Generator.Step.Unknown > 0 }

// promptsText says how prompts were predicted.
func (g *Generation) promptsText() string {
	switch g.Generator.Way {
	case generate.PromptsByGraph:
		return "read by the decoder itself, with an empty cache"
	case generate.PromptsByFile:
		return "read by " + g.Prompts
	case generate.PromptsByEncoder:
		if g.promptless() {
			return "read by an encoder, not counted"
		}
		return "read by the encoder " + g.Prompts
	}
	return "ESTIMATED from the decode step: a row per token, attention corrected, logits of the last token"
}

// writeGenerationText writes what was asked, the answer, and a table of the phases.
func writeGenerationText(w io.Writer, g *Generation) error {
	_, err := io.WriteString(w, g.View.Notes(g.asked(), g.answer())+"\n"+g.phases())
	return err
}

// asked says what runs, how long, and on what.
func (g *Generation) asked() []render.Note {
	t := notes{{Key: "model", Text: g.Model.File, Cut: true}}
	for _, f := range g.Files {
		t.add("", f.Name+" "+f.Value)
	}
	run := fmt.Sprintf("batch %d, prompts of %d tokens, %d decode steps", g.Batch, g.Prompt, g.Tokens)
	if g.As != "" {
		run += "; as " + g.As
	}
	t.add("run", run)
	return append(t, g.deviceNote())
}

// answer says what the run takes, whether it fits, how sure that is, and what was assumed.
func (g *Generation) answer() []render.Note {
	var t notes
	total := g.Total()
	each, of := energy.Seconds(g.Tokens), energy.Joules(g.Tokens)
	bound, with := boundText(g.bounded()), " with the prompts"
	if g.promptless() {
		with = " without the prompts"
	}
	rate := strconv.FormatFloat(roundTo3(float64(g.Batch*g.Tokens)/float64(total.Time)), 'f', -1, 64)
	if g.bounded() {
		rate = "≤ " + rate
	}
	if math.IsNaN(float64(total.Energy)) {
		t = append(t, render.Note{Key: "energy", Text: noEnergyText, Style: render.Bold}, render.Note{Key: "time", Text: fmt.Sprintf("%s%v, %s tokens/s%s", bound, total.Time, rate, with), Style: render.Bold})
		t.add("step", fmt.Sprintf("%s%v on average", bound, g.Decode.Time/each))
	} else {
		low, high := energy.Joules(g.Low)*total.Energy, energy.Joules(g.High)*total.Energy
		text := fmt.Sprintf("%s%v (90 %% interval%s %v to %v), %s%v per token", bound, total.Energy, ofKnown(g.bounded()), low, high, bound, g.PerToken())
		if g.Batch > 1 {
			text += fmt.Sprintf(", %s%v per request", bound, total.Energy/energy.Joules(g.Batch))
		}
		t = append(t, render.Note{Key: "energy", Text: text, Style: render.Bold})
		text = fmt.Sprintf("%s%v%s, %s tokens/s%s", bound, total.Time, g.Device.powerText(total.Energy, total.Time), rate, with)
		t = append(t, render.Note{Key: "time", Text: text, Style: render.Bold})
		t.add("step", fmt.Sprintf("%s%v and %s%v on average", bound, g.Decode.Time/each, bound, g.Decode.Energy/of))
	}
	if g.Memory >= 0 {
		t = append(t, g.memoryNote())
	}
	g.servingNotes(&t)
	t = append(t, g.Tariff.Notes(bound, UseOf{g.useOfToken(), "token"}, UseOf{g.use(), "run"})...)
	t.add("sure", g.SureText())
	t.add("prompts", g.promptsText())
	if text := g.assumedText(); text != "" {
		t.add("assumed", text)
	}
	if text := g.PrecisionHint(); text != "" {
		t.add("type", text)
	}
	for _, x := range g.warnings() {
		t = append(t, render.Note{Key: "warning", Text: x, Mark: render.Yellow})
	}
	return t
}

// memoryNote says what the last step holds, and whether the device does.
func (g *Generation) memoryNote() render.Note {
	size := func(n int64) string { return energy.FormatBinaryBytes(float64(n)) }
	n := render.Note{Key: "memory", Text: size(g.Memory)}
	if fits, ok := g.Fits(); ok {
		n.Text += fitsText(fits, g.Generator.Basis().Device.MemoryBytes)
		if !fits {
			n.Style = render.Alarm
		}
	}
	n.Text += fmt.Sprintf(" at the last step (%s of it cache)", size(g.Cache))
	return n
}

// servingNotes say what the requests take.
func (g *Generation) servingNotes(t *notes) {
	s := g.Serving
	if s == nil {
		return
	}
	requests := fmt.Sprintf("a request of %.0f + %.0f tokens on average (%s)", s.Prompt, s.Tokens, render.Plural(int(s.Requests), "request"))
	rate := fmt.Sprintf("%.4g requests/s: %s, %.0f %% busy", s.Rate, render.Plural(s.Devices, "device"), 100*s.Busy)
	if math.IsNaN(float64(s.Energy)) {
		t.add("serving", fmt.Sprintf("%s keeps the device busy for %v", requests, s.Time))
	} else {
		t.add("serving", fmt.Sprintf("%v %s, %v a token, busy for %v", s.Energy, requests, s.PerToken, s.Time))
		rate += fmt.Sprintf(", %v with %v idle each, %.4g kWh a month of 30 days", s.Power, s.Idle, float64(s.Month)/jPerKWh)
	}
	if s.Rate > 0 {
		t.add("", rate)
	}
}

// phases is a row for the prompts and one for the steps.
func (g *Generation) phases() string {
	t := &render.Table{Screen: g.View.Screen, Columns: append(render.Columns(false, "phase"), render.Columns(true, "energy", "share", "time", "power", "per token")...)}
	total, bound := g.Total(), boundText(g.bounded())
	tokens := energy.Joules(g.Batch * g.Tokens)
	for _, p := range []struct {
		name string
		law.Share
	}{{"prefill", g.Prefill}, {"decode", g.Decode}, {"total", total}} {
		if p.name == "prefill" && g.promptless() {
			t.Row(p.name, notCounted, notCounted, notCounted, notCounted, notCounted)
			continue
		}
		power := "0"
		if p.Time > 0 || math.IsNaN(float64(p.Energy)) {
			power = orUnknown(p.Energy.Over(p.Time))
		}
		share := render.UnknownText
		if !math.IsNaN(float64(total.Energy)) {
			share = render.Percent(float64(p.Energy / total.Energy))
		}
		t.Row(p.name, bound+orUnknown(p.Energy), share, bound+p.Time.String(), power, bound+orUnknown(p.Energy/tokens))
	}
	return t.String()
}

// use is what the whole run takes.
func (g *Generation) use() Use {
	total := g.Total()
	return Use{total.Energy, total.Time, g.Generator.Basis().Device.ID}
}

// useOfToken is what a token takes, with its share of the prompts.
func (g *Generation) useOfToken() Use { return g.use().times(1 / float64(g.Batch*g.Tokens)) }

// roundTo3 keeps three digits.
func roundTo3(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
