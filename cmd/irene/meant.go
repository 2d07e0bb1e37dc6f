package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/plots"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// otherCommands are words that other programs have for what a command does.
var otherCommands = map[string]string{
	"estimate": "analyze", "info": "analyze", "inspect": "analyze", "summary": "analyze", "cost": "analyze", "run": "analyze",
	"diff": "compare", "rank": "compare", "measure": "profile", "bench": "profile", "benchmark": "profile", "meter": "profile",
	"fit": "train", "convert": "export", "plot": "sweep", "tune": "sweep", "gpus": "devices", "ops": "operators", "report": "export",
}

// otherFlags are words that other programs have for a flag, and what is written here.
var otherFlags = map[string]string{
	"gpu": "--device ID", "target": "--device ID", "hardware": "--device ID", "dtype": "--as TYPE", "precision": "--as TYPE", "fp16": "--as float16",
	"bf16": "--as bfloat16", "fp8": "--as fp8", "int8": "--as int8", "int4": "--as int4-weights", "quantize": "--as TYPE", "json": "--format json", "csv": "--format csv", "markdown": "--format markdown",
	"out": "--output FILE", "tdp": "--power-limit WATTS", "power": "--power-limit WATTS", "frequency": "--clock MHZ", "profile": "--runtime PROFILE",
	"backend": "--runtime PROFILE", "engine": "--runtime PROFILE", "shape": "--dim NAME=N", "shapes": "--dim NAME=N", "input-shape": "--dim NAME=N", "opt-level": "--runtime PROFILE",
	"limit": "--assert EXPR", "b": "--dim batch=N", "d": "--device ID", "f": "--format FORMAT", "color": "--no-color",
}

// otherWords are words that other programs have for what a flag takes, by flag.
var otherWords = map[string]map[string]string{
	"runtime": {
		"tensorrt": "ort-extended", "trt": "ort-extended", "onnxruntime": "ort-extended", "ort": "ort-extended", "openvino": "ort-extended", "tvm": "ort-extended",
		"pytorch": "eager", "torch": "eager", "transformers": "eager",
		"tensorrt-llm": "vllm", "trt-llm": "vllm", "trtllm": "vllm", "sglang": "vllm", "tgi": "vllm", "lmdeploy": "vllm",
	},
	"as":     {"fp32": "what the file holds, without --as", "float32": "what the file holds, without --as", "float8": "fp8", "e5m2": "fp8", "half": "float16", "fp16": "float16", "bf16": "bfloat16", "int4": "int4-weights", "w4a16": "int4-weights", "int4_weights": "int4-weights", "fp4": "nvfp4", "e4m3": "fp8", "q8": "int8", "w8a8": "int8"},
	"format": {"md": "markdown", "table": "text", "txt": "text", "jsonl": "json", "yaml": "json", "yml": "json", "xml": "json", "tsv": "csv", "xlsx": "csv", "excel": "csv"},
}

// meantWord says of a word that a flag does not take which of its words comes nearest, or which command takes it.
func meantWord(flag, value string, words []string) string {
	low := strings.ReplaceAll(strings.ToLower(value), "_", "-")
	near, known := otherWords[flag][low]
	switch {
	case known && slices.Contains(words, near):
		return fmt.Sprintf("; the nearest is %s", near)
	case known && !slices.Contains(words, strings.Fields(near)[0]) && flag == "as":
		return "; that is " + near
	case slices.Contains(words, low):
		return fmt.Sprintf("; did you mean %s?", low)
	case flag == "format":
		return meantFormat(low)
	}
	return ""
}

// meantFormat says which command writes a format.
func meantFormat(name string) string {
	for _, f := range exportFormats() {
		if f.Name == name || slices.Contains(f.Ext, "."+name) {
			return fmt.Sprintf("; irene export MODEL -o model%s writes it", f.Ext[0])
		}
	}
	if slices.Contains(render.FormatNames(report.Formats()), name) {
		return fmt.Sprintf("; irene analyze MODEL --format %s writes it", name)
	}
	return ""
}

// isInput reports whether a word in the place of a command is a model: there is such a file, or it is called like one.
func isInput(word string) bool {
	_, err := os.Stat(word)
	low := strings.TrimSuffix(strings.ToLower(word), ".gz")
	return err == nil || strings.HasSuffix(low, ".onnx") || scheme.MatchString(word)
}

// meantFlag is "; did you mean …?" for a flag that the command does not have; rest is what follows it, known are its flags.
func meantFlag(arg string, rest, known []string) string {
	name, value, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	if !joined && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		value = rest[0]
	}
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	if hint := meant("--"+name, known); hint != "" {
		return hint
	}
	other := otherFlags[name]
	if other != "" && slices.Contains(known, strings.Fields(other)[0]) {
		return fmt.Sprintf("; did you mean %s?", other)
	}
	if sizeWord.MatchString(name) && slices.Contains(known, "--dim") {
		if !wholeNumber.MatchString(value) {
			value = "N"
		}
		return fmt.Sprintf("; sizes are bound by --dim NAME=N: --dim %s=%s", sizeWord.FindString(name), value)
	}
	return elsewhere("--" + name)
}

// elsewhere names the commands that have a flag.
func elsewhere(flag string) string {
	var have []string
	for _, c := range commands() {
		if _, flags := flagNames(c.flags()); slices.Contains(flags, flag) {
			have = append(have, "irene "+c.name)
		}
	}
	if len(have) == 0 || len(have) > mostElsewhere {
		return ""
	}
	return fmt.Sprintf("; it is a flag of %s", strings.Join(have, ", "))
}

// mostElsewhere is how many commands a message names.
const mostElsewhere = 3

var (
	sizeWord    = regexp.MustCompile(`batch|sequence|seq|tokens|length|height|width`)
	wholeNumber = regexp.MustCompile(`^[0-9]+$`)
)

// parted is the error for a value NAME=… that was written as several words: --dim batch 8, --dim batch = 8. Value is what the
// help calls it, words are what stands behind the flag.
func parted(flag, value string, words []string) error {
	name, size, joined := strings.Cut(words[0], "=")
	if !strings.Contains(value, "NAME=") || len(words) < 2 || joined && size != "" {
		return nil
	}
	next := strings.TrimPrefix(words[1], "=")
	if next == "" && len(words) > 2 && words[1] == "=" {
		next = words[2]
	}
	isFile := strings.HasSuffix(value, "FILE") && !strings.HasPrefix(next, "-")
	if next == "" || !isFile && (next[0] < '0' || next[0] > '9') {
		return nil
	}
	return usagef("%s %s: want %s in one word; did you mean %s %s=%s?", flag, strings.Join(words[:2], " "), value, flag, name, next)
}

// stray is the error for an argument that cannot be meant as one: nothing at all, or the size of a dim without its flag.
func stray(c *command, args []string) error {
	for _, arg := range args {
		_, absent := os.Stat(arg)
		switch {
		case arg == "":
			return usagef("an argument of %s is empty; is a variable of the shell not set?", c.name)
		case absent != nil && valueName(c.flags(), "dim") != "" && looseSize.MatchString(arg):
			return usagef("%s is no file; did you mean --dim %s?", arg, arg)
		}
	}
	return nil
}

// looseSize is what --dim takes.
var looseSize = regexp.MustCompile(`^[A-Za-z_]\w*=[0-9][0-9,:x]*$`)

// meantOutput is "; did you mean -o …?" where a word that is no file is called like what commands write.
func meantOutput(words []string) string {
	for _, word := range words {
		if _, err := os.Stat(word); err == nil {
			continue
		}
		_, exported := render.FormatOf(exportFormats(), word)
		_, reported := render.FormatOf(report.Formats(), word)
		if exported && !strings.HasSuffix(word, ".onnx") || reported || slices.Contains(plots.Formats(), filepath.Ext(word)) {
			return fmt.Sprintf("; did you mean -o %s?", word)
		}
	}
	return ""
}

// wrongUsage turns what the flag parser says into a usage error: which flag, and what it wants.
func wrongUsage(ctx *cli.Context, err error, _ bool) error {
	m := invalidValue.FindStringSubmatch(err.Error())
	if m == nil {
		return usagef("%s", err)
	}
	value, name, why := m[1], m[2], m[3]
	if ctx != nil && ctx.Command != nil {
		for _, f := range ctx.Command.Flags {
			if want := wanted(f); want != "" && slices.Contains(f.Names(), name) {
				why = want
			}
		}
	}
	return usagef("%s %s: %s", dashed(name), value, why)
}

var invalidValue = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^:]+): (.*)$`)

// wanted is what a flag takes, in words; "" where its own parser says.
func wanted(f cli.Flag) string {
	switch f := f.(type) {
	case *cli.IntFlag, *cli.Int64Flag, *cli.UintFlag, *cli.Uint64Flag:
		return fmt.Sprintf("want a whole number, as %s 4", dashed(f.Names()[0]))
	case *cli.Float64Flag:
		return fmt.Sprintf("want a number, as %s 2.5", dashed(f.Names()[0]))
	case *cli.DurationFlag:
		return fmt.Sprintf("want a time with its unit, as %s 90s or 10m", dashed(f.Names()[0]))
	case *cli.BoolFlag:
		return "takes no value"
	}
	return ""
}

// dashed is a flag as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// valueName is what the help calls a flag's value; "" for a flag without one.
func valueName(flags []cli.Flag, name string) string {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			cf := completeFlag(f, nil)
			return cf.value
		}
	}
	return ""
}
