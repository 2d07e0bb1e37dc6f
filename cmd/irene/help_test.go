package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

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
	for _, want := range []string{"EXIT STATUS", "irene sweep [flags] MODEL\n", "--assert 'energy_j<=5'", "--output FILE, -o FILE\n"} {
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
			if name := f.Names()[0]; ok && name != "output" && reads.MatchString(doc.GetUsage()) {
				if _, takesFile := fileFlag(f); !takesFile {
					t.Errorf("%s --%s reads a file: TakesFile is not set", c.name, name)
				}
			}
		}
	}
}
