package energy

import (
	"errors"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestDevicesComplete(t *testing.T) {
	ids := map[string]bool{}
	for _, d := range Devices() {
		if d.ID == "" || d.ID != strings.ToLower(d.ID) || strings.ContainsAny(d.ID, " _/") || ids[d.ID] {
			t.Errorf("%q: id is empty, not lower case with hyphens, or used twice", d.ID)
		}
		ids[d.ID] = true
		if d.Name == "" || d.Architecture == "" || d.ComputeCapability == "" || d.Source == "" {
			t.Errorf("%s: name, architecture, compute capability or source is missing", d.ID)
		}
		if u, err := url.Parse(d.Address); err != nil || u.Scheme != "https" || !vendorHost(u.Host) || len(u.Path) < 2 {
			t.Errorf("%s: %q is no page of NVIDIA", d.ID, d.Address)
		}
		if d.SMs <= 0 || d.CoresPerSM <= 0 || d.MemoryBytes < gib || d.Bandwidth < 100*gbs || d.L2Bytes < mib {
			t.Errorf("%s: SMs, cores, memory, bandwidth or L2 is missing", d.ID)
		}
		if d.BoostClock < 1e9 || d.BoostClock > 3e9 || d.BaseClock != nil && (*d.BaseClock < 5e8 || *d.BaseClock >= d.BoostClock) {
			t.Errorf("%s: clocks %v, %v", d.ID, d.BaseClock, d.BoostClock)
		}
		if d.Process == "" || d.MemoryKind == "" || d.Awake > 0 != (d.Busy > 0) || d.Awake+d.Busy > d.TDP {
			t.Errorf("%s: process %q, memory %q, awake %v, busy %v", d.ID, d.Process, d.MemoryKind, d.Awake, d.Busy)
		}
		if d.TDP < 50 || d.Idle <= 0 || d.Idle > 0.4*d.TDP {
			t.Errorf("%s: idle %v of %v", d.ID, d.Idle, d.TDP)
		}
		for _, e := range d.Estimates {
			if !slices.Contains([]string{EstimateIdle, EstimateTDP, EstimateL2, EstimatePeaks, EstimateAwake, EstimateBusy}, e) {
				t.Errorf("%s: estimate %q names no number", d.ID, e)
			}
		}
	}
	if len(ids) < 30 {
		t.Errorf("only %d devices", len(ids))
	}
}

// vendorHost reports whether a host is one of NVIDIA's.
func vendorHost(host string) bool {
	return strings.HasSuffix(host, ".nvidia.com") || host == "www.geforce.com"
}

func TestDevicesSorted(t *testing.T) {
	var ids []string
	for _, d := range Devices() {
		ids = append(ids, d.ID)
	}
	if !slices.IsSorted(ids) {
		t.Errorf("not sorted: %v", ids)
	}
}

// coresPerSM holds the float32 lanes of an SM as the CUDA C++ Programming Guide lists them.
var coresPerSM = map[string]int{
	"6.0": 64, "6.1": 128, "7.0": 64, "7.5": 64, "8.0": 64, "8.6": 128, "8.7": 128, "8.9": 128, "9.0": 128,
	"10.0": 128, "10.3": 128, "12.0": 128,
}

func TestFloat32PeakFollowsFromClock(t *testing.T) {
	for _, d := range Devices() {
		if d.CoresPerSM != coresPerSM[d.ComputeCapability] {
			t.Errorf("%s: %d cores per SM do not fit compute capability %s", d.ID, d.CoresPerSM, d.ComputeCapability)
		}
		got, ok := d.PeakVector("float32")
		want := 2 * float64(d.SMs*d.CoresPerSM) * float64(d.BoostClock)
		if !ok || math.Abs(float64(got)/want-1) > 0.02 {
			t.Errorf("%s: float32 peak %v, clock and cores give %v", d.ID, got, FLOPsPerSecond(want))
		}
	}
}

// An SM does a power of two of dense float16 operations per clock on tensor cores. The check allows for the lower clock
// at which the peaks of Hopper and Blackwell are stated.
func TestTensorPeaksFollowFromClock(t *testing.T) {
	for _, d := range Devices() {
		rate, ok := d.peak("float16", true)
		if !ok {
			if d.Architecture != "Pascal" {
				t.Errorf("%s: no tensor-core peak for float16", d.ID)
			}
			continue
		}
		perClock := float64(rate) / float64(d.SMs) / float64(d.BoostClock)
		near := math.Exp2(math.Round(math.Log2(perClock)))
		if perClock/near < 0.90 || perClock/near > 1.025 || near < 512 || near > 8192 {
			t.Errorf("%s: %.0f float16 operations per SM and clock, not near a power of two", d.ID, perClock)
		}
		checkTensorRatios(t, d, rate)
	}
}

// checkTensorRatios compares the tensor-core peaks of one device with each other: halving the width of an element
// doubles the rate, or quadruples it where products that accumulate in float32 run at half rate. Blackwell Ultra has few
// units for integers left, and half as many again for 4 bits.
func checkTensorRatios(t *testing.T, d Device, float16 FLOPsPerSecond) {
	t.Helper()
	for dtype, allowed := range map[string][]float64{
		TF32: {0.5}, "bfloat16": {1}, "int8": {2, 4, 1. / 15}, Float8: {2}, Float4: {4, 6, 8},
	} {
		rate, ok := d.peak(dtype, true)
		if !ok {
			continue
		}
		ratio := float64(rate) / float64(float16)
		if !slices.ContainsFunc(allowed, func(r float64) bool { return math.Abs(ratio/r-1) < 0.02 }) {
			t.Errorf("%s: %s peak is %.3f times float16's, want one of %v", d.ID, dtype, ratio, allowed)
		}
	}
}

func TestVectorPeaksFollowRates(t *testing.T) {
	float16 := map[string]float64{
		"6.0": 2, "6.1": 1. / 64, "7.0": 2, "7.5": 2, "8.0": 4, "8.6": 1, "8.9": 1, "9.0": 2, "10.0": 2, "10.3": 2, "12.0": 1,
	}
	for _, d := range Devices() {
		float32, _ := d.PeakVector("float32")
		if rate, ok := d.PeakVector("float16"); ok {
			if r := float64(rate) / float64(float32) / float16[d.ComputeCapability]; math.Abs(r-1) > 0.02 {
				t.Errorf("%s: float16 peak without tensor cores is off by a factor %.3f", d.ID, r)
			}
		}
		if rate, ok := d.PeakVector("int8"); ok && math.Abs(float64(rate)/float64(float32)-4) > 0.08 {
			t.Errorf("%s: int8 dot products at %v, want four times float32", d.ID, rate)
		}
	}
}

func TestNamesLeadToOneDevice(t *testing.T) {
	owner := map[string]string{}
	for _, d := range Devices() {
		for _, n := range d.names() {
			key := deviceKey(n)
			if other, taken := owner[key]; key == "" || taken && other != d.ID {
				t.Errorf("%s: name %q is empty or also %s's", d.ID, n, other)
			}
			owner[key] = d.ID
		}
	}
}

func TestLookupDevice(t *testing.T) {
	for name, id := range map[string]string{
		"gtx-1070":                       "gtx-1070",
		"GTX 1070":                       "gtx-1070",
		"NVIDIA GeForce GTX 1080 Ti":     "gtx-1080-ti",
		"Tesla P4":                       "p4",
		"Tesla P100-PCIE-16GB":           "p100-pcie-16gb",
		"Tesla V100-PCIE-32GB":           "v100-pcie-32gb",
		"Tesla T4":                       "t4",
		"NVIDIA A100-PCIE-40GB":          "a100-pcie-40gb",
		"NVIDIA A100 80GB PCIe":          "a100-pcie-80gb",
		"NVIDIA A100-SXM4-80GB":          "a100-sxm-80gb",
		"NVIDIA H100 80GB HBM3":          "h100-sxm",
		"h100":                           "h100-sxm",
		"H100-SXM":                       "h100-sxm",
		"NVIDIA H200":                    "h200-sxm",
		"NVIDIA GH200 480GB":             "gh200",
		"b200":                           "b200-sxm",
		"NVIDIA B300 SXM6 AC":            "b300-sxm",
		"NVIDIA GB200":                   "gb200",
		"GB300":                          "gb300",
		"RTX PRO 6000 Server":            "rtx-pro-6000-server",
		"rtx pro 6000":                   "rtx-pro-6000-blackwell",
		"nvidia l4":                      "l4",
		"NVIDIA RTX 6000 Ada Generation": "rtx-6000-ada",
		"rtx_4090":                       "rtx-4090",
		"Orin":                           "jetson-agx-orin",
	} {
		d, err := LookupDevice(name)
		if err != nil || d.ID != id {
			t.Errorf("LookupDevice(%q) = %q, %v; want %q", name, d.ID, err, id)
		}
	}
}

func TestLookupUnknownDevice(t *testing.T) {
	for name, want := range map[string]string{
		"gtx-1071":     `unknown device "gtx-1071"; did you mean gtx-1070? (irene devices lists all)`,
		"a100":         `unknown device "a100"; did you mean a100-pcie-40gb, a100-pcie-80gb, a100-sxm-40gb, a100-sxm-80gb? (irene devices lists all)`,
		"abacus":       `unknown device "abacus" (irene devices lists all)`,
		"":             `unknown device "" (irene devices lists all)`,
		"nvidia":       `unknown device "nvidia" (irene devices lists all)`,
		"rtx-6000-ads": `unknown device "rtx-6000-ads"; did you mean rtx-6000-ada? (irene devices lists all)`,
	} {
		_, err := LookupDevice(name)
		if err == nil || err.Error() != want {
			t.Errorf("LookupDevice(%q):\n got %v\nwant %s", name, err, want)
		}
		if unknown := (*UnknownDeviceError)(nil); !errors.As(err, &unknown) || unknown.Name != name {
			t.Errorf("LookupDevice(%q): %T is no *UnknownDeviceError", name, err)
		}
	}
}

func TestPeaks(t *testing.T) {
	a100, err := LookupDevice("a100-pcie-40gb")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peak  func(string) (FLOPsPerSecond, bool)
		dtype string
		want  FLOPsPerSecond
		ok    bool
	}{
		{a100.PeakMatrix, "float32", 19.5e12, true},
		{a100.PeakMatrix, TF32, 156e12, true},
		{a100.PeakMatrix, "float16", 312e12, true},
		{a100.PeakMatrix, "uint8", 624e12, true},
		{a100.PeakMatrix, "float8e4m3fn", 0, false},
		{a100.PeakMatrix, "", 0, false},
		{a100.PeakVector, "float16", 78e12, true},
		{a100.PeakVector, TF32, 0, false},
	} {
		if got, ok := c.peak(c.dtype); got != c.want || ok != c.ok {
			t.Errorf("peak for %q = %v, %v; want %v, %v", c.dtype, got, ok, c.want, c.ok)
		}
	}
	if got, ok := a100.RidgePoint("float16"); !ok || math.Abs(got-312e12/1555e9) > 1e-9 {
		t.Errorf("ridge point %v, %v; want 312e12/1555e9", got, ok)
	}
	if got, ok := a100.RidgePoint("float4e2m1"); !ok || math.Abs(got-19.5e12/1555e9) > 1e-9 { // no such peak: float32's
		t.Errorf("ridge point in float4: %g, %v", got, ok)
	}
	if _, ok := (Device{Bandwidth: 1e12}).RidgePoint("float16"); ok {
		t.Error("a ridge point on a device without peaks")
	}
	for _, c := range []struct {
		id, dtype string
		want      FLOPsPerSecond
	}{
		{"gtx-1070", "float16", 6.463e12},
		{"gtx-1070", "bfloat16", 6.463e12},
		{"gtx-1070", "float64", 6.463e12},
		{"gtx-1070", "int8", 25.85e12},
		{"v100-sxm2-16gb", "float16", 125e12},
		{"v100-sxm2-16gb", "bfloat16", 15.7e12},
		{"h100-sxm", "bfloat16", 989.4e12},
		{"h100-sxm", "float32", 66.9e12},
	} {
		d, err := LookupDevice(c.id)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := d.MatrixRate(c.dtype); !ok || math.Abs(float64(got/c.want)-1) > 1e-9 {
			t.Errorf("%s in %s: %v, %v; want %v", c.id, c.dtype, got, ok, c.want)
		}
	}
}

func TestDevicesAreCopies(t *testing.T) {
	Devices()[0].Peaks[0].Rate = 0
	if Devices()[0].Peaks[0].Rate == 0 {
		t.Error("changing a returned device changed the table")
	}
}
