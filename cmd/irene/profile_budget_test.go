//go:build cgo && linux

package main

import (
	"strings"
	"testing"
	"time"
)

// TestProfileBudgetHolds: a library or a driver that hangs, while it is loaded or later, costs no more than the budget and the
// overtime.
func TestProfileBudgetHolds(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name     string
		budget   time.Duration
		settings []string
		more     []string
		status   int
		want     string
	}{
		{"the library, while it is loaded", time.Second, []string{"FAKE_ORT_LOAD=hang"}, nil, exitFailed, "--budget 1s was spent before anything was measured"},
		{"the provider", time.Second, []string{"FAKE_ORT_FAULT=hang@Identity"}, nil, exitFailed, "--budget 1s was spent before anything was measured"},
		{"a model", 7 * time.Second, []string{"FAKE_ORT_FAULT=hang@MatMul"}, nil, exitFailed, "the time was up before it was measured"},
		{"a run", 7 * time.Second, []string{"FAKE_ORT_FAULT=hang@MatMul:5"}, nil, exitFailed, "the time was up before it was measured"},
		{"the driver", time.Second, []string{"FAKE_NVML_INIT=-1"}, nil, exitFailed, "--budget 1s: what was under way does not end"},
		{"the library, for a dry run", time.Second, []string{"FAKE_ORT_LOAD=hang"}, []string{"--dry-run"}, exitFailed, "--budget 1s was spent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := b.with(t)
			args := b.quick("tiny.onnx", append(c.more, "--budget", c.budget.String(), "--windows", "1", "--window", "20ms", "--level", "model")...)
			if len(c.more) == 0 {
				args = append(args, "-o", strings.ReplaceAll(c.name, " ", "-")+".jsonl")
			}
			begin := time.Now()
			status, _, stderr := b.irene(c.settings, args...)
			if took := time.Since(begin); took > c.budget+overtime+ending+time.Second {
				t.Errorf("it took %v", took)
			} else {
				t.Logf("%v", took)
			}
			if status != c.status || !strings.Contains(stderr, c.want) {
				t.Errorf("exit status %d, want %d and %q in\n%s", status, c.status, c.want, stderr)
			}
			for _, line := range strings.Split(strings.TrimSpace(stderr), "\n") {
				if !strings.HasPrefix(line, "irene: ") {
					t.Errorf("a line that is not irene's: %q", line)
				}
			}
		})
	}
}
