// Package predicttest makes predictions, and trees a meter would have measured if predictions were right, for tests.
package predicttest
