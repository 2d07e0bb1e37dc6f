package scope

import "strings"

// Longer names and deeper stacks than these are not read: no exporter writes them, and paths grow with the square.
const (
	maxName   = 2048
	maxLevels = 128
)

// A dotted path is read in segments: an atom with the numbers after it is one segment ("layer.0", "blocks.0.0"), because
// a list of modules is not called and is no scope of its own.

// lastSegment returns the last segment of a dotted path.
func lastSegment(path string) string {
	if up := parentPath(path); up != "" {
		return path[len(up)+1:]
	}
	return path
}

// parentPath drops the last segment: "encoder" of "encoder.layer.0".
func parentPath(path string) string {
	end := len(path)
	for {
		i := strings.LastIndexByte(path[:end], '.')
		if i < 0 {
			return ""
		}
		if !isDigits(path[i+1 : end]) {
			return path[:i]
		}
		end = i
	}
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// cutNumber splits "name_12" into "name" and 12.
func cutNumber(s string) (string, int, bool) {
	i := strings.LastIndexByte(s, '_')
	if i <= 0 || !isDigits(s[i+1:]) || len(s)-i > 8 || (s[i+1] == '0' && len(s) > i+2) {
		return s, 0, false
	}
	k := 0
	for _, c := range s[i+1:] {
		k = 10*k + int(c-'0')
	}
	return s[:i], k, true
}

// shortClass is the last part of a qualified class name: "Linear" of "torch.nn.modules.linear.Linear".
func shortClass(s string) string {
	return s[strings.LastIndexByte(s, '.')+1:]
}

// firstAtom is what stands before the first dot.
func firstAtom(path string) string {
	atom, _, _ := strings.Cut(path, ".")
	return atom
}
