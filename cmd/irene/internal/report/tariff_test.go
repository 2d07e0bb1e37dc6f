package report

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/sweep"
)

// TestTariff counts by hand: 7.2 MJ are 2 kWh, which cost 0.60 EUR at 0.30 and emit 800 g at 400.
func TestTariff(t *testing.T) {
	grams := 400.0
	full := Tariff{Price: &Price{PerKWh: 0.3, Currency: "EUR"}, Carbon: &grams}
	if cost, co2 := full.Cost(7.2e6), full.CO2(7.2e6); math.Abs(cost-0.6) > 1e-12 || math.Abs(co2-800) > 1e-9 {
		t.Errorf("2 kWh: %v EUR, %v g", cost, co2)
	}
	var none Tariff
	if cost, co2 := none.Cost(1), none.CO2(1); !math.IsNaN(cost) || !math.IsNaN(co2) || none.Notes("", EnergyOf{1, "run"}) != nil || none.JSON(1, 1, true) != (TariffJSON{}) {
		t.Errorf("without a tariff: %v, %v", cost, co2)
	}
	notes := full.Notes("≥ ", EnergyOf{7.2, "run"}, EnergyOf{energy.Joules(math.NaN()), "token"})
	if len(notes) != 2 || notes[0].Text != "≥ 0.6 EUR a million runs, ? a million tokens" || notes[1].Text != "≥ 800 g CO2 a million runs, ? a million tokens" {
		t.Errorf("notes %+v", notes)
	}
	if text := full.CO2Text(7.2e7); text != "8 kg" {
		t.Errorf("20 kWh emit %q", text)
	}
	j := full.JSON(7.2e6, 3.6, false)
	if math.Abs(float64(*j.Run)-0.6) > 1e-12 || math.Abs(float64(*j.Items)-0.3) > 1e-12 || math.Abs(float64(*j.CO2Items)-400) > 1e-9 || j.Tokens != nil || *j.Currency != "EUR" {
		t.Errorf("%+v", j)
	}
	row := &sweep.Row{Energy: 7.2, Items: 4}
	for _, x := range full.sweepMetrics("token") {
		want := map[string]float64{"cost_per_run": 0.6e-6, "cost_per_million_tokens": 0.15, "co2_g_per_run": 800e-6, "co2_g_per_million_tokens": 200}[x.Key]
		if got := x.Sweep(row); math.Abs(got-want) > 1e-12*want || want == 0 {
			t.Errorf("%s is %v, want %v", x.Key, got, want)
		}
	}
}
