package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

// listRecords shows records, one a row.
func listRecords(s render.Screen, list []energy.Record, format string) []byte {
	switch format {
	case "json":
		return recordsJSON(list)
	case "csv":
		return recordsCSV(list)
	}
	return []byte(recordsText(s, list))
}

// recordsText is a table. What is the same of all records stands below it.
func recordsText(s render.Screen, list []energy.Record) string {
	devices, models := map[string]bool{}, map[string]bool{}
	unusable := 0
	for i := range list {
		devices[deviceOf(&list[i])], models[list[i].Model] = true, true
		if !list[i].Usable() {
			unusable++
		}
	}
	differing := func(seen map[string]bool, text string) string {
		if len(seen) < 2 {
			return ""
		}
		return text
	}
	t := &render.Table{Screen: s, Columns: []render.Column{
		{Title: "level", Drop: 3},
		{Title: "device", Room: 16},
		{Title: "model", Room: 16},
		{Title: "what", Room: 24},
		{Title: "dims", Room: 16, Drop: 4},
		{Title: "time", Right: true},
		{Title: "energy", Right: true},
		{Title: "power", Right: true, Drop: 2},
		{Title: "CV", Right: true, Drop: 1},
		{Title: "flags", Room: 16},
	}}
	for i := range list {
		r := &list[i]
		t.Row(string(r.Level), differing(devices, deviceOf(r)), differing(models, r.Model), whatOf(r), dimsText(dimsOf(r)),
			quantity(r.Time), quantity(r.Energy), quantity(powerOf(r)), cvText(r), strings.Join(flagsOf(r), " "))
	}
	text := render.Plural(len(list), "record")
	for _, seen := range []map[string]bool{devices, models} {
		for name := range seen {
			if len(seen) == 1 && name != "" {
				text += ", " + name
			}
		}
	}
	if unusable > 0 {
		text += fmt.Sprintf(", %d not usable", unusable)
	}
	if len(list) == 0 {
		return text + "\n"
	}
	return t.String() + "\n" + text + "\n"
}

func deviceOf(r *energy.Record) string { return cmp.Or(r.Device.ID, r.Device.Name) }

// whatOf is the place and the operator that a record is of.
func whatOf(r *energy.Record) string {
	what := strings.TrimSpace(r.Path + " " + r.Op)
	return cmp.Or(what, r.Class, r.Model, r.Signature)
}

// flagsOf are the flags and what else sets a record apart.
func flagsOf(r *energy.Record) []string {
	var out []string
	if r.Anchor {
		out = append(out, "anchor")
	}
	if r.Context != energy.ContextAlone {
		out = append(out, r.Context)
	}
	return append(out, r.Flags...)
}

// dimsOf are the sizes of a record by name.
func dimsOf(r *energy.Record) render.Members[int64] {
	var out render.Members[int64]
	for _, name := range slices.Sorted(maps.Keys(r.Dims)) {
		out = append(out, render.Member[int64]{Name: name, Value: r.Dims[name]})
	}
	return out
}

func dimsText(dims render.Members[int64]) string {
	var parts []string
	for _, d := range dims {
		parts = append(parts, fmt.Sprintf("%s=%d", d.Name, d.Value))
	}
	return strings.Join(parts, " ")
}

// quantity prints what was measured; "" where it was not.
func quantity[T fmt.Stringer](v *T) string {
	if v == nil {
		return ""
	}
	return (*v).String()
}

// powerOf is the mean power of a record; nil where energy or time is missing.
func powerOf(r *energy.Record) *energy.Watts {
	if r.Energy == nil || r.Time == nil {
		return nil
	}
	return new(r.Energy.Over(*r.Time))
}

func cvText(r *energy.Record) string {
	if r.Spread == nil || r.Spread.CV == nil {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100**r.Spread.CV)
}

// recordsOutput is what irene records --format json writes, a line per record.
type recordsOutput struct {
	Schema  int         `json:"schema"` // version of the format
	Records []recordRow `json:"records" lines:"each"`
}

// recordRow is a record in a list: a row of the CSV one, with the same names. What the record does not say is null.
type recordRow struct {
	Key        render.Text           `json:"key"`           // equal for records of the same measurement
	Level      render.Text           `json:"level"`         // "operator", "module" or "model"
	Device     render.Text           `json:"device"`        // its id, or else its name
	Runtime    render.Text           `json:"runtime"`       // what executed the operators
	Profile    render.Text           `json:"profile"`       // runtime profile: which nodes run as one kernel
	Model      render.Text           `json:"model"`         // its file or name
	Path       render.Text           `json:"path"`          // of the module call
	Op         render.Text           `json:"op"`            // operator type
	Class      render.Text           `json:"class"`         // of the energy model
	DType      render.Text           `json:"dtype"`         // element type
	Dims       render.Members[int64] `json:"dims"`          // sizes by name
	Context    render.Text           `json:"context"`       // null where an operator ran alone; "in-model": what one more of it adds to its model
	Buffers    render.Text           `json:"buffers"`       // "hot" (the same operands each time) or "rotated" (beyond the cache)
	Method     render.Text           `json:"method"`        // how the energy was obtained
	Boundary   render.Text           `json:"scope"`         // what energies cover: "board", "module", "package" or "wall"
	Time       *energy.Seconds       `json:"time_s"`        // seconds of an execution
	KernelTime *energy.Seconds       `json:"kernel_time_s"` // seconds of an execution without the host
	Energy     *energy.Joules        `json:"energy_j"`      // joules of an execution
	Net        *energy.Joules        `json:"net_energy_j"`  // joules of an execution, without those of the idle device
	Wall       *energy.Joules        `json:"wall_energy_j"` // joules of an execution at the plug
	Power      *energy.Watts         `json:"power_w"`       // watts, on average
	CV         *float64              `json:"cv"`            // standard deviation of the windows over their mean
	Usable     bool                  `json:"usable"`        // no flag keeps the record out of a fit
	Anchor     bool                  `json:"anchor"`        // measured again and again, to tell drift
	Flags      []string              `json:"flags"`         // doubts about the measurement
	Session    render.Text           `json:"session"`       // run that took it
	Timestamp  render.Text           `json:"timestamp"`     // end of the measurement in UTC, as RFC 3339 has it
}

func newRecordRow(r *energy.Record) recordRow {
	out := recordRow{
		Key: render.Text(r.Key()), Level: render.Text(r.Level), Device: render.Text(deviceOf(r)),
		Runtime: render.Text(r.Runtime.Name), Profile: render.Text(r.Runtime.Profile), Model: render.Text(r.Model),
		Path: render.Text(r.Path), Op: render.Text(r.Op), Class: render.Text(r.Class), DType: render.Text(r.DType), Dims: dimsOf(r),
		Context: render.Text(r.Context), Buffers: render.Text(r.Buffers), Method: render.Text(r.Method), Boundary: render.Text(r.Boundary),
		Time: r.Time, KernelTime: r.KernelTime, Energy: r.Energy, Net: r.NetEnergy, Wall: r.WallEnergy, Power: powerOf(r),
		Usable: r.Usable(), Anchor: r.Anchor, Flags: r.Flags, Session: render.Text(r.Session),
	}
	if r.Spread != nil {
		out.CV = r.Spread.CV
	}
	if !r.Timestamp.IsZero() {
		out.Timestamp = render.Text(r.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	return out
}

func recordsJSON(list []energy.Record) []byte {
	out := recordsOutput{Schema: report.Schema}
	for i := range list {
		out.Records = append(out.Records, newRecordRow(&list[i]))
	}
	return render.JSON(&out)
}

func recordsCSV(list []energy.Record) []byte {
	var b bytes.Buffer
	w := render.NewCSV(&b)
	var head []string
	for i := range reflect.TypeFor[recordRow]().NumField() {
		head = append(head, reflect.TypeFor[recordRow]().Field(i).Tag.Get("json"))
	}
	_ = w.Write(head) // to memory
	for i := range list {
		row := reflect.ValueOf(newRecordRow(&list[i]))
		var cells []string
		for f := range row.NumField() {
			cells = append(cells, recordCell(row.Field(f)))
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return b.Bytes()
}

// recordCell is a field of a record's row; "" where the record says nothing.
func recordCell(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case render.Text:
		return string(x)
	case bool:
		return strconv.FormatBool(x)
	case []string:
		return strings.Join(x, " ")
	case render.Members[int64]:
		return dimsText(x)
	}
	if v.IsNil() {
		return ""
	}
	return strconv.FormatFloat(v.Elem().Float(), 'g', -1, 64)
}
