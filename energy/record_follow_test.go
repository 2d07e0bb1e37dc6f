package energy

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestFollower reads a file as it grows: whole lines once each, a torn one when it is whole, a last one without its line feed.
func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	f := NewFollower(path)
	grow := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err == nil {
			_, err = file.WriteString(text)
		}
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	want := func(numbers ...int64) {
		t.Helper()
		records, err := f.Next()
		if err != nil || len(records) != len(numbers) {
			t.Fatalf("%d records, %v; want %d", len(records), err, numbers)
		}
		for i, n := range numbers {
			if records[i].Dims["n"] != n {
				t.Errorf("record %d, want %d", records[i].Dims["n"], n)
			}
		}
	}
	line := func(n int64) string { return lineOf(t, numbered("a", n)) }
	want()
	grow(line(1) + line(2))
	want(1, 2)
	want()
	torn := line(3)
	grow(torn[:40])
	want()
	grow(torn[40:] + "no record\n" + line(4)[:len(line(4))-1])
	want(3, 4)
	want()
	grow("\n" + line(5))
	want(5)
	if err := os.WriteFile(path, []byte(line(6)), 0o600); err != nil { // another file in its place
		t.Fatal(err)
	}
	want(6)
}

func TestAppendIf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	a, _, _ := mustOpen(t, path)
	no := errors.New("not now")
	for _, c := range []struct{ answer, want error }{{no, no}, {nil, nil}, {no, no}} {
		err := a.AppendIf(numbered("a", 1), func() error {
			if locked, err := TryLockRecords(path, func() { t.Error("two have the file") }); locked || err != nil {
				t.Errorf("locked twice: %v, %v", locked, err)
			}
			return c.answer
		})
		if !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
	}
	mustAppend(t, a, numbered("a", 2))
	if got, want := content(t, path), lineOf(t, numbered("a", 1))+lineOf(t, numbered("a", 2)); got != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
	called := 0
	for _, p := range []string{path, filepath.Join(t.TempDir(), "none")} {
		if locked, err := TryLockRecords(p, func() { called++ }); !locked || err != nil {
			t.Errorf("%s: locked %v, %v", p, locked, err)
		}
	}
	if called != 2 {
		t.Errorf("called %d times", called)
	}
}
