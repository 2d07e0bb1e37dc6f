package report

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/sweep"
)

// TestTariff counts by hand: 7.2 MJ are 2 kWh, which cost 0.60 EUR at 0.30 and emit 800 g at 400.
func TestTariff(t *testing.T) {
	kWh, grams := 0.3, 400.0
	full := Tariff{Price: &Price{PerKWh: &kWh, Currency: "EUR"}, Carbon: &grams}
	if cost, co2 := full.Cost(Use{Energy: 7.2e6}), full.CO2(7.2e6); math.Abs(cost-0.6) > 1e-12 || math.Abs(co2-800) > 1e-9 {
		t.Errorf("2 kWh: %v EUR, %v g", cost, co2)
	}
	var none Tariff
	one := Use{Energy: 1, Time: 1}
	if cost, co2 := none.Cost(one), none.CO2(1); !math.IsNaN(cost) || !math.IsNaN(co2) || none.Notes("", UseOf{one, "run"}) != nil || none.JSON(one, one, true) != (TariffJSON{}) {
		t.Errorf("without a tariff: %v, %v", cost, co2)
	}
	notes := full.Notes("≥ ", UseOf{Use{Energy: 7.2}, "run"}, UseOf{Use{Energy: energy.Joules(math.NaN())}, "token"})
	if len(notes) != 2 || notes[0].Text != "≥ 0.6 EUR a million runs, ? a million tokens" || notes[1].Text != "≥ 800 g CO2 a million runs, ? a million tokens" {
		t.Errorf("notes %+v", notes)
	}
	if text := full.CO2Text(7.2e7); text != "8 kg" {
		t.Errorf("20 kWh emit %q", text)
	}
	j := full.JSON(Use{Energy: 7.2e6}, Use{Energy: 3.6}, false)
	if math.Abs(float64(*j.Run)-0.6) > 1e-12 || math.Abs(float64(*j.Items)-0.3) > 1e-12 || math.Abs(float64(*j.CO2Items)-400) > 1e-9 || j.Tokens != nil || *j.Currency != "EUR" {
		t.Errorf("%+v", j)
	}
	row := &sweep.Row{Energy: 7.2, Items: 4}
	swept := &Sweep{Report: &Report{Tariff: full}, Sweep: &sweep.Sweep{Grids: []*sweep.Grid{{Tokens: true}}, Settings: []sweep.Setting{{Program: &predict.Program{}}}}}
	for _, x := range swept.tariffMetrics() {
		want := map[string]float64{"cost_per_run": 0.6e-6, "cost_per_million_tokens": 0.15, "co2_g_per_run": 800e-6, "co2_g_per_million_tokens": 200}[x.Key]
		if got := x.Sweep(row); math.Abs(got-want) > 1e-12*want || want == 0 {
			t.Errorf("%s is %v, want %v", x.Key, got, want)
		}
	}
}

// TestTariffOfTime counts by hand: half an hour costs 1 EUR on a device of 2 EUR/h and 2 EUR on others of 4, beside 0.60 EUR
// for 2 kWh; a device without a price costs nobody knows what, energy of unknown amount only where it has a price.
func TestTariffOfTime(t *testing.T) {
	kWh := 0.3
	use := Use{Energy: 7.2e6, Time: 1800, Device: "l4"}
	unmetered := use
	unmetered.Energy = energy.Joules(math.NaN())
	for _, x := range []struct {
		price Price
		use   Use
		want  float64
	}{
		{Price{PerHour: map[string]float64{"l4": 2, "": 4}}, use, 1},
		{Price{PerHour: map[string]float64{"t4": 2, "": 4}}, use, 2},
		{Price{PerHour: map[string]float64{"l4": 2}, PerKWh: &kWh}, use, 1.6},
		{Price{PerHour: map[string]float64{"t4": 2}, PerKWh: &kWh}, use, math.NaN()},
		{Price{PerHour: map[string]float64{"l4": 2}}, unmetered, 1},
		{Price{PerHour: map[string]float64{"l4": 2}, PerKWh: &kWh}, unmetered, math.NaN()},
	} {
		tariff := Tariff{Price: &x.price}
		if got := tariff.Cost(x.use); math.Abs(got-x.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(x.want) {
			t.Errorf("%+v of %+v cost %v, want %v", x.use, x.price, got, x.want)
		}
	}
}
