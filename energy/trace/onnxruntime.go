package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// ortArgs are the arguments of ONNX Runtime's node events; all scalars are strings. Shapes are lists of objects with one
// member, the element type's name with the dims: [{"float":[1,64,768]}].
type ortArgs struct {
	Op       string          `json:"op_name"`
	Provider string          `json:"provider"`
	Index    string          `json:"node_index"`
	Parent   string          `json:"parent_name"` // of events of the GPU: name of the node's event
	Inputs   json.RawMessage `json:"input_type_shape"`
	Outputs  json.RawMessage `json:"output_type_shape"`
}

// What ONNX Runtime appends to a node's name. Events that end otherwise (_fence_before, _fence_after of older versions)
// are no work of the node.
const ortSuffix = "_kernel_time"

// isTimedORT reports whether an event says anything about times: node events, the kernels that a GPU provider reports
// beside them, and the runs of the session.
func isTimedORT(e *chromeEvent) bool {
	switch e.Cat {
	case "Node":
		return e.Ph == "X" && strings.HasSuffix(e.Name, ortSuffix)
	case "Kernel":
		return e.Ph == "X"
	case "Session":
		return e.Ph == "X" && e.Name == "model_run"
	}
	return false
}

// ortKey tells nodes apart: names repeat in subgraphs, indices too.
type ortKey struct{ name, op, index string }

// onnxRuntime averages a session's profile over its runs.
func (s *source) onnxRuntime(events []chromeEvent) (*Trace, error) {
	t := &Trace{Kind: KindONNXRuntime}
	p := ortProfile{from: t.session(events), of: map[ortKey]int{}, byName: map[string]int{}, hosted: map[string]bool{}}
	held := holders(events)
	for i := range events {
		e := &events[i]
		if e.Cat != "Node" || e.TS < p.from {
			continue
		}
		if err := p.node(e, held[i]); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", s.file, e.Name, err)
		}
	}
	device := false
	for i := range events {
		if e := &events[i]; e.Cat == "Kernel" && e.TS >= p.from {
			device = p.kernel(e) || device
		}
	}
	t.rows(p.rows, device)
	if !device {
		for _, name := range slices.Sorted(maps.Keys(p.hosted)) {
			t.Notes = append(t.Notes, fmt.Sprintf("times of nodes on %s are those of the host's calls: the profile holds no kernels of the device", name))
		}
	}
	return t, nil
}

// ortProfile collects events by node.
type ortProfile struct {
	from   float64 // events before it do not count
	rows   []ortRow
	of     map[ortKey]int  // place in rows
	byName map[string]int  // the same, by the name of the node's event
	hosted map[string]bool // providers whose work the host only launches
}

// node adds an execution of a node, but for what it held of others.
func (p *ortProfile) node(e *chromeEvent, held float64) error {
	var args ortArgs
	if err := json.Unmarshal(e.Args, &args); err != nil {
		return err
	}
	name := strings.TrimSuffix(e.Name, ortSuffix)
	key := ortKey{name, args.Op, args.Index}
	at, ok := p.of[key]
	if !ok {
		at = len(p.rows)
		p.of[key], p.byName[e.Name] = at, at
		p.rows = append(p.rows, newORTRow(name, &args))
	}
	p.rows[at].Calls++
	p.rows[at].host += max(0, e.Dur-held)
	for _, gpu := range []string{"CUDA", "Tensorrt", "NvTensorRT", "ROCM", "MIGraphX"} {
		if strings.HasPrefix(args.Provider, gpu) {
			p.hosted[args.Provider] = true
		}
	}
	return nil
}

// kernel adds work of the device to the node that launched it; false where the event does not tell.
func (p *ortProfile) kernel(e *chromeEvent) bool {
	var args ortArgs
	if json.Unmarshal(e.Args, &args) != nil {
		return false
	}
	parent := cmp.Or(args.Parent, e.Name)
	at, ok := p.byName[parent]
	if !ok {
		at = len(p.rows)
		p.byName[parent] = at
		p.rows = append(p.rows, newORTRow(strings.TrimSuffix(parent, ortSuffix), &args))
	}
	p.rows[at].device += e.Dur
	return true
}

// ortRow sums the events of one node, in microseconds.
type ortRow struct {
	Event
	host, device float64
}

func newORTRow(name string, args *ortArgs) ortRow {
	index, err := strconv.Atoi(args.Index)
	if err != nil || index < 0 {
		index = -1
	}
	return ortRow{Event: Event{
		Name: name, Op: args.Op, Provider: args.Provider, Index: index,
		Inputs: typedShapes(args.Inputs), Outputs: typedShapes(args.Outputs),
	}}
}

// rows makes the events of the sums: of the device alone where it reported its kernels.
func (t *Trace) rows(rows []ortRow, device bool) {
	for i := range rows {
		us := rows[i].host
		if device {
			us = rows[i].device
		}
		if us == 0 {
			continue
		}
		rows[i].Time = micros(us) / energy.Seconds(max(1, t.Runs))
		t.Events = append(t.Events, rows[i].Event)
	}
}

// session counts the runs and returns when the first that counts begins. With more than two runs the first is left out.
// Runs that overlap cannot be told apart: all count.
func (t *Trace) session(events []chromeEvent) (from float64) {
	var runs []*chromeEvent
	for i := range events {
		if events[i].Cat == "Session" {
			runs = append(runs, &events[i])
		}
	}
	slices.SortStableFunc(runs, func(x, y *chromeEvent) int { return cmp.Compare(x.TS, y.TS) })
	t.Runs = len(runs)
	if t.Runs == 0 {
		t.Runs = leastCalls(events)
		t.Notes = append(t.Notes, fmt.Sprintf("the profile names no runs; the node executed least often was executed %s", times(t.Runs)))
		return -1
	}
	if t.Runs > 2 && runs[0].end() <= runs[1].TS+1 { // durations are whole microseconds
		t.Runs, t.Dropped = t.Runs-1, 1
		return runs[1].TS
	}
	return -1
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// leastCalls is how often the node executed least often was executed: the number of runs, of a profile that was cut.
func leastCalls(events []chromeEvent) int {
	count := map[string]int{}
	for i := range events {
		if events[i].Cat == "Node" {
			count[events[i].Name]++
		}
	}
	if len(count) == 0 {
		return 1
	}
	return slices.Min(slices.Collect(maps.Values(count)))
}

// holders is, by place in events, how much of a node's time is that of nodes in its subgraphs: the time of an If, a Loop
// or a Scan is that of everything in it too.
func holders(events []chromeEvent) map[int]float64 {
	out := map[int]float64{}
	open := map[int]bool{} // places of control nodes
	var nodes []int
	for i := range events {
		e := &events[i]
		if e.Cat != "Node" {
			continue
		}
		nodes = append(nodes, i)
		var args ortArgs
		if json.Unmarshal(e.Args, &args) == nil && slices.Contains([]string{"If", "Loop", "Scan", "SequenceMap"}, args.Op) {
			open[i] = true
		}
	}
	if len(open) == 0 {
		return out
	}
	inside(events, nodes, func(parent, child int) {
		if open[parent] {
			out[parent] += events[child].Dur
		}
	})
	return out
}

// inside calls visit for every event and the one that closest holds it, on the same thread.
func inside(events []chromeEvent, places []int, visit func(parent, child int)) {
	slices.SortStableFunc(places, func(x, y int) int {
		a, b := &events[x], &events[y]
		return cmp.Or(strings.Compare(a.thread(), b.thread()), cmp.Compare(a.TS, b.TS), cmp.Compare(b.Dur, a.Dur))
	})
	var stack []int
	for _, i := range places {
		e := &events[i]
		for len(stack) > 0 {
			top := &events[stack[len(stack)-1]]
			if top.thread() == e.thread() && e.TS >= top.TS && e.end() <= top.end() {
				break
			}
			stack = stack[:len(stack)-1]
		}
		if len(stack) > 0 {
			visit(stack[len(stack)-1], i)
		}
		stack = append(stack, i)
	}
}

// typedShapes reads ONNX Runtime's list of types with dims; nil where it is not one.
func typedShapes(raw json.RawMessage) [][]int64 {
	var list []map[string][]int64
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	out := make([][]int64, 0, len(list))
	for _, one := range list {
		if len(one) != 1 {
			return nil
		}
		for _, dims := range one {
			if dims == nil {
				return nil
			}
			out = append(out, dims)
		}
	}
	return out
}
