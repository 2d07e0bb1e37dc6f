// Package trace reads what other tools measured of a model's operators: profiles of ONNX Runtime, layer times of
// TensorRT's trtexec, traces of PyTorch's profiler. Each becomes one list of events with the mean time of one run; what
// node of a model an event is, prediction finds out.
package trace
