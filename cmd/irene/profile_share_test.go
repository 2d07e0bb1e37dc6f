//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fleet is runs of irene profile that share their tasks.
type fleet struct {
	t     *testing.T
	dir   string
	n     int
	flags func(i int) []string // of run i
}

// oneFile is runs that append to one file.
func oneFile(int) []string { return []string{"--lease", "300ms"} }

// oneFolder is runs with files of their own, that share a folder of claims.
func oneFolder(i int) []string {
	return []string{"--claims", "claims", "--lease", "300ms", "-o", fmt.Sprintf("r%d.jsonl", i)}
}

// files are those that the runs append to.
func (f *fleet) files() []string {
	if f.flags(0)[0] != "--claims" {
		return nil
	}
	var out []string
	for i := range f.n {
		out = append(out, fmt.Sprintf("r%d.jsonl", i))
	}
	return out
}

// run starts run i, over and over until it is done: harass may do to each what it wants.
func (f *fleet) run(i int, harass func(*exec.Cmd) (done bool)) string {
	for {
		c := pretend(f.t, f.dir, f.flags(i)...)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			f.t.Error(err)
			return ""
		}
		last := harass(c)
		err := c.Wait()
		if err == nil {
			return out.String()
		}
		if last {
			f.t.Errorf("run %d: %v: %s", i, err, &out)
			return ""
		}
	}
}

// all runs all of them at once, and returns what they said in the end.
func (f *fleet) all(harass func(i int, c *exec.Cmd) (done bool)) []string {
	said := make([]string, f.n)
	var wait sync.WaitGroup
	for i := range f.n {
		wait.Go(func() { said[i] = f.run(i, func(c *exec.Cmd) bool { return harass(i, c) }) })
	}
	wait.Wait()
	return said
}

// whole measures alone what the fleets measure together.
func whole(t *testing.T) (keys []string, takes time.Duration) {
	dir := tinyFolder(t)
	begin := time.Now()
	if out, err := pretend(t, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("beside the model and its records: %v %v", left, err)
	}
	return measuredKeys(t, dir), time.Since(begin)
}

var tasksMeasured = regexp.MustCompile(`irene: (\d+) tasks? measured`)

// TestProfileTakesTurns: runs at the same time, in one file or in files of their own, measure everything once, and each some.
func TestProfileTakesTurns(t *testing.T) {
	want, _ := whole(t)
	for name, f := range map[string]fleet{"one file": {n: 2, flags: oneFile}, "files of their own": {n: 4, flags: oneFolder}} {
		f.t, f.dir = t, tinyFolder(t)
		said := f.all(func(int, *exec.Cmd) bool { return true })
		if got := measuredKeys(t, f.dir, f.files()...); !slices.Equal(got, want) {
			t.Errorf("%s: %d measurements together, %d alone", name, len(got), len(want))
		}
		for i, text := range said {
			m := tasksMeasured.FindStringSubmatch(text)
			if m == nil {
				continue // it came when all was done
			}
			if n, err := strconv.Atoi(m[1]); err != nil || n > len(want)*9/10 {
				t.Errorf("%s: run %d measured %d of %d", name, i, n, len(want))
			}
		}
	}
}

// TestProfileHarassed: runs that are killed and started again, and runs that are stopped for longer than the lease and go on,
// measure everything once.
func TestProfileHarassed(t *testing.T) {
	want, takes := whole(t)
	for _, f := range []fleet{{n: 2, flags: oneFile}, {n: 8, flags: oneFile}, {n: 3, flags: oneFolder}, {n: 8, flags: oneFolder}} {
		f.t, f.dir = t, tinyFolder(t)
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(uint64(f.n), 13))
		kills, stops := 0, 0
		left := make([]int, f.n)
		for i := range left {
			left[i] = 4
		}
		f.all(func(i int, c *exec.Cmd) bool {
			mu.Lock()
			wait, stop := time.Duration((0.05+random.Float64())*float64(takes)/4), random.IntN(3) == 0
			done := left[i] == 0
			left[i]--
			if !done && stop {
				stops++
			} else if !done {
				kills++
			}
			mu.Unlock()
			switch {
			case done:
			case stop:
				time.Sleep(wait)
				_ = c.Process.Signal(syscall.SIGSTOP) // it may have ended
				time.Sleep(700 * time.Millisecond)
				_ = c.Process.Signal(syscall.SIGCONT)
				time.Sleep(wait)
				_ = c.Process.Kill()
			default:
				time.Sleep(wait)
				_ = c.Process.Kill()
			}
			return done
		})
		name := fmt.Sprintf("%d runs of %s", f.n, f.flags(0)[0])
		if got := measuredKeys(t, f.dir, f.files()...); !slices.Equal(got, want) {
			t.Errorf("%s: %d measurements after the kills, %d without", name, len(got), len(want))
		}
		t.Logf("%s: %d kills, %d stops", name, kills, stops)
		if left, err := filepath.Glob(filepath.Join(f.dir, "*"+claimsSuffix, "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("%s: %v %v", name, left, err)
		}
	}
}
