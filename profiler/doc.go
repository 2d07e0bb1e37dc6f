// Package profiler measures what operators and modules take on a machine: something that runs them, an [Executor], and
// something that reads energy, a [Meter].
//
// A measurement is a number of windows under a steady load. The workload runs without a pause from before the first
// reading until after the last one, so that no beginning and no end of it enters:
//
//	prepare  warm-up  ┌───────────────── the load runs without a pause ─────────────────┐  close
//	──┼─────────┼─────┴──────┬──────────────────┬────────┬──────────────────┬───────────┴────┼──▶ time
//	                      update ── window 1 ─ update  jitter  update ── window 2 ─ update
//
// A window lasts from one update of the meter to a later one. Energy over time between the two is the power; time over
// runs, on the executor's clock, is how long one run takes; their product is the energy of one run. The windows give
// its median and spread, which an energy.Record carries.
//
// [Measure] measures one workload. [RunTasks] is a session: it measures idle power, holds the energy counter against the
// integral of power, takes tasks in a shuffled order, and measures some of them, the anchors, again and again. Nothing is
// corrected: energy.CorrectDrift does that when records are read. What is doubtful about a measurement is a flag of its
// record.
//
// The package knows no device and no runtime. Meters and executors are packages below it; the command names them.
package profiler
