package compare

import (
	"slices"
	"testing"
)

// TestSearch: where straight lines and steps cross, worked out by hand.
func TestSearch(t *testing.T) {
	line := func(at, slope float64) Cost {
		return func(n int64) (float64, bool) { return at + slope*float64(n), true }
	}
	steps := func(n int64) (float64, bool) { return float64((n + 99) / 100 * 100), true }
	for _, tt := range []struct {
		name   string
		a, b   Cost
		sizes  []int64
		closed bool
		want   Crossing
	}{
		{"lines", line(1000, 1), line(0, 2), []int64{1, 1 << 30}, true, Crossing{Cheaper: 1, Changes: []Switch{{From: 1001, Cheaper: 0}}}},
		{"lines between points", line(1000, 1), line(0, 2), []int64{1, 512, 4096}, false, Crossing{Cheaper: 1, Changes: []Switch{{From: 1001, Cheaper: 0}}}},
		{"never", line(0, 1), line(0, 2), []int64{1, 4096}, true, Crossing{Cheaper: 0}},
		{"equal", line(0, 1), line(0, 1), []int64{1, 4096}, true, Crossing{Cheaper: -1}},
		{"equal at first", line(1, 1), line(0, 2), []int64{1, 4096}, true, Crossing{Cheaper: 0}},
		{"there and back, seen by the closed form alone", steps, line(50, 1), []int64{40, 160}, true, Crossing{Cheaper: 1, Changes: []Switch{{From: 51, Cheaper: 0}, {From: 101, Cheaper: 1}, {From: 151, Cheaper: 0}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Crossing{Models: [2]int{0, 1}, Closed: tt.closed}
			got.Search(tt.a, tt.b, tt.sizes)
			if got.Cheaper != tt.want.Cheaper || !slices.Equal(got.Changes, tt.want.Changes) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
