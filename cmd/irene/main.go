// Command irene says what a Transformer in an ONNX file costs to run: energy, time, FLOPs, bytes and parameters of every
// operator, every module and the whole model, on a named GPU, for any batch size and sequence length.
//
//	irene analyze model.onnx --dim batch=8 --dim sequence=128
//	irene analyze model.onnx --format json --assert 'energy_j<=5'
//	irene devices
//
// Flags may stand before or after the file; irene COMMAND --help lists them. Data goes to standard output, everything
// else to standard error. The exit status is 0 when done, 1 when the input or the work failed, 2 for wrong usage, 3
// when an assertion did not hold and 4 when trying again on this machine is of no use.
package main

import (
	"os"
	"runtime/debug"
)

func main() {
	if status, served := serveChild(os.Args[1:]); served {
		os.Exit(status)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // most runs end before a collection pays
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
