package sweep

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy/internal/energytest"
)

// TestEstimate: the intervals of a row are those of the analysis at its sizes, whether closed forms hold or not, and the
// energy in them is the row's.
func TestEstimate(t *testing.T) {
	for _, model := range []string{"bert-base", "qwen2-3layers-decode"} {
		dims := map[string][]string{"bert-base": {"batch", "sequence"}, "qwen2-3layers-decode": {"batch", "past_sequence"}}[model]
		s := over(t, energytest.Shared(t, model), dims, []int64{1, 32}, []int64{64, 512}, targets(t, "gtx-1070", "h100-sxm"))
		rows, _ := run(t, s, Request{Axes: [][]int64{{1, 8, 64}, {32, 500}}})
		for _, r := range rows {
			got, err := s.Estimate(r)
			if err != nil {
				t.Fatal(err)
			}
			direct := *s.Grids[s.Settings[r.Setting].grid]
			direct.Direct = "for the test"
			want, err := direct.estimate(r.Values, s.Settings[r.Setting].target)
			if err != nil {
				t.Fatal(err)
			}
			near := func(a, b float64) bool { return math.Abs(a-b) <= closeness*math.Abs(b) }
			if !near(float64(got.Energy), float64(r.Energy)) || !near(float64(got.Low), float64(want.Low)) || !near(float64(got.High), float64(want.High)) {
				t.Errorf("%s at %v: %v in %v to %v, want %v in %v to %v", model, r.Values, got.Energy, got.Low, got.High, r.Energy, want.Low, want.High)
			}
			if !(got.Low < got.Energy && got.Energy < got.High) {
				t.Errorf("%s at %v: %v does not lie in %v to %v", model, r.Values, got.Energy, got.Low, got.High)
			}
		}
	}
}
