package coefficients_test

import (
	"reflect"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
)

// TestOfDevice: the cards that the trees speak of go by them, all others by operators measured on many GPUs.
func TestOfDevice(t *testing.T) {
	for id, trees := range map[string]bool{"gtx-1070": true, "gtx-1080-ti": true, "p4": false, "p100-pcie-16gb": false, "t4": false, "h100-sxm": false} {
		c, err := coefficients.OfDevice(energytest.Device(t, id))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Device == coefficients.TreesDevice && c.Overlap == nil; got != trees {
			t.Errorf("%s goes by the trees: %v, want %v", id, got, trees)
		}
	}
}

// TestOfDevices: several devices have what each has alone, and each file is read once.
func TestOfDevices(t *testing.T) {
	devices := energy.Devices()
	of, err := coefficients.OfDevices(devices)
	if err != nil {
		t.Fatal(err)
	}
	files := map[*coefficients.Coefficients]bool{}
	for i, dev := range devices {
		files[of[i]] = true
		if alone, err := coefficients.OfDevice(dev); err != nil || !reflect.DeepEqual(alone, of[i]) {
			t.Errorf("%s: other coefficients than alone (%v)", dev.ID, err)
		}
	}
	if len(files) != 2 {
		t.Errorf("%d files, want that of the trees and that of operators", len(files))
	}
}
