// Package rapl meters the processor's packages by the energy counters that Linux shows below /sys/class/powercap (RAPL,
// running average power limit), on processors of Intel and of AMD: https://docs.kernel.org/power/powercap/powercap.html
//
// A package's counter covers its cores, its caches and the graphics unit in it; memory has a counter of its own on many
// servers, which is added. "psys", the counter of the whole platform, overlaps with both and is not read, nor are the
// parts of a package, nor the second view on the same counters that intel-rapl-mmio is.
package rapl
