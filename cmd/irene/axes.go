package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxPoints bounds the points of a sweep.
const maxPoints = 5_000_000

// maxKept bounds the rows of a sweep that keeps them all.
const maxKept = 500_000

// axis is the sizes that a dim takes.
type axis struct {
	flag   string // as it was given
	name   string
	values []int64 // in the order given, each once
}

// parseAxes reads the --dim flags of a sweep: lists "batch=1,2,4", ranges "sequence=32:512:32" and, by factors,
// "batch=1:64:x2", also mixed.
func parseAxes(flags []string) ([]axis, error) {
	var out []axis
	for _, f := range flags {
		name, list, err := cutDim("dim", f, "NAME=SIZES (1,2,4 or 32:512:32 or 1:64:x2)")
		if err != nil {
			return nil, err
		}
		a := axis{flag: f, name: name}
		if slices.ContainsFunc(out, func(b axis) bool { return b.name == a.name }) {
			return nil, usagef("--dim %s: %s is given twice; sizes are joined by commas", f, a.name)
		}
		seen := map[int64]bool{}
		for _, part := range strings.Split(list, ",") {
			sizes, err := parseSizes("dim "+f, strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			for _, n := range sizes {
				if !seen[n] {
					seen[n] = true
					a.values = append(a.values, n)
				}
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// parseSizes reads one size or a range; flag is what it came with, without dashes.
func parseSizes(flag, part string) ([]int64, error) {
	fields := strings.Split(part, ":")
	if m := otherRange.FindStringSubmatch(part); m != nil || len(fields) > 3 {
		like := "LOW:HIGH:STEP or LOW:HIGH:xFACTOR"
		if m != nil {
			like = fmt.Sprintf("LOW:HIGH:STEP, as %s:%s:1, or LOW:HIGH:xFACTOR, as %s:%s:x2", m[1], m[2], m[1], m[2])
		}
		return nil, usagef("--%s: %q is no range; want %s", flag, part, like)
	}
	low, err := parseSize(flag, fields[0])
	if err != nil || len(fields) == 1 {
		return []int64{low}, err
	}
	high, err := parseSize(flag, fields[1])
	if err != nil {
		return nil, err
	}
	next, err := parseStep(flag, fields[2:])
	if err != nil {
		return nil, err
	}
	if high < low {
		return nil, usagef("--%s: the range %s is empty", flag, part)
	}
	var out []int64
	for n := low; n <= high; {
		if out = append(out, n); len(out) > maxPoints {
			return nil, usagef("--%s: more than %d sizes", flag, maxPoints)
		}
		if after := next(n); after > n {
			n = after
		} else {
			return nil, usagef("--%s: the range %s never gets beyond %d", flag, part, n)
		}
	}
	return out, nil
}

// parseStep reads what takes a range from one size to the next: a number to add, or a factor after an x; 1 where there
// is none.
func parseStep(flag string, fields []string) (func(int64) int64, error) {
	if len(fields) == 0 {
		return func(n int64) int64 { return n + 1 }, nil
	}
	text := strings.TrimSpace(fields[0])
	if factor, ok := strings.CutPrefix(text, "x"); ok {
		x, err := strconv.ParseFloat(factor, 64)
		if err != nil || !(x > 1) || x > 1e9 {
			return nil, usagef("--%s: %q is no factor above 1", flag, text)
		}
		return func(n int64) int64 { return max(n+1, int64(float64(n)*x)) }, nil
	}
	step, err := parseSize(flag, text)
	if err == nil && step == 0 {
		err = usagef("--%s: a step of 0 never ends", flag)
	}
	return func(n int64) int64 { return n + step }, err
}

// otherRange is a range as other programs write it: 1..8, 1-8.
var otherRange = regexp.MustCompile(`^\(?\[?([0-9]+)(?:\.\.+=?|-|–|…|\.\.\.| to )([0-9]+)\]?\)?$`)

// sizeList is a list or a range of sizes.
var sizeList = regexp.MustCompile(`^[0-9]+([,:]x?[0-9]+)+$`)

// parseSize reads one size.
func parseSize(flag, text string) (int64, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case sizeList.MatchString(text) || otherRange.MatchString(text):
		return 0, usagef("--%s: %q is more than one size; irene sweep takes lists 1,2,4 and ranges LOW:HIGH:STEP", flag, text)
	case errors.Is(err, strconv.ErrRange):
		return 0, usagef("--%s: %s is out of range", flag, text)
	case err != nil:
		return 0, usagef("--%s: %q is no whole number", flag, text)
	case n < 0:
		return 0, usagef("--%s: a size cannot be negative", flag)
	}
	return n, nil
}
