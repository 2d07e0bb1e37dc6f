//go:build !js

package main

import (
	"os"
	"syscall"
)

// stopSignals ask the process to end.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }
