package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// upTo are the sizes from step on, step apart.
func upTo(high, step int64) (sizes []int64) {
	for n := step; n <= high; n += step {
		sizes = append(sizes, n)
	}
	return sizes
}

// TestSizeAxis: geometric sizes take logarithms and even ones do not; each size is a tick, unless they are very many, and labels
// keep apart, at round sizes where not all have room.
func TestSizeAxis(t *testing.T) {
	for _, tt := range []struct {
		name        string
		sizes       []int64
		logarithmic bool
		labels      string // "" for no text; the largest always has one
	}{
		{"doubling", []int64{1, 2, 4, 8, 16, 32, 64}, true, "1 2 4 8 16 32 64"},
		{"even", []int64{128, 256, 384, 512}, false, "128 256 384 512"},
		{"even from small", []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, false, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"},
		{"unordered", []int64{512, 1, 32, 1}, true, "1 32 512"},
		{"two near", []int64{128, 512}, false, "128 512"},
		{"two far", []int64{1, 512}, true, "1 512"},
		{"one", []int64{7}, false, "7"},
		{"many", upTo(512, 1), false, "50 100 150 200 250 300 350 400 450 512"},
		{"more than labels", upTo(24, 1), false, "- 2 - 4 - 6 - 8 - 10 - 12 - 14 - 16 - 18 - 20 - 22 - 24"},
		{"crowded", []int64{1, 1000, 1001, 1002, 2000}, false, "1 - - 1002 2000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlot()
			sizeAxis(&p.X, tt.sizes)
			if _, got := p.X.Scale.(plot.LogScale); got != tt.logarithmic {
				t.Errorf("logarithmic: %v", got)
			}
			var labels []string
			for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
				if !(p.X.Min < tick.Value && tick.Value < p.X.Max) {
					t.Errorf("%v lies outside of %v to %v", tick.Value, p.X.Min, p.X.Max)
				}
				if tick.Label == "" {
					tick.Label = "-"
				}
				labels = append(labels, tick.Label)
			}
			if got := strings.Join(labels, " "); got != tt.labels {
				t.Errorf("labels %s, want %s", got, tt.labels)
			}
		})
	}
}

// TestRoundTicks: between two and six labels at multiples of 1, 2 or 5, whatever the range.
func TestRoundTicks(t *testing.T) {
	for _, r := range [][2]float64{{0, 1}, {0.0031, 0.0142}, {17, 1100}, {5.9, 6.1}, {1e-9, 9e-9}} {
		ticks := roundTicks{}.Ticks(r[0], r[1])
		if len(ticks) < 2 || len(ticks) > 7 {
			t.Errorf("%v: %v", r, ticks)
			continue
		}
		step := ticks[1].Value - ticks[0].Value
		if head := step / math.Pow(10, math.Floor(math.Log10(step*1.0001))); math.Abs(head-math.Round(head)) > 1e-6 || !strings.Contains("1 2 5", string('0'+rune(math.Round(head)))) {
			t.Errorf("%v: step %g", r, step)
		}
		for _, tick := range ticks {
			if tick.Value < r[0] || tick.Value > r[1] {
				t.Errorf("%v: tick at %g", r, tick.Value)
			}
		}
	}
}

func TestShortest(t *testing.T) {
	for text, want := range map[string]string{"9.00 mJ": "9 mJ", "10.0 ms": "10 ms", "500 mJ": "500 mJ", "0.150 J": "0.15 J", "0 J": "0 J"} {
		if got := shortest(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestNameFronts: the ends of a line are named, one name stands for a line without extent, and no two names run into each other,
// by the size that their type has.
func TestNameFronts(t *testing.T) {
	p := newPlot()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 10, 0, 10
	slope, point := &frontLine{style: lineStyle([]*line{{}}, 0)}, &frontLine{style: lineStyle([]*line{{}}, 0)}
	for i := range 40 {
		slope.all, slope.names = append(slope.all, plotter.XY{X: 1 + float64(i)/5, Y: 9 - float64(i)/5}), append(slope.names, fmt.Sprintf("%d W", 100+10*i))
		point.all, point.names = append(point.all, plotter.XY{X: 2, Y: 2}), append(point.names, fmt.Sprintf("%d W", 100+10*i))
	}
	n := nameFronts(p, []*frontLine{slope, point, {}})
	for _, want := range []string{"100 W", "490 W", "100 W … 490 W"} {
		if !slices.Contains(n.labels.Labels, want) {
			t.Errorf("no %s among %v", want, n.labels.Labels)
		}
	}
	if len(n.labels.Labels) < 10 || len(n.labels.Labels) > 40 {
		t.Errorf("%d names: %v", len(n.labels.Labels), n.labels.Labels)
	}
	var drawn []vg.Rectangle
	for i, text := range n.labels.Labels {
		at := vg.Point{X: frontWidth * vg.Length(n.labels.XYs[i].X/10), Y: frontHeight * vg.Length(n.labels.XYs[i].Y/10)}
		r := n.labels.TextStyle[i].Rectangle(text)
		r = vg.Rectangle{Min: r.Min.Add(at), Max: r.Max.Add(at)}
		for k, o := range drawn {
			if r.Min.X < o.Max.X && o.Min.X < r.Max.X && r.Min.Y < o.Max.Y && o.Min.Y < r.Max.Y {
				t.Errorf("%s runs into %s", text, n.labels.Labels[k])
			}
		}
		drawn = append(drawn, r)
	}
}
