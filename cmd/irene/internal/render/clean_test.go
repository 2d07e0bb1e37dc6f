package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// hidden are characters of every kind that names may not show: C0, DEL, C1, marks of direction, separators, invisible ones,
// a tag beyond 16 bits, and bytes that are no UTF-8.
var hidden = []string{
	"\x00", "\x07", "\t", "\n", "\r", "\x1b", "\x7f", "\u0085", "\u009b", "\u200b", "\u200e", "\u061c", "\u202e", "\u2066",
	"\u2028", "\u2029", "\ufeff", "\U000e0041", "\xff", "\xc0\x80", "\xed\xa0\x80",
}

func TestClean(t *testing.T) {
	for _, h := range hidden {
		got := Clean("a" + h + "é")
		if !strings.HasPrefix(got, "a�") || !strings.HasSuffix(got, "�é") || strings.Trim(got, "aé�") != "" {
			t.Errorf("%q became %q", h, got)
		}
		if lines := CleanLines("a\n" + h + "b"); h != "\n" && lines != "a\n"+Clean(h)+"b" {
			t.Errorf("%q in lines became %q", h, lines)
		}
	}
	for _, s := range []string{"", "encoder.layer.0", "naïve 模型 ½ 🦙 ─ �"} {
		if Clean(s) != s || CleanLines(s+"\n"+s) != s+"\n"+s {
			t.Errorf("%q became %q", s, Clean(s))
		}
	}
}

// TestCSVCells: what a spreadsheet would run is text, numbers are numbers, and a name is one line.
func TestCSVCells(t *testing.T) {
	for cell, want := range map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "+1+1": "'+1+1", "-2*batch": "'-2*batch", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'�=1", "\r=1": "'�=1", "-": "'-",
		"-1.5e-3": "-1.5e-3", "+7": "+7", "-0": "-0", "12": "12", "": "", "a=b": "a=b", "a,\"b\"": "a,\"b\"", "a\nb": "a�b",
	} {
		var b bytes.Buffer
		w := NewCSV(&b)
		if err := w.Write([]string{cell, "x"}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 1 || !slices.Equal(rows[0], []string{want, "x"}) {
			t.Errorf("%q became %q, %v, want %q", cell, rows, err, want)
		}
	}
}

// TestJSONHidden: JSON shows nothing of it, and says exactly what it was.
func TestJSONHidden(t *testing.T) {
	for _, h := range hidden {
		s := "a" + h + "é"
		out := appendString(nil, s)
		if text := string(out); Clean(text) != text {
			t.Errorf("%q shows in %q", h, text)
		}
		var back string
		if err := json.Unmarshal(out, &back); err != nil || utf8.ValidString(s) && back != s {
			t.Errorf("%q came back as %q, %v", s, back, err)
		}
	}
}
