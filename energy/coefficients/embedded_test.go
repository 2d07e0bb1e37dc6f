package coefficients_test

import (
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
)

// TestForProfile: coefficients of a device under a profile go before those of the device, and these before another's.
func TestForProfile(t *testing.T) {
	for _, c := range []struct{ id, profile, device, want string }{
		{"h100-sxm", "vllm", "h100-sxm", "vllm"},
		{"b200-sxm", "vllm", "h100-sxm", "vllm"},
		{"", "vllm", "h100-sxm", "vllm"},
		{"gtx-1070", "vllm", "gtx-1070", "eager"},
		{"h100-sxm", "eager", "gtx-1070", "eager"},
		{"h100-sxm", "", "gtx-1070", "eager"},
		{"", "", "gtx-1070", "eager"},
	} {
		got, err := coefficients.ForProfile(c.id, c.profile)
		if err != nil {
			t.Fatal(err)
		}
		if got.Device != c.device || got.Profile != c.want {
			t.Errorf("%q under %q: coefficients of %s under %s, want %s under %s", c.id, c.profile, got.Device, got.Profile, c.device, c.want)
		}
		if c.want == "vllm" {
			energytest.CheckPower(t, got, 1e-4)
		}
	}
}
