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

// span is what a metric lies in, with both ends: one number where it is known, a bound where operators of unknown cost come
// on top.
type span struct{ low, high float64 }

// anything is the span of a metric that nothing is known of.
var anything = span{math.Inf(-1), math.Inf(1)}

// spanOf is the span of a metric, as far as it is known.
func spanOf(v float64, known, more bool) span {
	switch {
	case !known || math.IsNaN(v):
		return anything
	case more:
		return span{v, math.Inf(1)}
	}
	return span{v, v}
}

// of is the span of what other metrics are of these.
func (s span) of(others span) span {
	ratio := func(a, b float64) float64 {
		switch {
		case a == b:
			return 1
		case b == 0 || math.IsInf(a, 1):
			return math.Inf(1)
		}
		return a / b
	}
	switch {
	case s.known() && others.known():
		r := ratio(s.low, others.low)
		return span{r, r}
	case s == anything || others == anything:
		return anything
	case s.known():
		return span{0, ratio(s.high, others.low)}
	case others.known():
		return span{ratio(s.low, others.high), math.Inf(1)}
	}
	return anything
}

// known reports whether a span is one number.
func (s span) known() bool { return s.low == s.high }

// String is the span in words.
func (s span) String() string { return s.format(6) }

// format is the span in words, with some digits.
func (s span) format(digits int) string {
	switch {
	case s.known():
		return rounded(s.low, digits)
	case s.high < math.Inf(1):
		return "at most " + rounded(s.high, digits)
	case s.low > math.Inf(-1):
		return "at least " + rounded(s.low, digits)
	}
	return "not known"
}

// judge holds the limit against a span. It is decided where every number of the span has the same answer.
func (c *condition) judge(s span) (holds, decided bool) {
	switch c.op {
	case "<=":
		return s.high <= c.limit, s.high <= c.limit || s.low > c.limit
	case "<":
		return s.high < c.limit, s.high < c.limit || s.low >= c.limit
	case ">=":
		return s.low >= c.limit, s.low >= c.limit || s.high < c.limit
	case ">":
		return s.low > c.limit, s.low > c.limit || s.high <= c.limit
	}
	apart := c.limit < s.low || c.limit > s.high
	return apart == (c.op == "!="), apart || s.known()
}

// check is a condition that was held against a model.
type check struct {
	of       string // the model, and what else others of the same command have not
	name     string
	failures []string // a line each, the condition first; nil where it holds
}

// verdict is an *assertionError of what did not hold; nil where everything did.
func verdict(of string, checks []check) error {
	var lines []string
	for _, c := range checks {
		for _, f := range c.failures {
			lines = append(lines, of+" failed: "+f)
		}
	}
	if lines == nil {
		return nil
	}
	return &assertionError{lines}
}

// number prints whole numbers in full and others with six digits.
func number(v float64) string { return rounded(v, 6) }

// rounded prints whole numbers in full and others with some digits.
func rounded(v float64, digits int) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}
