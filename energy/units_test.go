package energy

import (
	"fmt"
	"math"
	"testing"
)

func TestUnitStrings(t *testing.T) {
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{Joules(0), "0 J"},
		{Joules(4.038110785), "4.04 J"},
		{Joules(0.0306), "30.6 mJ"},
		{Joules(1.7e-5), "17.0 µJ"},
		{Joules(2.5e-8), "25.0 nJ"},
		{Joules(2.5e-13), "0.00025 nJ"},
		{Joules(1000), "1.00 kJ"},
		{Joules(999.4), "999 J"},
		{Joules(999.96), "1.00 kJ"}, // rounding carries into the next prefix
		{Joules(3.6e6), "3.60 MJ"},
		{Joules(-0.5), "-500 mJ"},
		{Joules(math.NaN()), "NaN J"},
		{Joules(math.Inf(1)), "+Inf J"},
		{Watts(250), "250 W"},
		{Watts(0.02), "20.0 mW"},
		{Watts(1.2e4), "12.0 kW"},
		{Seconds(0.014718), "14.7 ms"},
		{Seconds(7.31e-6), "7.31 µs"},
		{Seconds(3e-9), "3.00 ns"},
		{Seconds(9.9996e-4), "1.00 ms"},
		{Seconds(1.5), "1.50 s"},
		{Seconds(5400), "5400 s"},
		{Hertz(1.683e9), "1.683 GHz"},
		{BytesPerSecond(1.555e12), "1.555 TB/s"},
		{BytesPerSecond(9.36e11), "936.0 GB/s"},
		{FLOPsPerSecond(1.95e13), "19.50 TFLOP/s"},
		{FLOPsPerSecond(2.25e15), "2.250 PFLOP/s"},
		{Celsius(61.4), "61 °C"},
	} {
		if got := c.value.String(); got != c.want {
			t.Errorf("%T(%g) prints %q, want %q", c.value, c.value, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		format func(float64) string
		value  float64
		want   string
	}{
		{FormatCount, 0, "0"},
		{FormatCount, 768, "768"},
		{FormatCount, 1000, "1.000 k"},
		{FormatCount, 109482240, "109.5 M"},
		{FormatCount, 99999, "100.0 k"},
		{FormatCount, 22.35e9, "22.35 G"},
		{FormatCount, 1.5, "1.500"},
		{FormatParameters, 768, "768"},
		{FormatParameters, 109482240, "109 M"},
		{FormatParameters, 8030261248, "8.03 B"},
		{FormatParameters, 999.96e9, "1.00 T"},
		{FormatBytes, 512, "512 B"},
		{FormatBytes, 437928960, "437.9 MB"},
		{FormatBinaryBytes, 80 << 30, "80.00 GiB"},
		{FormatBinaryBytes, 2816 << 10, "2.750 MiB"},
		{FormatBinaryBytes, 1<<30 - 1, "1.000 GiB"},
		{FormatBinaryBytes, 1023, "1023 B"},
	} {
		if got := c.format(c.value); got != c.want {
			t.Errorf("%g prints %q, want %q", c.value, got, c.want)
		}
	}
}

func TestUnitArithmetic(t *testing.T) {
	if got := Watts(250).Times(4); got != 1000 {
		t.Errorf("250 W for 4 s = %v, want 1 kJ", got)
	}
	if got := Joules(1000).Over(4); got != 250 {
		t.Errorf("1 kJ in 4 s = %v, want 250 W", got)
	}
	if got := BytesPerSecond(320e9).Time(160e9); got != 0.5 {
		t.Errorf("160 GB at 320 GB/s = %v, want 0.5 s", got)
	}
	if got := FLOPsPerSecond(8e12).Time(4e12); got != 0.5 {
		t.Errorf("4 TFLOP at 8 TFLOP/s = %v, want 0.5 s", got)
	}
}

func TestPlausible(t *testing.T) {
	for _, c := range []struct {
		j  Joules
		s  Seconds
		ok bool
	}{{27, 0.092, true}, {0.5e-3, 3e-3, true}, {1e-9, 1e6, false}, {1e300, 0.1, false}, {5, 1e-6, false}} {
		if err := Plausible(c.j, c.s); (err == nil) != c.ok {
			t.Errorf("%v in %v: %v", c.j, c.s, err)
		}
	}
}
