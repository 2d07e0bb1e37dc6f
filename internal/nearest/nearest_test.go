package nearest

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"kitten", "sitting", 3},
		{"analyze", "anaylze", 1}, // one swap
		{"ab", "ba", 1},
		{"ca", "abc", 3}, // no character may be edited twice
		{"µJ", "mJ", 1},  // characters, not bytes
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Distance(c.b, c.a); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	commands := []string{"analyze", "compare", "export", "train"}
	for _, c := range []struct {
		word, want string
		ok         bool
	}{
		{"analyse", "analyze", true},
		{"ANALYZE", "analyze", true},
		{"exprot", "export", true},
		{"trian", "train", true},
		{"bananas", "", false},
		{"", "", false},
	} {
		got, ok := Nearest(c.word, commands)
		if got != c.want || ok != c.ok {
			t.Errorf("Nearest(%q) = %q, %v; want %q, %v", c.word, got, ok, c.want, c.ok)
		}
	}
}

// TestNearestByParts: names that share words are near, however long the rest is.
func TestNearestByParts(t *testing.T) {
	for _, c := range []struct{ word, candidates, want string }{
		{"batch_size", "batch sequence", "batch"},
		{"batch", "sequence batch_size", "batch_size"},
		{"seq", "batch past_sequence_length sequence_length", "sequence_length"},
		{"seq_len", "batch sequence_length", "sequence_length"},
		{"sequence", "batch_size seq_len", "seq_len"},
		{"past", "batch past_sequence_length", "past_sequence_length"},
		{"--module-path", "--dim --module", "--module"},
		{"n", "n_tokens batch", ""},
		{"width", "batch sequence", ""},
	} {
		if got, ok := Nearest(c.word, strings.Fields(c.candidates)); got != c.want || ok != (c.want != "") {
			t.Errorf("Nearest(%q, %q) = %q, %v; want %q", c.word, c.candidates, got, ok, c.want)
		}
	}
}

func TestNearestTieTakesFirst(t *testing.T) {
	if got, _ := Nearest("p8xx", []string{"p9xx", "p7xx"}); got != "p9xx" {
		t.Errorf("got %q, want the first of two equally close names", got)
	}
}
