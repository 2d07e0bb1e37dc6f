package coefficients

import (
	"fmt"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// TreesDevice is the device that IrEne's trees were measured on.
const TreesDevice = "gtx-1070"

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

// OfTrees returns the embedded coefficients that were fitted to IrEne's trees.
func OfTrees() (*Coefficients, error) { return firstOf(TreesDevice) }

// operators is the file of what was fitted to single operators of many devices.
const operators = "operators.gpus"

// OfDevice returns the embedded coefficients that predict a device: those of the trees for the cards that they speak of, else those of
// operators measured on many GPUs.
func OfDevice(dev energy.Device) (*Coefficients, error) {
	if dev.Architecture == "Pascal" && dev.ComputeCapability == "6.1" && !strings.HasPrefix(dev.ID, "p") {
		return firstOf(dev.ID, TreesDevice)
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
