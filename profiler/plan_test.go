package profiler_test

import (
	"slices"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

func names(list []profiler.Task) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Record.Path)
	}
	return out
}

func TestOrder(t *testing.T) {
	list := tasks(20)
	before := names(list)
	one, two := names(profiler.Order(list, 1, false)), names(profiler.Order(list, 2, false))
	if slices.Equal(one, before) || slices.Equal(one, two) || !slices.Equal(one, names(profiler.Order(list, 1, false))) {
		t.Errorf("orders %q and %q", one, two)
	}
	if slices.Sort(one); !slices.Equal(one, slices.Sorted(slices.Values(before))) {
		t.Errorf("not the same tasks: %q", one)
	}
	slices.Reverse(list)
	if got := names(profiler.Order(list, 1, true)); !slices.Equal(got, before) {
		t.Errorf("by gain: %q", got)
	}
	slices.Reverse(list)
	if !slices.Equal(names(list), before) {
		t.Error("the argument changed")
	}
}

// TestShard holds that parts share the tasks out, each once, wherever it is asked, and anchors to all.
func TestShard(t *testing.T) {
	list := append(tasks(60), anchor(task("a", medium())))
	var all []string
	for i := 1; i <= 3; i++ {
		part, err := profiler.Shard(list, i, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) < 10 || len(part) > 31 {
			t.Errorf("part %d has %d of 61 tasks", i, len(part))
		}
		if part[len(part)-1].Record.Path != "a" {
			t.Errorf("part %d has no anchor", i)
		}
		all = append(all, names(part[:len(part)-1])...)
	}
	if slices.Sort(all); !slices.Equal(all, slices.Sorted(slices.Values(names(tasks(60))))) {
		t.Errorf("together: %q", all)
	}
	elsewhere := slices.Clone(list[10:20])
	for i := range elsewhere {
		elsewhere[i].Record.Device = energy.RecordDevice{UUID: "GPU-other"}
	}
	part, _ := profiler.Shard(list, 2, 3)
	moved, _ := profiler.Shard(elsewhere, 2, 3)
	for _, name := range names(elsewhere) {
		if slices.Contains(names(part), name) != slices.Contains(names(moved), name) {
			t.Errorf("%s changes its part with the device", name)
		}
	}
	for _, bad := range [][2]int{{0, 3}, {4, 3}, {1, 0}, {-1, -1}} {
		if _, err := profiler.Shard(list, bad[0], bad[1]); err == nil {
			t.Errorf("part %d of %d is no error", bad[0], bad[1])
		}
	}
}
