package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

// placedRecord is a record and where it stands.
type placedRecord struct {
	*energy.Record
	file string
	line int
}

// finding is something wrong with a line of a file of records.
type finding struct {
	file    string
	line    int
	invalid bool // no record; else a record whose numbers are doubtful
	message string
}

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
	findings = append(findings, doubts(all)...)
	slices.SortStableFunc(findings, func(a, b finding) int {
		if a.file != b.file {
			return slices.Index(paths, a.file) - slices.Index(paths, b.file)
		}
		return a.line - b.line
	})
	if err := writeOutput(env, "", findingsText(findings, len(all), format)); err != nil {
		return err
	}
	invalid := 0
	for _, f := range findings {
		if f.invalid {
			invalid++
		}
	}
	if invalid > 0 {
		return errors.New(plural(invalid, "invalid line"))
	}
	return nil
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
			f := finding{file: path, invalid: true}
			switch e := e.(type) {
			case *energy.SyntaxError:
				f.line, f.message = e.Line, e.Msg
				if not[e.Line] { // the reader has given up
					last = e.Line
				}
			case *energy.TornTailError:
				f.line, f.message = e.Line, fmt.Sprintf("the last line is incomplete (from byte %d)", e.Offset)
			default:
				return nil, nil, err
			}
			not[f.line] = true
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
	kind := func(f finding) string {
		if f.invalid {
			return "invalid"
		}
		return "doubtful"
	}
	var b bytes.Buffer
	switch format {
	case "csv":
		w := csv.NewWriter(&b)
		_ = w.Write([]string{"file", "line", "kind", "message"}) // to memory
		for _, f := range findings {
			_ = w.Write([]string{f.file, strconv.Itoa(f.line), kind(f), f.message})
		}
		w.Flush()
		return b.Bytes()
	case "json":
		return findingsJSON(findings, records, kind)
	}
	counts := map[string]int{}
	for _, f := range findings {
		fmt.Fprintf(&b, "%s:%d: %s\n", f.file, f.line, f.message)
		counts[kind(f)]++
	}
	fmt.Fprintf(&b, "%s, %s, %s\n", plural(records, "record"), plural(counts["invalid"], "invalid line"), plural(counts["doubtful"], "doubt"))
	return b.Bytes()
}

// checkOutput is what irene records --check --format json writes, a line per finding.
type checkOutput struct {
	Schema   int           `json:"schema"`  // version of the format
	Records  int           `json:"records"` // that were read
	Findings []findingJSON `json:"findings" lines:"each"`
}

// findingJSON is something wrong with a line.
type findingJSON struct {
	File    string `json:"file"`    // its path as it was given
	Line    int    `json:"line"`    // from 1
	Kind    string `json:"kind"`    // "invalid", or "doubtful" for a record with unlikely numbers
	Message string `json:"message"` // for people
}

func findingsJSON(findings []finding, records int, kind func(finding) string) []byte {
	out := checkOutput{Schema: report.Schema, Records: records}
	for _, f := range findings {
		out.Findings = append(out.Findings, findingJSON{f.file, f.line, kind(f), f.message})
	}
	return render.JSON(&out)
}
