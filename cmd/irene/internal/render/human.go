package render

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// UnknownText stands for numbers that nobody knows.
const UnknownText = "?"

// Expression prints an expression for people: coefficients in four digits with a prefix, "·" for products,
// superscripts for powers.
func Expression(d graph.Dim) string {
	if d.IsUnknown() {
		return UnknownText
	}
	var b strings.Builder
	text := []rune(d.String())
	for i := 0; i < len(text); {
		switch {
		case unicode.IsDigit(text[i]):
			j := i
			for j < len(text) && unicode.IsDigit(text[j]) {
				j++
			}
			b.WriteString(coefficient(string(text[i:j])))
			i = j
		case unicode.IsLetter(text[i]) || text[i] == '_':
			j := i
			for j < len(text) && (unicode.IsLetter(text[j]) || unicode.IsDigit(text[j]) || text[j] == '_') {
				j++
			}
			b.WriteString(string(text[i:j]))
			i = j
		case text[i] == '*' && i+2 < len(text) && text[i+1] == '*':
			i += 2
			for ; i < len(text) && unicode.IsDigit(text[i]); i++ {
				b.WriteRune([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[text[i]-'0'])
			}
		case text[i] == '*':
			b.WriteRune('·')
			i++
		default:
			b.WriteRune(text[i])
			i++
		}
	}
	return b.String()
}

// coefficient shortens a whole number of more than four digits: "12.59M".
func coefficient(digits string) string {
	if len(digits) <= 4 {
		return digits
	}
	var v float64
	if _, err := fmt.Sscan(digits, &v); err != nil {
		return digits
	}
	return strings.ReplaceAll(energy.FormatCount(v), " ", "")
}

// Percent prints a share: "12.3 %".
func Percent(v float64) string {
	switch p := 100 * v; {
	case p == 0:
		return "0"
	case p < 0.1:
		return "<0.1 %"
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}

// Bar draws a share in eighths of a character.
func Bar(share float64, width int) string {
	if !(share > 0) {
		return ""
	}
	eighths := int(share*float64(8*width) + 0.5)
	eighths = min(eighths, 8*width)
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s
}

// Plural is "1 operator", "2 operators"; "2 families".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
