package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
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

// TestKernelCoverage: a module of two equal kernels and another one, whose operators were measured once each.
func TestKernelCoverage(t *testing.T) {
	gemm := energy.Work{Class: "gemm", DType: "float16", Count: 1, MACs: 100, Read: 10, Written: 5}
	norm := energy.Work{Class: "norm", DType: "float16", Count: 1, Read: 7, Written: 7}
	of := func(level energy.Level, name string, joules energy.Joules, work ...energy.Work) placedRecord {
		r := &energy.Record{
			Schema: energy.RecordSchema, Device: energy.RecordDevice{ID: "h200"}, Method: energy.MethodCounter, Boundary: energy.BoundaryBoard, Level: level,
			Signature: name, Path: name, Work: work, Energy: &joules,
		}
		return placedRecord{r, "f", len(name)}
	}
	twice := gemm
	twice.Count = 2
	module := of(energy.LevelModule, "layer", 10, twice, norm)
	parts := []placedRecord{of(energy.LevelOperator, "g", 3, gemm), of(energy.LevelOperator, "no", 2, norm)}
	got := coverage(append(parts, module))
	if len(got) != 1 || got[0].share != 0.8 || got[0].what != "energy" || got[0].parent != module {
		t.Errorf("2×3 J and 2 J of 10 J: %+v", got)
	}
	if got := coverage([]placedRecord{parts[0], module}); got != nil {
		t.Errorf("a kernel that was not measured: %+v", got)
	}
	elsewhere := *parts[1].Record
	elsewhere.Device.ID = "t4"
	if got := coverage([]placedRecord{parts[0], {&elsewhere, "f", 9}, module}); got != nil {
		t.Errorf("a kernel measured on another device: %+v", got)
	}
}
