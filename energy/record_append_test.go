package energy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// numbered is the record with number n of a writer.
func numbered(writer string, n int64) Record {
	return Record{
		Device: RecordDevice{ID: "t4"}, Method: MethodCounter, Boundary: BoundaryBoard, Level: LevelOperator,
		Model: strings.Repeat("long name ", 30), Session: writer, Dims: map[string]int64{"n": n}, Time: new(Seconds(1)),
	}
}

func mustOpen(t *testing.T, path string) (*Appender, []Record, string) {
	t.Helper()
	a, records, note, err := OpenAppender(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a, records, note
}

func mustAppend(t *testing.T, a *Appender, r Record) {
	t.Helper()
	if err := a.Append(r); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lineOf is a record as one line of a file.
func lineOf(t *testing.T, r Record) string { return string(write(t, []Record{r})) }

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	a, records, note := mustOpen(t, path)
	if len(records) > 0 || note != "" {
		t.Errorf("a new file has %d records, note %q", len(records), note)
	}
	mustAppend(t, a, numbered("a", 1))
	if err := a.Append(Record{}); err == nil {
		t.Error("a record that says nothing was appended")
	}
	mustAppend(t, a, numbered("a", 2))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(numbered("a", 3)); err == nil || err.Error() != path+": is closed" {
		t.Errorf("append after Close: %v", err)
	}
	if got, want := content(t, path), lineOf(t, numbered("a", 1))+lineOf(t, numbered("a", 2)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if _, records, note := mustOpen(t, path); len(records) != 2 || records[1].Dims["n"] != 2 || note != "" {
		t.Errorf("%d records, note %q", len(records), note)
	}
}

// TestAppendTorn cuts the last line of a file at every place, before it is opened and while it is.
func TestAppendTorn(t *testing.T) {
	first, last := lineOf(t, numbered("a", 1)), minimal+`,"time_s":2}`
	folder := t.TempDir()
	for cut := 1; cut <= len(last); cut++ {
		path := filepath.Join(folder, fmt.Sprint(cut))
		torn, want := last[:cut], first+lineOf(t, numbered("a", 3))
		if cut == len(last) {
			want = first + last + "\n" + lineOf(t, numbered("a", 3))
		}
		for _, when := range []string{"before", "while"} {
			if err := os.WriteFile(path, []byte(first), 0o666); err != nil {
				t.Fatal(err)
			}
			tear := func() {
				if err := os.WriteFile(path, []byte(first+torn), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if when == "before" {
				tear()
			}
			a, _, note := mustOpen(t, path)
			if when == "while" {
				tear()
			}
			mustAppend(t, a, numbered("a", 3))
			if got := content(t, path); got != want {
				t.Fatalf("cut after %d bytes %s: got\n%swant\n%s", cut, when, got, want)
			}
			if cut == len(last) {
				if note != "" {
					t.Errorf("a whole last line: note %q", note)
				}
				continue
			}
			if when == "before" && note != fmt.Sprintf("%s:2: the last line is incomplete (from byte %d); those %d bytes are now in %[1]s.torn", path, len(first), cut) {
				t.Fatalf("note %q", note)
			}
			aside := fmt.Sprintf("# %d, %d bytes from byte %d on\n%s\n", cut, cut, len(first), torn)
			if got := content(t, path+TornSuffix); got != strings.Repeat(aside, map[string]int{"before": 1, "while": 2}[when]) {
				t.Fatalf("cut after %d bytes %s: set aside\n%s", cut, when, got)
			}
		}
	}
}

// TestAppendRefuses: what is no file of records stays as it is.
func TestAppendRefuses(t *testing.T) {
	folder := t.TempDir()
	for text, want := range map[string]string{
		"a,b,c\n":      ":1: not a JSON object: invalid character 'a' looking for beginning of value; is this a file of records? nothing is appended to it",
		"\x08\x07onnx": ":1: the last line is incomplete (from byte 0); is this a file of records? nothing is appended to it",
		`{"op":"add"}`: ":1: schema 0, want 1; is this a file of records? nothing is appended to it",
		strings.Repeat("x\n", 30) + lineOf(t, numbered("a", 1)): ":1: not a JSON object: invalid character 'x' looking for beginning of value; is this a file of records? nothing is appended to it",
	} {
		path := filepath.Join(folder, "f")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, _, _, err := OpenAppender(path)
		if err == nil || err.Error() != path+want {
			t.Errorf("%.20q: %v", text, err)
		}
		if content(t, path) != text {
			t.Errorf("%.20q was changed", text)
		}
	}
	for path, want := range map[string]string{
		folder:                            "is not a regular file; records are appended to one",
		os.DevNull:                        "is not a regular file; records are appended to one",
		filepath.Join(folder, "no", "r"):  "no such file or directory",
		filepath.Join(folder, "f", "sub"): "not a directory",
	} {
		if _, _, _, err := OpenAppender(path); err == nil || err.Error() != path+": "+want {
			t.Errorf("%v; want %s: %s", err, path, want)
		}
	}
}

// TestAppendKeepsBadLines: a bad line among good ones is named, and stays where it is.
func TestAppendKeepsBadLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	text := lineOf(t, numbered("a", 1)) + "?\n"
	if err := os.WriteFile(path, []byte(text+`{"torn`), 0o666); err != nil {
		t.Fatal(err)
	}
	a, records, note := mustOpen(t, path)
	if len(records) != 1 || !strings.HasPrefix(note, path+":2: not a JSON object") || !strings.Contains(note, "; "+path+":3: the last line is incomplete") {
		t.Errorf("%d records, note %q", len(records), note)
	}
	mustAppend(t, a, numbered("a", 2))
	if got, want := content(t, path), text+lineOf(t, numbered("a", 2)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestAppendReplaced: records do not vanish with a file that somebody renamed or removed.
func TestAppendReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	a, _, _ := mustOpen(t, path)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(numbered("a", 1)); err == nil || err.Error() != path+": no such file or directory" {
		t.Errorf("renamed: %v", err)
	}
	a, _, _ = mustOpen(t, path)
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Append(numbered("a", 1)); err == nil || err.Error() != path+": was replaced while records were appended to it" {
			t.Errorf("replaced: %v", err)
		}
	}
}

// The program that tests of several processes run is this one, with TestAppendProcess alone and these in the environment.
const (
	envFile   = "ENERGY_APPEND_FILE"
	envWriter = "ENERGY_APPEND_WRITER"
	envCount  = "ENERGY_APPEND_COUNT"
)

// TestAppendProcess is the other process: it resumes a file as a profiler does, up to a number of records.
func TestAppendProcess(t *testing.T) {
	path, writer := os.Getenv(envFile), os.Getenv(envWriter)
	if path == "" {
		t.Skip("run by other tests")
	}
	var count int64
	if _, err := fmt.Sscan(os.Getenv(envCount), &count); err != nil {
		t.Fatal(err)
	}
	a, existing, _, err := OpenAppender(path)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for i := range existing {
		if existing[i].Session == writer {
			have[existing[i].Key()] = true
		}
	}
	fmt.Println("ready")
	for n := range count {
		if r := numbered(writer, n); !have[r.Key()] {
			mustAppend(t, a, r)
		}
	}
}

// appender starts the other process and returns when it has opened the file.
func appender(t *testing.T, path, writer string, count int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAppendProcess$")
	cmd.Env = append(os.Environ(), envFile+"="+path, envWriter+"="+writer, fmt.Sprintf("%s=%d", envCount, count))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	for in.Scan() {
		if in.Text() == "ready" {
			go func() { // what else it says must not block it
				for in.Scan() {
				}
			}()
			return cmd
		}
	}
	t.Fatalf("the other process failed: %v %s", cmd.Wait(), stderr.String())
	return nil
}

// TestAppendKilled kills a process that appends 20 times, and resumes each time: every record is there once.
func TestAppendKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		cmd := appender(t, path, "a", 1<<20)
		time.Sleep(time.Duration(random.IntN(20000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process was not killed but ended")
		}
		checkFile(t, path)
	}
	written := checkFile(t, path)["a"]
	if written == 0 {
		t.Error("no record in 20 runs: the test tests nothing")
	}
	if err := appender(t, path, "a", written+10).Wait(); err != nil {
		t.Fatal(err)
	}
	if got := checkFile(t, path)["a"]; got != written+10 {
		t.Errorf("%d records, want %d", got, written+10)
	}
}

// TestAppendTogether has two processes append to one file, and kills a third: none loses a record.
func TestAppendTogether(t *testing.T) {
	const count = 40
	path := filepath.Join(t.TempDir(), "r.jsonl")
	a, b, killed := appender(t, path, "a", count), appender(t, path, "b", count), appender(t, path, "c", 1<<20)
	time.Sleep(20 * time.Millisecond)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Wait(), b.Wait()); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // an error: it was killed
	if n := checkFile(t, path); n["a"] != count || n["b"] != count {
		t.Errorf("records of each writer: %v", n)
	}
}

// checkFile makes sure that a file holds records 0, 1, 2 … of each writer in order, each once, and returns how many.
func checkFile(t *testing.T, path string) map[string]int {
	t.Helper()
	records, err := ReadRecords(strings.NewReader(content(t, path)), path)
	if torn := (*TornTailError)(nil); err != nil && !errors.As(err, &torn) {
		t.Fatal(err)
	}
	next := map[string]int{}
	for _, r := range records {
		if int(r.Dims["n"]) != next[r.Session] {
			t.Fatalf("writer %s: record %d comes after %d", r.Session, r.Dims["n"], next[r.Session]-1)
		}
		next[r.Session]++
	}
	return next
}
