package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseAxes(t *testing.T) {
	for _, tt := range []struct{ flags, want string }{
		{"batch=1,2,4", "batch [1 2 4]"},
		{"batch=4,1,4", "batch [4 1]"}, // in the order given, each once
		{"n=3:6", "n [3 4 5 6]"},
		{"n=32:100:32", "n [32 64 96]"},
		{"n=1:20:x2", "n [1 2 4 8 16]"},
		{"n=1:6:x1.5", "n [1 2 3 4 6]"}, // a factor goes up by one at least
		{"n=0:2,8:16:x2", "n [0 1 2 8 16]"},
		{"past_sequence + 1=2|batch=7", "past_sequence + 1 [2]; batch [7]"},
		{"a=b=3", "a=b [3]"},
	} {
		axes, err := parseAxes(strings.Split(tt.flags, "|"))
		var got []string
		for _, a := range axes {
			got = append(got, fmt.Sprint(a.name, " ", a.values))
		}
		if err != nil || strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.flags, strings.Join(got, "; "), err, tt.want)
		}
	}
}

func TestParseAxesRefuses(t *testing.T) {
	for _, tt := range []struct{ flags, why string }{
		{"batch", "want NAME=SIZES"},
		{"=1", "want NAME=SIZES"},
		{"batch=", "want NAME=SIZES"},
		{"batch=1|batch=2", "batch is given twice"},
		{"batch=1,two", `"two" is no whole number`},
		{"batch=1,,2", `"" is no whole number`},
		{"batch=-1", "cannot be negative"},
		{"batch=1:2:3:4", "is no range"},
		{"batch=8:4", "the range 8:4 is empty"},
		{"batch=1:8:0", "never ends"},
		{"batch=1:8:x1", "is no factor above 1"},
		{"batch=1:8:xNaN", "is no factor above 1"},
		{"batch=99999999999999999999", "out of range"},
		{"batch=1:9000000", "more than 5000000 sizes"},
	} {
		flags := strings.Split(tt.flags, "|")
		last := flags[len(flags)-1]
		if _, err := parseAxes(flags); err == nil || !strings.HasPrefix(err.Error(), "--dim "+last) || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %q", tt.flags, err, tt.why)
		}
	}
}
