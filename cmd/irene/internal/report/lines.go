package report

import (
	"iter"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// LineOutput is what irene analyze --format json writes of each of several models, on a line of its own.
type LineOutput struct {
	Schema  int                   `json:"schema"`            // version of the format
	Version string                `json:"irene"`             // version of the program
	File    string                `json:"file"`              // path of the model, as it was given or found in a folder
	Part    render.Text           `json:"part"`              // what the model is of the one in its folder: "encoder", "merged decoder" …; null for a file given by itself
	Variant render.Text           `json:"variant"`           // what the name of a part says of its precision: "fp16", "q4" …; null where it says nothing
	Error   render.Text           `json:"error"`             // why there are no numbers, or what --strict found; null where nothing failed
	Failed  []string              `json:"failed_assertions"` // those that do not hold, with the numbers found
	Dims    render.Members[int64] `json:"dims"`              // every dim that has a number, by name
	Assumed []string              `json:"assumed"`           // names of the dims nobody gave
	Device  render.Text           `json:"device"`            // in the table of devices; null where nothing was predicted
	Profile render.Text           `json:"runtime"`           // runtime profile: which nodes run as one kernel; null without a device
	Metrics *MetricsJSON          `json:"metrics"`           // of the whole model; null where there are no numbers
	Memory  *MemoryJSON           `json:"memory"`            // what the run holds; null where there are no numbers
	TariffJSON
	Unknown  []Kind   `json:"unknown_operators"` // operators whose cost is in no sum, by type
	Warnings []string `json:"warnings"`          // what to know beside the numbers, for people
}

// Line is one model of many: what is left of its report, which itself would keep the graph.
type Line struct {
	LineOutput
	Tariff  Tariff // the same for all
	metrics Metrics
}

// Lines are models in the order in which they were given. Formats write each before they ask for the next.
type Lines = iter.Seq[*Line]

// NewLine is the line of a model without a report.
func NewLine(version, file string) *Line {
	return &Line{LineOutput: LineOutput{Schema: Schema, Version: version, File: file}}
}

// Fill takes over what a line has of a report.
func (l *Line) Fill(r *Report) {
	l.Dims, l.Assumed, l.Unknown, l.Warnings = DimsJSON(r.Dims), r.Assumed, r.Unknown, r.Warnings
	if r.Device != nil {
		l.Device, l.Profile = render.Text(r.Device.ID), render.Text(r.Device.Profile)
	}
	l.metrics = r.Tree.Metrics
	l.Metrics, l.Memory, l.TariffJSON = new(l.metrics.JSON()), new(r.MemoryJSON()), r.TariffJSON()
}

// memory is what the run holds, in bytes; false where it is not known.
func (l *Line) memory() (int64, bool) {
	if l.Memory == nil || l.Memory.Peak == nil {
		return 0, false
	}
	return l.Memory.Weights + *l.Memory.Peak, true
}

// LineFormats is the table of formats for many models, the default first.
func LineFormats() []render.Format[Lines] {
	return []render.Format[Lines]{
		{Name: "text", Help: "a line a model, for people", Ext: []string{".txt"}, Numbers: true, Write: writeLinesText},
		{Name: "json", Help: "a line a model", Ext: []string{".json", ".jsonl", ".ndjson"}, Write: writeLinesJSON},
		{Name: "csv", Help: "a row a model", Ext: []string{".csv"}, Write: writeLinesCSV},
		{Name: "markdown", Help: "a row a model, for issues and pull requests", Ext: []string{".md", ".markdown"}, Numbers: true, Write: writeLinesMarkdown},
	}
}
