package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/doubts"
)

// placedRecord is a record and where it stands.
type placedRecord struct {
	*energy.Record
	file string
	line int
}

// finding is something wrong with a line of a file of records.
type finding struct {
	File    string `json:"file"`    // its path as it was given
	Line    int    `json:"line"`    // from 1
	Kind    string `json:"kind"`    // "invalid" for no record, or "doubtful" for one with unlikely numbers
	Message string `json:"message"` // for people
}

// The kinds of findings.
const (
	invalid  = "invalid"
	doubtful = "doubtful"
)

// checkRecordFiles lists everything wrong with files of records. Invalid lines are an error, doubtful numbers are not.
func checkRecordFiles(env *environment, paths []string, format string) error {
	var findings []finding
	var all []placedRecord
	for _, path := range paths {
		records, bad, err := placeRecords(env, path)
		if err != nil {
			return err
		}
		all, findings = append(all, records...), append(findings, bad...)
	}
	findings = append(findings, doubtsOf(all)...)
	slices.SortStableFunc(findings, func(a, b finding) int {
		if a.File != b.File {
			return slices.Index(paths, a.File) - slices.Index(paths, b.File)
		}
		return a.Line - b.Line
	})
	if err := writeOutput(env, "", findingsText(findings, len(all), format)); err != nil {
		return err
	}
	bad := 0
	for _, f := range findings {
		if f.Kind == invalid {
			bad++
		}
	}
	if bad > 0 {
		return errors.New(render.Plural(bad, "invalid line"))
	}
	return nil
}

// doubtsOf lists what is odd about records that are valid.
func doubtsOf(all []placedRecord) (out []finding) {
	list := make([]*energy.Record, len(all))
	for i, r := range all {
		list[i] = r.Record
	}
	for _, d := range doubts.Find(list) {
		r := all[d.Record]
		if d.CopyOf >= 0 {
			first := all[d.CopyOf]
			d.Why = fmt.Sprintf("the same record as %s:%d", first.file, first.line)
		}
		out = append(out, finding{File: r.file, Line: r.line, Kind: doubtful, Message: d.Why})
	}
	return out
}

// placeRecords reads the records of a file with their lines, and the lines that are none.
func placeRecords(env *environment, path string) (records []placedRecord, bad []finding, err error) {
	data, err := readInput(env, path, readAll)
	if err != nil {
		return nil, nil, err
	}
	list, err := energy.ReadRecords(bytes.NewReader(data), path)
	not := map[int]bool{}
	last := 0 // line after which nothing was read; 0 where all was
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			f := finding{File: path, Kind: invalid}
			switch e := e.(type) {
			case *energy.SyntaxError:
				f.Line, f.Message = e.Line, e.Msg
				if not[e.Line] { // the reader has given up
					last = e.Line
				}
			case *energy.TornTailError:
				f.Line, f.Message = e.Line, fmt.Sprintf("the last line is incomplete (from byte %d)", e.Offset)
			default:
				return nil, nil, err
			}
			not[f.Line] = true
			bad = append(bad, f)
		}
	}
	lines := bufio.NewReader(bytes.NewReader(data))
	for n := 1; len(records) < len(list) && (last == 0 || n < last); n++ {
		line, _ := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 && !not[n] {
			records = append(records, placedRecord{&list[len(records)], path, n})
		}
	}
	return records, bad, nil
}

// findingsText is the findings in a format, with a summary in the text.
func findingsText(findings []finding, records int, format string) []byte {
	var b bytes.Buffer
	switch format {
	case "csv":
		w := render.NewCSV(&b)
		_ = w.Write([]string{"file", "line", "kind", "message"}) // to memory
		for _, f := range findings {
			_ = w.Write([]string{f.File, strconv.Itoa(f.Line), f.Kind, f.Message})
		}
		w.Flush()
		return b.Bytes()
	case "json":
		return render.JSON(&checkOutput{report.Schema, records, findings})
	}
	counts := map[string]int{}
	for _, f := range findings {
		fmt.Fprintf(&b, "%s:%d: %s\n", f.File, f.Line, f.Message)
		counts[f.Kind]++
	}
	fmt.Fprintf(&b, "%s, %s, %s\n", render.Plural(records, "record"), render.Plural(counts[invalid], "invalid line"), render.Plural(counts[doubtful], "doubt"))
	return b.Bytes()
}

// checkOutput is what irene records --check --format json writes, a line per finding.
type checkOutput struct {
	Schema   int       `json:"schema"`  // version of the format
	Records  int       `json:"records"` // that were read
	Findings []finding `json:"findings" lines:"each"`
}
