package main

import (
	"maps"
	"math"
	"testing"
)

// TestPrices: a cost is energy at the price of energy and time at the device's hour, in whatever order the flags have them.
func TestPrices(t *testing.T) {
	for _, tt := range []struct {
		flags    []string
		perKWh   float64 // NaN: none
		perHour  map[string]float64
		currency string
	}{
		{nil, math.NaN(), nil, ""},
		{[]string{"0.30EUR/kWh"}, 0.3, nil, "EUR"},
		{[]string{"2"}, 2, nil, ""},
		{[]string{" 3e-1 EUR "}, 0.3, nil, "EUR"},
		{[]string{"0.30EUR/kWh,2EUR/h"}, 0.3, map[string]float64{"": 2}, "EUR"},
		{[]string{"2EUR/hr", "0.30EUR/kWh"}, 0.3, map[string]float64{"": 2}, "EUR"},
		{[]string{"l4=0.7USD/hour,h100-sxm = 2.5 USD / h", "1USD/h"}, math.NaN(), map[string]float64{"l4": 0.7, "h100-sxm": 2.5, "": 1}, "USD"},
	} {
		p, err := parsePrices(tt.flags)
		if err != nil {
			t.Errorf("%q: %v", tt.flags, err)
			continue
		}
		if p == nil {
			if tt.flags != nil {
				t.Errorf("%q: no price", tt.flags)
			}
			continue
		}
		perKWh := math.NaN()
		if p.PerKWh != nil {
			perKWh = *p.PerKWh
		}
		if same := perKWh == tt.perKWh || math.IsNaN(perKWh) && math.IsNaN(tt.perKWh); !same || !maps.Equal(p.PerHour, tt.perHour) || p.Currency != tt.currency {
			t.Errorf("%q: %v a kWh, %v an hour, in %q", tt.flags, perKWh, p.PerHour, p.Currency)
		}
	}
}

// TestCarbon: kilograms are thousands of grams.
func TestCarbon(t *testing.T) {
	for text, want := range map[string]float64{"400g/kWh": 400, "0.4kg/kWh": 400, "400": 400, "0 g": 0} {
		if got, err := parseCarbon(text); err != nil || got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if got, err := parseCarbon(""); got != nil || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
}
