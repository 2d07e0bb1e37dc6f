package trace

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// runs finds the executions of the model, leaves the first out where there are more than two, and averages the rest. Runs
// that do not make the same calls are not averaged: those that most make count.
func (b *torchBuilder) runs(t *Trace) {
	all := b.split(t)
	if len(all) > 2 {
		all, t.Dropped = all[1:], 1
	}
	groups := map[string][][]*torchCall{}
	best := ""
	for _, run := range all {
		key := sequence(run)
		groups[key] = append(groups[key], run)
		if len(groups[key]) >= len(groups[best]) {
			best = key
		}
	}
	same := groups[best]
	t.Runs = len(same)
	if other := len(all) - t.Runs; other > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d of %d runs make other calls than the rest and are left out", other, len(all)))
	}
	if len(same) > 0 {
		for i, first := range same[0] {
			e := first.Event
			var us float64
			for _, run := range same {
				us += run[i].duration(b.device)
			}
			e.Time, e.Calls = micros(us)/energy.Seconds(len(same)), len(same)
			if e.Time > 0 {
				t.Events = append(t.Events, e)
			}
		}
	}
	b.unlaunched(t, len(all)+t.Dropped)
}

// unlaunched adds the work of the device that no operator launched: a copy, a compiled kernel. It cannot be told in which
// run it was.
func (b *torchBuilder) unlaunched(t *Trace, runs int) {
	at := map[string]int{}
	for _, c := range b.loose {
		i, ok := at[c.Name]
		if !ok {
			i = len(t.Events)
			at[c.Name] = i
			t.Events = append(t.Events, c.Event)
			t.Events[i].Calls = 0
		}
		t.Events[i].Calls++
		t.Events[i].Time += micros(c.device) / energy.Seconds(max(1, runs))
	}
	if t.Runs == 0 {
		t.Runs = 1
	}
}

// split cuts the calls into runs: at the profiler's steps, else at the calls of the outermost module, else where the list
// of calls repeats itself.
func (b *torchBuilder) split(t *Trace) [][]*torchCall {
	if len(b.calls) == 0 {
		return nil
	}
	if out := b.within(b.steps); len(out) > 0 {
		return out
	}
	if out := b.within(b.sameRoots()); len(out) > 0 {
		return out
	}
	period := repeats(b.calls)
	if n := len(b.calls) / period; n > 1 {
		t.Notes = append(t.Notes, fmt.Sprintf("the trace has no steps; its list of calls repeats itself %d times, which is taken for as many runs", n))
	}
	var out [][]*torchCall
	for i := 0; i < len(b.calls); i += period {
		out = append(out, b.calls[i:i+period])
	}
	return out
}

// sameRoots are the outermost frames if all are of one module.
func (b *torchBuilder) sameRoots() []chromeEvent {
	for i := range b.roots {
		if b.roots[i].Name != b.roots[0].Name {
			return nil
		}
	}
	return b.roots
}

// within sorts calls into spans, which do not overlap. Calls outside of them are no part of a run.
func (b *torchBuilder) within(spans []chromeEvent) [][]*torchCall {
	var out [][]*torchCall
	i := 0
	for s := range spans {
		var run []*torchCall
		for ; i < len(b.calls) && b.calls[i].at < spans[s].end(); i++ {
			if b.calls[i].at >= spans[s].TS {
				run = append(run, b.calls[i])
			}
		}
		if len(run) > 0 {
			out = append(out, run)
		}
	}
	return out
}

// sequence is what one run calls, in order.
func sequence(run []*torchCall) string {
	var b strings.Builder
	for _, c := range run {
		b.WriteString(c.Name)
		b.WriteByte('\n')
	}
	return b.String()
}

// repeats is the length of the shortest list of calls that all calls are repetitions of.
func repeats(calls []*torchCall) int {
	// The Knuth-Morris-Pratt table: next[i] is the longest proper beginning of calls[:i+1] that is its end too.
	next := make([]int, len(calls))
	for i, k := 1, 0; i < len(calls); i++ {
		for k > 0 && calls[i].Name != calls[k].Name {
			k = next[k-1]
		}
		if calls[i].Name == calls[k].Name {
			k++
		}
		next[i] = k
	}
	if period := len(calls) - next[len(calls)-1]; len(calls)%period == 0 {
		return period
	}
	return len(calls)
}
