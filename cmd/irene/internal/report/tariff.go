package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// Tariff says what energy and the time of devices cost and what energy emits, as far as somebody told.
type Tariff struct {
	Price  *Price
	Carbon *float64 // grams of CO2 per kilowatt hour
}

// Price is what energy costs, the time of a device, or both.
type Price struct {
	PerKWh   *float64           // none where energy costs nothing on top of the time
	PerHour  map[string]float64 // of a device, by id; that of "" is of all others. None where only energy costs
	Currency string             // "" where none was given
}

// Use is what a run, a token or an item takes.
type Use struct {
	Energy energy.Joules
	Time   energy.Seconds
	Device string // its id
}

// times is the use of n of them.
func (u Use) times(n float64) Use {
	return Use{energy.Joules(n) * u.Energy, energy.Seconds(n) * u.Time, u.Device}
}

// Million is n uses of which there are a million: one costs too little to read.
func (u Use) Million() Use { return u.times(million) }

const (
	million     = 1e6
	jPerKWh     = 3.6e6
	secsPerHour = 3600
)

// Cost is the price of a use, in the currency; not a number where either is not known.
func (t *Tariff) Cost(u Use) float64 {
	if t.Price == nil {
		return math.NaN()
	}
	cost := 0.0
	if t.Price.PerKWh != nil {
		cost = float64(u.Energy) / jPerKWh * *t.Price.PerKWh
	}
	if t.Price.PerHour == nil {
		return cost
	}
	hour, ok := t.Price.PerHour[u.Device]
	if !ok {
		hour, ok = t.Price.PerHour[""]
	}
	if !ok {
		return math.NaN()
	}
	return cost + float64(u.Time)/secsPerHour*hour
}

// CO2 is what an energy emits, in grams; not a number where either is not known.
func (t *Tariff) CO2(e energy.Joules) float64 {
	if t.Carbon == nil {
		return math.NaN()
	}
	return float64(e) / jPerKWh * *t.Carbon
}

// CostText is the price of a use for people: "1.19 EUR".
func (t *Tariff) CostText(u Use) string {
	return amountText(t.Cost(u), t.Price.Currency)
}

func amountText(v float64, unit string) string {
	if math.IsNaN(v) {
		return render.UnknownText
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", v, unit))
}

// CO2Text is what an energy emits for people: "1.59 g".
func (t *Tariff) CO2Text(e energy.Joules) string {
	if g := t.CO2(e); g >= 1000 {
		return amountText(g/1000, "kg")
	}
	return amountText(t.CO2(e), "g")
}

// Notes say what a million of each thing costs and emits. Bound stands before the numbers where more comes on top.
func (t *Tariff) Notes(bound string, each ...UseOf) []render.Note {
	var out []render.Note
	add := func(key string, of func(Use) string, what string) {
		var list []string
		for _, x := range each {
			text := of(x.Million())
			if text != render.UnknownText {
				text = bound + text + what
			}
			list = append(list, fmt.Sprintf("%s a million %ss", text, x.Of))
		}
		out = append(out, render.Note{Key: key, Text: strings.Join(list, ", ")})
	}
	if t.Price != nil {
		add("cost", t.CostText, "")
	}
	if t.Carbon != nil {
		add("carbon", func(u Use) string { return t.CO2Text(u.Energy) }, " CO2")
	}
	return out
}

// UseOf is what one thing takes: a run, a token, an item.
type UseOf struct {
	Use
	Of string
}

// TariffNotes say what runs of the model cost and emit, and tokens or else items.
func (r *Report) TariffNotes() []render.Note {
	m := &r.Tree.Metrics
	if !m.Predicted {
		return nil
	}
	bound := boundText(m.Unknown > 0)
	each := []UseOf{{r.Use(PerRun), "run"}}
	if per := r.Work.Finest(); per != PerRun {
		each = append(each, UseOf{r.Use(per), string(per)})
	}
	return r.Tariff.Notes(bound, each...)
}

// Use is what a share of a run takes; not a number where it is not known.
func (r *Report) Use(per Per) Use {
	u := Use{Energy: energy.Joules(math.NaN()), Time: energy.Seconds(math.NaN())}
	if r.Device != nil {
		u.Device = r.Device.ID
	}
	m := &r.Tree.Metrics
	n, ok := r.Work.Count(per)
	if ok && m.HasEnergy() {
		u.Energy = m.Energy
	}
	if ok && m.Predicted {
		u.Time = m.Time
	}
	return u.times(1 / n)
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
func (t *Tariff) JSON(run, each Use, tokens bool) TariffJSON {
	var out TariffJSON
	if t.Price != nil {
		out.Currency, out.Run = &t.Price.Currency, new(render.Number(t.Cost(run)))
		cost := new(render.Number(t.Cost(each.Million())))
		if tokens {
			out.Tokens = cost
		} else {
			out.Items = cost
		}
	}
	if t.Carbon != nil {
		out.CO2Run = new(render.Number(t.CO2(run.Energy)))
		co2 := new(render.Number(t.CO2(each.Million().Energy)))
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
	return r.Tariff.JSON(r.Use(PerRun), r.Use(r.Work.Finest()), r.Work.Tokens > 0)
}

// tariffMetrics are the numbers of a point that a tariff gives, by run and by token or item.
func (s *Sweep) tariffMetrics() []Metric {
	var out []Metric
	t, item := &s.Tariff, s.Item()
	add := func(key, title, unit string, value func(Use) float64) {
		of := func(key, title string, use func(*sweep.Row) Use) Metric {
			return Metric{
				Key: key, Title: title, Unit: Unit{"", func(v float64) string { return amountText(v, unit) }},
				Sweep: func(r *sweep.Row) float64 { return value(use(r)) },
			}
		}
		out = append(
			out, of(key+"_per_run", "", s.use),
			of(key+"_per_million_"+item+"s", title, func(r *sweep.Row) Use { return s.useOfItem(r).Million() }),
		)
	}
	if t.Price != nil {
		add("cost", "cost/M "+item+"s", t.Price.Currency, t.Cost)
	}
	if t.Carbon != nil {
		add("co2_g", "CO2/M "+item+"s", "g", func(u Use) float64 { return t.CO2(u.Energy) })
	}
	return out
}

// use is what a run takes at a point.
func (s *Sweep) use(r *sweep.Row) Use { return Use{r.Energy, r.Time, s.Settings[r.Setting].Device.ID} }

// useOfItem is what a token or an item takes there.
func (s *Sweep) useOfItem(r *sweep.Row) Use { return s.use(r).times(1 / r.Items) }
