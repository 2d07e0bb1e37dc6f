package ort

import (
	"errors"
	"regexp"
	"strings"
)

// Codes of ONNX Runtime's statuses.
const (
	codeNotImplemented = 9
	codeEPFail         = 11
)

var (
	noKernel = regexp.MustCompile(`Could not find an implementation for (\S+) node with name '([^']*)'`)
	noOp     = regexp.MustCompile(`(\S+)\(-?\d+\) is not a registered function/op|No Op registered for (\S+) `)
	tooLarge = regexp.MustCompile(`(?i)failed to allocate memory for requested buffer of size (\d+)`)
	noMemory = regexp.MustCompile(`(?i)bad_?alloc|failed to allocate|out of memory|out_of_memory|ALLOC_FAILED|not enough memory`)
	noShared = regexp.MustCompile(`(\S+\.so[\w.]*): cannot open shared object file`)

	// sourcePlace is where in its own source ONNX Runtime says that an error arose.
	sourcePlace = regexp.MustCompile(`/\S*onnxruntime[\w/.+-]*\.(?:cc|h|cpp|cuh?)(?::\d+)? ?`)
	deviceError = regexp.MustCompile(`(?s)^.*?((?:CUDA|CUBLAS|CUBLASLT|CUDNN|CURAND) failure )`)
	spaces      = regexp.MustCompile(`\s+`)
)

const fallbackRefused = "fallback to CPU EP has been explicitly disabled"

// classify says what a status of ONNX Runtime means for the workload on a provider.
func classify(code int, text, provider string) *failure {
	f := &failure{Text: oneLine(text), Spoilt: code == codeEPFail}
	switch {
	case noMemory.MatchString(text):
		f.Unsupported, f.Spoilt = true, true
		f.Text = "not enough memory: " + f.Text
		if m := tooLarge.FindStringSubmatch(text); m != nil {
			f.Text = "not enough memory for a tensor of " + m[1] + " bytes"
		}
	case noKernel.MatchString(text):
		m := noKernel.FindStringSubmatch(text)
		f.Unsupported = true
		f.Text = "the " + provider + " provider has no kernel for " + m[1] + " with these types" + nodeName(m[2])
	case strings.Contains(text, fallbackRefused):
		f.Unsupported, f.Fallback = true, true
		f.Text = "the " + provider + " provider does not take every node: some would run on the CPU"
	case noOp.MatchString(text):
		m := noOp.FindStringSubmatch(text)
		f.Unsupported = true
		f.Text = "this version does not know the operator " + m[1] + m[2]
	case code == codeNotImplemented:
		f.Unsupported = true
	case deviceError.MatchString(text):
		f.Spoilt = true
	}
	return f
}

func nodeName(name string) string {
	if name == "" {
		return ""
	}
	return " (node " + name + ")"
}

// oneLine makes a message of the runtime fit for one line: without line breaks, places in its source, the signatures that
// stand before a device's error, and an end that nobody reads.
func oneLine(text string) string {
	text = deviceError.ReplaceAllString(text, "$1")
	text = strings.TrimSpace(spaces.ReplaceAllString(sourcePlace.ReplaceAllString(text, " "), " "))
	const begin, end = 200, 200 // what is wrong stands at the end, and where at the beginning
	if r := []rune(text); len(r) > begin+end {
		text = string(r[:begin]) + " … " + string(r[len(r)-end:])
	}
	return text
}

// unloadable says why a provider cannot be used, from the status and from what the runtime logged.
func unloadable(provider, status, log string) string {
	if m := noShared.FindStringSubmatch(log + "\n" + status); m != nil {
		return "the " + provider + " provider cannot be loaded: " + m[1] + " is missing; install it, or name its folder in LD_LIBRARY_PATH"
	}
	text := oneLine(status)
	if lines := strings.Split(strings.TrimSpace(log), "\n"); lines[0] != "" {
		text += ": " + oneLine(lines[0])
	}
	return "the " + provider + " provider does not work: " + text
}

// isFallback reports whether a session was refused because the CPU would run some of its nodes.
func isFallback(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.Fallback
}

func onOff(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
