package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/graph"
	ot "github.com/irene-onnx/irene/internal/onnxtest"
)

// hostileNames are what names in a file may hold; each is as long as the others.
var hostileNames = []string{
	"\x1b[31mRED\x1b]0;t\x07\x00",
	"\r\n\t\x85\u009b31m\u2028\u202e",
	"\xff\xfe\xc0\x80\xed\xa0\x80 utf-16,",
	"=cmd|'/C'!A0'),",
	"a|b\n# h\n`cc`[x]",
}

// hostileModel is a model all of whose names hold one of hostileNames.
func hostileModel(name string) []byte {
	const placeholder = "EVILEVILEVILEVI"
	b := ot.Model(
		ot.Producer(placeholder), ot.Opset("", 17), ot.Opset("dom"+placeholder, 1), ot.In("in"+placeholder, graph.Float32, placeholder, 4),
		ot.Weight(placeholder+".weight", graph.Float32, 4, 8),
		ot.Node("MatMul", "in"+placeholder+" "+placeholder+".weight", placeholder, ot.Name("/enc."+placeholder+"/"+placeholder+"/MatMul")),
		ot.Node("Foo"+placeholder, placeholder, "y"+placeholder, ot.Name(placeholder)),
		ot.Out("y"+placeholder, graph.Float32),
	).Bytes()
	return bytes.ReplaceAll(b, []byte(placeholder), []byte(name))
}

// TestHostileNames: whatever names hold, no command puts it on a terminal as it is, and every format stays what it is.
func TestHostileNames(t *testing.T) {
	for _, name := range hostileNames {
		if len(name) != len(hostileNames[0]) {
			t.Fatalf("%q has %d bytes", name, len(name))
		}
		file := filepath.Join(t.TempDir(), "m.onnx")
		if err := os.WriteFile(file, hostileModel(name), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range []string{
			"analyze F", "analyze F --values", "analyze F --symbolic", "analyze F --device none", "analyze F --assert module:*:energy_j<=0",
			"analyze F --format csv", "analyze F --symbolic --format csv", "analyze F --format markdown", "analyze F --format json --values",
			"explain F", "explain F --format json", "formula F", "sweep F --dim batch=1,2", "compare F F", "compare F F --format csv",
			"compare F F --format markdown", "compare F F --format json", "export F --format dot -o -", "export F --format html -o -",
			"generate F", "plan F", "analyze F --dim nothing=1", "explain F nothing",
			"profile F --executor fake --meter fake --dry-run", "profile F --executor fake --meter fake --dry-run --format json",
		} {
			words := strings.Fields(args)
			for i := range words {
				if words[i] == "F" {
					words[i] = file
				}
			}
			var out, errs bytes.Buffer
			if run(words, strings.NewReader(""), &out, &errs); strings.Contains(errs.String(), "internal error") {
				t.Errorf("%q: %s: %s", name, args, errs.String())
			}
			checkShown(t, name+": "+args, strings.ReplaceAll(out.String(), "\t", " "))
			checkShown(t, name+": "+args, errs.String())
			checkFormat(t, name+": "+args, words, out.Bytes())
		}
	}
}

func checkShown(t *testing.T, what, text string) {
	t.Helper()
	if render.CleanLines(text) != text {
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); render.Clean(line) != line {
				t.Errorf("%q: %q", what, line)
				return
			}
		}
	}
}

// checkFormat parses what is to be parsed: JSON, and tables with as many cells in every row.
func checkFormat(t *testing.T, what string, words []string, out []byte) {
	t.Helper()
	switch {
	case len(out) == 0:
	case slices.Contains(words, "json"):
		if !json.Valid(out) {
			t.Errorf("%q: no JSON", what)
		}
	case slices.Contains(words, "csv"):
		rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		if err != nil {
			t.Errorf("%q: %v", what, err)
		}
		for _, row := range rows {
			if i := slices.IndexFunc(row, func(cell string) bool { return strings.HasPrefix(cell, "=") }); i >= 0 {
				t.Errorf("%q: the cell %q is a formula", what, row[i])
			}
		}
	case slices.Contains(words, "markdown"):
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "### ") && strings.TrimSpace(line) != "" {
				t.Errorf("%q: the line %q is none of a table or a list", what, line)
			}
		}
	}
}
