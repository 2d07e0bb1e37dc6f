package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// Tariff says what energy costs and what it emits, as far as somebody told.
type Tariff struct {
	Price  *Price
	Carbon *float64 // grams of CO2 per kilowatt hour
}

// Price is what energy costs.
type Price struct {
	PerKWh   float64
	Currency string // "" where none was given
}

// jPerKWh is the energy of a kilowatt hour.
const jPerKWh = 3.6e6

// Million is how many runs, tokens or items costs are told of: one of them costs too little to read.
const Million = 1e6

// Cost is the price of an energy, in the currency; not a number where either is not known.
func (t *Tariff) Cost(e energy.Joules) float64 {
	if t.Price == nil {
		return math.NaN()
	}
	return float64(e) / jPerKWh * t.Price.PerKWh
}

// CO2 is what an energy emits, in grams; not a number where either is not known.
func (t *Tariff) CO2(e energy.Joules) float64 {
	if t.Carbon == nil {
		return math.NaN()
	}
	return float64(e) / jPerKWh * *t.Carbon
}

// CostText is the price of an energy for people: "1.19 EUR".
func (t *Tariff) CostText(e energy.Joules) string {
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", t.Cost(e), t.Price.Currency))
}

// CO2Text is what an energy emits for people: "1.59 g".
func (t *Tariff) CO2Text(e energy.Joules) string {
	if g := t.CO2(e); g >= 1000 {
		return fmt.Sprintf("%.3g kg", g/1000)
	}
	return fmt.Sprintf("%.3g g", t.CO2(e))
}

// Notes say what a million of each thing costs and emits. Bound stands before the numbers where more comes on top.
func (t *Tariff) Notes(bound string, each ...EnergyOf) []render.Note {
	var out []render.Note
	add := func(key string, of func(energy.Joules) string, what string) {
		var list []string
		for _, x := range each {
			text := render.UnknownText
			if !math.IsNaN(float64(x.Energy)) {
				text = bound + of(Million*x.Energy) + what
			}
			list = append(list, fmt.Sprintf("%s a million %ss", text, x.Of))
		}
		out = append(out, render.Note{Key: key, Text: strings.Join(list, ", ")})
	}
	if t.Price != nil {
		add("cost", t.CostText, "")
	}
	if t.Carbon != nil {
		add("carbon", t.CO2Text, " CO2")
	}
	return out
}

// EnergyOf is the energy of one thing: a run, a token, an item.
type EnergyOf struct {
	Energy energy.Joules
	Of     string
}

// TariffNotes say what runs of the model cost and emit, and tokens or else items.
func (r *Report) TariffNotes() []render.Note {
	m := &r.Tree.Metrics
	if !m.Predicted {
		return nil
	}
	bound := ""
	if m.Unknown > 0 {
		bound = "≥ "
	}
	each := []EnergyOf{{r.energyPer(PerRun), "run"}}
	if per := r.Work.Finest(); per != PerRun {
		each = append(each, EnergyOf{r.energyPer(per), string(per)})
	}
	return r.Tariff.Notes(bound, each...)
}

// energyPer is the energy of a share of a run; not a number where it is not known.
func (r *Report) energyPer(per Per) energy.Joules {
	if n, ok := r.Work.Count(per); ok && r.Tree.Metrics.HasEnergy() {
		return r.Tree.Metrics.Energy / energy.Joules(n)
	}
	return energy.Joules(math.NaN())
}

// TariffJSON is what a run, and a million tokens or items, cost and emit, where it was asked for. Operators of unknown
// cost are in none of it.
type TariffJSON struct {
	Run       *render.Number `json:"cost_per_run,omitzero"`             // in the currency, with --price
	Tokens    *render.Number `json:"cost_per_million_tokens,omitzero"`  // in the currency, with --price, where the model has tokens
	Items     *render.Number `json:"cost_per_million_items,omitzero"`   // in the currency, with --price, where it has none
	Currency  *string        `json:"currency,omitzero"`                 // as --price has it; may be empty
	CO2Run    *render.Number `json:"co2_g_per_run,omitzero"`            // grams of CO2, with --carbon
	CO2Tokens *render.Number `json:"co2_g_per_million_tokens,omitzero"` // grams of CO2, with --carbon, where the model has tokens
	CO2Items  *render.Number `json:"co2_g_per_million_items,omitzero"`  // grams of CO2, with --carbon, where it has none
}

// JSON is what a run costs and emits, and a token or item.
func (t *Tariff) JSON(run, each energy.Joules, tokens bool) TariffJSON {
	var out TariffJSON
	if t.Price != nil {
		out.Currency, out.Run = &t.Price.Currency, new(render.Number(t.Cost(run)))
		cost := new(render.Number(t.Cost(Million * each)))
		if tokens {
			out.Tokens = cost
		} else {
			out.Items = cost
		}
	}
	if t.Carbon != nil {
		out.CO2Run = new(render.Number(t.CO2(run)))
		co2 := new(render.Number(t.CO2(Million * each)))
		if tokens {
			out.CO2Tokens = co2
		} else {
			out.CO2Items = co2
		}
	}
	return out
}

// TariffJSON is how what the model costs and emits stands in documents.
func (r *Report) TariffJSON() TariffJSON {
	return r.Tariff.JSON(r.energyPer(PerRun), r.energyPer(r.Work.Finest()), r.Work.Tokens > 0)
}

// sweepMetrics are the numbers of a point of a sweep that a tariff gives, by run and by token or item.
func (t *Tariff) sweepMetrics(item string) []Metric {
	var out []Metric
	add := func(key, title string, text func(energy.Joules) string, value func(energy.Joules) float64) {
		of := func(key, title string, of float64, energyOf func(*sweep.Row) energy.Joules) Metric {
			return Metric{
				Key: key, Title: title, Unit: Unit{"", func(v float64) string { return text(energy.Joules(v)) }},
				Sweep: func(r *sweep.Row) float64 { return value(energy.Joules(of) * energyOf(r)) },
			}
		}
		out = append(
			out, of(key+"_per_run", "", 1, func(r *sweep.Row) energy.Joules { return r.Energy }),
			of(key+"_per_million_"+item+"s", title, Million, (*sweep.Row).PerItem),
		)
	}
	amount := func(unit string) func(energy.Joules) string {
		return func(v energy.Joules) string { return strings.TrimSpace(fmt.Sprintf("%.3g %s", float64(v), unit)) }
	}
	if t.Price != nil {
		add("cost", "cost/M "+item+"s", amount(t.Price.Currency), t.Cost)
	}
	if t.Carbon != nil {
		add("co2_g", "CO2/M "+item+"s", amount("g"), t.CO2)
	}
	return out
}
