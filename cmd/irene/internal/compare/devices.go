package compare

import (
	"math"
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/paired"
)

// Devices is one model on several devices: which of them takes the least.
type Devices struct {
	Version  string
	Choices  []Choice // in the order asked for
	Deadline energy.Seconds
	Step     bool   // the deadline is of a decode step
	Batch    string // dim of the batch that was looked for; "" where all run the same
	Per      report.Per
	Metrics  []string // by name: the first that is known decides
	Notes    []string
	render.Screen

	ranking *ranking
}

// Choice is one of the devices. Where the model does not run on it, its report, if there is one, is of the smallest batch.
type Choice struct {
	Device  string // its id
	Report  *report.Report
	Size    int64  // of the batch; 0 where it has no dim
	Refused string // why the device is not asked at all; "" where it is
}

// Status says whether a device runs the model.
type Status string

// The statuses.
const (
	Runs       Status = "runs"
	DoesNotFit Status = "does not fit"
	TooLate    Status = "misses the deadline"
	NotAsked   Status = "refused"
)

// Status is that of a choice.
func (d *Devices) Status(c *Choice) Status {
	if c.Report == nil {
		return NotAsked
	}
	if fits, known := c.Report.Fits(); known && !fits {
		return DoesNotFit
	}
	if d.Deadline > 0 && c.Report.Tree.Metrics.Time > d.Deadline {
		return TooLate
	}
	return Runs
}

// Rank puts the devices that run the model in their order. It wants a report of one device at least.
func (d *Devices) Rank() {
	d.ranking = &ranking{draws: paired.NewDraws()}
	for i := range d.Choices {
		c := &d.Choices[i]
		if d.Status(c) != Runs {
			continue
		}
		share, _ := c.Report.Work.Count(d.Per)
		s := &standing{place: i, report: c.Report, share: share, runs: true}
		if p := c.Report.Prediction; p != nil {
			s.sum = p.Paired(d.ranking.draws, c.Report.Tree.Module)[c.Report.Tree.Module]
		}
		d.ranking.list = append(d.ranking.list, s)
	}
	d.ranking.metric = d.metric()
	d.ranking.rank()
}

// metric is what the devices are ranked by: the first asked for that is known on some of them, else the time.
func (d *Devices) metric() *report.Metric {
	for _, name := range d.Metrics {
		x := report.FindMetric(name)
		if slices.ContainsFunc(d.ranking.list, func(s *standing) bool { return s.amount(x).known }) {
			return x
		}
	}
	return report.FindMetric("time")
}

// first is the report of some device, for what is the same on all; nil where none is asked.
func (d *Devices) first() *report.Report {
	for i := range d.Choices {
		if r := d.Choices[i].Report; r != nil {
			return r
		}
	}
	return nil
}

// each is a number of a share of a run; not a number where it is not known.
func (s *standing) each(name string) float64 {
	if a := s.amount(report.FindMetric(name)); a.known {
		return a.value
	}
	return math.NaN()
}

// DevicesRule says in words what the ratios of devices rest on.
const devicesRule = "the 90 % interval of the ratio does not hold 1: errors of both devices are drawn apart, since what devices have in common was fitted; " +
	"coefficients that are carried from one file to both are drawn together"

// DeviceFormats is the table of formats for one model on several devices, the default first.
func DeviceFormats() []render.Format[*Devices] {
	return []render.Format[*Devices]{
		{Name: "text", Help: "a table for people", Write: writeDevicesText},
		{Name: "json", Help: "everything, schema 2", Ext: []string{".json"}, Write: writeDevicesJSON},
		{Name: "csv", Help: "a line per device", Ext: []string{".csv"}, Write: writeDevicesCSV},
		{Name: "markdown", Help: "tables for pull requests", Ext: []string{".md", ".markdown"}, Write: writeDevicesMarkdown},
	}
}
