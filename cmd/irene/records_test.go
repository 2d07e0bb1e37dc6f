package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordsTorn: an end that an interrupted writer left is a note for the list, an invalid line for the check.
func TestRecordsTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	whole := `{"schema":1,"device":{"id":"t4"},"method":"time","level":"model","time_s":1}` + "\n"
	if err := os.WriteFile(path, []byte(whole+`{"schema":1,"dev`), 0o666); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s:2: the last line is incomplete (from byte %d)\n", path, len(whole))
	var out, notes bytes.Buffer
	if status := run([]string{"records", path}, nil, &out, &notes); status != exitDone || !strings.HasSuffix(out.String(), "\n1 record, t4\n") || notes.String() != "irene: "+want {
		t.Errorf("list: status %d\n%s%s", status, out.String(), notes.String())
	}
	out.Reset()
	if status := run([]string{"records", "--check", path}, nil, &out, &notes); status != exitFailed || out.String() != want+"1 record, 1 invalid line, 0 doubts\n" {
		t.Errorf("check: status %d\n%s", status, out.String())
	}
}

// TestPlaceRecords: good lines keep their numbers among blank and bad ones, up to where the reader gives up.
func TestPlaceRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	good := `{"schema":1,"device":{"id":"t4"},"method":"time","level":"model","time_s":1}` + "\n"
	text := "\n" + good + "?\n  \n" + good + strings.Repeat("?\n", 30) + good
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	records, bad, err := placeRecords(&environment{}, path)
	if err != nil || len(records) != 2 || records[0].line != 2 || records[1].line != 5 {
		t.Errorf("%v, %v", records, err)
	}
	// 20 bad lines, 3 and 6 to 24, and the reader's last word at line 24.
	if len(bad) != 21 || bad[0].Line != 3 || bad[1].Line != 6 || bad[20].Line != 24 || !strings.Contains(bad[20].Message, "is this a file of records?") {
		t.Errorf("%d bad lines: %v", len(bad), bad)
	}
}
