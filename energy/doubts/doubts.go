// Package doubts finds what cannot be, or hardly, in records of measurements that are valid one by one.
package doubts

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/irene-onnx/irene/energy"
)

// What parts of a module, measured by themselves, may add up to of what it takes.
const (
	leastCoverage = 0.95
	mostCoverage  = 1.05
)

// Doubt is what is odd about a record. Records go by their places in a list.
type Doubt struct {
	Record int
	CopyOf int    // the record that it is the same as; -1 where it is something else
	Why    string // for people; "" of a copy
}

// Find lists the doubts about records, those of single ones first.
func Find(records []*energy.Record) []Doubt {
	var out []Doubt
	seen := map[string]int{}
	for i, r := range records {
		var line bytes.Buffer
		_ = energy.WriteRecord(&line, *r) // to memory; it was read, so it can be written
		if first, ok := seen[line.String()]; ok {
			out = append(out, Doubt{Record: i, CopyOf: first})
			continue
		}
		seen[line.String()] = i
		for _, why := range implausible(r) {
			out = append(out, Doubt{i, -1, why})
		}
	}
	for _, c := range coverage(records) {
		if c.share < leastCoverage || c.share > mostCoverage {
			r := records[c.parent]
			out = append(out, Doubt{c.parent, -1, fmt.Sprintf("%s: its parts add up to %.0f %% of its %s", cmp.Or(r.Path, r.Model, "model"), 100*c.share, c.what)})
		}
	}
	return out
}
