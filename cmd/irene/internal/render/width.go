package render

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// widths are those of terminals: characters that East Asian fonts draw wide or narrow, such as those of bars, are narrow.
var widths = displaywidth.Options{}

// Width is the number of columns that a text takes on a terminal: two for a wide character, none for what combines with
// the one before.
func Width(s string) int { return widths.String(s) }

const ellipsis = "…"

// Cut takes out the middle of a text that is wider than width: "encoder.lay…ution.dense". Its end, which tells most of a path,
// keeps as much as its beginning or more.
func Cut(s string, width int) string { return cutBehind(s, width, usualHead) }

// Beginnings of cut texts, as parts of what is left of them.
const (
	usualHead = 8
	headParts = 20
)

// cutBehind does the same, where the beginning keeps head of headParts.
func cutBehind(s string, width, head int) string {
	if Width(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	n := (width - 1) * head / headParts
	return begin(s, n) + ellipsis + end(s, width-1-n)
}

// cutApart is how long the beginnings of cut texts are to be, so that as many as can be of those that differ still do.
func cutApart(texts []string, width int) int {
	all := distinct(texts, func(s string) string { return s })
	best, most := usualHead, 0
	for step := range headParts { // to longer ends first
		head := usualHead - step
		if head < 0 {
			head = step
		}
		n := distinct(texts, func(s string) string { return cutBehind(s, width, head) })
		if n > most {
			best, most = head, n
		}
		if n == all {
			break
		}
	}
	return best
}

// distinct counts texts that differ in what is made of them.
func distinct(texts []string, made func(string) string) int {
	seen := map[string]bool{}
	for _, s := range texts {
		seen[made(s)] = true
	}
	return len(seen)
}

// begin is the beginning of a text that fits a width, in whole characters.
func begin(s string, width int) string {
	n := 0
	for g := widths.StringGraphemes(s); g.Next(); n += len(g.Value()) {
		if width -= g.Width(); width < 0 {
			break
		}
	}
	return s[:n]
}

// end is the end of a text that fits a width, in whole characters.
func end(s string, width int) string {
	over := Width(s) - width
	n := 0
	for g := widths.StringGraphemes(s); over > 0 && g.Next(); n += len(g.Value()) {
		over -= g.Width()
	}
	return s[n:]
}

// Wrap breaks a text at its blanks into lines of a width; words that are wider than a line are broken too. A number stays
// with the word behind it, which may be its unit. Width 0 breaks nothing.
func Wrap(s string, width int) []string {
	if width <= 0 || Width(s) <= width {
		return []string{s}
	}
	var out []string
	line, room := "", width
	for _, word := range words(s) {
		w := Width(word)
		switch {
		case line == "":
		case w+1 <= room:
			line, room = line+" ", room-1
		default:
			out = append(out, line)
			line, room = "", width
		}
		for w > room {
			part := begin(word, room)
			if part == "" { // a line narrower than a character
				part = word
			}
			out = append(out, line+part)
			line, room = "", width
			word = word[len(part):]
			w = Width(word)
		}
		line, room = line+word, room-w
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}

// words splits a text at its blanks, except for those behind numbers.
func words(s string) []string {
	var out []string
	for word := range strings.SplitSeq(s, " ") {
		if n := len(out); n > 0 && isNumber(out[n-1]) {
			out[n-1] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}

// isNumber reports whether a word is a number as people write it: "1.15", "(934", "<0.1", "≥", "~55".
func isNumber(word string) bool {
	return word != "" && strings.Trim(word, "0123456789.,(+-<~≥≤×=") == ""
}
