// Package nearest finds, among known names, the one a mistyped word was probably meant to be.
package nearest

import "strings"

// Nearest returns the candidate with the smallest edit distance to word, ignoring case, and whether it is close enough
// to be worth suggesting: at most a third of the longer of the two words may differ. Of equally close candidates the
// first wins.
func Nearest(word string, candidates []string) (string, bool) {
	best, bestDistance := "", -1
	folded := strings.ToLower(word)
	for _, c := range candidates {
		d := Distance(folded, strings.ToLower(c))
		if d > longer(folded, c)/3 {
			continue
		}
		if bestDistance < 0 || d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best, bestDistance >= 0
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
