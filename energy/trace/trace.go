package trace

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// Kind says which tool wrote a trace.
type Kind string

// The kinds of traces.
const (
	KindONNXRuntime Kind = "onnxruntime" // session profiling: https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
	KindTRTExec     Kind = "trtexec"     // --exportProfile, with --exportLayerInfo after it or not: https://docs.nvidia.com/deeplearning/tensorrt/
	KindTorch       Kind = "torch"       // torch.profiler, export_chrome_trace: https://docs.pytorch.org/docs/stable/profiler.html
)

// Trace is what one file holds.
type Trace struct {
	File    string // for messages
	Kind    Kind
	Device  string  // name of the GPU, where the file tells it
	Runs    int     // executions of the model that the times are means over
	Dropped int     // executions before those, left out because they warm up
	Events  []Event // in the order in which one run executes them
	Notes   []string
}

// Total is the time of all events of one run.
func (t *Trace) Total() energy.Seconds {
	var sum energy.Seconds
	for i := range t.Events {
		sum += t.Events[i].Time
	}
	return sum
}

// OnCPU reports whether most of the time is the CPU's.
func (t *Trace) OnCPU() bool {
	var cpu energy.Seconds
	for i := range t.Events {
		if p := t.Events[i].Provider; p == "cpu" || p == "CPUExecutionProvider" {
			cpu += t.Events[i].Time
		}
	}
	return 2*cpu > t.Total()
}

// Event is one operator, layer or framework call of one run.
type Event struct {
	Name     string
	Op       string // kind of operator: "MatMul", "aten::linear"; "" where the tool does not tell
	Provider string // what executed it: "CPUExecutionProvider", "cuda"
	Index    int    // place in the graph that the tool executes; -1 where it does not tell
	Time     energy.Seconds
	Calls    int       // executions in all runs together
	Inputs   [][]int64 // shapes; nil where not told
	Outputs  [][]int64 // shapes; nil where not told

	Names   []string // of model nodes, values and weights that a layer is said to hold, in order
	Between bool     // Names are the first and the last of a region
	Frames  []string // nn.Module frames around the call, outermost first: "BertLayer_3"
}

// Limits that keep a file that is no trace, or too large a one, from filling memory.
const (
	maxBytes  = 2 << 30
	maxEvents = 8 << 20
	maxMicros = 1e12 // duration of one event: eleven days
)

// IsTrace reports whether data begins like a trace. Files of records and of trees do not.
func IsTrace(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	first, err := d.Token()
	if err != nil {
		return false
	}
	switch first {
	case json.Delim('['):
		return true
	case json.Delim('{'):
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return false
			}
			switch key {
			case "traceEvents", "Layers":
				return true
			}
			var skipped json.RawMessage
			if d.Decode(&skipped) != nil {
				return false
			}
		}
	}
	return false
}

// Read reads a trace, compressed with gzip or not; what it is shows in its content. The name is for messages: errors say
// the file and the event or the byte. A trtexec profile may be followed by the layer information of the same engine.
func Read(r io.Reader, file string) (*Trace, error) {
	data, err := unpacked(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	s := &source{file: file, d: json.NewDecoder(bytes.NewReader(data))}
	t, err := s.read()
	if err != nil {
		return nil, err
	}
	t.File = file
	if len(t.Events) == 0 {
		return nil, fmt.Errorf("%s: no operator has a time in it", file)
	}
	if sum := float64(t.Total()); math.IsInf(sum, 0) || sum <= 0 {
		return nil, fmt.Errorf("%s: its operators take no time", file)
	}
	return t, nil
}

// unpacked reads all of r, up to the limit.
func unpacked(r io.Reader) ([]byte, error) {
	data, err := readAll(r)
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return readAll(z)
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = fmt.Errorf("larger than %s", energy.FormatBinaryBytes(maxBytes))
	}
	return data, err
}

// source is a file being read.
type source struct {
	file  string
	d     *json.Decoder
	event int // number of the event that was decoded last, from 1
}

// read finds out what the file is and reads it.
func (s *source) read() (*Trace, error) {
	first, err := s.d.Token()
	if err != nil {
		return nil, s.syntax(err)
	}
	switch first {
	case json.Delim('['):
		return s.list()
	case json.Delim('{'):
		return s.object()
	}
	return nil, s.unknown()
}

const wanted = "ONNX Runtime's profiling JSON, trtexec's --exportProfile or torch.profiler's chrome trace"

// unknown is the error for what is no trace.
func (s *source) unknown() error {
	return fmt.Errorf("%s: not a trace: want %s", s.file, wanted)
}

// list reads a list of events: ONNX Runtime's or trtexec's, which the members of its elements tell apart.
func (s *source) list() (*Trace, error) {
	var l elements
	cut := false // the tool was ended before it wrote the end
	for s.d.More() && !cut {
		var raw json.RawMessage
		err := s.next(&raw)
		if err == nil {
			err = s.element(raw, &l)
		}
		cut = errors.Is(err, io.ErrUnexpectedEOF) && len(l.chrome) > 0
		if err != nil && !cut {
			return nil, err
		}
	}
	if _, err := s.d.Token(); err != nil {
		if len(l.chrome) == 0 {
			return nil, s.syntax(err)
		}
		cut = true
	}
	switch {
	case len(l.chrome) > 0 && len(l.layers) > 0:
		return nil, s.unknown()
	case len(l.layers) > 0:
		return s.trtexec(l.layers)
	case len(l.chrome) > 0:
		t, err := s.onnxRuntime(l.chrome)
		if err == nil && cut {
			t.Notes = append(t.Notes, "the file ends within the list of events: what follows is missing")
		}
		return t, err
	}
	return nil, fmt.Errorf("%s: an empty trace, or one of another tool: want %s", s.file, wanted)
}

// elements are those of a list that are needed.
type elements struct {
	chrome []chromeEvent
	layers []layerTime
}

// element reads one element of a list.
func (s *source) element(raw json.RawMessage, into *elements) error {
	if raw[0] != '{' {
		return s.unknown()
	}
	var probe struct {
		Ph     *string  `json:"ph"`
		Time   *float64 `json:"timeMs"`
		Mean   *float64 `json:"averageMs"`
		Median *float64 `json:"medianMs"`
		Count  *float64 `json:"count"`
	}
	if err := json.Unmarshal(raw, &probe); err != nil {
		return s.bad(err)
	}
	switch {
	case probe.Ph != nil:
		var e chromeEvent
		if err := s.decode(raw, &e); err != nil {
			return err
		}
		if isTimedORT(&e) {
			into.chrome = append(into.chrome, e)
		}
	case probe.Time != nil || probe.Mean != nil || probe.Median != nil || probe.Count != nil:
		var l layerTime
		if err := s.decode(raw, &l); err != nil {
			return err
		}
		into.layers = append(into.layers, l)
	default:
		return s.unknown()
	}
	return nil
}

// object reads a file that is one object: torch's, or layer information without times.
func (s *source) object() (*Trace, error) {
	device := ""
	for s.d.More() {
		key, err := s.d.Token()
		if err != nil {
			return nil, s.syntax(err)
		}
		switch key {
		case "Layers":
			return nil, fmt.Errorf("%s: layers without times: put the times of trtexec --exportProfile before them (cat times.json layers.json)", s.file)
		case "traceEvents":
			return s.torch(device)
		}
		var member json.RawMessage
		if err := s.d.Decode(&member); err != nil {
			return nil, s.syntax(err)
		}
		if key == "deviceProperties" {
			device = deviceName(member)
		}
	}
	return nil, s.unknown()
}

// next decodes the next element of the list.
func (s *source) next(raw *json.RawMessage) error {
	s.event++
	if s.event > maxEvents {
		return fmt.Errorf("%s: more than %d events", s.file, maxEvents)
	}
	if err := s.d.Decode(raw); err != nil {
		return s.syntax(err)
	}
	return nil
}

// decode reads one element of the list and checks its duration.
func (s *source) decode(raw json.RawMessage, into interface{ check() error }) error {
	err := json.Unmarshal(raw, into)
	if err == nil {
		err = into.check()
	}
	if err != nil {
		return s.bad(err)
	}
	return nil
}

// bad says which event is wrong.
func (s *source) bad(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		err = fmt.Errorf("%s: unexpected %s", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("%s: event %d: %w", s.file, s.event, err)
}

// syntax says where the file stops being JSON.
func (s *source) syntax(err error) error {
	at := s.d.InputOffset()
	if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
		at = max(at, wrong.Offset)
	}
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "unexpected end of JSON input") {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s: byte %d: %w", s.file, at, err)
}

// chromeEvent is an event of the Trace Event Format, as far as it is needed. Times are microseconds.
type chromeEvent struct {
	Name string          `json:"name"`
	Cat  string          `json:"cat"`
	Ph   string          `json:"ph"`
	TS   float64         `json:"ts"`
	Dur  float64         `json:"dur"`
	PID  json.RawMessage `json:"pid"`
	TID  json.RawMessage `json:"tid"`
	Args json.RawMessage `json:"args"`
}

func (e *chromeEvent) check() error {
	if !(e.Dur >= 0 && e.Dur <= maxMicros) || math.IsInf(e.TS, 0) {
		return fmt.Errorf("%q takes %g µs", e.Name, e.Dur)
	}
	return nil
}

// end is when the event ends.
func (e *chromeEvent) end() float64 { return e.TS + e.Dur }

// thread is where the event ran.
func (e *chromeEvent) thread() string { return string(e.PID) + "/" + string(e.TID) }

// micros is a duration of the format in seconds.
func micros(us float64) energy.Seconds { return energy.Seconds(us * 1e-6) }
