package compare

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// Crossing is where another model becomes the cheaper one, as one dim grows. Models go by their places in the list.
type Crossing struct {
	Metric  string       `json:"metric"`      // its key
	Dim     string       `json:"dim"`         // that grows
	Models  [2]int       `json:"models"`      // the two that are compared
	Low     int64        `json:"low"`         // smallest size that was looked at
	High    int64        `json:"high"`        // largest size that was looked at
	Others  string       `json:"others"`      // the dims that vary besides, at their values
	Closed  bool         `json:"closed_form"` // from closed forms, at every size; else only between points that disagree
	Cheaper render.Index `json:"cheaper"`     // at the low end; none: equal
	Changes []Switch     `json:"changes"`     // in order
}

// Switch says which model is the cheaper one from a size on.
type Switch struct {
	From    int64        `json:"from"`    // size of the dim
	Cheaper render.Index `json:"cheaper"` // model
}

// Cost is a model's number at a size of the dim that grows; false where it is not known.
type Cost func(size int64) (float64, bool)

const (
	mostScanned = 4096 // sizes at which closed forms are evaluated before the search narrows down
	rounding    = 1e-9 // what closed forms and analyses may differ by
)

// Search looks for sizes at which the other of two models becomes the cheaper one. Closed forms are looked at over the whole
// range, at a limited number of sizes; else only between neighbouring sizes that were asked for, which ascend. It halves the
// gap between two sizes that disagree.
func (c *Crossing) Search(a, b Cost, sizes []int64) {
	c.Low, c.High = sizes[0], sizes[len(sizes)-1]
	at := sizes
	if c.Closed {
		step := max(1, (c.High-c.Low)/mostScanned)
		at = slices.Clone(sizes)
		for s := c.Low; s < c.High; s += step {
			at = append(at, s)
		}
		slices.Sort(at)
		at = slices.Compact(at)
	}
	c.Cheaper = c.cheaper(a, b, at[0])
	now := c.Cheaper
	for i, high := range at[1:] {
		next := c.cheaper(a, b, high)
		if next == now || next < 0 {
			continue
		}
		for low := at[i]; high-low > 1; {
			if mid := low + (high-low)/2; c.cheaper(a, b, mid) == next {
				high = mid
			} else {
				low = mid
			}
		}
		if now >= 0 {
			c.Changes = append(c.Changes, Switch{From: high, Cheaper: next})
		} else {
			c.Cheaper = next
		}
		now = next
	}
}

// cheaper is the model that takes less at a size; none where they are equal, or one is not known.
func (c *Crossing) cheaper(a, b Cost, size int64) render.Index {
	va, okA := a(size)
	vb, okB := b(size)
	switch {
	case !okA || !okB || math.Abs(va-vb) <= rounding*max(math.Abs(va), math.Abs(vb)):
		return -1
	case va < vb:
		return render.Index(c.Models[0])
	}
	return render.Index(c.Models[1])
}
