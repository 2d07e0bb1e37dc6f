package analysis

import (
	"math"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// looked is how many elements of a tensor are looked at to see what it is made of.
const looked = 4096

// isComputed reports whether the elements of a tensor, so far as they are at hand, are computed and not learned: the
// sinusoids of positions, and where its name says nothing the ones and zeros of a mask or an identity.
func isComputed(w weight, said verdict) bool {
	return sinusoids(w) || said == saysNothing && isMask(w.tensor)
}

// isInitialState reports whether a tensor is what a state is before the first token: zeros for heads, rows and columns.
func isInitialState(t *graph.Tensor) bool { return wideAxes(t) > 2 && allAre(t, 0) }

// sinusoids reports whether a table holds sin and cos of the same angles in each row, side by side or half by half
// (https://arxiv.org/abs/1706.03762, section 3.5). One that PyTorch keeps as the weight of an embedding is a parameter
// all the same. Rows of padding are zeros.
func sinusoids(w weight) bool {
	t := w.tensor
	if !t.DType.IsFloat() || wideAxes(t) != 2 || strings.HasSuffix(w.stored.Local, ".weight") {
		return false
	}
	wide := t.Dims[len(t.Dims)-1]
	rows := min(looked/max(1, wide), t.Len()/max(1, wide))
	if wide < 4 || wide%2 != 0 || rows < 2 {
		return false
	}
	hold := func(rows int64) bool {
		all, err := t.Head(rows * wide)
		return err == nil && (allRows(all, wide, func(i int64) (int64, int64) { return 2 * i, 2*i + 1 }) ||
			allRows(all, wide, func(i int64) (int64, int64) { return i, i + wide/2 }))
	}
	return hold(min(rows, 4)) && hold(rows) // few tables get past the first
}

// allRows reports whether in rows of a length all pairs are a sine and a cosine, and not those of the same angle everywhere.
func allRows(all []float64, wide int64, pair func(i int64) (int64, int64)) bool {
	const tolerance = 1e-2 // bfloat16 holds three digits
	differ := false
	for at := int64(0); at < int64(len(all)); at += wide {
		row := all[at : at+wide]
		if !slices.ContainsFunc(row, func(x float64) bool { return x != 0 }) {
			continue
		}
		for i := range wide / 2 {
			a, b := pair(i)
			if math.Abs(row[a]*row[a]+row[b]*row[b]-1) > tolerance {
				return false
			}
		}
		differ = differ || !slices.Equal(row, all[:wide])
	}
	return differ
}

// isMask reports whether a tensor holds zeros and ones, and both.
func isMask(t *graph.Tensor) bool {
	if wideAxes(t) < 2 {
		return false
	}
	all, err := t.Reals(looked)
	return err == nil && slices.Contains(all, 0) && slices.Contains(all, 1) &&
		!slices.ContainsFunc(all, func(x float64) bool { return x != 0 && x != 1 })
}

// allAre reports whether the elements of a tensor are known to be equal to x.
func allAre(t *graph.Tensor, x float64) bool {
	all, err := t.Reals(looked)
	return err == nil && !slices.ContainsFunc(all, func(y float64) bool { return y != x })
}
