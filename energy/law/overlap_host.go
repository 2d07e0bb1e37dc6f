package law

import "strings"

// HostConstants are those of the host that launches kernels.
type HostConstants struct {
	Launch [numHosts]float64 // s a kernel
}

// host is a way to launch kernels.
type host int

// The ways.
const (
	hostEager    host = iota // PyTorch, a call of Python a kernel
	hostSession              // ONNX Runtime, a call of C++ a node
	hostRecorded             // CUDA graphs: kernels are launched from a recording
	numHosts
)

var hostNames = [numHosts]string{"eager", "ort", "vllm"}

// runtime is what the law has to know of a runtime profile. A kernel is the same under all of them, but for the type that
// float32 products are computed in.
type runtime struct {
	host             host
	tf32             bool // float32 products on tensor cores, inputs rounded to 19 bits
	tf32Convolutions bool // convolutions alone
}

// runtimeOf reads a profile's name. PyTorch computes convolutions in TF32 unless told otherwise, and products never:
// https://docs.pytorch.org/docs/stable/notes/cuda.html#tensorfloat-32-tf32-on-ampere-and-later-devices; ONNX Runtime both:
// https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html#use_tf32
func runtimeOf(profile string) runtime {
	switch {
	case strings.HasPrefix(profile, "ort"):
		return runtime{host: hostSession, tf32: true}
	case profile == "vllm":
		return runtime{host: hostRecorded, tf32Convolutions: true}
	}
	return runtime{host: hostEager, tf32Convolutions: true}
}
