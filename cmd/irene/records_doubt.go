package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// How far a measurement may be beyond what a device can do.
const (
	peakSlack     = 1.05 // meters, and clocks a little above the boost clock
	cacheSpeed    = 5    // a cache is some times faster than the memory behind it
	leastCoverage = 0.95 // of a module's energy by its parts
	mostCoverage  = 1.05
)

// doubts lists what cannot be, or hardly, in records that are valid one by one.
func doubts(all []placedRecord) []finding {
	var out []finding
	say := func(r placedRecord, format string, args ...any) {
		out = append(out, finding{File: r.file, Line: r.line, Kind: doubtful, Message: fmt.Sprintf(format, args...)})
	}
	seen := map[string]placedRecord{}
	for _, r := range all {
		var line bytes.Buffer
		_ = energy.WriteRecord(&line, *r.Record) // to memory; it was read, so it can be written
		if first, ok := seen[line.String()]; ok {
			say(r, "the same record as %s:%d", first.file, first.line)
			continue
		}
		seen[line.String()] = r
		for _, text := range implausible(r.Record) {
			say(r, "%s", text)
		}
	}
	for _, c := range coverage(all) {
		if c.share < leastCoverage || c.share > mostCoverage {
			say(c.parent, "%s: its parts add up to %.0f %% of its %s", cmp.Or(c.parent.Path, c.parent.Model, "model"), 100*c.share, c.what)
		}
	}
	return out
}

// implausible says what of a record its device cannot do.
func implausible(r *energy.Record) []string {
	if r.Time == nil {
		return nil
	}
	var out []string
	dev, err := energy.LookupDevice(r.Device.ID)
	if err != nil {
		dev, err = energy.LookupDevice(r.Device.Name)
	}
	known := err == nil
	if known {
		if peak, rate := peakOf(r, dev), energy.FLOPsPerSecond(r.Features["flops"]/float64(*r.Time)); peak > 0 && rate > peak*peakSlack {
			out = append(out, fmt.Sprintf("%v: the peak of %s is %v", rate, dev.ID, peak))
		}
		limit, of := dev.Bandwidth, "memory"
		if cached(r, dev) {
			limit, of = limit*cacheSpeed, "cache"
		}
		if rate := energy.BytesPerSecond(r.Features["bytes"] / float64(*r.Time)); limit > 0 && rate > limit*peakSlack {
			out = append(out, fmt.Sprintf("%v: the %s of %s gives %v at most", rate, of, dev.ID, limit))
		}
	}
	return append(out, implausiblePower(r, dev)...)
}

// implausiblePower compares a mean power with the limit and the idle power. The device is zero where it is not known.
func implausiblePower(r *energy.Record, dev energy.Device) (out []string) {
	if r.Energy == nil {
		return nil
	}
	power := powerOf(r)
	if err := energy.Plausible(*r.Energy, *r.Time); err != nil {
		return []string{err.Error()}
	}
	limit := dev.TDP
	if r.Device.PowerLimit != nil {
		limit = *r.Device.PowerLimit
	}
	if r.Boundary == energy.BoundaryWall || r.Boundary == energy.BoundaryPackage {
		limit = 0 // the limit is the board's
	}
	if limit > 0 && *power > limit*peakSlack {
		out = append(out, fmt.Sprintf("%v: the power limit is %v", *power, limit))
	}
	if r.Idle != nil && *power < *r.Idle*leastCoverage {
		out = append(out, fmt.Sprintf("%v: less than the idle power of %v", *power, *r.Idle))
	}
	return out
}

// peakOf is the highest peak that a record could have reached: of its element type, or of any where it has none, at the
// clock that was read where that is above the boost clock.
func peakOf(r *energy.Record, dev energy.Device) energy.FLOPsPerSecond {
	var peak energy.FLOPsPerSecond
	for _, p := range dev.Peaks {
		rounded := p.DType == energy.TF32 && r.DType == "float32" && r.Runtime.Options["tf32"] != "false"
		if r.DType == "" || p.DType == r.DType || rounded {
			peak = max(peak, p.Rate)
		}
	}
	if peak == 0 && r.DType != "" {
		peak, _ = dev.MatrixRate(r.DType)
	}
	if c := r.Clocks; c != nil && dev.BoostClock > 0 {
		for _, clock := range []*energy.Hertz{c.SMBefore, c.SMAfter} {
			if clock != nil && *clock > dev.BoostClock {
				return peak * energy.FLOPsPerSecond(*clock/dev.BoostClock)
			}
		}
	}
	return peak
}

// cached reports whether a record's operands may have come out of the cache: those of an operator that fit and were not
// rotated; and what one operator of a module hands to the next.
func cached(r *energy.Record, dev energy.Device) bool {
	if r.Level != energy.LevelOperator {
		return true
	}
	return r.Buffers != "rotated" && (dev.L2Bytes == 0 || r.Features["bytes"] <= float64(dev.L2Bytes))
}

// covered is how much of a module its measured parts add up to.
type covered struct {
	parent placedRecord
	share  float64
	what   string // "energy", "time"
}

// coverage adds up the parts of every module and model of which all parts were measured: its kernels, where records say
// which these are, or else the nodes right below it.
func coverage(all []placedRecord) []covered {
	records := make([]energy.Record, 0, len(all))
	places := map[string]placedRecord{}
	for _, r := range all {
		records = append(records, *r.Record)
		if _, ok := places[r.Key()]; !ok {
			places[r.Key()] = r
		}
	}
	combined, _ := energy.Combine(records)
	kernels, nodes := map[string]*energy.Record{}, map[string][]*energy.Record{}
	for i := range combined {
		r := &combined[i]
		if r.Context != energy.ContextAlone {
			continue
		}
		if r.Level == energy.LevelOperator && len(r.Work) == 1 && r.Work[0].Count == 1 {
			kernels[conditions(r)+workKey(r.Work[0])] = r
		}
		nodes[treeOf(r)] = append(nodes[treeOf(r)], r)
	}
	var out []covered
	for i := range combined {
		r := &combined[i]
		if r.Level == energy.LevelOperator || r.Context != energy.ContextAlone {
			continue
		}
		parts := kernelParts(r, kernels)
		if len(r.Work) == 0 {
			parts = nodeParts(r, nodes[treeOf(r)])
		}
		if share, what, ok := addUp(r, parts); ok {
			out = append(out, covered{places[r.Key()], share, what})
		}
	}
	return out
}

// conditions is what must be the same for measurements to be added.
func conditions(r *energy.Record) string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(r.Runtime.Options)) {
		options = append(options, name, r.Runtime.Options[name])
	}
	return fmt.Sprintf("%q", slices.Concat([]string{r.Device.ID, r.Device.Name, r.Device.UUID, r.Runtime.Name, r.Runtime.Version, r.Runtime.Profile, string(r.Boundary)}, options))
}

func workKey(w energy.Work) string {
	w.Count = 1
	text, _ := json.Marshal(w) // of numbers and strings
	return string(text)
}

// treeOf is the model at its dims that a record is of.
func treeOf(r *energy.Record) string {
	return conditions(r) + fmt.Sprintf("%q %q", r.Model, dimsText(dimsOf(r)))
}

// part is a record, and how often it is part of another.
type part struct {
	*energy.Record
	times float64
}

// kernelParts finds the operator of every kernel of a module; nil where one was not measured.
func kernelParts(r *energy.Record, kernels map[string]*energy.Record) []part {
	var out []part
	for _, w := range r.Work {
		k := kernels[conditions(r)+workKey(w)]
		if k == nil {
			return nil
		}
		out = append(out, part{k, float64(w.Count)})
	}
	return out
}

// nodeParts finds the nodes right below a module; nil where they do not have its FLOPs, so that some are missing.
func nodeParts(r *energy.Record, nodes []*energy.Record) []part {
	under := func(path, top string) bool { return top == "" && path != "" || strings.HasPrefix(path, top+".") }
	var out []part
	flops := 0.0
	for _, n := range nodes {
		if n == r || !under(n.Path, r.Path) {
			continue
		}
		between := func(m *energy.Record) bool {
			return m.Level == energy.LevelModule && m != n && under(m.Path, r.Path) && under(n.Path, m.Path)
		}
		if !slices.ContainsFunc(nodes, between) {
			out = append(out, part{n, 1})
			flops += n.Features["flops"]
		}
	}
	if total := r.Features["flops"]; total <= 0 || flops < 0.999*total || flops > 1.001*total {
		return nil
	}
	return out
}

// addUp is the sum of the parts over the whole, in energy, or in time where there is none.
func addUp(r *energy.Record, parts []part) (share float64, what string, ok bool) {
	if len(parts) == 0 {
		return 0, "", false
	}
	joules, seconds := 0.0, 0.0
	withEnergy, withTime := r.Energy != nil, r.Time != nil
	for _, p := range parts {
		if withEnergy = withEnergy && p.Energy != nil; withEnergy {
			joules += p.times * float64(*p.Energy)
		}
		if withTime = withTime && p.Time != nil; withTime {
			seconds += p.times * float64(*p.Time)
		}
	}
	switch {
	case withEnergy:
		return joules / float64(*r.Energy), "energy", true
	case withTime:
		return seconds / float64(*r.Time), "time", true
	}
	return 0, "", false
}
