package coefficients

import (
	"fmt"
	"path"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// DefaultDevice is the device of which numbers are given where none is named: the one that was measured.
const DefaultDevice = "gtx-1070"

// Embedded lists the devices whose coefficients come with the program, sorted. Those that hold under one runtime profile
// alone, in files named DEVICE.RUNTIME.json, are not among them.
func Embedded() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !strings.Contains(name, ".") {
			out = append(out, name)
		}
	}
	return out
}

// ForDevice returns the embedded coefficients of a device, or those of the default device where it was not measured:
// Run then scales them.
func ForDevice(id string) (*Coefficients, error) { return firstOf(id, DefaultDevice) }

// ForModel returns the embedded coefficients that predict models on a device: those of the trees for the cards that they
// speak of, else those of operators measured on many GPUs.
func ForModel(dev energy.Device) (*Coefficients, error) { return ForOperators(dev) }

// ForProfile returns the embedded coefficients that say most of a device under a runtime profile: those of both, of the
// device, of another device under the profile, or of the default device. Any device may be "", any profile "".
func ForProfile(id, profile string) (*Coefficients, error) {
	names := []string{id + "." + profile, id}
	if entries, err := files.ReadDir("."); err == nil && profile != "" {
		for _, e := range entries {
			if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && path.Ext(name) == "."+profile {
				names = append(names, name)
			}
		}
	}
	return firstOf(append(names, DefaultDevice)...)
}

// operators is the file of what was fitted to single operators of many devices.
const operators = "operators.gpus"

// ForOperators returns the embedded coefficients that predict single kernels on a device: those of the trees for the
// cards that they speak of, else those of operators measured on many GPUs.
func ForOperators(dev energy.Device) (*Coefficients, error) {
	if dev.Architecture == "Pascal" && dev.ComputeCapability == "6.1" && !strings.HasPrefix(dev.ID, "p") {
		return firstOf(dev.ID, DefaultDevice)
	}
	return firstOf(operators)
}

// firstOf loads the first file that there is.
func firstOf(names ...string) (*Coefficients, error) {
	for _, name := range names {
		f, err := files.Open(name + ".json")
		if err != nil {
			continue
		}
		defer f.Close()
		return Load(f, name+".json")
	}
	return nil, fmt.Errorf("no coefficients are embedded")
}
