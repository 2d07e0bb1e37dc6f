package render

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean puts U+FFFD in the place of what a name has no business to do to a terminal, a line or the direction of text: control
// characters, line ends among them, invisible marks, and bytes that are no UTF-8.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isHidden(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func isClean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return utf8.ValidString(s) && strings.IndexFunc(s, isHidden) < 0
		}
	}
	return true
}

// isHidden reports whether a character is not to be seen: of the Unicode categories Cc, Cf, Zl and Zp.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// CleanLines is Clean for text of several lines, which stay.
func CleanLines(s string) string {
	if isClean(s) {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	return strings.Join(lines, "\n")
}

// Cleaner writes lines, cleaned. A write holds whole characters.
type Cleaner struct{ W io.Writer }

// Write writes lines.
func (c Cleaner) Write(p []byte) (int, error) {
	if _, err := io.WriteString(c.W, CleanLines(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
