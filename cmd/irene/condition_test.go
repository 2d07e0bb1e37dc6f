package main

import (
	"math"
	"strings"
	"testing"
)

func TestConditionParse(t *testing.T) {
	for _, tt := range []struct {
		dialect *dialect
		text    string
		want    condition
	}{
		{assertions(), "energy_j<=5", condition{"assert", "energy_j<=5", "", "energy_j", "<=", 5}},
		{assertions(), " flops > 1e9 ", condition{"assert", "flops > 1e9", "", "flops", ">", 1e9}},
		{assertions(), "unknown==0", condition{"assert", "unknown==0", "", "unknown", "==", 0}},
		{assertions(), "module:encoder.layer.*:share<=0.1", condition{"assert", "module:encoder.layer.*:share<=0.1", "encoder.layer.*", "share", "<=", 0.1}},
		{assertions(), "module:a:b:macs!=-1", condition{"assert", "module:a:b:macs!=-1", "a:b", "macs", "!=", -1}},
		{limits(), "energy_j>1.05x", condition{"fail-if", "energy_j>1.05x", "", "energy_j", ">", 1.05}},
		{limits(), "time_s >= 25 %", condition{"fail-if", "time_s >= 25 %", "", "time_s", ">=", 1.25}},
		{limits(), "module:a.*:flops<-50%", condition{"fail-if", "module:a.*:flops<-50%", "a.*", "flops", "<", 0.5}},
		{pointAssertions(), "tokens_per_j>=2", condition{"assert", "tokens_per_j>=2", "", "tokens_per_j", ">=", 2}},
	} {
		got, err := tt.dialect.parse([]string{tt.text})
		if err != nil || len(got) != 1 || got[0] != tt.want {
			t.Errorf("%q = %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
	}
}

func TestConditionRefused(t *testing.T) {
	for _, tt := range []struct {
		dialect *dialect
		texts   []string
		why     string
	}{
		{assertions(), []string{"", "energy_j", "energy_j=5", "energy_j<=5 J", "<=5", "module:flops", "module::flops<=5"}, "want METRIC OP NUMBER"},
		{assertions(), []string{"energy_j<=", "energy_j<=NaN", "energy_j<=five", "energy_j<=5%", "energy_j<=5x"}, "is no number"},
		{assertions(), []string{"watts<=5", "module:a:watts<=5"}, "no metric watts"},
		{limits(), []string{"energy_j>1.05", "energy_j==1x", "energy_j!=5%", "energy_j>x"}, "want METRIC OP RATIOx"},
		{limits(), []string{"energy_j>1..5x", "energy_j>NaNx"}, "is no number"},
		{limits(), []string{"energy_j>-1x", "energy_j<-101%"}, "cannot be negative"},
		{limits(), []string{"share>1x"}, "no metric share"}, // its ratio tells of the whole, too
		{pointAssertions(), []string{"module:a:time_s<=1"}, "want METRIC OP NUMBER"},
	} {
		for _, text := range tt.texts {
			if _, err := tt.dialect.parse([]string{text}); err == nil || !strings.HasPrefix(err.Error(), "--"+tt.dialect.flag+" "+text) || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("%q: %v, want %q", text, err, tt.why)
			}
		}
	}
}

func TestConditionJudge(t *testing.T) {
	const below, at, above = "below", "at", "above"
	for op, holds := range map[string][]string{
		"<": {below}, "<=": {below, at}, ">": {above}, ">=": {at, above}, "==": {at}, "!=": {below, above},
	} {
		c := condition{metric: "energy_j", op: op, limit: 5}
		for where, v := range map[string]float64{below: 4, at: 5, above: 6} {
			got, decided := c.judge(span{v, v})
			if want := strings.Contains(strings.Join(holds, " "), where); got != want || !decided {
				t.Errorf("%v %s 5: %v, %v", v, op, got, decided)
			}
		}
	}
}

// TestConditionBounds: where a metric is known in part, a limit is decided only if every number that it may be agrees.
func TestConditionBounds(t *testing.T) {
	const yes, no, open = "holds", "fails", "open"
	for _, tt := range []struct {
		s    span
		want map[string]string // against 5
	}{
		{span{4, math.Inf(1)}, map[string]string{"<": open, "<=": open, ">": open, ">=": open, "==": open, "!=": open}},
		{span{5, math.Inf(1)}, map[string]string{"<": no, "<=": open, ">": open, ">=": yes, "==": open, "!=": open}},
		{span{6, math.Inf(1)}, map[string]string{"<": no, "<=": no, ">": yes, ">=": yes, "==": no, "!=": yes}},
		{span{0, 4}, map[string]string{"<": yes, "<=": yes, ">": no, ">=": no, "==": no, "!=": yes}},
		{span{0, 5}, map[string]string{"<": open, "<=": yes, ">": no, ">=": open, "==": open, "!=": open}},
		{spanOf(math.NaN(), true, false), map[string]string{"<": open, "<=": open, ">": open, ">=": open, "==": open, "!=": open}},
		{spanOf(4, false, false), map[string]string{"<": open, "!=": open}},
		{spanOf(4, true, true), map[string]string{"<": open, ">=": open}},
	} {
		for op, want := range tt.want {
			got := open
			switch holds, decided := (&condition{op: op, limit: 5}).judge(tt.s); {
			case decided && holds:
				got = yes
			case decided:
				got = no
			}
			if got != want {
				t.Errorf("%v %s 5: %s, want %s", tt.s, op, got, want)
			}
		}
	}
}

func TestSpanOf(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct{ s, others, want span }{
		{span{2, 2}, span{4, 4}, span{0.5, 0.5}},
		{span{2, inf}, span{4, 4}, span{0.5, inf}},
		{span{2, 2}, span{4, inf}, span{0, 0.5}},
		{span{2, inf}, span{4, inf}, anything},
		{span{0, 0}, span{0, 0}, span{1, 1}},
		{span{3, 3}, span{0, 0}, span{inf, inf}},
		{span{0, inf}, span{0, 0}, span{1, inf}},
		{span{2, 2}, anything, anything},
	} {
		if got := tt.s.of(tt.others); got != tt.want {
			t.Errorf("%v of %v is %v, want %v", tt.s, tt.others, got, tt.want)
		}
	}
}
