//go:build cgo && linux

package nvml

import (
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/profiler"
)

// gpmApart is how far two samples have to lie apart.
const gpmApart = 100 * time.Millisecond

// gpmBusy is the metric of the time in which a kernel ran.
const gpmBusy = nvml.GPM_METRIC_GRAPHICS_UTIL

// gpmMetric is a metric and the name that records give it.
type gpmMetric struct {
	id   nvml.GpmMetricId
	name string
}

// gpmMetrics lists the metrics in per cent that are read beside gpmBusy.
func gpmMetrics() []gpmMetric {
	return []gpmMetric{
		{nvml.GPM_METRIC_SM_UTIL, "sm"},
		{nvml.GPM_METRIC_SM_OCCUPANCY, "sm_occupancy"},
		{nvml.GPM_METRIC_INTEGER_UTIL, "integer"},
		{nvml.GPM_METRIC_ANY_TENSOR_UTIL, "tensor"},
		{nvml.GPM_METRIC_DRAM_BW_UTIL, "dram"},
		{nvml.GPM_METRIC_FP64_UTIL, "fp64"},
		{nvml.GPM_METRIC_FP32_UTIL, "fp32"},
		{nvml.GPM_METRIC_FP16_UTIL, "fp16"},
	}
}

// gpm reads performance metrics between two samples of a device.
type gpm struct {
	lib          nvml.Interface
	device       nvml.Device
	before, next nvml.GpmSample
	clock        profiler.Clock
	at           time.Duration // of the sample before
}

// newGPM takes the first sample. What it returns is to be closed, unless ret says that the device has no such metrics.
func newGPM(lib nvml.Interface, device nvml.Device, clock profiler.Clock) (g *gpm, ret nvml.Return) {
	support, ret := lib.GpmQueryDeviceSupport(device)
	if ret != nvml.SUCCESS {
		return nil, ret
	}
	if support.IsSupportedDevice == 0 {
		return nil, nvml.ERROR_NOT_SUPPORTED
	}
	before, ret := lib.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		return nil, ret
	}
	next, ret := lib.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		lib.GpmSampleFree(before)
		return nil, ret
	}
	g = &gpm{lib: lib, device: device, before: before, next: next, clock: clock, at: clock.Now()}
	if ret := lib.GpmSampleGet(device, before); ret != nvml.SUCCESS {
		g.close()
		return nil, ret
	}
	return g, nvml.SUCCESS
}

// metrics are the values since the sample before, in per cent, those that make sense. Too soon after it there are none,
// and the sample stays, so that the next call reaches back to it.
func (g *gpm) metrics() (values map[nvml.GpmMetricId]float64, ret nvml.Return) {
	now := g.clock.Now()
	if now-g.at <= gpmApart {
		return nil, nvml.SUCCESS
	}
	if ret := g.lib.GpmSampleGet(g.device, g.next); ret != nvml.SUCCESS {
		return nil, ret
	}
	ask := nvml.GpmMetricsGetType{Sample1: g.before, Sample2: g.next}
	for _, id := range append([]gpmMetric{{id: gpmBusy}}, gpmMetrics()...) {
		ask.Metrics[ask.NumMetrics].MetricId = uint32(id.id)
		ask.NumMetrics++
	}
	ret = g.lib.GpmMetricsGet(&ask)
	g.before, g.next, g.at = g.next, g.before, now
	if ret != nvml.SUCCESS {
		return nil, ret
	}
	values = map[nvml.GpmMetricId]float64{}
	for _, m := range ask.Metrics[:ask.NumMetrics] {
		if nvml.Return(m.NvmlReturn) == nvml.SUCCESS && m.Value >= 0 && m.Value <= 100 {
			values[nvml.GpmMetricId(m.MetricId)] = m.Value
		}
	}
	return values, nvml.SUCCESS
}

func (g *gpm) close() {
	g.lib.GpmSampleFree(g.before)
	g.lib.GpmSampleFree(g.next)
}
