package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
)

// settingFlags say how the device is set and what its energy covers, which predictions take from the device's row and its
// coefficients otherwise.
func settingFlags() []cli.Flag {
	return []cli.Flag{
		powerLimitFlag(),
		&cli.GenericFlag{Name: "clock", Value: &quantityFlag{parse: parseClock, want: "a clock with its unit, such as 1410MHz"}, DefaultText: "boost", Usage: "predict with multiprocessors held to this clock, `MHz`"},
		&cli.StringFlag{Name: "boundary", DefaultText: "that of the coefficients", Usage: "what energy covers, `board` or plug"},
		&cli.GenericFlag{Name: "host-launch", Value: &quantityFlag{parse: parseMicroseconds, want: "a time, such as 5us"}, DefaultText: "that of the runtime", Usage: "what the host takes to launch a kernel, `µs`"},
		&cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `W`, where energy is at the plug"},
	}
}

func powerLimitFlag() cli.Flag {
	return &cli.GenericFlag{Name: "power-limit", Value: &quantityFlag{parse: parsePower, want: "a power in watts, such as 450"}, DefaultText: "the board's own", Usage: "predict under this power limit, `W`"}
}

// quantityFlag is the value of a flag that is a number with a unit; zero where none is set.
type quantityFlag struct {
	parse func(string) (float64, bool)
	want  string
	value float64
	text  string
}

// Set reads a positive number.
func (q *quantityFlag) Set(text string) error {
	v, ok := q.parse(strings.TrimSpace(text))
	if !ok || !(v > 0) || math.IsInf(v, 0) {
		return errors.New("want " + q.want)
	}
	q.value, q.text = v, text
	return nil
}

// String is what was set.
func (q *quantityFlag) String() string { return q.text }

// quantityOf is the value of such a flag; zero where it is not set, or the command has none like it.
func quantityOf(ctx *cli.Context, flag string) float64 {
	if q, ok := ctx.Generic(flag).(*quantityFlag); ok {
		return q.value
	}
	return 0
}

// withUnit reads a number that ends in one of some units, and multiplies it by the unit's worth. The empty unit stands for none.
func withUnit(text string, units ...unitOf) (float64, bool) {
	for _, u := range units {
		if number, ok := strings.CutSuffix(strings.ToLower(text), u.name); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			return v * u.worth, err == nil
		}
	}
	return 0, false
}

// unitOf is a unit in lower case, and what it is worth.
type unitOf struct {
	name  string
	worth float64
}

func parsePower(text string) (float64, bool) {
	return withUnit(text, unitOf{"kw", 1e3}, unitOf{"w", 1}, unitOf{"", 1})
}

func parseClock(text string) (float64, bool) {
	return withUnit(text, unitOf{"ghz", 1e9}, unitOf{"mhz", 1e6}, unitOf{"hz", 1}, unitOf{"", 1e6})
}

func parseMicroseconds(text string) (float64, bool) {
	return withUnit(text, unitOf{"ms", 1e-3}, unitOf{"us", 1e-6}, unitOf{"µs", 1e-6}, unitOf{"ns", 1e-9}, unitOf{"", 1e-6})
}

// parseSettings reads settingFlags.
func parseSettings(ctx *cli.Context) (o predict.Options, err error) {
	o.PowerLimit, o.Clock = energy.Watts(quantityOf(ctx, "power-limit")), energy.Hertz(quantityOf(ctx, "clock"))
	if t := energy.Seconds(quantityOf(ctx, "host-launch")); t > 0 {
		o.HostLaunch = &t
	}
	if ctx.IsSet("host-watts") {
		w := energy.Watts(ctx.Float64("host-watts"))
		if !(w >= 0 && w <= 1e5) { // NaN neither
			return o, usagef("--host-watts %v: want a power between 0 and 100000 W", float64(w))
		}
		o.HostWatts = &w
	}
	switch b := ctx.String("boundary"); b {
	case "":
	case "board":
		o.Boundary = energy.BoundaryBoard
	case "plug", string(energy.BoundaryWall):
		o.Boundary = energy.BoundaryWall
	default:
		return o, usagef("--boundary %s: want board or plug", b)
	}
	return o, nil
}

// settingsText spells the flags that set the same.
func settingsText(o *predict.Options) string {
	var b strings.Builder
	if o.PowerLimit != 0 {
		fmt.Fprintf(&b, " --power-limit %v", float64(o.PowerLimit))
	}
	if o.Clock != 0 {
		fmt.Fprintf(&b, " --clock %vHz", float64(o.Clock))
	}
	if o.Boundary != "" {
		fmt.Fprintf(&b, " --boundary %s", o.Boundary)
	}
	if t := o.HostLaunch; t != nil {
		fmt.Fprintf(&b, " --host-launch %vns", float64(*t)*1e9)
	}
	if w := o.HostWatts; w != nil {
		fmt.Fprintf(&b, " --host-watts %v", float64(*w))
	}
	return b.String()
}
