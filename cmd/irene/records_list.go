package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

// listRecords shows records, one a row.
func listRecords(list []energy.Record, format string) []byte {
	switch format {
	case "json":
		return recordsJSON(list)
	case "csv":
		return recordsCSV(list)
	}
	return []byte(recordsText(list))
}

// recordsText is a table. What is the same of all records stands below it.
func recordsText(list []energy.Record) string {
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
	t := &render.Table{Right: []bool{false, false, false, false, false, true, true, true, true}}
	t.Head("level", "device", "model", "what", "dims", "time", "energy", "power", "CV", "flags")
	for i := range list {
		r := &list[i]
		t.Row(string(r.Level), differing(devices, deviceOf(r)), differing(models, r.Model), whatOf(r), dimsText(r.Dims),
			quantity(r.Time), quantity(r.Energy), quantity(powerOf(r)), cvText(r), strings.Join(flagsOf(r), " "))
	}
	text := plural(len(list), "record")
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

func dimsText(dims map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		parts = append(parts, fmt.Sprintf("%s=%d", name, dims[name]))
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

// recordField is a column of the CSV list and a member of the JSON one.
type recordField struct {
	name   string
	kind   fieldKind
	text   string   // of a text or a truth value
	number *float64 // of a number; nil where it was not measured
}

type fieldKind int

const (
	fieldText fieldKind = iota
	fieldBool
	fieldNumber
	fieldDims
	fieldFlags
)

// recordFields are the fields of a record, in their order.
func recordFields(r *energy.Record) []recordField {
	text := func(name, v string) recordField { return recordField{name: name, text: v} }
	truth := func(name string, v bool) recordField {
		return recordField{name: name, kind: fieldBool, text: strconv.FormatBool(v)}
	}
	var cv *float64
	if r.Spread != nil {
		cv = r.Spread.CV
	}
	at := ""
	if !r.Timestamp.IsZero() {
		at = r.Timestamp.UTC().Format(time.RFC3339Nano)
	}
	return []recordField{
		text("key", r.Key()), text("level", string(r.Level)), text("device", deviceOf(r)),
		text("runtime", r.Runtime.Name), text("profile", r.Runtime.Profile),
		text("model", r.Model), text("path", r.Path), text("op", r.Op), text("class", r.Class), text("dtype", r.DType),
		{name: "dims", kind: fieldDims, text: dimsText(r.Dims)},
		text("context", r.Context), text("buffers", r.Buffers),
		text("method", string(r.Method)), text("scope", string(r.Boundary)),
		numberField("time_s", r.Time), numberField("kernel_time_s", r.KernelTime),
		numberField("energy_j", r.Energy), numberField("net_energy_j", r.NetEnergy), numberField("wall_energy_j", r.WallEnergy),
		numberField("power_w", powerOf(r)), numberField("cv", cv),
		truth("usable", r.Usable()), truth("anchor", r.Anchor),
		{name: "flags", kind: fieldFlags, text: strings.Join(r.Flags, " ")},
		text("session", r.Session), text("timestamp", at),
	}
}

func numberField[T ~float64](name string, v *T) recordField {
	if v == nil {
		return recordField{name: name, kind: fieldNumber}
	}
	return recordField{name: name, kind: fieldNumber, number: new(float64(*v))}
}

func recordsCSV(list []energy.Record) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := func(r *energy.Record, cell func(recordField) string) {
		var cells []string
		for _, f := range recordFields(r) {
			cells = append(cells, cell(f))
		}
		_ = w.Write(cells) // to memory
	}
	row(&energy.Record{}, func(f recordField) string { return f.name })
	for i := range list {
		row(&list[i], func(f recordField) string {
			if f.number != nil {
				return strconv.FormatFloat(*f.number, 'g', -1, 64)
			}
			return f.text
		})
	}
	w.Flush()
	return b.Bytes()
}

func recordsJSON(list []energy.Record) []byte {
	j := &render.JSON{}
	j.Open('{')
	j.Key("schema")
	j.Int(report.Schema)
	j.Key("records")
	j.Open('[')
	for i := range list {
		j.Line()
		j.Open('{')
		for _, f := range recordFields(&list[i]) {
			j.Key(f.name)
			f.json(j, &list[i])
		}
		j.Close('}')
	}
	j.Close(']')
	j.Close('}')
	j.End()
	return j.Bytes()
}

// json writes the field of a record; null where the record says nothing.
func (f recordField) json(j *render.JSON, r *energy.Record) {
	switch {
	case f.number != nil:
		j.Float(*f.number)
	case f.kind == fieldBool:
		j.Bool(f.text == "true")
	case f.kind == fieldFlags:
		j.Strs(r.Flags)
	case f.kind == fieldDims:
		j.Open('{')
		for _, name := range slices.Sorted(maps.Keys(r.Dims)) {
			j.Key(name)
			j.Int(r.Dims[name])
		}
		j.Close('}')
	case f.text == "":
		j.Null()
	default:
		j.Str(f.text)
	}
}
