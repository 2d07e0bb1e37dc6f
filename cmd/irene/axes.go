package main

import (
	"errors"
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
		i := strings.LastIndexByte(f, '=')
		if i <= 0 || i == len(f)-1 {
			return nil, usagef("--dim %s: want NAME=SIZES, as in --dim batch=1,2,4, --dim sequence=32:512:32 or --dim batch=1:64:x2", f)
		}
		a := axis{flag: f, name: strings.TrimSpace(f[:i])}
		if slices.ContainsFunc(out, func(b axis) bool { return b.name == a.name }) {
			return nil, usagef("--dim %s: %s is given twice; sizes are joined by commas", f, a.name)
		}
		seen := map[int64]bool{}
		for _, part := range strings.Split(f[i+1:], ",") {
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
	if len(fields) > 3 {
		return nil, usagef("--%s: %q is no range; want LOW:HIGH:STEP or LOW:HIGH:xFACTOR", flag, part)
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

func parseSize(flag, text string) (int64, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, usagef("--%s: %s is out of range", flag, text)
	case err != nil:
		return 0, usagef("--%s: %q is no whole number", flag, text)
	case n < 0:
		return 0, usagef("--%s: a size cannot be negative", flag)
	}
	return n, nil
}
