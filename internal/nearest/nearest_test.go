package nearest

import "testing"

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

func TestNearestTieTakesFirst(t *testing.T) {
	if got, _ := Nearest("p8xx", []string{"p9xx", "p7xx"}); got != "p9xx" {
		t.Errorf("got %q, want the first of two equally close names", got)
	}
}
