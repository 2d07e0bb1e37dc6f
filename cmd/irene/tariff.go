package main

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// tariffFlags are --price and --carbon, which parseTariff reads.
func tariffFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "price", Usage: "`PRICE` of energy, as 0.30EUR/kWh, or of a device's time, as 2.50EUR/h; h100-sxm=2.50EUR/h of one device (repeatable)"},
		&cli.StringFlag{Name: "carbon", Usage: "what energy emits, `GRAMS` as 400g/kWh"},
	}
}

// parseTariff reads tariffFlags.
func parseTariff(ctx *cli.Context) (t report.Tariff, err error) {
	if t.Price, err = parsePrices(ctx.StringSlice("price")); err != nil {
		return t, err
	}
	if !ctx.IsSet("coefficients") { // whose device may be in no table
		if err := checkPriced(t.Price); err != nil {
			return t, err
		}
	}
	t.Carbon, err = parseCarbon(ctx.String("carbon"))
	return t, err
}

var (
	perKWh  = regexp.MustCompile(`^\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([^/0-9]*?)\s*(?:/\s*kWh)?\s*$`)
	perHour = regexp.MustCompile(`^\s*(?:([^=\s]+)\s*=)?\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([^/0-9]*?)\s*/\s*(?:h|hr|hour)\s*$`)
)

// parsePrices reads "0.30EUR/kWh" and "2.50EUR/h,l4=0.70EUR/h"; currency and kWh may be missing.
func parsePrices(texts []string) (*report.Price, error) {
	var out *report.Price
	for _, list := range texts {
		for text := range strings.SplitSeq(list, ",") {
			p, err := parsePrice(text)
			if err != nil {
				return nil, err
			}
			if out == nil {
				out = p
			} else if err := addPrice(out, p, text); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// parsePrice reads a single price.
func parsePrice(text string) (*report.Price, error) {
	device, amount, currency, hourly := "", "", "", true
	if m := perHour.FindStringSubmatch(text); m != nil {
		device, amount, currency = m[1], m[2], m[3]
	} else if m := perKWh.FindStringSubmatch(text); m != nil {
		amount, currency, hourly = m[1], m[2], false
	} else {
		return nil, usagef("--price %s: want a price per kilowatt hour, as 0.30EUR/kWh, or of a device's hour, as 2.50EUR/h or h100-sxm=2.50EUR/h", text)
	}
	v, err := strconv.ParseFloat(amount, 64)
	if err != nil || v < 0 || math.IsInf(v, 0) {
		return nil, usagef("--price %s: %q is no price", text, amount)
	}
	if !hourly {
		return &report.Price{PerKWh: &v, Currency: currency}, nil
	}
	return &report.Price{PerHour: map[string]float64{device: v}, Currency: currency}, nil
}

// addPrice puts one more price, which text spells, to others.
func addPrice(all, more *report.Price, text string) error {
	if more.Currency != all.Currency {
		return usagef("--price %s: the price before it is in %q; all are to be in one currency", text, all.Currency)
	}
	if more.PerKWh != nil {
		if all.PerKWh != nil {
			return usagef("--price %s: energy has a price already", text)
		}
		all.PerKWh = more.PerKWh
	}
	for device, hour := range more.PerHour {
		if _, twice := all.PerHour[device]; twice {
			return usagef("--price %s: that device has a price already", text)
		}
		if all.PerHour == nil {
			all.PerHour = map[string]float64{}
		}
		all.PerHour[device] = hour
	}
	return nil
}

// checkPriced refuses prices of devices that there are not.
func checkPriced(p *report.Price) error {
	if p == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(p.PerHour)) {
		if id == "" {
			continue
		}
		if _, err := lookupDevice(id); err != nil {
			return fmt.Errorf("--price: %w", err)
		}
	}
	return nil
}

// parseCarbon reads "400g/kWh" or "0.4kg/kWh".
func parseCarbon(text string) (*float64, error) {
	if text == "" {
		return nil, nil
	}
	m := perKWh.FindStringSubmatch(text)
	scale := map[string]float64{"": 1, "g": 1, "kg": 1000}
	if m == nil || scale[m[2]] == 0 {
		return nil, usagef("--carbon %s: want grams or kilograms per kilowatt hour, as 400g/kWh", text)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil || v < 0 || math.IsInf(v, 0) {
		return nil, usagef("--carbon %s: %q is no number", text, m[1])
	}
	v *= scale[m[2]]
	return &v, nil
}
