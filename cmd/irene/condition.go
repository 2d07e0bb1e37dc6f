package main

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// condition is a metric against a limit, of the whole or of every module that matches a pattern: "energy_j<=5",
// "module:encoder.*:share<=0.1", "time_s>5%".
type condition struct {
	flag    string // that it came with
	text    string
	pattern string // of modules; "" is the whole
	metric  string
	op      string
	limit   float64 // a ratio, where the dialect is of ratios
}

// dialect is what a flag takes for a condition.
type dialect struct {
	flag    string
	want    string   // what a message asks for
	modules bool     // it may be of modules
	ratios  bool     // limits are ratios to something else, 1.05x or 5%, which are never equal
	metrics []string // nil where the model decides which there are
}

var conditionSyntax = regexp.MustCompile(`^\s*(?:module:(.+):)?\s*([A-Za-z_]+)\s*(<=|>=|==|!=|<|>)\s*(\S+?)\s*([x%]?)\s*$`)

// parse reads the conditions of a flag.
func (d *dialect) parse(flags []string) ([]condition, error) {
	var out []condition
	for _, f := range flags {
		c, err := d.parseOne(f)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (d *dialect) parseOne(text string) (condition, error) {
	c := condition{flag: d.flag, text: strings.TrimSpace(text)}
	m := conditionSyntax.FindStringSubmatch(text)
	if m == nil || m[1] != "" && !d.modules || d.ratios && (m[5] == "" || strings.Contains("== !=", m[3])) {
		return c, usagef("%v: want %s", c, d.want)
	}
	c.pattern, c.metric, c.op = m[1], m[2], m[3]
	if d.metrics != nil {
		if err := c.check(d.metrics); err != nil {
			return c, err
		}
	}
	number := m[4]
	if !d.ratios {
		number += m[5]
	}
	limit, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(limit) {
		return c, usagef("%v: %q is no number", c, number)
	}
	if c.limit = limit; d.ratios && m[5] == "%" {
		c.limit = 1 + limit/100
	}
	if d.ratios && c.limit < 0 {
		return c, usagef("%v: a ratio cannot be negative", c)
	}
	return c, nil
}

// String is the condition with its flag.
func (c condition) String() string { return "--" + c.flag + " " + c.text }

// check is a usage error where the metric is none of those that there are.
func (c *condition) check(metrics []string) error {
	if slices.Contains(metrics, c.metric) {
		return nil
	}
	return usagef("%v: no metric %s%s (metrics: %s)", c, c.metric, meant(c.metric, metrics), strings.Join(metrics, ", "))
}

// judge holds the limit against the metric as value knows it. What is not known does not hold.
func (c *condition) judge(value func(metric string) (float64, bool)) (v float64, known, holds bool) {
	if v, known = value(c.metric); !known || math.IsNaN(v) {
		return v, false, false
	}
	switch c.op {
	case "<=":
		holds = v <= c.limit
	case "<":
		holds = v < c.limit
	case ">=":
		holds = v >= c.limit
	case ">":
		holds = v > c.limit
	case "==":
		holds = v == c.limit
	case "!=":
		holds = v != c.limit
	}
	return v, true, holds
}

// holdsFrom reports whether a metric of which at least v is known holds, whatever comes on top.
func (c *condition) holdsFrom(v float64) bool {
	switch c.op {
	case ">=":
		return v >= c.limit
	case ">", "!=":
		return v > c.limit
	}
	return false
}

// verdict is an *assertionError of what did not hold; nil where everything did.
func verdict(failures []string) error {
	if failures == nil {
		return nil
	}
	return &assertionError{failures}
}

// number prints whole numbers in full and others with six digits.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
