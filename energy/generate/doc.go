// Package generate sums what a decoder takes to read prompts and to write tokens over its growing cache, and what serving
// requests takes on average.
package generate
