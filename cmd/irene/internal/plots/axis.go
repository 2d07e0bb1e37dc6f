package plots

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// spread puts an axis around values, with logarithms where they go over decades.
func spread(a *plot.Axis, values []float64, text func(float64) string) {
	low, high := slices.Min(values), slices.Max(values)
	if low > 0 && high > 8*low {
		a.Scale, a.Tick.Marker = plot.LogScale{}, unitTicks{logTicks{}, text}
		a.Min, a.Max = low/1.15, high*1.15
		return
	}
	a.Tick.Marker = unitTicks{roundTicks{}, text}
	room := max(0.1*(high-low), 0.05*high)
	a.Min, a.Max = max(0, low-room), high+room
}

// unitTicks labels the ticks of others with their unit.
type unitTicks struct {
	plot.Ticker
	text func(float64) string
}

// Ticks lists the marks between two values.
func (u unitTicks) Ticks(low, high float64) []plot.Tick {
	out := u.Ticker.Ticks(low, high)
	for i := range out {
		if out[i].Label != "" {
			out[i].Label = shortest(u.text(out[i].Value))
		}
	}
	return out
}

// shortest leaves out the zeros that a number with a unit ends in: "9.00 mJ" is "9 mJ".
func shortest(text string) string {
	number, unit, _ := strings.Cut(text, " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return number + " " + unit
}

// logTicks labels powers of ten and, where there are few of them, their doubles and fives.
type logTicks struct{}

// Ticks lists the marks between two values.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	decades := math.Log10(high / low)
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for k := 1; k <= 9; k++ {
			v := float64(k) * math.Pow(10, e)
			if v < low || v > high {
				continue
			}
			t := plot.Tick{Value: v}
			if k == 1 || decades < 3 && (k == 2 || k == 5) || decades < 0.7 {
				t.Label = fmt.Sprintf("%.4g", v)
			}
			out = append(out, t)
		}
	}
	return out
}

// roundTicks labels multiples of one, two or five times a power of ten, at most six of them.
type roundTicks struct{}

// Ticks lists the marks between two values.
func (roundTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/6)))
	for _, k := range []float64{1, 2, 5, 10} {
		if (high-low)/(k*step) <= 6 {
			step *= k
			break
		}
	}
	var out []plot.Tick
	for k := math.Ceil(low / step); k*step <= high; k++ {
		out = append(out, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step, 'g', 6, 64)})
	}
	return out
}

// sizeAxis is the scale of sizes that were asked for, which are its ticks: that of the two, linear and logarithmic, on
// which they lie more evenly. Two sizes do on both, and take logarithms where they go over decades.
func sizeAxis(a *plot.Axis, sizes []int64) {
	sorted := slices.Compact(slices.Sorted(slices.Values(sizes)))
	low, high := float64(sorted[0]), float64(sorted[len(sorted)-1])
	linear := func(v float64) float64 { return (v - low) / (high - low) }
	log := func(v float64) float64 { return math.Log(v/low) / math.Log(high/low) }
	place := linear
	if low > 0 && high > low && (uneven(sorted, log) < uneven(sorted, linear) && len(sorted) > 2 || len(sorted) == 2 && high > 8*low) {
		place, a.Scale = log, plot.LogScale{}
	}
	if a.Min, a.Max = low-0.03*(high-low), high+0.03*(high-low); low == high {
		a.Min, a.Max = low-1, high+1
	} else if _, logarithmic := a.Scale.(plot.LogScale); logarithmic {
		room := math.Pow(high/low, 0.03)
		a.Min, a.Max = low/room, high*room
	}
	a.Tick.Marker = plot.ConstantTicks(sizeTicks(sorted, place))
}

// uneven is the sum of the squares of the distances of neighbours on a scale from 0 to 1: least where all are equal.
func uneven(sorted []int64, place func(float64) float64) float64 {
	sum := 0.0
	for i := 1; i < len(sorted); i++ {
		d := place(float64(sorted[i])) - place(float64(sorted[i-1]))
		sum += d * d
	}
	return sum
}

// labelRoom is the part of an axis that the label of a size takes.
const labelRoom = 0.055

// mostTicks is how many sizes an axis has ticks of without a label.
const mostTicks = 64

// sizeTicks has a tick for each size, and labels those that do not run into the label before; the largest always. Where not all
// have room, multiples of a round number go first.
func sizeTicks(sorted []int64, place func(float64) float64) []plot.Tick {
	labelled := apart(sorted, place)
	if len(labelled) < len(sorted) {
		if round := roundSizes(sorted, place); round != nil {
			labelled = round
		}
	}
	var out []plot.Tick
	for _, n := range sorted {
		switch {
		case slices.Contains(labelled, n):
			out = append(out, plot.Tick{Value: float64(n), Label: strconv.FormatInt(n, 10)})
		case len(sorted) <= mostTicks:
			out = append(out, plot.Tick{Value: float64(n)})
		}
	}
	return out
}

// apart leaves out sizes that lie too near to a larger one.
func apart(sorted []int64, place func(float64) float64) []int64 {
	var out []int64
	last := math.Inf(1)
	for _, n := range slices.Backward(sorted) {
		if at := place(float64(n)); len(sorted) == 1 || last-at >= labelRoom {
			out, last = append(out, n), at
		}
	}
	return out
}

// roundSizes are the multiples of the smallest round number that lie apart, with the largest size, which may take the place of
// one; nil where fewer than four are swept.
func roundSizes(sorted []int64, place func(float64) float64) []int64 {
	largest := sorted[len(sorted)-1]
	for power := int64(1); power <= largest; power *= 10 {
		for _, k := range []int64{1, 2, 5} {
			var multiples []int64
			for _, n := range sorted {
				if n%(k*power) == 0 || n == largest {
					multiples = append(multiples, n)
				}
			}
			kept := apart(multiples, place)
			if len(multiples) >= 4 && len(kept) >= len(multiples)-1 {
				return kept
			}
		}
	}
	return nil
}
