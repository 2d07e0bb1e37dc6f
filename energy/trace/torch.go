package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// deviceName is the name of the first GPU of deviceProperties; "" where there is none, or several kinds.
func deviceName(raw json.RawMessage) string {
	var list []struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return ""
	}
	for _, d := range list {
		if d.Name != list[0].Name {
			return ""
		}
	}
	return list[0].Name
}

// torchArgs are arguments of the events of torch.profiler; kineto's output_json.cpp and torch's profiler_kineto.cpp write
// them. "External id" links a kernel to the operator that launched it, "correlation" to the call of the runtime.
type torchArgs struct {
	External    json.Number     `json:"External id"`
	OldExternal json.Number     `json:"external id"`
	Correlation json.Number     `json:"correlation"`
	Dims        json.RawMessage `json:"Input Dims"`
}

func (a *torchArgs) external() string {
	return cmp.Or(a.External, a.OldExternal).String()
}

// The categories of torch.profiler, those of versions before 1.12 in capitals.
const (
	moduleFrame = "nn.Module: "
	profileStep = "ProfilerStep#"
)

// class sorts events: operators, work of the device, calls of its runtime, frames of modules, steps; "" is not needed.
func (e *chromeEvent) class() string {
	if e.Ph != "X" {
		return ""
	}
	switch strings.ToLower(e.Cat) {
	case "cpu_op", "operator", "user_annotation":
		switch {
		case strings.HasPrefix(e.Name, profileStep):
			return "step"
		case e.Cat != "user_annotation" && strings.Contains(e.Name, "::"):
			return "op" // all else is a label that someone put there
		}
	case "kernel", "gpu_memcpy", "gpu_memset", "memcpy", "memset":
		return "kernel"
	case "cuda_runtime", "cuda_driver", "runtime", "hip_runtime":
		return "runtime"
	case "python_function":
		if strings.HasPrefix(e.Name, moduleFrame) {
			return "frame"
		}
	}
	return ""
}

// torch reads a trace of torch.profiler from its list of events on; what stands before it names the device.
func (s *source) torch(device string) (*Trace, error) {
	if start, err := s.d.Token(); err != nil || start != json.Delim('[') {
		return nil, s.unknown()
	}
	var events []chromeEvent
	for s.d.More() {
		var raw json.RawMessage
		if err := s.next(&raw); err != nil {
			return nil, err
		}
		var kind struct {
			Ph   string `json:"ph"`
			Cat  string `json:"cat"`
			Name string `json:"name"`
		}
		if json.Unmarshal(raw, &kind) != nil || (&chromeEvent{Ph: kind.Ph, Cat: kind.Cat, Name: kind.Name}).class() == "" {
			continue
		}
		var e chromeEvent
		if err := s.decode(raw, &e); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	if _, err := s.d.Token(); err != nil {
		return nil, s.syntax(err)
	}
	b := newTorchBuilder(events)
	if len(b.calls) == 0 && len(b.loose) == 0 {
		return nil, fmt.Errorf("%s: a chrome trace without operators of torch.profiler", s.file)
	}
	t := &Trace{Kind: KindTorch, Device: device}
	b.runs(t)
	return t, nil
}

// torchCall is one call of the framework: an operator that no other operator called, with the time of everything it
// called.
type torchCall struct {
	Event
	at, end      float64
	thread       string
	host, device float64 // µs
}

// duration is that of the device where it ran something for anyone.
func (c *torchCall) duration(device bool) float64 {
	if device {
		return c.device
	}
	return c.host
}

// torchBuilder makes calls of events.
type torchBuilder struct {
	events []chromeEvent
	class  []string
	calls  []*torchCall
	loose  []*torchCall // work of the device that no operator launched
	steps  []chromeEvent
	roots  []chromeEvent // frames of modules that no module called
	device bool
}

func newTorchBuilder(events []chromeEvent) *torchBuilder {
	b := &torchBuilder{events: events, class: make([]string, len(events))}
	var nested []int
	for i := range events {
		b.class[i] = events[i].class()
		switch b.class[i] {
		case "op", "frame", "runtime":
			nested = append(nested, i)
		case "step":
			b.steps = append(b.steps, events[i])
		}
	}
	parent := make([]int, len(events))
	for i := range parent {
		parent[i] = -1
	}
	inside(events, nested, func(p, c int) { parent[c] = p })
	outer := b.outermost(nested, parent)
	b.kernels(outer, parent)
	slices.SortStableFunc(b.calls, func(x, y *torchCall) int { return cmp.Compare(x.at, y.at) })
	slices.SortStableFunc(b.loose, func(x, y *torchCall) int { return cmp.Compare(x.at, y.at) })
	slices.SortStableFunc(b.steps, func(x, y chromeEvent) int { return cmp.Compare(x.TS, y.TS) })
	slices.SortStableFunc(b.roots, func(x, y chromeEvent) int { return cmp.Compare(x.TS, y.TS) })
	return b
}

// outermost makes a call of every operator that none called, and returns the call that each event belongs to. Places come
// in an order in which parents precede.
func (b *torchBuilder) outermost(nested, parent []int) []*torchCall {
	outer := make([]*torchCall, len(b.events))
	for _, i := range nested {
		e := &b.events[i]
		if p := parent[i]; p >= 0 && outer[p] != nil {
			outer[i] = outer[p]
			continue
		}
		switch b.class[i] {
		case "frame":
			if b.frameOf(parent[i], parent) < 0 {
				b.roots = append(b.roots, *e)
			}
		case "op":
			var args torchArgs
			_ = json.Unmarshal(e.Args, &args) // shapes are optional
			c := &torchCall{
				Event: Event{Name: e.Name, Op: e.Name, Provider: "cpu", Index: -1, Calls: 1, Inputs: shapes(args.Dims), Frames: b.frames(parent[i], parent)},
				at:    e.TS, end: e.end(), thread: e.thread(), host: e.Dur,
			}
			outer[i] = c
			b.calls = append(b.calls, c)
		}
	}
	return outer
}

// frameOf is the closest frame at or above i; -1 for none.
func (b *torchBuilder) frameOf(i int, parent []int) int {
	for i >= 0 && b.class[i] != "frame" {
		i = parent[i]
	}
	return i
}

// frames lists the names of the modules around an event, outermost first.
func (b *torchBuilder) frames(i int, parent []int) []string {
	var out []string
	for i = b.frameOf(i, parent); i >= 0; i = b.frameOf(parent[i], parent) {
		out = append(out, strings.TrimPrefix(b.events[i].Name, moduleFrame))
	}
	slices.Reverse(out)
	return out
}

// kernels gives the work of the device to the calls that launched it.
func (b *torchBuilder) kernels(outer []*torchCall, parent []int) {
	byExternal, byCorrelation := map[string]*torchCall{}, map[string]*torchCall{}
	args := make([]torchArgs, len(b.events))
	for i := range b.events {
		if b.class[i] == "frame" || b.class[i] == "step" || b.class[i] == "" {
			continue
		}
		_ = json.Unmarshal(b.events[i].Args, &args[i])
		switch c := outer[i]; {
		case c == nil:
		case b.class[i] == "op" && args[i].external() != "":
			byExternal[args[i].external()] = c
		case b.class[i] == "runtime" && args[i].Correlation != "":
			byCorrelation[args[i].Correlation.String()] = c
		}
	}
	for i := range b.events {
		if b.class[i] != "kernel" {
			continue
		}
		b.device = true
		e := &b.events[i]
		c := byCorrelation[args[i].Correlation.String()]
		if c == nil {
			c = byExternal[args[i].external()]
		}
		if c == nil {
			c = &torchCall{Event: Event{Name: e.Name, Op: e.Name, Index: -1, Calls: 1}, at: e.TS, end: e.end(), thread: e.thread()}
			b.loose = append(b.loose, c)
		}
		c.device += e.Dur
		c.Provider = "cuda"
	}
}

// shapes reads "Input Dims": [[1,64,768],[],[768]]. Scalars and lists of tensors have no shape.
func shapes(raw json.RawMessage) [][]int64 {
	var list []json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	out := make([][]int64, len(list))
	for i := range list {
		if json.Unmarshal(list[i], &out[i]) != nil {
			out[i] = nil
		}
	}
	return out
}
