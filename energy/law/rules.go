package law

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// Rule is a function of a law in writing, all its constants numbers. Its expressions are Python's: numbers, names, + - * /,
// comparisons, calls of other rules and of min, max, ceil, sqrt, pow and expm1, and where(condition, then, else).
type Rule struct {
	Name       string
	About      string   // in words
	Parameters []string // sizes; x is what a kernel waits for, whose parts are x.floor and so on
	Lines      []Line   // in order, each in terms of those before
	Choices    []Choice // that are tried with each other, the first outermost; nil: none
	Tried      []Line   // of every choice; the first with the least [RuleLeast] counts
	When       string   // condition under which it is what Then calls, else what Else does; "": by its lines
	Then, Else string
	Returns    []string // names of lines; of those in [RuleWaits], those without a line are 0
}

// Class reports whether the rule is of a class of kernels and returns what they wait for; others return numbers.
func (r *Rule) Class() bool { return r.When != "" || slices.Contains(r.Returns, "exponent") }

// RuleLeast is the line whose least value decides between choices: seconds under the clock and the power limit.
const RuleLeast = "seconds"

// Line is a named expression.
type Line struct{ Name, Expression, Unit string }

// Choice is names, and the values that are tried for them.
type Choice struct {
	Names  []string
	Values [][]float64 // each in the order of the names
}

// RuleWaits lists what rules of a class of kernels return, in the order of waits: seconds at boost clock, the exponent under
// which those from arithmetic to memory overlap, FLOPs and J for one, scores, bytes, and the busy share of the
// multiprocessors. Of several parts of a kernel the first's exponent, busy and flop_joules hold; the others add up.
func RuleWaits() []string {
	return []string{"floor", "before", "arithmetic", "load", "latency", "memory", "split", "flops", "scores", "traffic", "exponent", "busy", "flop_joules"}
}

// RuleFirst lists what of several parts is the first's.
func RuleFirst() []string { return []string{"exponent", "busy", "flop_joules"} }

// Rulebook is the rules that some kernels go by, each once.
type Rulebook struct {
	Rules  []Rule  // each after those that it calls
	Launch float64 // s that the host takes for a launch
	Idle   float64 // W at the meter while the device waits for its host
	Cache  float64 // bytes; a pass that touches no more finds weights and caches where the kernel before left them

	law *Overlap
}

// RuleCall is a kernel as calls of rules.
type RuleCall struct {
	Parts []RulePart // one after the other
	Run   string     // the rule that makes time and energy of what they wait for
	Sizes graph.Dim  // the kernel runs where this is more than 0; unknown: always
}

// RulePart is one call. Warm says that whether the pass fits the cache is its last argument.
type RulePart struct {
	Rule      string
	Arguments []graph.Dim
	Warm      bool
}

// Rulebook begins with the rule of waits that overlap, which all others go by.
func (l *Overlap) Rulebook() *Rulebook {
	b := &Rulebook{Launch: l.launch, Idle: float64(l.Idle()), Cache: l.Cache(), law: l}
	b.norm()
	return b
}

// Rule finds a rule by its name; nil where there is none.
func (b *Rulebook) Rule(name string) *Rule {
	i := slices.IndexFunc(b.Rules, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return &b.Rules[i]
}

// add puts a rule into the book, unless it is there.
func (b *Rulebook) add(r *Rule) string {
	if b.Rule(r.Name) == nil {
		b.Rules = append(b.Rules, *r)
	}
	return r.Name
}

// exact is a number with all its digits.
type exact float64

// String is the number as Python reads it.
func (v exact) String() string {
	if x := float64(v); x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(float64(v), 'g', -1, 64)
}

// written puts numbers in the places of an expression.
func written(format string, values []float64) string {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = exact(v)
	}
	return fmt.Sprintf(format, args...)
}

// line adds a line.
func (r *Rule) line(name, unit, format string, values ...float64) {
	r.Lines = append(r.Lines, Line{name, written(format, values), unit})
}

// try adds a line of every choice.
func (r *Rule) try(name, unit, format string, values ...float64) {
	r.Tried = append(r.Tried, Line{name, written(format, values), unit})
}

// has says that the rule has a line.
func (r *Rule) has(name string) bool {
	named := func(l Line) bool { return l.Name == name }
	return slices.ContainsFunc(r.Lines, named) || slices.ContainsFunc(r.Tried, named)
}

// returns ends a rule of a class of kernels: with those of its lines that kernels wait for.
func (r *Rule) returns() {
	for _, name := range RuleWaits() {
		if r.has(name) {
			r.Returns = append(r.Returns, name)
		}
	}
}

// overlapped is the seconds of waits whose names begin with a prefix, at a share of the boost clock where one is given.
func overlapped(prefix, clock string) string {
	over := ""
	if clock != "" {
		over = "/" + clock
	}
	return fmt.Sprintf("%[1]sfloor + %[1]sbefore + norm(%[1]sexponent, %[1]sarithmetic%[2]s, %[1]sload%[2]s, %[1]slatency%[2]s, %[1]smemory) + %[1]ssplit", prefix, over)
}

// norm is the rule of [norm], of four.
func (b *Rulebook) norm() {
	r := &Rule{Name: "norm", About: "waits that overlap: the p-th root of the sum of their p-th powers, without those of at most a hundredth of the longest", Parameters: []string{"p", "a", "b", "c", "d"}, Returns: []string{"norm"}}
	r.line("top", "", "max(a, b, c, d)")
	r.line("unit", "", "max(top, 1e-300)")
	power := "where(%[2]s/unit > %[1]v, pow(%[2]s/unit, p), 0)"
	var powers []string
	for _, v := range []string{"a", "b", "c", "d"} {
		powers = append(powers, fmt.Sprintf(power, exact(negligible), v))
	}
	r.Lines = append(r.Lines, Line{Name: "sum", Expression: strings.Join(powers, " + ")})
	r.line("norm", "", "where(top > 0, top*pow(max(sum, 1), 1/p), 0)")
	b.add(r)
}
