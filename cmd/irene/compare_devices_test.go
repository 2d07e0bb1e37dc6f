package main

import (
	"fmt"
	"math"
	"testing"
)

// TestCompareDevices holds the batch that is found, and what a token takes there, against analyses: the next larger batch is
// too late, or does not fit.
func TestCompareDevices(t *testing.T) {
	file := fixtureFiles(t, "gpt2-past")[0]
	const itl = 10e-3
	var found struct {
		Devices []struct {
			ID, Status string
			Batch      int64
			Dims       map[string]int64
			Tokens     float64
			Energy     float64 `json:"energy_j_each"`
			Time       float64 `json:"time_s_each"`
		}
		Ranking []struct{}
	}
	runJSON(t, &found, "compare", file, "--device", "l4,h100-sxm", "--itl", fmt.Sprint(itl, "s"), "--format", "json")
	if len(found.Devices) != 2 || len(found.Ranking) != 2 {
		t.Fatalf("%+v", found)
	}
	for _, d := range found.Devices {
		at := func(batch int64) (energy, time float64, fits bool) {
			var r struct {
				Tree struct {
					Metrics struct {
						Energy float64 `json:"energy_j"`
						Time   float64 `json:"time_s"`
					}
				}
				Memory struct{ Fits bool }
			}
			args := []string{"analyze", file, "--device", d.ID, "--format", "json", "--dim", fmt.Sprintf("batch=%d", batch)}
			for name, n := range d.Dims {
				if name == "sequence" || name == "past_sequence" {
					args = append(args, "--dim", fmt.Sprintf("%s=%d", name, n))
				}
			}
			runJSON(t, &r, args...)
			return r.Tree.Metrics.Energy, r.Tree.Metrics.Time, r.Memory.Fits
		}
		energy, time, fits := at(d.Batch)
		if d.Status != "runs" || !fits || time > itl || d.Tokens != float64(d.Batch) || d.Dims["sequence"] != 1 {
			t.Errorf("%s: batch %d takes %v s: %+v", d.ID, d.Batch, time, d)
		}
		if math.Abs(d.Energy*d.Tokens-energy) > 1e-9*energy || math.Abs(d.Time*d.Tokens-time) > 1e-9*time {
			t.Errorf("%s: %v J and %v s a token, %v J and %v s of %v tokens by analyze", d.ID, d.Energy, d.Time, energy, time, d.Tokens)
		}
		if _, time, fits := at(d.Batch + 1); fits && time <= itl {
			t.Errorf("%s: batch %d was found, %d takes %v s and fits", d.ID, d.Batch, d.Batch+1, time)
		}
	}
}
