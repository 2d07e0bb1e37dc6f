package predict

import (
	"fmt"
	"path"
	"strings"

	"github.com/irene-onnx/irene/energy/coefficients"
)

// DefaultDevice is the device of which numbers are given where none is named: the one that was measured.
const DefaultDevice = "gtx-1070"

// Embedded lists the devices whose coefficients come with the program, sorted.
func Embedded() []string {
	entries, err := coefficients.Files.ReadDir(".")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if path.Ext(e.Name()) == ".json" {
			out = append(out, strings.TrimSuffix(e.Name(), ".json"))
		}
	}
	return out
}

// ForDevice returns the embedded coefficients of a device, or those of the default device where it was not measured:
// Run then scales them.
func ForDevice(id string) (*Coefficients, error) {
	for _, name := range []string{id, DefaultDevice} {
		f, err := coefficients.Files.Open(name + ".json")
		if err != nil {
			continue
		}
		defer f.Close()
		return Load(f, name+".json")
	}
	return nil, fmt.Errorf("no coefficients are embedded")
}
