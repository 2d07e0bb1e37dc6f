package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notebook runs blocks of Python as the cells of a notebook: one after the other, the value of a last expression shown. A module
// that is not there ends it.
const notebook = `
import ast, contextlib, io, json, sys
names, results = {}, []
for cell in json.load(sys.stdin):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            body = ast.parse(cell).body
            last = body.pop() if isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), "cell", "exec"), names)
            value = last and eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if value is not None:
                print(value)
        except ModuleNotFoundError as err:
            results.append({"missing": err.name})
            break
    results.append({"shown": shown.getvalue()})
json.dump(results, sys.stdout)
`

// runPython runs the blocks of a document that are marked python, and returns it with what they show now in the blocks marked
// text that follow them. What needs Python where there is none, or a module that is not there, stays as it is.
func runPython(t *testing.T, text string) string {
	t.Helper()
	lines := strings.Split(text, "\n")
	var cells []string
	var shown [][2]int // where a block that follows begins and ends; the same where there is none
	for i, line := range lines {
		if line != "```python" {
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], "```")
		cells = append(cells, strings.Join(lines[i+1:end], "\n"))
		below := [2]int{}
		if end+2 < len(lines) && lines[end+2] == "```text" {
			below = [2]int{end + 3, end + 3 + slices.Index(lines[end+3:], "```")}
		}
		shown = append(shown, below)
	}
	results := runCells(t, cells)
	for i, r := range slices.Backward(results) {
		if r.Missing != "" {
			t.Logf("block %d of Python needs %s: not run, nor are those below it", i+1, r.Missing)
		} else if at := shown[i]; at[0] > 0 {
			lines = slices.Replace(lines, at[0], at[1], strings.Split(blanks.ReplaceAllString(strings.TrimSuffix(r.Shown, "\n"), ""), "\n")...)
		}
	}
	return strings.Join(lines, "\n")
}

// blanks end the lines of tables, and no line of a document.
var blanks = regexp.MustCompile(`(?m) +$`)

// cellResult is what a block showed, or which module it needs.
type cellResult struct{ Missing, Shown string }

// runCells runs blocks with this test's binary on the PATH as irene.
func runCells(t *testing.T, cells []string) (results []cellResult) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if len(cells) == 0 || err != nil {
		return nil
	}
	in, err := json.Marshal(cells)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "irene")); err != nil {
		t.Logf("Python is not run: %v", err)
		return nil
	}
	cmd := exec.Command(python, "-c", notebook)
	cmd.Stdin = strings.NewReader(string(in))
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	return results
}
