package energy

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// EstimateBandwidth is the name of Bandwidth among the Estimates of a Device whose numbers come from measurements.
const EstimateBandwidth = "bandwidth"

// deviceJSON is how a Device stands in a file. The names are those of irene devices --format json.
type deviceJSON struct {
	ID                string     `json:"id"`
	Name              string     `json:"name,omitempty"`
	Aliases           []string   `json:"aliases,omitempty"`
	Architecture      string     `json:"architecture,omitempty"`
	ComputeCapability string     `json:"compute_capability,omitempty"`
	SMs               int        `json:"sms,omitempty"`
	CoresPerSM        int        `json:"cores_per_sm,omitempty"`
	BaseClock         *Hertz     `json:"base_clock_hz,omitempty"`
	BoostClock        *Hertz     `json:"boost_clock_hz,omitempty"`
	Peaks             []peakJSON `json:"peaks,omitempty"`
	MemoryBytes       int64      `json:"memory_bytes,omitempty"`
	L2Bytes           int64      `json:"l2_bytes,omitempty"`

	Bandwidth    *BytesPerSecond `json:"bandwidth_bytes_per_s,omitempty"`
	TDP          *Watts          `json:"tdp_w,omitempty"`
	IncludesHost bool            `json:"includes_host,omitempty"`
	Idle         *Watts          `json:"idle_w,omitempty"`
	Estimates    []string        `json:"estimates,omitempty"`
	Source       string          `json:"source,omitempty"`
}

type peakJSON struct {
	DType       string         `json:"dtype"`
	TensorCores bool           `json:"tensor_cores,omitempty"`
	Rate        FLOPsPerSecond `json:"flops_per_s"`
}

// MarshalJSON writes a row of the table of devices. Numbers that are zero, which says that they are not known, are left
// out.
func (d Device) MarshalJSON() ([]byte, error) {
	out := deviceJSON{
		ID: d.ID, Name: d.Name, Aliases: d.Aliases, Architecture: d.Architecture, ComputeCapability: d.ComputeCapability,
		SMs: d.SMs, CoresPerSM: d.CoresPerSM, BaseClock: d.BaseClock, BoostClock: orNil(d.BoostClock),
		MemoryBytes: d.MemoryBytes, L2Bytes: d.L2Bytes, Bandwidth: orNil(d.Bandwidth), TDP: orNil(d.TDP),
		IncludesHost: d.IncludesHost, Idle: orNil(d.Idle), Estimates: d.Estimates, Source: d.Source,
	}
	for _, p := range d.Peaks {
		out.Peaks = append(out.Peaks, peakJSON(p))
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote. It refuses a row without an id and numbers that no device has.
func (d *Device) UnmarshalJSON(text []byte) error {
	var in deviceJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	if in.ID == "" {
		return errors.New("device without an id")
	}
	out := Device{
		ID: in.ID, Name: in.Name, Aliases: in.Aliases, Architecture: in.Architecture, ComputeCapability: in.ComputeCapability,
		SMs: in.SMs, CoresPerSM: in.CoresPerSM, BaseClock: in.BaseClock, BoostClock: orZero(in.BoostClock),
		MemoryBytes: in.MemoryBytes, L2Bytes: in.L2Bytes, Bandwidth: orZero(in.Bandwidth), TDP: orZero(in.TDP),
		IncludesHost: in.IncludesHost, Idle: orZero(in.Idle), Estimates: in.Estimates, Source: in.Source,
	}
	numbers := []float64{
		float64(out.SMs), float64(out.CoresPerSM), float64(out.BoostClock), float64(out.MemoryBytes), float64(out.L2Bytes),
		float64(out.Bandwidth), float64(out.TDP), float64(out.Idle), float64(orZero(out.BaseClock)),
	}
	for _, p := range in.Peaks {
		out.Peaks = append(out.Peaks, Peak(p))
		numbers = append(numbers, float64(p.Rate))
	}
	for _, n := range numbers {
		if n < 0 || math.IsInf(n, 0) {
			return fmt.Errorf("device %s: a number is %v", in.ID, n)
		}
	}
	*d = out
	return nil
}

// Is reports whether a name is one of the device's: its id, name or an alias, compared as LookupDevice does.
func (d Device) Is(name string) bool {
	key := deviceKey(name)
	for _, n := range d.names() {
		if key != "" && deviceKey(n) == key {
			return true
		}
	}
	return false
}

// orNil is nil for zero, orZero the other way round.
func orNil[T ~float64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

func orZero[T ~float64](v *T) T {
	if v == nil {
		return 0
	}
	return *v
}
