package profiler

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/irene-onnx/irene/energy"
)

// Order is the order in which to measure tasks: shuffled, so that what drifts does not look like a property of the tasks
// that happen to stand together, and then, where time is limited, those with the larger Gain first. Equal seeds shuffle
// alike. The argument is left as it is.
func Order(tasks []Task, seed uint64, limited bool) []Task {
	out := slices.Clone(tasks)
	r := rand.New(rand.NewPCG(seed, 3))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	if limited {
		slices.SortStableFunc(out, func(a, b Task) int { return cmp.Compare(b.Gain, a.Gain) })
	}
	return out
}

// Shard is part i of n of the tasks, i from 1, for machines that share the work. The same task is in the same part
// whatever the other tasks are, and whatever the device. Anchors are in every part.
func Shard(tasks []Task, i, n int) ([]Task, error) {
	if n < 1 || i < 1 || i > n {
		return nil, fmt.Errorf("part %d of %d: want 1 to %d", i, n, max(1, n))
	}
	var out []Task
	for _, t := range tasks {
		r := t.Record
		r.Device, r.Runtime, r.Boundary = energy.RecordDevice{}, energy.Runtime{}, ""
		h := fnv.New64a()
		fmt.Fprint(h, r.Key())
		if t.Anchor || h.Sum64()%uint64(n) == uint64(i-1) {
			out = append(out, t)
		}
	}
	return out, nil
}
