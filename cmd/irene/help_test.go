package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// TestExamples parses the command lines in the help of every command. Commands that take something have one.
func TestExamples(t *testing.T) {
	start := regexp.MustCompile(`^     irene [a-z]+\s`)
	for _, c := range commands() {
		n := 0
		for line := range strings.Lines(c.details) {
			if start.MatchString(line) {
				n++
				checkFlags(t, strings.TrimSpace(line))
			}
		}
		if n == 0 && (c.max > 0 || len(c.flags()) > 0) {
			t.Errorf("the help of irene %s has no example", c.name)
		}
	}
}

// TestHelpCommand: irene help COMMAND is irene COMMAND --help.
func TestHelpCommand(t *testing.T) {
	for _, name := range append(commandNames(), "") {
		var a, b bytes.Buffer
		first := run(slices.DeleteFunc([]string{"help", name}, empty), nil, &a, &a)
		second := run(slices.DeleteFunc([]string{name, "--help"}, empty), nil, &b, &b)
		if first != exitDone || second != exitDone || a.String() != b.String() {
			t.Errorf("irene help %s and irene %s --help differ (%d, %d)", name, name, first, second)
		}
	}
}

func empty(s string) bool { return s == "" }

// TestHelpFits holds the help to 80 columns, and every flag's value to a name of its own.
func TestHelpFits(t *testing.T) {
	pages := map[string]string{"": programHelp(commandGroups())}
	for _, c := range commands() {
		pages[c.name] = commandHelp(&c)
		for _, f := range c.allFlags() {
			if cf := completeFlag(f, nil); isShown(f) && f.(cli.DocGenerationFlag).TakesValue() && (cf.value == "value" || cf.value == "") {
				t.Errorf("irene %s --%s: the usage names no value, as in `FILE`", c.name, f.Names()[0])
			}
			if !isGrouped(f) && isShown(f) {
				t.Errorf("irene %s --%s: in no group of flagGroups", c.name, f.Names()[0])
			}
		}
	}
	for name, page := range pages {
		for i, line := range strings.Split(page, "\n") {
			if n := utf8.RuneCountInString(line); n > helpWidth {
				t.Errorf("irene help %s: line %d has %d columns: %s", name, i+1, n, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("irene help %s: line %d ends in blanks: %q", name, i+1, line)
			}
		}
	}
}

// TestHelpText lays out a command that has all there is.
func TestHelpText(t *testing.T) {
	c := command{
		name: "knit", summary: "a summary", args: "MODEL",
		details: `First of a paragraph that is long enough to go on in another line of the page,
   and its second line.

     irene knit model.onnx --dim batch=8 --output a-name-of-a-file-that-is-rather-long.json --module 'a.b'
     irene knit model.onnx -o x.gz && another program that reads what was written there --all
     name      .ext     what it is, in words that do not fit into the page beside the rest
     other: and text without columns that does not fit into the eighty columns of the page either

   Known: a b`,
		flags: func() []cli.Flag {
			return []cli.Flag{
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`"},
				&cli.IntFlag{Name: "depth", Value: 2, Usage: "`N` levels of what is shown, of which there may be more than anybody would read"},
				&cli.StringFlag{Name: "hidden", Hidden: true},
				&cli.StringFlag{Name: "lock-clocks", Usage: "hold them at `SM[,MEMORY]` MHz"},
			}
		},
	}
	want := `NAME:
   irene knit - a summary

USAGE:
   irene knit [flags] MODEL

DESCRIPTION:
   First of a paragraph that is long enough to go on in another line of the
   page, and its second line.

     irene knit model.onnx --dim batch=8 \
         --output a-name-of-a-file-that-is-rather-long.json --module 'a.b'
     irene knit model.onnx -o x.gz \
         && another program that reads what was written there --all
     name      .ext     what it is, in words that do not fit into the page
                        beside the rest
     other: and text without columns that does not fit into the eighty columns
       of the page either

   Known: a b

HOW IT IS MEASURED:
   --lock-clocks SM[,MEMORY]
                           hold them at SM[,MEMORY] MHz

WHAT IS SHOWN:
   --depth N               N levels of what is shown, of which there may be more
                           than anybody would read (default: 2)

OUTPUT:
   --output, -o FILE       write to FILE

EVERY COMMAND:
   --quiet, -q             no notes and no progress on standard error, errors
                           only
   --help                  show help
`
	if got := commandHelp(&c); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestChoices holds the words that shells offer against what the help says, and finds lists in the help that they lack.
func TestChoices(t *testing.T) {
	list := regexp.MustCompile(`^([a-z0-9+-]+)(, [a-z0-9+-]+)+( \(|;|$)`)
	for _, c := range commands() {
		for _, f := range c.allFlags() {
			name, usage := f.Names()[0], f.(cli.DocGenerationFlag).GetUsage()
			words := choices(f)
			_, tail, found := strings.Cut(usage, ": ")
			if !found {
				tail = usage
			}
			if words == nil && list.MatchString(tail) {
				t.Errorf("irene %s --%s: %q lists words; choices has none", c.name, name, usage)
			}
			if strings.Contains(usage, "`ID`") || name == "op" || name == "device" {
				continue // of a table that the help does not list
			}
			for _, w := range words {
				if !strings.Contains(usage, w) {
					t.Errorf("irene %s --%s: %s is a choice, but not in %q", c.name, name, w, usage)
				}
			}
		}
	}
}

// TestCompletionParses has every shell that there is parse its script.
func TestCompletionParses(t *testing.T) {
	for _, shell := range shells() {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip(err)
			}
			var script bytes.Buffer
			if status := run([]string{"completion", shell}, nil, &script, &script); status != exitDone {
				t.Fatal(script.String())
			}
			check := exec.Command(path, "-n", "/dev/stdin")
			check.Stdin = &script
			if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestManRenders has groff render the page and listens for warnings.
func TestManRenders(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip(err)
	}
	var page, again, out, warnings bytes.Buffer
	run([]string{"man"}, nil, &page, &page)
	run([]string{"man"}, nil, &again, &again)
	if page.String() != again.String() {
		t.Error("two pages differ")
	}
	render := exec.Command(groff, "-man", "-Tascii", "-P-c", "-P-b", "-P-u")
	render.Stdin, render.Stdout, render.Stderr = &page, &out, &warnings
	if err := render.Run(); err != nil || warnings.Len() > 0 {
		t.Errorf("%v: %s", err, warnings.String())
	}
	for _, want := range []string{"EXIT STATUS", "irene sweep [flags] MODEL\n", "--assert 'energy_j<=5'", "--output, -o FILE\n", "Sizes and types\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the rendered page lacks %q", want)
		}
	}
}

// TestFileFlags: a flag that reads a file says so to the guard of what commands read.
func TestFileFlags(t *testing.T) {
	reads := regexp.MustCompile("`([A-Z]+=)?(FILE|ROWS)`|in a file\\b|FILE=DEVICE")
	for _, c := range commands() {
		for _, f := range c.flags() {
			doc, ok := f.(cli.DocGenerationFlag)
			if name := f.Names()[0]; ok && !slices.Contains(outputNames, name) && reads.MatchString(doc.GetUsage()) {
				if _, takesFile := fileFlag(f); !takesFile {
					t.Errorf("%s --%s reads a file: TakesFile is not set", c.name, name)
				}
			}
		}
	}
}
