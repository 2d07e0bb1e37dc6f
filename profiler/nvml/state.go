//go:build cgo && linux

package nvml

import (
	"errors"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// State implements [profiler.Meter].
//
// Busy and Utilisation come from performance metrics (GPM) where the device has them: then they cover the time since the
// State before, or since Open, and are nil within 100 ms of it. Where GPM gives nothing they are the driver's utilisation
// rates: the share of a time of its own choice, up to a second, in which a kernel ran or memory was in use.
func (m *Meter) State() (profiler.State, error) {
	if m.closed {
		return profiler.State{}, errClosed
	}
	s := profiler.State{
		SMClock:     m.clockOf(nvml.CLOCK_SM),
		MemoryClock: m.clockOf(nvml.CLOCK_MEM),
		Limits:      m.limits(),
		Foreign:     m.foreign(),
	}
	celsius, ret := m.temperature()
	if ret == nvml.SUCCESS {
		s.Temperature = &celsius
	} else if err := failure("temperature", ret); errors.Is(err, profiler.ErrDevice) {
		return profiler.State{}, err
	}
	if m.power != nil {
		if power, err := m.power.read(); err == nil {
			s.Power = &power
		} else if errors.Is(err, profiler.ErrDevice) {
			return profiler.State{}, err
		}
	}
	s.Busy, s.Utilisation = m.utilisation()
	return s, nil
}

// clockOf reads a clock, nil where it cannot.
func (m *Meter) clockOf(of nvml.ClockType) *energy.Hertz {
	megahertz, ret := m.device.GetClockInfo(of)
	if ret != nvml.SUCCESS || megahertz == 0 {
		return nil
	}
	return new(energy.Hertz(float64(megahertz) * 1e6))
}

// temperature reads the chip's, by the function that drivers of every age have, or else by its successor.
func (m *Meter) temperature() (energy.Celsius, nvml.Return) {
	celsius, ret := m.device.GetTemperature(nvml.TEMPERATURE_GPU)
	if ret != nvml.ERROR_FUNCTION_NOT_FOUND {
		return energy.Celsius(celsius), ret
	}
	newer, ret := m.device.GetTemperatureV().V1()
	return energy.Celsius(newer.Temperature), ret
}

// reasons reads why the clocks are not at their highest, by the function of drivers since 535, or else by its
// predecessor.
func (m *Meter) reasons() (bits uint64, ret nvml.Return) {
	if bits, ret = m.device.GetCurrentClocksEventReasons(); ret == nvml.ERROR_FUNCTION_NOT_FOUND {
		bits, ret = m.device.GetCurrentClocksThrottleReasons()
	}
	return bits, ret
}

// slowdowns are the reasons that heat or the supply give.
const slowdowns = nvml.ClocksThrottleReasonHwSlowdown | nvml.ClocksEventReasonSwThermalSlowdown |
	nvml.ClocksThrottleReasonHwThermalSlowdown | nvml.ClocksThrottleReasonHwPowerBrakeSlowdown

// limits names the reasons that records flag.
func (m *Meter) limits() []string {
	bits, ret := m.reasons()
	if ret != nvml.SUCCESS {
		return nil
	}
	var limits []string
	if bits&nvml.ClocksEventReasonSwPowerCap != 0 {
		limits = append(limits, energy.FlagPowerCap)
	}
	if bits&slowdowns != 0 {
		limits = append(limits, energy.FlagThrottled)
	}
	return limits
}

// foreign counts the processes on the device that are not this program's, nil where nobody can tell.
func (m *Meter) foreign() *int {
	list, ret := m.device.GetComputeRunningProcesses()
	if ret != nvml.SUCCESS {
		return nil
	}
	pids := make([]int, len(list))
	for i, p := range list {
		pids[i] = int(p.Pid)
	}
	return new(m.others.foreign(pids))
}

// utilisation reads the shares of time.
func (m *Meter) utilisation() (busy *float64, shares map[string]float64) {
	if m.gpm == nil {
		return m.rates()
	}
	values, ret := m.gpm.metrics()
	if ret != nvml.SUCCESS {
		return m.rates()
	}
	if v, ok := values[gpmBusy]; ok {
		busy = new(v / 100)
	}
	for _, metric := range gpmMetrics() {
		if v, ok := values[metric.id]; ok {
			if shares == nil {
				shares = map[string]float64{}
			}
			shares[metric.name] = v
		}
	}
	return busy, shares
}

// rates reads the driver's utilisation rates.
func (m *Meter) rates() (busy *float64, shares map[string]float64) {
	rates, ret := m.device.GetUtilizationRates()
	if ret != nvml.SUCCESS || rates.Gpu > 100 || rates.Memory > 100 {
		return nil, nil
	}
	return new(float64(rates.Gpu) / 100), map[string]float64{"memory": float64(rates.Memory)}
}
