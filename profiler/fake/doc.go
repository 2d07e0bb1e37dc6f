// Package fake is a made-up accelerator in virtual time: an executor that only pretends to run, a meter that reads what
// it pretends to spend, and the clock that both go by. A measurement of a quarter of a minute takes milliseconds, and
// its truth is known.
//
// The truth is not of the form that the energy model fits. A kernel takes the longer of its arithmetic, at an efficiency
// that depends on tiles and waves, and its traffic, which the cache holds where operands are used again. Launches cost
// the host time. A power limit lowers the clock. With [Options], the device drifts, is noisy, and fails in the ways in
// which devices and meters fail.
package fake
