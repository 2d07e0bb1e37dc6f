// Package nearest finds, among known names, the one a mistyped word was probably meant to be.
package nearest

import (
	"slices"
	"strings"
	"unicode"
)

// Nearest returns the candidate with the smallest edit distance to word, ignoring case, and whether it is close enough
// to be worth suggesting: at most a third of the longer of the two words may differ. Where none is, names are compared part
// by part: batch_size is near to batch, and seq to sequence_length. Of equally close candidates the first wins.
func Nearest(word string, candidates []string) (string, bool) {
	near := func(word, c string) bool { return Distance(word, c) <= longer(word, c)/3 }
	for _, alike := range []func(string, string) bool{near, sameParts} {
		best, bestDistance := "", -1
		folded := strings.ToLower(word)
		for _, c := range candidates {
			low := strings.ToLower(c)
			if d := Distance(folded, low); alike(folded, low) && (bestDistance < 0 || d < bestDistance) {
				best, bestDistance = c, d
			}
		}
		if bestDistance >= 0 {
			return best, true
		}
	}
	return "", false
}

// sameParts reports whether every part of one name begins a part of the other, or is begun by one. Parts of less than three
// letters say too little.
func sameParts(a, b string) bool {
	s, t := parts(a), parts(b)
	if len(s) > len(t) {
		s, t = t, s
	}
	return len(s) > 0 && !slices.ContainsFunc(s, func(x string) bool {
		return !slices.ContainsFunc(t, func(y string) bool { return strings.HasPrefix(x, y) || strings.HasPrefix(y, x) })
	})
}

// parts are the words of a name that say something.
func parts(name string) []string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.DeleteFunc(words, func(w string) bool { return len([]rune(w)) < 3 })
}

// Distance is the number of insertions, deletions, substitutions and swaps of neighbouring characters that turn a into
// b, no character being edited twice: the optimal string alignment distance, Levenshtein's with the swaps of Damerau
// (https://doi.org/10.1145/363958.363994).
func Distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, previous, current := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range s {
		current[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(t)]
}

// longer is the length in characters of the longer of the two words.
func longer(a, b string) int {
	return max(len([]rune(a)), len([]rune(b)))
}
