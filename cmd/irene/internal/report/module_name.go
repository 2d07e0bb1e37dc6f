package report

import (
	"math"
	"strings"
)

// Generic is a module's name with # in place of its number in a list and of the number of its call.
func Generic(m *Module) string {
	head, last := CutLast(m.Name)
	if isIndex(last) {
		return head + "#"
	}
	if m.Call > 0 {
		if i := strings.LastIndexByte(last, '_'); i > 0 && isIndex(last[i+1:]) {
			return head + last[:i]
		}
	}
	return m.Name
}

// CutLast splits the last element off a dotted name; the head keeps its dot.
func CutLast(name string) (head, last string) {
	i := strings.LastIndexByte(name, '.') + 1
	return name[:i], name[i:]
}

// isIndex reports whether a name is an index, as of a list of modules: "11", or "0_1" for a further call.
func isIndex(s string) bool {
	n, digits := uint64(0), 0
	for i := range len(s) {
		switch {
		case s[i] == '_':
			continue
		case s[i] < '0' || s[i] > '9':
			return false
		}
		digits++
		if n = 10*n + uint64(s[i]-'0'); n > math.MaxUint32 {
			return false
		}
	}
	return digits > 0
}

// Label names a run of modules by its first and last: "layer.0…11".
func Label(run []*Module, name func(*Module) string) string {
	first := name(run[0])
	if len(run) == 1 {
		return first
	}
	_, last := CutLast(name(run[len(run)-1]))
	return first + "…" + last
}

// Joined is one path for two that are equal but for numbers: * stands where these differ.
func Joined(a, b string) string {
	if a == b {
		return a
	}
	parts, others := strings.Split(a, "."), strings.Split(b, ".")
	if len(parts) != len(others) {
		return Star(a)
	}
	for i, p := range parts {
		if p != others[i] {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}

// Star puts * in place of the numbers in a module path.
func Star(path string) string {
	parts := strings.Split(path, ".")
	for i, p := range parts {
		if isIndex(p) {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}
