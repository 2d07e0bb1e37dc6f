package profiler

import (
	"cmp"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// Options says how carefully to measure. Zero stands for the number that the comment names.
type Options struct {
	Windows    int           // windows of one measurement: 3
	Window     time.Duration // least length of a window: 5 s
	MaxWindow  time.Duration // where a window ends though it holds too few updates of the meter or too few runs: 6 × Window
	MinUpdates int           // least updates of the meter in a window, or as many as fall into Window where those are fewer: 50
	MinRuns    int           // least runs in a window: 32

	WarmUp     time.Duration // 2 s
	WarmUpRuns int           // 10

	MaxCV   float64 // beyond it the windows do not agree: 0.03
	Retries int     // how often windows are taken anew where they are no good: 2; negative: never

	Idle time.Duration // how long idle power is measured, and the counter compared with power: 5 s
	Seed uint64        // of the order of tasks and of the pauses between windows

	Budget        time.Duration // time for all tasks together; 0: as long as it takes
	AnchorEvery   time.Duration // time between two rounds of anchors: 1 min
	AnchorWindows int           // windows of an anchor after the first round, of at most anchorWindow: 1
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	o.Windows = cmp.Or(o.Windows, 3)
	o.Window = cmp.Or(o.Window, 5*time.Second)
	o.MaxWindow = max(o.Window, cmp.Or(o.MaxWindow, 6*o.Window))
	o.MinUpdates = cmp.Or(o.MinUpdates, 50)
	o.MinRuns = cmp.Or(o.MinRuns, 32)
	o.WarmUp = cmp.Or(o.WarmUp, 2*time.Second)
	o.WarmUpRuns = cmp.Or(o.WarmUpRuns, 10)
	o.MaxCV = cmp.Or(o.MaxCV, 0.03)
	o.Retries = max(0, cmp.Or(o.Retries, 2))
	o.Idle = cmp.Or(o.Idle, 5*time.Second)
	o.AnchorEvery = cmp.Or(o.AnchorEvery, time.Minute)
	o.AnchorWindows = cmp.Or(o.AnchorWindows, 1)
	return o
}

// Environment is what a measurement runs on.
type Environment struct {
	Executor Executor
	Meter    Meter // nil: only time is measured
	Clock    Clock // nil: the machine's

	Idle    *energy.Watts                    // idle power, where it is known; RunTasks measures it where it is not
	Locked  bool                             // the device's clocks are held
	Session string                           // name of the session, for records
	Now     func() time.Time                 // time of day; nil: records carry none
	Logf    func(format string, args ...any) // one line of a message; nil: nobody listens
	Failed  func(Task, error)                // a task that could not be measured; nil: nobody listens
	Share   Share                            // with whom tasks are shared; nil: nobody
}

// clock is the one to go by.
func (e *Environment) clock() Clock {
	return cmp.Or(e.Clock, SystemClock())
}

// logf tells whoever listens.
func (e *Environment) logf(format string, args ...any) {
	if e.Logf != nil {
		e.Logf(format, args...)
	}
}
