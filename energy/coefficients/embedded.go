package coefficients

import (
	"slices"
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
func OfTrees() (*Coefficients, error) { return embedded(TreesDevice) }

// operators is the file of what was fitted to single operators of many devices.
const operators = "operators.gpus"

// OfDevice returns the embedded coefficients that predict a device: those of the trees for the cards that they speak of, else those of
// operators measured on many GPUs.
func OfDevice(dev energy.Device) (*Coefficients, error) { return embedded(fileOf(dev)) }

// OfDevices returns what [OfDevice] does for each of several devices. Those of one file share its coefficients.
func OfDevices(devices []energy.Device) ([]*Coefficients, error) {
	read := map[string]*Coefficients{}
	out := make([]*Coefficients, len(devices))
	for i, dev := range devices {
		name := fileOf(dev)
		if read[name] == nil {
			var err error
			if read[name], err = embedded(name); err != nil {
				return nil, err
			}
		}
		out[i] = read[name]
	}
	return out, nil
}

// fileOf names the embedded file that predicts a device.
func fileOf(dev energy.Device) string {
	switch {
	case dev.Architecture != "Pascal" || dev.ComputeCapability != "6.1" || strings.HasPrefix(dev.ID, "p"):
		return operators
	case slices.Contains(Embedded(), dev.ID):
		return dev.ID
	}
	return TreesDevice
}

// embedded reads one of the files that come with the program.
func embedded(name string) (*Coefficients, error) {
	f, err := files.Open(name + ".json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Load(f, name+".json")
}
