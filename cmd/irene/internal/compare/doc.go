// Package compare sets models side by side: one value, [Comparison], and one file per format that reads it.
package compare
