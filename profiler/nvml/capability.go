//go:build cgo && linux

package nvml

import (
	"fmt"
	"os"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// can lists something that the meter can or cannot do.
func (m *Meter) can(name string, have bool, note string) {
	m.capabilities = append(m.capabilities, profiler.Capability{Name: name, Have: have, Note: note})
}

// probe lists what a call showed; note is for where it succeeded.
func (m *Meter) probe(name, function string, ret nvml.Return, note string) {
	if ret != nvml.SUCCESS {
		note = lack(function, ret)
	}
	m.can(name, ret == nvml.SUCCESS, note)
}

// lack says why a function gave nothing.
func lack(function string, ret nvml.Return) string {
	switch ret {
	case nvml.ERROR_FUNCTION_NOT_FOUND:
		return "the driver's library has no " + function
	case nvml.ERROR_NOT_SUPPORTED:
		return "the device has none"
	case nvml.ERROR_NO_PERMISSION:
		return "takes root"
	}
	return function + ": " + ret.Error()
}

// describePower lists how power is read.
func (m *Meter) describePower() {
	switch {
	case m.power == nil:
		m.can("power", false, "the device tells none")
	case m.boundary == energy.BoundaryModule:
		m.can("power", true, m.power.name+": energies cover the whole module")
	default:
		m.can("power", true, m.power.name)
	}
}

// openState finds out what State can read.
func (m *Meter) openState() {
	_, ret := m.device.GetClockInfo(nvml.CLOCK_SM)
	m.probe("SM clock", "nvmlDeviceGetClockInfo", ret, "")
	_, ret = m.device.GetClockInfo(nvml.CLOCK_MEM)
	m.probe("memory clock", "nvmlDeviceGetClockInfo", ret, "")
	_, ret = m.temperature()
	m.probe("temperature", "nvmlDeviceGetTemperature", ret, "")
	_, ret = m.reasons()
	m.probe("clock event reasons", "nvmlDeviceGetCurrentClocksEventReasons", ret, "")
	m.gpm, ret = newGPM(m.lib, m.device, m.clock)
	m.probe("GPM", "nvmlGpmQueryDeviceSupport", ret, "")
	_, ret = m.device.GetUtilizationRates()
	note := "busy is an approximation: the share of up to a second in which a kernel ran"
	if m.gpm != nil {
		note = "read where GPM fails"
	}
	m.probe("utilisation rates", "nvmlDeviceGetUtilizationRates", ret, note)
	m.describeProcesses()
	m.describeLocks()
}

// describeProcesses lists whether other processes are seen.
func (m *Meter) describeProcesses() {
	_, ret := m.device.GetComputeRunningProcesses()
	note := ""
	if m.others.nested {
		note = "in a container: one process that it does not know is taken for the profiler's"
	}
	if n := m.foreign(); n != nil && *n > 0 {
		note = fmt.Sprintf("%d other at the moment", *n)
	}
	m.probe("process list", "nvmlDeviceGetComputeRunningProcesses", ret, note)
}

// describeLocks lists whether clocks may be locked, as far as that shows without doing it.
func (m *Meter) describeLocks() {
	const function = "nvmlDeviceSetGpuLockedClocks"
	switch {
	case m.lib.Extensions().LookupSymbol(function) != nil:
		m.can("clock locking", false, lack(function, nvml.ERROR_FUNCTION_NOT_FOUND))
	case os.Geteuid() != 0:
		m.can("clock locking", false, lack(function, nvml.ERROR_NO_PERMISSION))
	default:
		m.can("clock locking", true, "")
	}
}
