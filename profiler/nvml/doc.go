// Package nvml is the meter of NVIDIA GPUs: their energy counter, or polled power where there is none, and what else the
// driver's management library (NVML, https://docs.nvidia.com/deploy/nvml-api/) knows. It needs cgo and Linux; elsewhere
// the package is empty.
//
// The library is loaded when a meter is opened. A program that contains this package starts without it, however it is
// linked, and survives a library that lacks functions: the meter lists them among what it cannot read.
//
// NVML knows boards, not processes. A GPU that is divided into instances (MIG) is refused, and other processes on the
// board are counted so that a measurement can be marked. With virtual machines that share a board, they cannot be.
package nvml
