package energy

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAppendDiskFull runs a process whose files may not grow beyond two records and a half: the third write is cut
// short, as on a disk that is full.
func TestAppendDiskFull(t *testing.T) {
	if path := os.Getenv(envFile); path != "" {
		appendUntilFull(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "r.jsonl")
	cmd := exec.Command(os.Args[0], "-test.run=^TestAppendDiskFull$")
	cmd.Env = append(os.Environ(), envFile+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, want := content(t, path), lineOf(t, numbered("a", 0))+lineOf(t, numbered("a", 1)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	a, records, note := mustOpen(t, path)
	if len(records) != 2 || note != "" {
		t.Errorf("resumed with %d records, note %q", len(records), note)
	}
	mustAppend(t, a, numbered("a", 2))
	if n := checkFile(t, path)["a"]; n != 3 {
		t.Errorf("%d records after resuming, want 3", n)
	}
}

func appendUntilFull(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	size := uint64(len(lineOf(t, numbered("a", 0))))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size * 5 / 2, Max: size * 5 / 2}); err != nil {
		t.Skip(err)
	}
	a, _, _ := mustOpen(t, path)
	mustAppend(t, a, numbered("a", 0))
	mustAppend(t, a, numbered("a", 1))
	for range 2 { // nor is anything written later
		err := a.Append(numbered("a", 2))
		if !errors.Is(err, syscall.EFBIG) || !strings.HasPrefix(err.Error(), path+": the record could not be appended: ") {
			t.Errorf("the third record: %v", err)
		}
	}
}

// TestAppendNoRoomAside: a torn line stays where it is if there is no room for it elsewhere.
func TestAppendNoRoomAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	text := lineOf(t, numbered("a", 0)) + `{"torn`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path+TornSuffix); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := OpenAppender(path)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("opened: %v", err)
	}
	if content(t, path) != text {
		t.Error("the torn line is gone")
	}
}
