package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// profilePlan is what --dry-run says, as JSON has it.
type profilePlan struct {
	Schema   int            `json:"schema"`
	Executor energy.Runtime `json:"executor"`
	Device   deviceReport   `json:"device"`
	Meter    *meterReport   `json:"meter"` // null: time alone is measured
	Window   windowReport   `json:"window"`
	Tasks    []taskReport   `json:"tasks"`
	Total    int            `json:"total"` // of all shards
	Seconds  float64        `json:"estimated_s"`
	Count    map[string]int `json:"count"` // by level
	Notes    []string       `json:"notes,omitempty"`
}

type deviceReport struct {
	energy.RecordDevice
	Known bool `json:"known"` // to the table of devices
}

type meterReport struct {
	Name         string             `json:"name"`
	Method       energy.Method      `json:"method"`
	Boundary     energy.Boundary    `json:"scope"`
	Driver       string             `json:"driver,omitempty"`
	Period       *float64           `json:"period_s"` // null: found out under load
	Capabilities []capabilityReport `json:"capabilities"`
}

type capabilityReport struct {
	Name string `json:"name"`
	Have bool   `json:"have"`
	Note string `json:"note,omitempty"`
}

type windowReport struct {
	Windows int     `json:"windows"`
	Least   float64 `json:"least_s"`
	WarmUp  float64 `json:"warmup_s"`
	MaxCV   float64 `json:"max_cv"`
}

type taskReport struct {
	Level    energy.Level     `json:"level"`
	Model    string           `json:"model"`
	Path     string           `json:"path"`
	Op       string           `json:"op,omitempty"`
	Class    string           `json:"class,omitempty"`
	DType    string           `json:"dtype,omitempty"`
	Dims     map[string]int64 `json:"dims"`
	Buffers  string           `json:"buffers,omitempty"`
	Context  string           `json:"context,omitempty"`
	Anchor   bool             `json:"anchor,omitempty"`
	Expected float64          `json:"expected_s"`
	Work     []energy.Work    `json:"work"`
}

// describe says what would be measured and with what.
func (q *profileRequest) describe(env *environment, m *machine, tasks []profiler.Task, total int) error {
	p := q.planReport(m, tasks, total)
	if q.json {
		e := json.NewEncoder(render.Cleaner{W: env.stdout})
		e.SetIndent("", " ")
		e.SetEscapeHTML(false)
		return e.Encode(p)
	}
	return p.text(render.Cleaner{W: env.stdout})
}

func (q *profileRequest) planReport(m *machine, tasks []profiler.Task, total int) *profilePlan {
	d := m.executor.Describe()
	p := &profilePlan{
		Schema: 1, Executor: d.Runtime, Total: total, Count: map[string]int{}, Notes: m.notes,
		Window: windowReport{q.windows, q.window.Seconds(), q.warmup.Seconds(), q.maxCV},
	}
	p.Executor.Profile = q.profile
	p.Device.RecordDevice = m.descriptions()[0]
	_, err := energy.LookupDevice(p.Device.Name)
	p.Device.Known = err == nil
	if m.meter != nil {
		p.Meter = reportMeter(m.meter.Describe())
	}
	tasks = slices.Clone(tasks)
	slices.SortStableFunc(tasks, func(a, b profiler.Task) int { return cmp.Compare(b.Gain, a.Gain) })
	for i := range tasks {
		t := &tasks[i]
		r := &t.Record
		p.Count[string(r.Level)]++
		p.Tasks = append(p.Tasks, taskReport{
			r.Level, r.Model, r.Path, r.Op, r.Class, r.DType, r.Dims, r.Buffers, r.Context, t.Anchor, float64(t.Expected), r.Work,
		})
	}
	p.Seconds = float64(len(tasks)) * (float64(q.windows)*q.window.Seconds() + q.warmup.Seconds() + preparing)
	return p
}

// preparing is how many seconds it takes to build, load and end a task, in order of magnitude.
const preparing = 1.5

func reportMeter(d profiler.MeterDescription) *meterReport {
	out := &meterReport{Name: d.Name, Method: d.Method, Boundary: d.Boundary, Driver: d.Driver, Capabilities: []capabilityReport{}}
	if d.Period > 0 {
		s := d.Period.Seconds()
		out.Period = &s
	}
	for _, c := range d.Capabilities {
		out.Capabilities = append(out.Capabilities, capabilityReport{c.Name, c.Have, c.Note})
	}
	return out
}

// text writes the plan for people.
func (p *profilePlan) text(w io.Writer) error {
	var b strings.Builder
	known := "not in the table of devices: irene train estimates what it can do from its records"
	if p.Device.Known {
		known = "in the table of devices"
	}
	fmt.Fprintf(&b, "device    %s (%s)\n", p.Device.Name, known)
	fmt.Fprintf(&b, "executor  %s\n", strings.TrimSpace(p.Executor.Name+" "+p.Executor.Version))
	fmt.Fprintf(&b, "          %s\n", profileHelp(p.Executor.Profile))
	p.meterText(&b)
	fmt.Fprintf(&b, "windows   %d of %v or more, after %v of load; repeated where they scatter by more than %.3g %%\n",
		p.Window.Windows, seconds(p.Window.Least), seconds(p.Window.WarmUp), 100*p.Window.MaxCV)
	fmt.Fprintf(&b, "tasks     %d of %d: %s; about %v\n\n", len(p.Tasks), p.Total, p.counts(), seconds(p.Seconds).Round(time.Second))
	fmt.Fprintf(&b, "%4s  %-8s  %-40s  %-12s  %-8s  %-7s  %10s\n", "", "level", "operator or module", "class", "dtype", "buffers", "expected")
	for i, t := range p.Tasks {
		fmt.Fprintf(&b, "%4d  %-8s  %-40s  %-12s  %-8s  %-7s  %10v%s\n", i+1, t.Level, t.what(), t.Class, t.DType, t.Buffers, energy.Seconds(t.Expected), t.marks())
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *profilePlan) meterText(b *strings.Builder) {
	if p.Meter == nil {
		fmt.Fprintf(b, "meter     none: time alone is measured\n")
		return
	}
	period := "its period is found out under load"
	if p.Meter.Period != nil {
		period = fmt.Sprintf("updated every %v", seconds(*p.Meter.Period))
	}
	fmt.Fprintf(b, "meter     %s, %s of the %s, %s\n", p.Meter.Name, p.Meter.Method, p.Meter.Boundary, period)
	for _, c := range p.Meter.Capabilities {
		have := "yes"
		if !c.Have {
			have = "no"
		}
		line := fmt.Sprintf("            %-24s %-3s  %s", c.Name, have, c.Note)
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
}

func (p *profilePlan) counts() string {
	var parts []string
	for _, l := range []energy.Level{energy.LevelOperator, energy.LevelModule, energy.LevelModel} {
		if n := p.Count[string(l)]; n > 0 {
			parts = append(parts, render.Plural(n, string(l)))
		}
	}
	return strings.Join(parts, ", ")
}

// what names the task: the operator with the sizes of its product, or the module's path.
func (t *taskReport) what() string {
	name := t.Path
	switch {
	case t.Level == energy.LevelModel:
		name = t.Model
	case t.Level == energy.LevelOperator:
		name = t.Op + " " + t.sizes()
	}
	return shorten(render.Clean(strings.TrimSpace(name)), 40)
}

// sizes are those of the first product, else the bytes moved.
func (t *taskReport) sizes() string {
	switch {
	case len(t.Work) == 0:
		return ""
	case len(t.Work[0].Products) == 0:
		return energy.FormatBytes(float64(t.Work[0].Read + t.Work[0].Written))
	}
	p := t.Work[0].Products[0]
	return fmt.Sprintf("%d×%d×%d×%d", p.Batch, p.M, p.N, p.K)
}

func (t *taskReport) marks() string {
	switch {
	case t.Anchor:
		return "  anchor"
	case t.Context != "":
		return "  " + t.Context
	}
	return ""
}

// shorten cuts a name to so many characters, at its beginning, which tells least.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
