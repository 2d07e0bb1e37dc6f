package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// pretend is a run of irene profile on the made-up device, as a process.
func pretend(t *testing.T, dir string, more ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"profile", "tiny.onnx", "--executor", "fake", "--dim", "batch=1:120:1", "-o", "r.jsonl"}, more...) // the last -o counts
	c := exec.Command(self, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), commandEnv+"=1", "TMPDIR="+dir)
	return c
}

// measuredKeys reads the records of files, r.jsonl unless some are named, and refuses a measurement that is there twice.
func measuredKeys(t *testing.T, dir string, files ...string) []string {
	t.Helper()
	if len(files) == 0 {
		files = []string{"r.jsonl"}
	}
	count := map[string]int{}
	var keys []string
	for _, file := range files {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		records, err := energy.ReadRecords(bytes.NewReader(b), file)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			key := r.Key()
			if count[key] == 0 {
				keys = append(keys, key)
			}
			if !r.Anchor {
				count[key]++
			} else if count[key] == 0 {
				count[key] = -1000 // anchors are measured as often as there are rounds
			}
			if count[key] > 1 {
				t.Errorf("%s %s of %v is there %d times", r.Level, r.Op, r.Dims, count[key])
			}
		}
	}
	slices.Sort(keys)
	return keys
}

func tinyFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tiny.onnx"), fixtureModels()["tiny.onnx"].Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestProfileKilled kills a run at twenty random instants; each time the next one goes on, and in the end every
// measurement is there once.
func TestProfileKilled(t *testing.T) {
	whole, killed := tinyFolder(t), tinyFolder(t)
	begin := time.Now()
	if out, err := pretend(t, whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	takes := time.Since(begin)
	source := rand.New(rand.NewPCG(20, 6))
	unfinished := 0
	for range 20 {
		c := pretend(t, killed)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration((0.2 + source.Float64()) * float64(takes) / 12))
		c.Process.Kill()
		if err := c.Wait(); err != nil { // killed, not done before
			unfinished++
		}
	}
	if unfinished < 10 {
		t.Errorf("%d of 20 runs were killed before they ended: the test shows little", unfinished)
	}
	if out, err := pretend(t, killed).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(killed, tempPrefix+"*")); err != nil || len(left) > 0 {
		t.Errorf("folders of killed runs are left: %v %v", left, err)
	}
	want := measuredKeys(t, whole)
	if got := measuredKeys(t, killed); !slices.Equal(got, want) {
		t.Errorf("%d measurements after the kills, %d without", len(got), len(want))
	}
}

// TestProfileWall: a constant 400 W at the plug are 400 J for each second of an execution.
func TestProfileWall(t *testing.T) {
	dir := tinyFolder(t)
	var log strings.Builder
	for at := range 3600 { // the made-up device begins with the year 2000
		fmt.Fprintf(&log, "%s,400\n", time.Date(2000, 1, 1, 0, 0, 2*at, 0, time.UTC).Format(time.RFC3339))
	}
	if err := os.WriteFile(filepath.Join(dir, "plug.csv"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := pretend(t, dir, "--wall-log", "plug.csv", "--budget", "20m")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "r.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := energy.ReadRecords(bytes.NewReader(b), "r.jsonl")
	if err != nil || len(records) < 20 {
		t.Fatalf("%d records, error %v", len(records), err)
	}
	for _, r := range records {
		if r.WallEnergy == nil || math.Abs(float64(*r.WallEnergy)/(400*float64(*r.Time))-1) > 1e-6 {
			t.Errorf("%s %s: %v at the plug in %v", r.Level, r.Op, r.WallEnergy, *r.Time)
		}
	}
}
