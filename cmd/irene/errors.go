package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/internal/nearest"
)

// The exit statuses.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitAssertion = 3
	exitNever     = 4
)

// usageError says that the command was called in a wrong way.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// assertionError lists the assertions that did not hold, a line each.
type assertionError struct{ failures []string }

func (e *assertionError) Error() string { return strings.Join(e.failures, "\n") }

// fail prints an error and returns the exit status it stands for. Only failed assertions take more than one line.
func fail(stderr io.Writer, err error) int {
	var assertion *assertionError
	if errors.As(err, &assertion) {
		for _, line := range assertion.failures {
			fmt.Fprintf(stderr, "irene: %s\n", oneLine(line))
		}
		return exitAssertion
	}
	fmt.Fprintf(stderr, "irene: %s\n", oneLine(err.Error()))
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	if errors.As(err, new(*wrongBoardError)) {
		return exitNever
	}
	return exitFailed
}

// oneLine joins lines, as errors.Join makes them, and keeps control characters off the terminal.
func oneLine(s string) string {
	return render.Clean(strings.ReplaceAll(strings.TrimSpace(s), "\n", "; "))
}

// meant is "; did you mean …?" where a candidate is near to word, else "".
func meant(word string, candidates []string) string {
	if near, ok := nearest.Nearest(word, candidates); ok {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

// oneOf checks a flag that takes one of a few words.
func oneOf(flag, value string, words []string) error {
	if slices.Contains(words, value) {
		return nil
	}
	hint := meantWord(flag, value, words)
	if hint == "" {
		hint = meant(value, words)
	}
	return usagef("--%s %s: not one of %s%s", flag, value, strings.Join(words, ", "), hint)
}
