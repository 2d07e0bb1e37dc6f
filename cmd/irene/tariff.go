package main

import (
	"math"
	"regexp"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// tariffFlags are --price and --carbon, which parseTariff reads.
func tariffFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "price", Usage: "what energy costs, `PRICE` as 0.30EUR/kWh"},
		&cli.StringFlag{Name: "carbon", Usage: "what energy emits, `GRAMS` as 400g/kWh"},
	}
}

// parseTariff reads tariffFlags.
func parseTariff(ctx *cli.Context) (t report.Tariff, err error) {
	if t.Price, err = parsePrice(ctx.String("price")); err != nil {
		return t, err
	}
	t.Carbon, err = parseCarbon(ctx.String("carbon"))
	return t, err
}

var perKWh = regexp.MustCompile(`^\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([^/0-9]*?)\s*(?:/\s*kWh)?\s*$`)

// parsePrice reads "0.30EUR/kWh"; currency and unit may be missing.
func parsePrice(text string) (*report.Price, error) {
	if text == "" {
		return nil, nil
	}
	m := perKWh.FindStringSubmatch(text)
	if m == nil {
		return nil, usagef("--price %s: want a price per kilowatt hour, as 0.30EUR/kWh", text)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil || v < 0 || math.IsInf(v, 0) {
		return nil, usagef("--price %s: %q is no price", text, m[1])
	}
	return &report.Price{PerKWh: v, Currency: m[2]}, nil
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
