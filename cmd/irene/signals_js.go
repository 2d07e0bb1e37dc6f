package main

import (
	"os"
	"syscall"
)

// stopSignals ask the process to end; a browser has no terminal to hang up.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }
