// Package paired compares two predictions whose errors are mostly shared. It draws the errors of a law, applies each draw
// to both, and gives the 90 % interval of the ratio: what both run cancels, down to nothing where they run the same.
package paired
