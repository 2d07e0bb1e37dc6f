// Package profiler says what it takes to measure operators and modules on a machine: something that runs them, an
// [Executor], and something that reads energy, a [Meter].
//
// A measurement is a number of equal windows. In each, one [Run] is repeated until the window is long against the
// period at which the meter is updated:
//
//	prepare   warm-up      window 1            window 2            …   close
//	──┼──────────┼───────────┼──────────┼────────┼──────────┼──────────────┼──▶ time
//	             Iterate(n)  │Iterate(n)│  pause  │Iterate(n)│
//	                         read       read      read       read
//
// The energy of one execution is the difference of two readings over the number of iterations between them; the windows
// give its median and spread, which an energy.Record carries.
//
// The package knows no device and no runtime. Meters and executors are packages below it; the command names them.
package profiler
