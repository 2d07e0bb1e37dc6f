package compare

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
)

func writeDevicesText(w io.Writer, d *Devices) error {
	return writeTextOf(w, d.Screen, d.head(), d.grids(), d.notes())
}

func writeDevicesMarkdown(w io.Writer, d *Devices) error {
	title := "devices"
	if r := d.first(); r != nil {
		title = r.Model.File
	}
	return writeMarkdownOf(w, title, d.head(), d.grids(), d.notes())
}

// head says which device takes the least, of what, under which assumptions, and what changes that.
func (d *Devices) head() []render.Note {
	var out []render.Note
	for _, text := range d.verdicts() {
		out = append(out, render.Note{Key: "verdict", Text: text, Style: render.Bold})
	}
	r := d.first()
	if r == nil {
		return out
	}
	out = append(out, render.Note{Key: "model", Text: fmt.Sprintf("%s (%s): %s", r.Model.File, r.AboutModel(), d.dimsText(r))})
	if d.Deadline > 0 {
		of := "a run"
		if d.Step {
			of = "a decode step"
		}
		out = append(out, render.Note{Key: "deadline", Text: fmt.Sprintf("%v for %s", d.Deadline, of)})
	}
	text := fmt.Sprintf("%s; %s, runtime %s", r.NumbersText(), report.BoundaryText(r.Device.Boundary), r.Device.Profile)
	out = append(out, render.Note{Key: "numbers", Text: text})
	out = append(out, report.UnknownNotes(r.Unknown)...)
	for _, w := range d.warnings() {
		out = append(out, render.Note{Key: "warning", Text: w, Mark: render.Yellow})
	}
	return out
}

// dimsText lists the dims, but for the batch that was looked for.
func (d *Devices) dimsText(r *report.Report) string {
	shown := *r
	shown.Dims = nil
	for _, x := range r.Dims {
		if x.Name != d.Batch {
			shown.Dims = append(shown.Dims, x)
		}
	}
	if d.Batch == "" {
		return shown.DimsText()
	}
	text := d.Batch + " as large as the deadline and the memory allow"
	if len(shown.Dims) > 0 {
		text = shown.DimsText() + "; " + text
	}
	return text
}

// verdicts say which device is the best, and where that is another one which the fastest.
func (d *Devices) verdicts() []string {
	if len(d.ranking.list) == 0 {
		return []string{"none of the devices runs it"}
	}
	name := func(s *standing) string { return d.Choices[s.place].Device }
	out := []string{d.ranking.verdict(nounPer(d.ranking.metric, d.Per), name)}
	best, time := d.ranking.best(), report.FindMetric("time")
	fastest := best
	for _, s := range d.ranking.list {
		if fastest != nil && s.rank > 0 && compareAmounts(s.amount(time), fastest.amount(time)) < 0 {
			fastest = s
		}
	}
	if fastest != best {
		text := fmt.Sprintf("%s takes the least %s (%s)", name(fastest), nounPer(time, d.Per), fastest.amount(time).printed(time))
		if r, ok := fastest.ratioOf(time); ok && r.Verdict() == "open" {
			text += fmt.Sprintf("; not told apart from it: %s", name(best))
		}
		out = append(out, text)
	}
	if text := d.cheapest(name); text != "" {
		out = append(out, text)
	}
	return out
}

// cheapest says on which device a share of a run costs least; "" where its time has no price: then the least energy does.
func (d *Devices) cheapest(name func(*standing) string) string {
	t := &d.ranking.list[0].report.Tariff
	if t.Price == nil || t.Price.PerHour == nil {
		return ""
	}
	var least *standing
	lowest := math.Inf(1)
	for _, s := range d.ranking.list {
		cost := t.Cost(s.report.Use(d.Per))
		if s.rank > 0 && cost < lowest {
			least, lowest = s, cost
		}
	}
	if least == nil {
		return ""
	}
	return fmt.Sprintf("%s costs the least (%s a million %ss)", name(least), t.CostText(least.report.Use(d.Per).Million()), d.Per)
}

// grids are the devices that run the model in their order, and those that do not.
func (d *Devices) grids() []*grid {
	var out []*grid
	if len(d.ranking.list) > 0 {
		out = append(out, d.rankingGrid())
	}
	rest := &grid{keys: 2, columns: []render.Column{{}, {Title: "device"}, {Title: "why it does not run there", Room: 20, Wrap: true}}}
	for i := range d.Choices {
		if c := &d.Choices[i]; d.Status(c) != Runs {
			rest.add(render.Cell{Text: "–"}, render.Cell{Text: c.Device}, render.Cell{Text: d.why(c), Style: render.Red})
		}
	}
	if rest.rows != nil {
		out = append(out, rest)
	}
	return out
}

// why says what keeps a device from running the model.
func (d *Devices) why(c *Choice) string {
	at := ""
	if c.Size > 0 {
		at = fmt.Sprintf(" at batch %d", c.Size)
		if d.Batch != "" {
			at = " even at batch 1"
		}
	}
	switch d.Status(c) {
	case NotAsked:
		return c.Refused
	case DoesNotFit:
		m := &c.Report.Memory
		size := func(n int64) string { return energy.FormatBinaryBytes(float64(n)) }
		return fmt.Sprintf("does not fit%s: %s of %s", at, size(m.WeightBytes+m.PeakBytes), size(c.Report.Device.MemoryBytes))
	case TooLate:
		bound := ""
		if c.Report.Tree.Metrics.Unknown > 0 {
			bound = "at least "
		}
		return fmt.Sprintf("misses the deadline%s: %s%v", at, bound, c.Report.Tree.Metrics.Time)
	}
	return ""
}

// rankingGrid has a row for each device that runs the model.
func (d *Devices) rankingGrid() *grid {
	r := d.ranking
	time := report.FindMetric("time")
	columns := []rankColumn{
		rankColumnOf(),
		texts("device", 0, 0, func(s *standing) render.Cell { return plainCell(d.Choices[s.place].Device) }),
		numbers("batch", 0, func(s *standing) render.Cell { return plainCell(d.sizeText(s)) }),
		amountColumn(r.metric, d.Per),
	}
	if r.metric.Key == "energy_j" {
		columns = append(columns, intervalColumn())
	}
	columns = append(columns, r.ratioColumns()...)
	if r.metric != time {
		columns = append(columns, amountColumn(time, d.Per))
	}
	if d.Per != report.PerRun {
		title := "run"
		if d.Step {
			title = "step"
		}
		columns = append(columns, numbers(title, dropRun, func(s *standing) render.Cell { return plainCell(s.report.Tree.Metrics.Text("time")) }))
	}
	columns = append(columns, tariffColumns(&r.list[0].report.Tariff, d.Per)...)
	return r.table(append(columns, r.memoryColumn(), texts("origin", 0, 0, originCell)), 2)
}

// sizeText is the size of the batch on a device: at most that where operators of unknown cost take time too.
func (d *Devices) sizeText(s *standing) string {
	n := d.Choices[s.place].Size
	switch {
	case n == 0:
		return ""
	case d.Batch != "" && s.report.Tree.Metrics.Unknown > 0:
		return "≤ " + strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10)
}

// originCell says what most of a prediction rests on.
func originCell(s *standing) render.Cell {
	var most report.OriginShare
	for _, o := range s.report.Origins() {
		if o.Share > most.Share {
			most = o
		}
	}
	return render.Cell{Text: string(most.Origin), Style: render.Faint}
}

// originsText says what the predictions of every device rest on, in shares of its energy.
func (d *Devices) originsText() string {
	var list []string
	for _, s := range d.ranking.list {
		list = append(list, d.Choices[s.place].Device+" "+s.report.OriginsText())
	}
	return strings.Join(list, "; ")
}

// notes say what numbers and ratios rest on.
func (d *Devices) notes() []render.Note {
	var out []render.Note
	if len(d.ranking.list) > 0 {
		out = append(out, render.Note{Key: "origin", Text: d.originsText()}, render.Note{Key: frontMark, Text: frontNote})
	}
	if len(d.ranking.list) > 1 {
		out = append(out, render.Note{Key: mark, Text: devicesRule})
	}
	for _, n := range d.Notes {
		out = append(out, render.Note{Key: "note", Text: n, Mark: render.Yellow})
	}
	return out
}

// warnings are those of the devices that run the model, each once, with the devices that have it where not all do.
func (d *Devices) warnings() []string {
	var texts []string
	having := map[string][]string{}
	asked := 0
	for i := range d.Choices {
		c := &d.Choices[i]
		if d.Status(c) != Runs {
			continue
		}
		asked++
		for _, w := range c.Report.Warnings {
			if having[w] == nil {
				texts = append(texts, w)
			}
			having[w] = append(having[w], c.Device)
		}
	}
	for i, w := range texts {
		if on := having[w]; len(on) < asked && !strings.Contains(w, on[0]) {
			texts[i] = strings.Join(on, ", ") + ": " + w
		}
	}
	return texts
}
