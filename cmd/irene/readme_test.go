package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/irene-onnx/irene/fixtures"
)

// documents are the texts whose commands are run and checked, with how many commands each runs at least.
var documents = map[string]int{"../../README.md": 5, "../../docs/ci.md": 2}

// elided is the line that stands for the rest of an output.
const elided = "…"

// TestReadme runs the command lines of README.md and docs/ci.md. In a block marked console every "$ irene …" runs, and what the block
// shows below it is what it prints; "$ echo $?" shows its exit status, 0 where it is not shown. In a block marked sh or
// yaml the commands have placeholders: they are checked to exist with their flags. With -update the outputs are rewritten.
func TestReadme(t *testing.T) {
	for name, least := range documents {
		t.Run(filepath.Base(name), func(t *testing.T) { testDocument(t, name, least) })
	}
}

func testDocument(t *testing.T, name string, least int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := os.CopyFS(filepath.Join(work, "fixtures", "models"), os.DirFS("../../fixtures/models")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(work)
	got, ran := rerun(t, string(text))
	if ran < least {
		t.Errorf("%s has %d commands; are its blocks marked console?", name, ran)
	}
	if fixtures.Updating() {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s shows other outputs than the commands print (make readme rewrites them): -shown +now\n%s", name, diff)
	}
}

// rerun returns the text with the outputs that its commands print now, and how many commands it ran.
func rerun(t *testing.T, text string) (string, int) {
	t.Helper()
	var out []string
	ran := 0
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		fence := lines[i]
		out = append(out, fence)
		if fence != "```console" && fence != "```sh" && fence != "```yaml" {
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], "```")
		block := lines[i+1 : end]
		switch fence {
		case "```console":
			block, ran = runBlock(t, block, ran)
		case "```sh", "```yaml":
			for _, line := range commandLines(block) {
				line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "- "), "run: ")
				checkFlags(t, strings.TrimPrefix(line, "if ! "))
			}
		}
		out = append(out, block...)
		i = end - 1
	}
	return strings.Join(out, "\n"), ran
}

// runBlock runs the commands of one block and returns it with their outputs.
func runBlock(t *testing.T, block []string, ran int) ([]string, int) {
	t.Helper()
	var out []string
	status, shown := exitDone, true
	for i := 0; i < len(block); {
		line := block[i]
		next := i + 1
		for next < len(block) && !strings.HasPrefix(block[next], "$ ") {
			next++
		}
		old := block[i+1 : next]
		i = next
		out = append(out, line)
		if line == "$ echo $?" {
			out = append(out, fmt.Sprint(status))
			shown = true
			continue
		}
		if !shown && status != exitDone {
			t.Errorf("exit status %d, not shown, before %q", status, line)
		}
		args, passedOn := words(strings.TrimPrefix(line, "$ "))
		if len(args) == 0 || args[0] != "irene" {
			t.Errorf("%q: only irene can be run here", line)
			out = append(out, old...)
			continue
		}
		var printed bytes.Buffer
		status, shown = run(args[1:], strings.NewReader(""), &printed, &printed), false
		ran++
		switch got := strings.Split(strings.TrimSuffix(printed.String(), "\n"), "\n"); {
		case passedOn || (len(old) == 0 && printed.Len() == 0):
			out = append(out, old...)
		case len(old) > 0 && old[len(old)-1] == elided && len(got) >= len(old):
			out = append(out, append(slices.Clone(got[:len(old)-1]), elided)...)
		default:
			out = append(out, got...)
		}
	}
	if !shown && status != exitDone {
		t.Errorf("exit status %d, not shown, at the end of a block: %q", status, block)
	}
	return out, ran
}

// checkFlags parses a command line with placeholders: the command, its flags, the number of its arguments, and the words
// that flags choose from have to exist. Other lines pass.
func checkFlags(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " && ")
	line, _, _ = strings.Cut(line, " || ")
	args, _ := words(line)
	if len(args) < 2 || args[0] != "irene" {
		return
	}
	c, err := lookup(commands(), args[1])
	if err != nil {
		t.Errorf("%q: %v", line, err)
		return
	}
	arranged, err := arrange(c, args[2:])
	if err != nil {
		t.Errorf("%q: %v", line, err)
		return
	}
	n := 0
	if i := slices.Index(arranged, "--"); i >= 0 {
		n = len(arranged) - i - 1
		arranged = arranged[:i]
	}
	if n < c.min || n > c.max {
		t.Errorf("%q: %v", line, countError(*c, make([]string, n)))
	}
	for i, arg := range arranged[:max(0, len(arranged)-1)] {
		known := choices(c, strings.TrimPrefix(arg, "--"))
		for _, w := range strings.Split(arranged[i+1], ",") {
			if strings.HasPrefix(arg, "--") && known != nil && !slices.Contains(known, w) {
				t.Errorf("%q: %s is not one of %s", line, w, strings.Join(known, ", "))
			}
		}
	}
}

// commandLines joins lines that a backslash continues.
func commandLines(block []string) []string {
	return strings.Split(strings.ReplaceAll(strings.Join(block, "\n"), "\\\n", " "), "\n")
}

// words splits a command line as a shell does, quotes aside, up to a pipe or a redirection; passedOn says that there is one.
func words(line string) (args []string, passedOn bool) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 { // inside quotes
			args = append(args, part)
			continue
		}
		for _, w := range strings.Fields(part) {
			if w == "|" || w == ">" || w == ">>" {
				return args, true
			}
			args = append(args, w)
		}
	}
	return args, false
}
