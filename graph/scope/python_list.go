package scope

import "strings"

// parseLists reads Python's repr of a list of strings, [”, 'lm', "it's"], or several joined by ", " as the rewriter joins
// the metadata of nodes it merges. It reports false where the text is anything else.
func parseLists(text string) ([][]string, bool) {
	var out [][]string
	for {
		list, rest, ok := parseList(text)
		if !ok {
			return nil, false
		}
		out = append(out, list)
		if rest == "" {
			return out, true
		}
		if text, ok = strings.CutPrefix(rest, ", "); !ok {
			return nil, false
		}
	}
}

// parseList reads one list and returns what follows it.
func parseList(text string) (list []string, rest string, ok bool) {
	if text == "" || text[0] != '[' {
		return nil, "", false
	}
	text = text[1:]
	if strings.HasPrefix(text, "]") {
		return nil, text[1:], true
	}
	for {
		var s string
		if s, text, ok = parseString(text); !ok || text == "" {
			return nil, "", false
		}
		list = append(list, s)
		if text[0] == ']' {
			return list, text[1:], true
		}
		if text, ok = strings.CutPrefix(text, ", "); !ok {
			return nil, "", false
		}
	}
}

// parseString reads one quoted string and returns what follows it. A backslash keeps the character after it.
func parseString(text string) (s, rest string, ok bool) {
	if text == "" || (text[0] != '\'' && text[0] != '"') {
		return "", "", false
	}
	quote := text[0]
	text = text[1:]
	end := strings.IndexByte(text, quote)
	if end < 0 {
		return "", "", false
	}
	if strings.IndexByte(text[:end], '\\') < 0 {
		return text[:end], text[end+1:], true
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
