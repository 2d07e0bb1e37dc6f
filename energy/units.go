package energy

import (
	"fmt"
	"math"
	"strconv"
)

// Quantities in SI base units.
type (
	Joules         float64 // energy
	Watts          float64 // power
	Seconds        float64 // time
	Hertz          float64 // clock frequency
	BytesPerSecond float64 // memory bandwidth
	FLOPsPerSecond float64 // arithmetic throughput; a multiply-accumulate is two operations
	Celsius        float64 // temperature
)

// Times is the energy that the power w spends in t.
func (w Watts) Times(t Seconds) Joules { return Joules(float64(w) * float64(t)) }

// Over is the mean power that spends e in t; not finite when t is zero.
func (e Joules) Over(t Seconds) Watts { return Watts(float64(e) / float64(t)) }

// Time is how long moving that many bytes takes at b.
func (b BytesPerSecond) Time(bytes float64) Seconds { return Seconds(bytes / float64(b)) }

// Time is how long that many floating-point operations take at f.
func (f FLOPsPerSecond) Time(flops float64) Seconds { return Seconds(flops / float64(f)) }

// String prints three significant digits: "12.3 mJ".
func (e Joules) String() string { return format(float64(e), "J", decimal, -3, 3, 3) }

// String prints three significant digits: "250 W".
func (w Watts) String() string { return format(float64(w), "W", decimal, -1, 2, 3) }

// String prints three significant digits: "14.7 ms". Seconds are the largest unit.
func (t Seconds) String() string { return format(float64(t), "s", decimal, -3, 0, 3) }

// String prints four significant digits: "1.683 GHz".
func (f Hertz) String() string { return format(float64(f), "Hz", decimal, 0, 4, 4) }

// String prints four significant digits with decimal prefixes: "1.555 TB/s".
func (b BytesPerSecond) String() string { return format(float64(b), "B/s", decimal, 0, 5, 4) }

// String prints four significant digits: "19.50 TFLOP/s".
func (f FLOPsPerSecond) String() string { return format(float64(f), "FLOP/s", decimal, 0, 6, 4) }

// String prints whole degrees: "61 °C".
func (c Celsius) String() string { return strconv.FormatFloat(float64(c), 'f', 0, 64) + " °C" }

// FormatCount prints a number of operations with four significant digits and a decimal prefix ("109.5 M");
// whole numbers below a thousand are printed as they are ("768").
func FormatCount(n float64) string { return format(n, "", decimal, 0, 6, 4) }

// FormatParameters prints a number of parameters with three significant digits, in the words in which models are called by
// their size: thousands, millions, billions and trillions ("8.03 B").
func FormatParameters(n float64) string { return format(n, "", sizes, 0, 4, 3) }

// FormatCountOf prints a number of operations with their unit ("10.98 GFLOP").
func FormatCountOf(n float64, unit string) string { return format(n, unit, decimal, 0, 6, 4) }

// FormatBytes prints a number of bytes in powers of 1000, as bandwidths are given ("437.9 MB").
func FormatBytes(n float64) string { return format(n, "B", decimal, 0, 6, 4) }

// FormatBinaryBytes prints a number of bytes in powers of 1024, as memories are built ("80.00 GiB").
func FormatBinaryBytes(n float64) string { return format(n, "B", binary, 0, 6, 4) }

// scale is a family of prefixes, each base times the one before.
type scale struct {
	base     float64
	prefixes string // one character each, from nano upwards; the fourth is a blank: no prefix
	suffix   string // stands between a prefix and the unit
}

var (
	decimal = scale{base: 1000, prefixes: "nµm kMGTPE"}
	sizes   = scale{base: 1000, prefixes: "nµm kMBT"}
	binary  = scale{base: 1024, prefixes: "nµm KMGTPE", suffix: "i"}
)

// format prints v with that many significant digits and the largest prefix from powers lo to hi of the scale's base
// that leaves at least 1 before the point. A value rounded up to the base takes the next prefix: 999.96 J is "1.00 kJ".
func format(v float64, unit string, s scale, lo, hi, digits int) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return join(strconv.FormatFloat(v, 'g', -1, 64), unit)
	}
	power := lo
	scaled := v / math.Pow(s.base, float64(lo))
	for power < hi && math.Abs(significant(scaled, digits)) >= s.base {
		power++
		scaled = v / math.Pow(s.base, float64(power))
	}
	if power == 0 && lo == 0 && v == math.Trunc(v) {
		return join(strconv.FormatFloat(v, 'f', -1, 64), unit)
	}
	return join(fixed(scaled, digits), s.prefix(power)+unit)
}

// prefix is the text before the unit for a power of the base.
func (s scale) prefix(power int) string {
	if power == 0 {
		return ""
	}
	return string([]rune(s.prefixes)[power+3]) + s.suffix
}

// significant rounds v to that many significant digits.
func significant(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v // out of range: too large to round
	}
	return r
}

// fixed prints v with that many significant digits and no exponent, unless it is below a thousandth.
func fixed(v float64, digits int) string {
	r := significant(v, digits)
	if math.Abs(r) < 1e-3 {
		return strconv.FormatFloat(r, 'g', digits, 64)
	}
	whole := 1 // digits before the point; zero or less below 1
	for x := math.Abs(r); x >= 10; x /= 10 {
		whole++
	}
	for x := math.Abs(r); x < 1; x *= 10 {
		whole--
	}
	if whole >= digits {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(r, 'f', digits-whole, 64)
}

// join puts a blank between a number and its unit, where there is one.
func join(number, unit string) string {
	if unit == "" {
		return number
	}
	return number + " " + unit
}

// The powers that a machine with one accelerator may draw: a measurement outside is a slip of units.
const (
	leastPower Watts = 0.01
	mostPower  Watts = 1e5
)

// Plausible refuses an energy and a time that no measured machine can have together.
func Plausible(e Joules, t Seconds) error {
	if w := e.Over(t); w < leastPower || w > mostPower {
		return fmt.Errorf("%v in %v is %v: no measurement of a machine with one accelerator", e, t, w)
	}
	return nil
}
