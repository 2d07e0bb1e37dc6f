package main

import (
	"regexp"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// lookupDevice finds a device that the command line names in the table; that there is none is a usage error.
func lookupDevice(id string) (energy.Device, error) {
	d, err := energy.LookupDevice(id)
	if err != nil {
		return d, noSuchDevice(id, err)
	}
	return d, nil
}

// noSuchDevice says why the table lacks a device, and what to do; unknown is what the table says.
func noSuchDevice(id string, unknown error) error {
	for _, k := range []struct {
		is   *regexp.Regexp
		what string
	}{
		{aProcessor, "processors are measured, not predicted: irene profile MODEL --provider cpu -o cpu.jsonl, irene train --data cpu.jsonl -o cpu.json, then --coefficients cpu.json"},
		{someGPU, "which GPU? auto is this machine's own; irene devices lists those that can be predicted"},
		{otherMaker, "the table has NVIDIA's GPUs alone; other devices are predicted from what was measured on them: --coefficients FILE (irene train)"},
	} {
		if k.is.MatchString(id) {
			return usagef("device %s: %s", id, k.what)
		}
	}
	if strings.Contains(id, ",") {
		return usagef("device %s: one device here; irene compare and irene sweep take several", id)
	}
	return usagef("%v", unknown)
}

// Words for devices that no table of NVIDIA's GPUs has.
var (
	aProcessor = regexp.MustCompile(`(?i)^(cpu|host|processor|x86(_64|-64)?|amd64|arm64|aarch64|intel|xeon.*|epyc.*|core.*|ryzen.*|graviton.*|neoverse.*)(:[0-9]+)?$`)
	someGPU    = regexp.MustCompile(`(?i)^(gpus?|cuda|nvidia|[0-9])(:[0-9]+)?$`)
	otherMaker = regexp.MustCompile(`(?i)^(mps|metal|m[1-5]( ?-?(pro|max|ultra))?|apple.*|rocm|hip|amd|radeon.*|rx ?-?[0-9].*|(amd )?(instinct )?mi[0-9]+.*|tpu.*|npu|gaudi.*|arc.*|xpu|qnn|hexagon|inferentia.*|trainium.*|inf[12]|trn[12])$`)
)
