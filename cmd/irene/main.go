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
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

func main() {
	if status, served := serveChild(os.Args[1:]); served {
		os.Exit(status)
	}
	if os.Getenv("GOGC") == "" {
		paceCollections(&pacer{})
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// pacer is garbage: whenever it is collected, the next collection is set.
type pacer struct{ _ [32]byte }

const (
	heapFrom   = 16 << 20  // most runs end before a collection pays
	heapGrowth = 128 << 20 // what a heap may grow by between collections, however large it is
)

// paceCollections lets the heap grow to five times of what is in use while it is small, and by a fixed size where it is large.
func paceCollections(p *pacer) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(int(min(400, max(50, 100*heapGrowth/max(heapFrom, live[0].Value.Uint64())))))
	runtime.SetFinalizer(p, paceCollections)
}
