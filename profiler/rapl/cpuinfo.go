package rapl

import (
	"os"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// processor describes the machine's processors by the kernel's list of them. What the list does not say is left out.
func processor(path string) energy.RecordDevice {
	d := energy.RecordDevice{Kind: "cpu", Name: "cpu"}
	text, err := os.ReadFile(path)
	if err != nil {
		return d
	}
	cores := map[[2]string]bool{}
	var core [2]string
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "processor": // a new one begins
			core = [2]string{}
		case "model name":
			if value != "" {
				d.Name = value
			}
		case "physical id":
			core[0] = value
		case "core id":
			core[1] = value
			cores[core] = true
		}
	}
	d.Units = len(cores)
	return d
}
