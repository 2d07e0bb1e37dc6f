// Package energytest has the small model, the made-up coefficients and the made-up measurements that tests of energy and
// the packages below it share.
package energytest
