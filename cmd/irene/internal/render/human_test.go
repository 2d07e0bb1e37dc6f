package render

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/graph"
)

func TestExpression(t *testing.T) {
	for _, tt := range []struct{ dim, want string }{
		{"batch*sequence**2*4608 + 85054464*batch", "4608·batch·sequence² + 85.05M·batch"},
		{"(sequence + 15)//16*3", "3·((sequence + 15)//16)"},
		{"min(512, sequence_2)", "min(512, sequence_2)"},
		{"7", "7"},
	} {
		if got := Expression(graph.ParseDim(tt.dim)); got != tt.want {
			t.Errorf("expression(%s) = %s, want %s", tt.dim, got, tt.want)
		}
	}
	if got := Expression(graph.Dim{}); got != "?" {
		t.Errorf("unknown: %s", got)
	}
}

func TestBar(t *testing.T) {
	for _, tt := range []struct {
		share float64
		want  string
	}{{0, ""}, {1, "████"}, {0.5, "██"}, {0.03125, "▏"}, {0.28125, "█▏"}, {2, "████"}, {-1, ""}} {
		if got := Bar(tt.share, 4); got != tt.want {
			t.Errorf("bar(%v) = %q, want %q", tt.share, got, tt.want)
		}
	}
}

// TestMarkdown is about names that would be markup, and columns that stay empty.
func TestMarkdown(t *testing.T) {
	for s, want := range map[string]string{"a|b": `a\|b`, "*_<x>[1]`": "\\*\\_\\<x\\>\\[1\\]\\`", `\`: `\\`, "plain ×2": "plain ×2"} {
		if got := Markdown(s); got != want {
			t.Errorf("%q is written %q, want %q", s, got, want)
		}
	}
	var b strings.Builder
	columns := append(Columns(false, "name"), Columns(true, "n", "", "empty")...)
	MarkdownTable(&b, columns, [][]string{{"a", "1", "x", ""}, {"b", "", "", ""}})
	const want = "\n| name | n |\n| --- | ---: |\n| a | 1 |\n| b |  |\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestMarkdownNames: no name leaves its cell, begins a line or is read as markup.
func TestMarkdownNames(t *testing.T) {
	for name, want := range map[string]string{
		"a|b":                         `a\|b`,
		"a\n\n# h":                    `a��# h`,
		"[x](javascript:alert(1))<b>": `\[x\](javascript:alert(1))\<b\>`,
		"`code` ~~x~~ $y$ &lt;":       "\\`code\\` \\~\\~x\\~\\~ \\$y\\$ \\&lt;",
		"a\u202eb\x1b[31m":            `a�b�\[31m`,
	} {
		if got := Markdown(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}
