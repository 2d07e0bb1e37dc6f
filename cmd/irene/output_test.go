package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// TestLineGuard: a line without end is not held; many lines, and a trace of one line, are.
func TestLineGuard(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		text, want string
	}{
		{"a\n" + long + "\nb\n" + long, ""},
		{"a\nb\n" + long + long + "\n", "line 3 is longer than 16 MiB"},
		{`{"traceEvents": [` + long + "xxx]}", ""},
		{`[{"name": "` + long, ""},
		{`{"op": "` + long, "line 1 is longer than 16 MiB"},
	} {
		_, err := io.Copy(io.Discard, &lineGuard{r: bytes.NewBufferString(c.text), line: 1})
		if got := ""; err != nil || c.want != "" {
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%.20q: %q, want %q", c.text, got, c.want)
			}
		}
	}
}
