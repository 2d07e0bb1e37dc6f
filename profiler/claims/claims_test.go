package claims_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/irene-onnx/irene/profiler/claims"
)

const lease = 200 * time.Millisecond

// join joins a folder as a session of a machine where nobody can look for processes.
func join(t *testing.T, dir, session string) *claims.Folder {
	t.Helper()
	f, err := claims.Join(dir, claims.Options{Session: session, Results: filepath.Join(dir, "..", session+".jsonl"), Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func take(t *testing.T, f *claims.Folder, key string) *claims.Claim {
	t.Helper()
	c, err := f.Take(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func noError(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	a, b := join(t, dir, "a"), join(t, dir, "b")
	mine := take(t, a, "k")
	if mine == nil || take(t, b, "k") != nil || take(t, b, "other") == nil {
		t.Fatal("a task is not one session's, or another one is not free")
	}
	time.Sleep(3 * lease) // a still says that it is there
	if take(t, b, "k") != nil {
		t.Fatal("the claim of a session that is there was taken over")
	}
	noError(t, mine.Renew(), mine.Renew(), mine.Release(), mine.Release())
	if take(t, b, "k") == nil {
		t.Fatal("a claim that was given back is not free")
	}
}

// TestSilent: whoever has not been heard of for a lease loses its claim, finds out, and does not take it from others again.
func TestSilent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	a, b, c := join(t, dir, "a"), join(t, dir, "b"), join(t, dir, "c")
	lost := take(t, a, "k")
	silence(t, dir, "a")
	if take(t, b, "k") != nil {
		t.Fatal("taken over before the lease had passed")
	}
	take(t, c, "k") // looks, too
	time.Sleep(lease + 50*time.Millisecond)
	first, second := take(t, b, "k"), take(t, c, "k")
	if first == nil || second != nil {
		t.Fatalf("the claim is %v and %v, want the first to have it", first, second)
	}
	if err := lost.Renew(); !errors.Is(err, claims.ErrLost) {
		t.Errorf("renewed by who lost it: %v", err)
	}
	noError(t, lost.Release())
	if take(t, c, "k") != nil {
		t.Error("who lost a claim gave it away")
	}
	noError(t, first.Renew(), first.Release())
}

// silence lets nobody hear of a session any more: what it says goes to a file that nobody looks at.
func silence(t *testing.T, dir, session string) {
	t.Helper()
	path := filepath.Join(dir, "runs", session)
	b, err := os.ReadFile(path)
	noError(t, err, os.Remove(path), os.WriteFile(path, b, 0o600))
}

// TestClocks: no time of any file counts.
func TestClocks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	a, b := join(t, dir, "a"), join(t, dir, "b")
	if take(t, a, "k") == nil {
		t.Fatal("not free")
	}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { // a server whose clock is an hour behind, and then one ahead
		for hour := -time.Hour; ; hour = -hour {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			at := time.Now().Add(hour)
			for _, file := range []string{filepath.Join("runs", "a"), filepath.Join("tasks", "k", "a.1")} {
				_ = os.Chtimes(filepath.Join(dir, file), at, at)
			}
		}
	})
	for from := time.Now(); time.Since(from) < 3*lease; time.Sleep(10 * time.Millisecond) {
		if take(t, b, "k") != nil {
			t.Fatal("the claim of a session that is there was taken over")
		}
	}
	close(stop)
	wait.Wait()
}

// TestGone: a process of this machine that is not there any more is not waited for, and leaves nothing behind.
func TestGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	if claims.Machine() == "" {
		t.Skip("the system does not tell machines and processes apart")
	}
	a := join(t, dir, "a")
	if take(t, a, "k") == nil || take(t, a, "other") == nil {
		t.Fatal("not free")
	}
	// killed as they published, one of them after it had been taken for dead
	noError(t, errors.Join(os.Mkdir(filepath.Join(dir, "runs", "a.next"), 0o777), os.Mkdir(filepath.Join(dir, "runs", "c.next"), 0o777)))
	b, err := claims.Join(dir, claims.Options{Session: "b", Lease: time.Hour, Gone: func(int) bool { return true }})
	noError(t, err)
	if take(t, b, "k") == nil {
		t.Error("the claim of a process that is gone is not free")
	}
	noError(t, b.Leave())
	for _, pattern := range []string{"tasks/*/a.*", "runs/*"} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("%v of a process that is gone, %v", left, err)
		}
	}
}

// TestRush lets many sessions take, renew and give back a few tasks as fast as they can, and silences some: nobody ever holds
// what another renews at the same time.
func TestRush(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	var holders [3]atomic.Int32
	var taken atomic.Int32
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for round := range 2 {
				f, err := claims.Join(dir, claims.Options{Session: fmt.Sprintf("s%d-%d", i, round), Lease: 50 * time.Millisecond})
				if err != nil {
					t.Error(err)
					return
				}
				for n := range 60 {
					k := (i + n) % len(holders)
					c, err := f.Take(fmt.Sprint("k", k))
					if err != nil {
						t.Error(err)
						return
					}
					if c == nil {
						continue
					}
					taken.Add(1)
					if err := c.Renew(); err == nil {
						if holders[k].Add(1) > 1 {
							t.Errorf("two sessions hold k%d", k)
						}
						holders[k].Add(-1)
					} else if !errors.Is(err, claims.ErrLost) {
						t.Error(err)
					}
					if err := c.Release(); err != nil {
						t.Error(err)
					}
				}
				if err := f.Leave(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if taken.Load() < 30 {
		t.Errorf("%d claims: the test shows little", taken.Load())
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		left, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
		t.Errorf("the folder is left, with %q: %v", left, err)
	}
}

func TestTermsAndFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	a, b := join(t, dir, "a"), join(t, dir, "b")
	for _, f := range []*claims.Folder{a, b, b} {
		terms, err := f.Agree("those of the first")
		if err != nil || terms != "those of the first" {
			t.Errorf("terms %q, %v", terms, err)
		}
		noError(t, f.Share())
	}
	if terms, err := b.Agree("others"); err != nil || terms != "those of the first" {
		t.Errorf("terms %q, %v", terms, err)
	}
	noError(t, a.Leave())
	files, err := b.Files()
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	if slices.Sort(names); err != nil || !slices.Equal(names, []string{"a.jsonl", "b.jsonl"}) {
		t.Errorf("files %q, %v", files, err)
	}
	noError(t, b.Leave())
	if _, err := os.Stat(filepath.Join(dir, "terms", "terms")); err != nil {
		t.Errorf("what later runs have to know is gone: %v", err)
	}
}
