// Package ort runs workloads with ONNX Runtime (https://onnxruntime.ai/docs/api/c/), on the CPU or through its CUDA and
// TensorRT providers.
//
// The runtime is a shared library that the user has; it is opened when it is needed, and no header of it is compiled in.
// It runs in a child process: a crash there costs one workload, and the signal handlers, threads and allocators that GPU
// libraries bring do not come into the process that reads the meter. The child is this program once more, with
// [ServeArgument] as its only argument; whoever owns main hands that call to [Serve].
//
//	parent, no cgo                              child
//	Executor ── requests (gob) ──▶ stdin ──▶ reader ──▶ worker, one system thread ──▶ shim.c ──▶ libonnxruntime.so
//	         ◀── replies (gob) ── stdout ◀──────┘ progress and stop are answered while the worker runs
//
// Requests are answered in order. A child ends when its input ends, so that it does not outlive its parent. What libraries
// start in it carries its mark in the environment and ends with it, however it ends.
//
// Models run as they are written, at graph optimization level 0. Inputs and outputs stay on the device. A loop in C runs
// the session in batches of some milliseconds and publishes, after each, how many runs are done and when that was: a load
// costs the child no call from Go, and no request waits for it.
package ort
