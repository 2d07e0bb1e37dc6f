package energy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/internal/nearest"
)

// Device is what is published about one GPU. Throughputs are dense ones, at the boost clock. In JSON, numbers that are
// zero, which says that they are not known, are left out.
type Device struct {
	ID                string         `json:"id"`                              // lower case, with hyphens: "a100-pcie-40gb"
	Name              string         `json:"name,omitempty"`                  // as the driver reports it
	Aliases           []string       `json:"aliases,omitempty"`               // further names; LookupDevice ignores case, blanks and hyphens in all of them
	Architecture      string         `json:"architecture,omitempty"`          // "Ampere"
	ComputeCapability string         `json:"compute_capability,omitempty"`    // "8.6"
	SMs               int            `json:"sms,omitempty"`                   // streaming multiprocessors
	CoresPerSM        int            `json:"cores_per_sm,omitempty"`          // float32 multiply-adds per SM and clock, without tensor cores
	BaseClock         *Hertz         `json:"base_clock_hz,omitempty"`         // hertz; nil where none is published
	BoostClock        Hertz          `json:"boost_clock_hz,omitempty"`        // hertz
	Peaks             []Peak         `json:"peaks,omitempty"`                 // by element type
	MemoryBytes       int64          `json:"memory_bytes,omitempty"`          // nominal bytes; drivers keep one or two per cent for themselves
	L2Bytes           int64          `json:"l2_bytes,omitempty"`              // bytes of the last level of cache
	Bandwidth         BytesPerSecond `json:"bandwidth_bytes_per_s,omitempty"` // bytes per second of the memory
	TDP               Watts          `json:"tdp_w,omitempty"`                 // watts: default power limit of the board, or of the module where GPU and CPU share one
	IncludesHost      bool           `json:"includes_host,omitempty"`         // the power limit is the module's, processor included
	Idle              Watts          `json:"idle_w,omitempty"`                // watts of the board with a context open and no kernel running
	Awake             Watts          `json:"awake_w,omitempty"`               // watts of the chip with its clocks up and nothing running; 0 where nobody measured them
	Busy              Watts          `json:"busy_w,omitempty"`                // watts of the chip above those while every multiprocessor issues instructions; 0 where nobody measured them
	Process           string         `json:"process,omitempty"`               // of the silicon: "TSMC 4NP"
	MemoryKind        string         `json:"memory_kind,omitempty"`           // "HBM3e", "GDDR6X"
	Estimates         []string       `json:"estimates,omitempty"`             // the Estimate… names of the numbers that are this project's estimates, not published ones
	Source            string         `json:"source,omitempty"`                // data sheet or white paper
	Address           string         `json:"-"`                               // of the document, or of its product page where the document has no lasting address
}

// DefaultDevice is the device that predictions are made for where none is named.
const DefaultDevice = "h100-sxm"

// Numbers of a Device that can be estimates.
const (
	EstimateIdle  = "idle"        // Idle
	EstimateTDP   = "tdp"         // TDP
	EstimateL2    = "l2"          // L2Bytes
	EstimatePeaks = "small-peaks" // peaks of element types under 32 bits, derived from the architecture's rates
	EstimateAwake = "awake"       // Awake, fitted or read on another board of the chip
	EstimateBusy  = "busy"        // Busy, fitted or read on another board of the chip
)

// Element types that only peaks know.
const (
	TF32   = "tf32"   // float32 inputs rounded to 19 bits, on tensor cores
	Float8 = "float8" // every 8-bit floating-point type
	Float4 = "float4" // every 4-bit floating-point type
)

// Peak is the dense peak throughput of one element type.
type Peak struct {
	DType       string         `json:"dtype"`                  // an element type, or TF32, Float8 or Float4
	TensorCores bool           `json:"tensor_cores,omitempty"` // of matrix units; else of ordinary arithmetic
	Rate        FLOPsPerSecond `json:"flops_per_s"`            // FLOPs per second; integer operations count alike
}

// Estimated reports whether the number named by one of the Estimate… constants is an estimate.
func (d Device) Estimated(number string) bool { return slices.Contains(d.Estimates, number) }

// PeakMatrix is the peak of matrix products and convolutions on elements of that type: on tensor cores where they take
// the type, without them otherwise. Products of float32 are those without tensor cores; ask for TF32 where rounding is
// allowed. False where the device has no instruction for the type, or no peak is published.
func (d Device) PeakMatrix(dtype string) (FLOPsPerSecond, bool) {
	if rate, ok := d.peak(dtype, true); ok {
		return rate, true
	}
	return d.peak(dtype, false)
}

// PeakVector is the peak of everything else (element-wise operators, reductions), which runs without tensor cores.
func (d Device) PeakVector(dtype string) (FLOPsPerSecond, bool) { return d.peak(dtype, false) }

// MatrixRate is the rate to count on for matrix products of that type. Floating-point types below 32 bits are no slower
// than float32: libraries accumulate in float32, and compute in it where the device is slow at the type or lacks it. A
// type of which no peak is published counts as float32, too. False where not even that one is known.
func (d Device) MatrixRate(dtype string) (FLOPsPerSecond, bool) {
	rate, ok := d.PeakMatrix(dtype)
	single, known := d.PeakVector("float32")
	narrow := slices.Contains([]string{"float16", "bfloat16", Float8, Float4}, peakDType(dtype))
	if known && (!ok || narrow && rate < single) {
		return single, true
	}
	return rate, ok
}

// RidgePoint is the arithmetic intensity, in FLOPs per byte of memory traffic, above which matrix products on that
// element type are limited by arithmetic and below which by memory.
func (d Device) RidgePoint(dtype string) (flopsPerByte float64, ok bool) {
	rate, ok := d.MatrixRate(dtype)
	if !ok || d.Bandwidth <= 0 {
		return 0, false
	}
	return float64(rate) / float64(d.Bandwidth), true
}

func (d Device) peak(dtype string, tensorCores bool) (FLOPsPerSecond, bool) {
	want := peakDType(dtype)
	for _, p := range d.Peaks {
		if p.DType == want && p.TensorCores == tensorCores {
			return p.Rate, true
		}
	}
	return 0, false
}

// peakDType is the name under which peaks list an element type.
func peakDType(dtype string) string {
	switch {
	case strings.HasPrefix(dtype, Float8):
		return Float8
	case strings.HasPrefix(dtype, Float4):
		return Float4
	case dtype == "uint8":
		return "int8"
	}
	return dtype
}

// Devices is the table of known GPUs, sorted by id. The caller owns the copy.
func Devices() []Device {
	all := nvidia()
	slices.SortFunc(all, func(a, b Device) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// LookupDevice finds a device by its id, name or alias, ignoring case, blanks, hyphens and the maker's brand names. The
// error for an unknown one is an *UnknownDeviceError.
func LookupDevice(name string) (Device, error) {
	all := Devices()
	for _, d := range all {
		if d.Is(name) {
			return d, nil
		}
	}
	return Device{}, &UnknownDeviceError{Name: name, Suggestions: suggestDevices(deviceKey(name), all)}
}

// Is reports whether a name is one of the device's: its id, name or an alias, compared as LookupDevice does.
func (d Device) Is(name string) bool {
	key := deviceKey(name)
	return key != "" && slices.ContainsFunc(d.names(), func(n string) bool { return deviceKey(n) == key })
}

// names is everything a device answers to.
func (d Device) names() []string { return append([]string{d.ID, d.Name}, d.Aliases...) }

// deviceKey is what is compared of a device's name: its letters and digits in lower case, without leading brand names.
func deviceKey(name string) string {
	key := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	for _, brand := range []string{"nvidia", "tesla", "geforce"} {
		key = strings.TrimPrefix(key, brand)
	}
	return key
}

// suggestDevices names the ids that key begins, as "a100" does, or else the nearest one, or else those that begin like it.
func suggestDevices(key string, all []Device) []string {
	var ids, keys []string
	for _, d := range all {
		k := deviceKey(d.ID)
		keys = append(keys, k)
		if len(key) > 1 && strings.HasPrefix(k, key) {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) > 0 {
		return ids
	}
	if near, ok := nearest.Nearest(key, keys); ok {
		return []string{all[slices.Index(keys, near)].ID}
	}
	for cut := key[:max(0, len(key)-1)]; len(cut) >= 3 && len(ids) == 0; cut = cut[:len(cut)-1] { // h1000 may be an h100
		for i, k := range keys {
			if strings.HasPrefix(k, cut) {
				ids = append(ids, all[i].ID)
			}
		}
	}
	return ids
}

// UnknownDeviceError says that the table of GPUs has no such name.
type UnknownDeviceError struct {
	Name        string
	Suggestions []string // ids; may be empty
}

// Error names the unknown device and what may have been meant.
func (e *UnknownDeviceError) Error() string {
	hint := ""
	if len(e.Suggestions) > 0 {
		hint = "; did you mean " + strings.Join(e.Suggestions, ", ") + "?"
	}
	return fmt.Sprintf("unknown device %q%s (irene devices lists all)", e.Name, hint)
}
