package report

import "testing"

func TestNumber(t *testing.T) {
	for s, want := range map[string]bool{"11": true, "0_1": true, "layer": false, "": false, "fc1": false, "_": false} {
		if got := Number(s); got != want {
			t.Errorf("number(%q) = %v", s, got)
		}
	}
}
