package main

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/predict"
)

// settingFlags say how the device is set and what its energy covers, which predictions take from the device's row and its
// coefficients otherwise. Where many are taken, power limits and clocks are lists and ranges.
func settingFlags(many bool) []cli.Flag {
	return []cli.Flag{
		powerLimitFlag(many),
		clockFlag(many),
		suggestFlag(cli.StringFlag{Name: "boundary", DefaultText: "that of the coefficients", Usage: "what energy covers, `BOUNDARY`: WORDS"}, []string{"board", "plug"}),
		&cli.GenericFlag{Name: "host-launch", Value: &quantityFlag{parse: parseMicroseconds, want: "a time, such as 5us"}, DefaultText: "that of the runtime", Usage: "what the host takes to launch a kernel, `TIME` as 5us"},
		&cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `WATTS`, where energy is at the plug"},
	}
}

func powerLimitFlag(many bool) cli.Flag {
	f := &cli.GenericFlag{Name: "power-limit", Value: &quantityFlag{parse: parsePower, want: "a power in watts, such as 450"}, DefaultText: "the board's own", Usage: "predict under this power limit, `WATTS`"}
	if many {
		f.Value, f.Usage = &quantityFlag{parse: parsePower, want: "powers in watts, such as 300,450 or LOW:HIGH:STEP, 300:700:50", many: true}, "predict under these power limits, `WATTS,…` or LOW:HIGH:STEP"
	}
	return f
}

func clockFlag(many bool) cli.Flag {
	f := &cli.GenericFlag{Name: "clock", Value: &quantityFlag{parse: parseClock, want: "a clock with its unit, such as 1410MHz"}, DefaultText: "boost", Usage: "predict with multiprocessors held to this `CLOCK`, as 1410MHz"}
	if many {
		f.Value, f.Usage = &quantityFlag{parse: parseClock, want: "clocks with their unit, such as 990MHz,1410MHz or LOW:HIGH:STEP, 600MHz:1800MHz:300MHz", many: true}, "predict with multiprocessors held to these clocks, `CLOCK,…` or LOW:HIGH:STEP"
	}
	return f
}

// limitFlag is a limit on a time.
func limitFlag(name, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &quantityFlag{parse: parseTime, want: "a time with its unit, such as 50ms"}, DefaultText: "none", Usage: usage}
}

// quantityFlag is the value of a flag that is a number with a unit, or a list of them.
type quantityFlag struct {
	parse  func(string) (float64, bool)
	want   string
	many   bool
	values []float64 // none where the flag is not set; in the order given, each once
	text   string
}

// Set reads a positive number, or adds those of a list.
func (q *quantityFlag) Set(text string) error {
	if !q.many {
		v, ok := q.positive(text)
		if !ok {
			return errors.New("want " + q.want)
		}
		q.values, q.text = []float64{v}, text
		return nil
	}
	for _, part := range strings.Split(text, ",") {
		values, ok := q.span(strings.Split(part, ":"))
		if !ok {
			return errors.New("want " + q.want)
		}
		for _, v := range values {
			if !slices.Contains(q.values, v) {
				q.values = append(q.values, v)
			}
		}
	}
	q.text = text
	return nil
}

// positive reads one number with its unit.
func (q *quantityFlag) positive(text string) (float64, bool) {
	v, ok := q.parse(strings.TrimSpace(text))
	return v, ok && v > 0 && !math.IsInf(v, 0)
}

// span reads the fields of a number, LOW:HIGH:STEP or LOW:HIGH:xFACTOR. False where they are none, or too many numbers.
func (q *quantityFlag) span(fields []string) ([]float64, bool) {
	const most = 1000
	low, ok := q.positive(fields[0])
	if !ok || len(fields) == 1 {
		return []float64{low}, ok
	}
	if len(fields) != 3 {
		return nil, false
	}
	high, ok := q.positive(fields[1])
	if !ok || high < low {
		return nil, false
	}
	var next func(i int) float64
	if text, ok := strings.CutPrefix(strings.TrimSpace(fields[2]), "x"); ok {
		factor, err := strconv.ParseFloat(text, 64)
		if err != nil || !(factor > 1) {
			return nil, false
		}
		next = func(i int) float64 { return low * math.Pow(factor, float64(i)) }
	} else {
		step, ok := q.positive(fields[2])
		if !ok {
			return nil, false
		}
		next = func(i int) float64 { return low + float64(i)*step }
	}
	var out []float64
	for v := low; v <= high*(1+1e-12); v = next(len(out)) {
		if out = append(out, v); len(out) > most {
			return nil, false
		}
	}
	return out, true
}

// String is what was set.
func (q *quantityFlag) String() string { return q.text }

// quantityOf is the value of such a flag; zero where it is not set, takes many, or the command has none like it.
func quantityOf(ctx *cli.Context, flag string) float64 {
	if q, ok := ctx.Generic(flag).(*quantityFlag); ok && !q.many && len(q.values) > 0 {
		return q.values[0]
	}
	return 0
}

// quantitiesOf are the values of a flag that takes many; a single zero where it is not set.
func quantitiesOf(ctx *cli.Context, flag string) []float64 {
	if q, ok := ctx.Generic(flag).(*quantityFlag); ok && len(q.values) > 0 {
		return q.values
	}
	return []float64{0}
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

func parseTime(text string) (float64, bool) {
	return withUnit(text, unitOf{"ms", 1e-3}, unitOf{"us", 1e-6}, unitOf{"µs", 1e-6}, unitOf{"ns", 1e-9}, unitOf{"s", 1})
}

// parseSettings reads settingFlags, but for those that take many.
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
