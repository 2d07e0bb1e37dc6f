package energy

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// EstimateBandwidth is the name of Bandwidth among the Estimates of a Device whose numbers come from measurements.
const EstimateBandwidth = "bandwidth"

// UnmarshalJSON reads a row of the table of devices. It refuses a row without an id and numbers that no device has: what is
// not known is left out, and a chip that is awake draws less than the limit.
func (d *Device) UnmarshalJSON(text []byte) error {
	type plain Device
	var in plain
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	if in.ID == "" {
		return errors.New("device without an id")
	}
	numbers := []float64{
		float64(in.SMs), float64(in.CoresPerSM), float64(in.BoostClock), float64(in.MemoryBytes), float64(in.L2Bytes),
		float64(in.Bandwidth), float64(in.TDP), float64(in.Idle), float64(in.Awake), float64(in.Busy),
	}
	if in.BaseClock != nil {
		numbers = append(numbers, float64(*in.BaseClock))
	}
	for _, p := range in.Peaks {
		numbers = append(numbers, float64(p.Rate))
	}
	for _, n := range numbers {
		if n < 0 || math.IsInf(n, 0) {
			return fmt.Errorf("device %s: a number is %v", in.ID, n)
		}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for _, name := range []string{"sms", "cores_per_sm", "boost_clock_hz", "memory_bytes", "l2_bytes", "bandwidth_bytes_per_s", "tdp_w"} {
		if string(members[name]) == "0" {
			return fmt.Errorf("device %s: %s is 0: leave out what is not known", in.ID, name)
		}
	}
	if in.TDP > 0 && in.Awake >= in.TDP {
		return fmt.Errorf("device %s: it draws %v with its clocks up, its limit is %v", in.ID, in.Awake, in.TDP)
	}
	*d = Device(in)
	return nil
}
