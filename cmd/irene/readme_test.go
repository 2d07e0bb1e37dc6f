package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/irene-onnx/irene/fixtures"
)

// elided is the line that stands for lines of an output that a document leaves out.
const elided = "…"

// TestReadme runs the command lines of README.md and docs. In a block marked console every "$ irene …" runs, all of a document
// in one folder that holds fixtures/models, and what the block shows below is what it prints; "$ echo $?" shows its exit
// status, 0 where it is not shown. Blocks marked sh or yaml are for what a clone lacks (other models, a GPU, measurements): their
// commands are checked to exist with their flags, and run where models that a clone has can stand for theirs. Blocks marked python
// run as runPython says. With -update the outputs are rewritten.
func TestReadme(t *testing.T) {
	ran := 0
	for _, name := range documents(t, "README.md", "docs/*.md", "deploy/*.md", "deploy/*/*.md") {
		t.Run(strings.TrimPrefix(name, "../../"), func(t *testing.T) { ran += testDocument(t, name) })
	}
	if ran < 20 {
		t.Errorf("%d commands ran; are the blocks marked console?", ran)
	}
}

// documents are the files of the repository that patterns name.
func documents(t *testing.T, patterns ...string) (names []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}

// testDocument runs one document and returns how many commands it has.
func testDocument(t *testing.T, name string) int {
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
	got = runPython(t, got)
	if fixtures.Updating() {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return ran
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s shows other outputs than the commands print (make readme rewrites them): -shown +now\n%s", name, diff)
	}
	return ran
}

// TestReadmeFits holds README.md to 150 lines, and what it shows of commands to 100 columns.
func TestReadmeFits(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) > 150 {
		t.Errorf("README.md has %d lines", len(lines))
	}
	inside := false
	for i, line := range lines {
		if strings.HasPrefix(line, "```") {
			inside = !inside
		}
		if n := utf8.RuneCountInString(line); inside && n > 100 {
			t.Errorf("README.md:%d is %d columns wide", i+1, n)
		}
	}
}

// TestInlineCommands: commands that documents speak of within a line exist, and so do their flags; "COMMAND" and "…" stand for some.
func TestInlineCommands(t *testing.T) {
	inline, fenced := regexp.MustCompile("`irene ([^`]+)`"), regexp.MustCompile("(?ms)^```.*?^```")
	checked := 0
	for _, name := range documents(t, "*.md", "docs/*.md", "docs/*/*.md", "deploy/*.md", "deploy/*/*.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inline.FindAllSubmatch(fenced.ReplaceAll(text, nil), -1) {
			args, _ := words(strings.Join(strings.Fields(string(m[1])), " "))
			if args[0] == "COMMAND" || args[0] == "…" || args[0] == helpCommand || strings.HasPrefix(args[0], "-") {
				continue
			}
			c, err := lookup(commands(), args[0])
			if err == nil {
				_, _, err = arrange(c, append(args[1:], "VALUE")) // of a last flag that is named without one
			}
			if err != nil {
				t.Errorf("%s: irene %s: %v", name, m[1], err)
			}
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("%d commands", checked)
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
				line = strings.TrimPrefix(line, "if ! ")
				checkFlags(t, line)
				tryCommand(t, line)
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
	for len(block) > 0 {
		command, old, rest := cutCommand(block)
		block = rest
		out = append(out, command...)
		if command[0] == "$ echo $?" {
			out = append(out, fmt.Sprint(status))
			shown = true
			continue
		}
		line := commandLines(command)[0]
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
		if passedOn || (len(old) == 0 && printed.Len() == 0) {
			out = append(out, old...)
			continue
		}
		out = append(out, elide(old, strings.Split(strings.TrimSuffix(printed.String(), "\n"), "\n"))...)
	}
	if !shown && status != exitDone {
		t.Errorf("exit status %d, not shown, at the end of a block: %q", status, out)
	}
	return out, ran
}

// cutCommand splits a block into its first command, which backslashes continue, what is shown below it, and the rest.
func cutCommand(block []string) (command, shown, rest []string) {
	n := 1
	for n < len(block) && strings.HasSuffix(block[n-1], "\\") {
		n++
	}
	end := n
	for end < len(block) && !strings.HasPrefix(block[end], "$ ") {
		end++
	}
	return block[:n], block[n:end], block[end:]
}

// elide leaves out of an output what the old one leaves out: each elided line stands for all lines up to the next one shown,
// which is found anew by itself, or by its first word where it is another now.
func elide(old, got []string) []string {
	if !slices.Contains(old, elided) {
		return got
	}
	var out []string
	for i, line := range old {
		switch {
		case line == elided && i == len(old)-1:
			return append(out, elided)
		case line == elided:
			out, got = append(out, elided), got[indexLike(got, old[i+1]):]
		case len(got) > 0:
			out, got = append(out, got[0]), got[1:]
		}
	}
	return append(out, got...)
}

// indexLike finds a line, or else the first one that begins with the same word; the end where there is none.
func indexLike(lines []string, line string) int {
	if i := slices.Index(lines, line); i >= 0 {
		return i
	}
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, word+" ") }); i >= 0 {
		return i
	}
	return len(lines)
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
	arranged, _, err := arrange(c, args[2:])
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
		for _, f := range c.allFlags() {
			known := choices(f)
			for _, w := range strings.Split(arranged[i+1], ",") {
				if arg == "--"+f.Names()[0] && known != nil && !slices.Contains(known, w) {
					t.Errorf("%q: %s is not one of %s", line, w, strings.Join(known, ", "))
				}
			}
		}
	}
}

// standIns are models that a clone has for those that documents speak of.
var standIns = map[string]string{"model.onnx": "bert-base.onnx", "bert.onnx": "bert-base.onnx", "base.onnx": "distilbert-base.onnx.gz"}

// inputLike are names of files, or folders, that commands read.
var inputLike = regexp.MustCompile(`\.(onnx|jsonl?|csv|gz)$|/$`)

// tryCommand runs a command of irene whose inputs are there, or a model in their place; others pass, and so does what measures, takes
// measurements or serves a page. Limits may be exceeded.
func tryCommand(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " || ")
	line, _, _ = strings.Cut(line, " && ")
	args, _ := words(line)
	if len(args) < 3 || args[0] != "irene" || slices.Contains([]string{"profile", "train", "view"}, args[1]) {
		return
	}
	for i, arg := range args {
		if slices.Contains([]string{"-o", "--output", "--junit"}, args[i-min(i, 1)]) {
			if drawn := slices.Contains([]string{".svg", ".pdf", ".png"}, filepath.Ext(arg)); drawn && args[1] == "export" && !hasGraphviz() {
				return
			}
			continue
		}
		if model := standIns[arg]; model != "" {
			args[i] = filepath.Join("fixtures", "models", model)
			continue
		}
		_, file, named := strings.Cut(arg, "=")
		if !named {
			file = arg
		}
		if _, err := os.Stat(file); err != nil && inputLike.MatchString(file) {
			return
		}
	}
	var printed bytes.Buffer
	if status := run(args[1:], strings.NewReader(""), &printed, &printed); status != exitDone && status != exitAssertion {
		t.Errorf("%q: status %d\n%s", line, status, printed.String())
	}
}

func hasGraphviz() bool {
	_, err := exec.LookPath("dot")
	return err == nil
}

// commandLines joins lines that a backslash continues.
func commandLines(block []string) []string {
	return strings.Split(strings.ReplaceAll(strings.Join(block, "\n"), "\\\n", " "), "\n")
}

// words splits a command line as a shell does, quotes aside, up to a comment, a pipe or a redirection; passedOn says that
// there is one of the latter two.
func words(line string) (args []string, passedOn bool) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 { // inside quotes
			args = append(args, part)
			continue
		}
		for _, w := range strings.Fields(part) {
			if w == "#" {
				return args, false
			}
			if w == "|" || w == ">" || w == ">>" {
				return args, true
			}
			args = append(args, w)
		}
	}
	return args, false
}
