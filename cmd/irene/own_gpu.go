package main

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// driverFolder is where NVIDIA's driver for Linux describes the machine's GPUs, a folder each:
// https://download.nvidia.com/XFree86/Linux-x86_64/575.64/README/procinterface.html
const driverFolder = "/proc/driver/nvidia/gpus"

// ownGPU is the name of the machine's first GPU, as its driver reports it.
func ownGPU() (string, error) {
	files, _ := filepath.Glob(filepath.Join(driverFolder, "*", "information"))
	for _, path := range files {
		if name := modelIn(path); name != "" {
			return name, nil
		}
	}
	return "", errors.New("no driver of NVIDIA answers on this machine; name a device (irene devices lists them)")
}

// modelIn reads the line "Model:" of a file of the driver; "" where it has none.
func modelIn(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, ok := strings.CutPrefix(s.Text(), "Model:"); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}
