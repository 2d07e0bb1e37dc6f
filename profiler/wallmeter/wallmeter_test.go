package wallmeter

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// noon is 1772366400 seconds after 1970.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func logFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wall.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEnergyBetween: 100 W for 2 s, then up to 200 W within 2 s, then a gap of 6 s, then 50 W.
func TestEnergyBetween(t *testing.T) {
	for name, text := range map[string]string{
		"seconds":  "1772366400,100\n1772366402,100\n1772366404.0,200\n1772366410,50\n1772366411,50\n",
		"RFC 3339": "time,power [W]\r\n2026-03-01T12:00:00Z, 100\r\n2026-03-01T13:00:02.000+01:00,100.0\r\n\r\n# a remark, with a comma\r\n2026-03-01T12:00:04Z,2e2\r\n2026-03-01T12:00:10Z,50\r\n2026-03-01T12:00:11Z,50\r\n",
	} {
		l, err := Open(logFile(t, text))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			from, to float64 // seconds after noon
			want     float64 // J; negative where there is no answer
		}{
			{0, 2, 200},
			{0, 4, 500},
			{0.5, 1.25, 75},
			{1, 3, 100 + 125},     // 100 to 150 W in the second half
			{3, 3.5, 0.5 * 162.5}, // 150 to 175 W
			{2, 2.0001, 1e-4 * 100.0025},
			{10, 11, 50},
			{10.25, 10.5, 12.5},
			{4, 5, -1}, // in the gap
			{3, 10.5, -1},
			{-1, 1, -1},
			{10, 11.5, -1},
			{12, 13, -1},
			{2, 2, -1},
			{3, 1, -1},
		} {
			at := func(s float64) time.Time { return noon.Add(time.Duration(math.Round(s * 1e9))) }
			got, ok := l.EnergyBetween(at(c.from), at(c.to))
			if ok != (c.want >= 0) || ok && math.Abs(float64(got)-c.want) > 1e-6*c.want {
				t.Errorf("%s, %v to %v: %v, %t; want %v J", name, c.from, c.to, float64(got), ok, c.want)
			}
		}
	}
	empty, err := Open(logFile(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := empty.EnergyBetween(noon, noon.Add(time.Second)); ok {
		t.Error("an empty log has an energy")
	}
}

// TestEnergyBetweenStep: two readings at one time are a step.
func TestEnergyBetweenStep(t *testing.T) {
	l, err := Open(logFile(t, "1772366400,100\n1772366401,100\n1772366401,300\n1772366402,300\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want float64 }{{0, 2, 400}, {0, 1, 100}, {1, 2, 300}} {
		got, ok := l.EnergyBetween(noon.Add(time.Duration(c.from*1e9)), noon.Add(time.Duration(c.to*1e9)))
		if !ok || float64(got) != c.want {
			t.Errorf("%v to %v: %v, %t; want %v", c.from, c.to, got, ok, c.want)
		}
	}
}

// TestRefresh: a log that grows while it is read, within a number too.
func TestRefresh(t *testing.T) {
	path := logFile(t, "1772366400,100\n1772366401,1")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.EnergyBetween(noon, noon.Add(time.Second)); ok {
		t.Error("half a number was taken for a reading")
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, more := range []string{"00\n", "", "1772366402,300\nbad\n"} {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(more); err != nil {
			t.Fatal(err)
		}
		err = l.Refresh()
	}
	if want := noon.Add(2 * time.Second); !l.Until().Equal(want) {
		t.Errorf("until %v, want %v", l.Until(), want)
	}
	if bad := (*energy.SyntaxError)(nil); !errors.As(err, &bad) || bad.Line != 4 {
		t.Errorf("error %v, want one of line 4", err)
	}
	if got, ok := l.EnergyBetween(noon, noon.Add(2*time.Second)); !ok || got != 300 {
		t.Errorf("%v, %t; want 100 J and 200 J", got, ok)
	}
}

func TestOpenErrors(t *testing.T) {
	for line, want := range map[string]string{
		"12:00,5":          `"12:00" is no time; want 2026-03-01T12:00:00Z or seconds since 1970`,
		"1772366401":       `"1772366401" is not time,watts`,
		"1772366401;12,5":  `"1772366401;12" is no time; want 2026-03-01T12:00:00Z or seconds since 1970`,
		"1772366401,12,5":  `"1772366401,12,5" is not time,watts`,
		"1772366401000,12": `"1772366401000" is no time in seconds since 1970`,
		"-1,12":            `"-1" is no time in seconds since 1970`,
		"NaN,12":           `"NaN" is no time in seconds since 1970`,
		"1772366401,-3":    `"-3" are no watts`,
		"1772366401,NaN":   `"NaN" are no watts`,
		"1772366401,Inf":   `"Inf" are no watts`,
		"1772366401,":      `"" are no watts`,
		"1772366399,12":    "1772366399 is before the line above: a log goes forward",
		"time,watts":       `"time" is no time; want 2026-03-01T12:00:00Z or seconds since 1970`,
	} {
		path := logFile(t, "time,watts\n\n1772366400,100\n"+line+"\n")
		_, err := Open(path)
		if err == nil || err.Error() != fmt.Sprintf("%s:4: %s", path, want) {
			t.Errorf("%s: %v; want %s", line, err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log that is not there: %v", err)
	}
}
