package law

import (
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// HostConstants are those of the host that launches kernels, and of what a server does around a decode step.
type HostConstants struct {
	Launch [numHosts]float64 // s a kernel
	Step   float64           // s between two decode steps, in which the device idles
	Sample float64           // passes over the logits, in float32, that drawing the next tokens takes
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

// rounds says whether a kernel's products of float32 round their inputs, where the device can.
func (r *runtime) rounds(k *Kernel) bool {
	if k.Rounding != AsRuntime {
		return k.Rounding == ToTF32
	}
	return r.tf32 || r.tf32Convolutions && k.Class == "conv"
}

// RoundingUnder is what a runtime profile does with products of float32 of a class, unless it is told otherwise.
func RoundingUnder(profile, class string) Rounding {
	if r := runtimeOf(profile); r.rounds(&Kernel{Class: class}) {
		return ToTF32
	}
	return Exact
}

// under puts the law under a runtime profile: how its host launches and float32 products are computed, as the device's own
// measurements say where they were taken under one that launches alike.
func (l *Overlap) under(profile string) {
	l.runtime = runtimeOf(profile)
	l.launch = l.constants.Host.Launch[l.runtime.host]
	o, ok := l.source.OwnOf(l.machine.dev.ID)
	if !ok || o.Runtime == "" || runtimeOf(o.Runtime).host != l.runtime.host {
		return
	}
	if o.Launch > 0 {
		l.launch = float64(o.Launch)
	}
	if o.TF32 != nil {
		l.runtime.tf32, l.runtime.tf32Convolutions = *o.TF32, *o.TF32
	}
}

// Server is a law that knows what serving a decode step takes beside the step's own kernels.
type Server interface {
	// Sample is what drawing a token for each of batch sequences takes out of a vocabulary, and what is between two steps.
	Sample(batch, vocabulary float64) Share
}

var _ Server = (*Overlap)(nil)

// Sample implements [Server]. Logits are turned into probabilities, sorted, cut and drawn from in passes over memory. Only
// servers do that.
func (l *Overlap) Sample(batch, vocabulary float64) Share {
	if l.runtime.host != hostRecorded {
		return Share{}
	}
	m, c := &l.machine, &l.constants.Host
	x := waits{p: 1, busy: 1, capped: true, traffic: c.Sample * 4 * batch * vocabulary}
	x.overlap[waitMemory] = x.traffic / (l.constants.Row.Stream * m.bandwidth)
	out := Share{Energy: energy.Joules(m.idle * c.Step), Time: energy.Seconds(c.Step)}
	if x.traffic > 0 {
		run := m.run(&x, &l.constants.Power, l.data())
		out = out.Plus(Share{energy.Joules(run.power * run.time), energy.Seconds(run.time)})
	}
	out.Energy = l.shift.Of(out.Energy, out.Time)
	return out
}
