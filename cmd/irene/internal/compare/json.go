package compare

import (
	"io"
	"math"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy/paired"
)

// Output is what irene compare --format json writes: models and rows at the first point; further points follow with the
// same rows in the same order.
type Output struct {
	Schema  int    `json:"schema"` // version of the format
	Version string `json:"irene"`  // version of the program
	report.Basis
	Per report.Per `json:"per"` // what of a run ratios and differences are of: "run", "token" or "item"
	overallJSON
	sideBySide
	Points      []pointJSON `json:"points" lines:"before,each"`      // with several choices of dims, the first one among them
	Crossings   []Crossing  `json:"crossovers" lines:"before,each"`  // where another model becomes the cheaper one
	Differences []partsJSON `json:"differences" lines:"before,each"` // of the first of two models and the other; of the best of several and each other one
	RatioRule   string      `json:"ratio_rule" lines:"before"`       // what verdicts rest on, for people
	Notes       []string    `json:"notes"`                           // what to know beside the numbers, for people
}

// overallJSON is how the energy of the second of two models stands to that of the first; null where there are more than two.
type overallJSON struct {
	Verdict render.Text   `json:"verdict" lines:"before"` // lower, higher, open (the interval holds 1) or unknown
	Ratio   render.Number `json:"ratio"`                  // null where one of both is not known
	Low     render.Number `json:"ratio_low"`              // 90 % interval; null where nothing bounds it
	High    render.Number `json:"ratio_high"`             // 90 % interval; null where nothing bounds it
}

// sideBySide are the models at one point.
type sideBySide struct {
	Models  []modelJSON    `json:"models" lines:"before,each"`  // in the order of the arguments
	Ranking []standingJSON `json:"ranking" lines:"before,each"` // the best first: those that run, by the metric asked for; then what does not fit, or is known in part only
	Rows    []rowJSON      `json:"rows" lines:"before,each"`    // modules that answer to each other, parents first
}

// standingJSON is one of several in their order.
type standingJSON struct {
	Model  render.Index  `json:"model"`        // place in the list of models
	Rank   render.Index  `json:"rank"`         // from 1 on, the same for what takes the same; null of what does not fit, or is known in part only
	Front  bool          `json:"pareto"`       // no other one is at once faster and takes less energy
	Ratio  render.Number `json:"ratio"`        // of the metric asked for, to the best; null where one of both is not known
	Energy ratioJSON     `json:"energy_ratio"` // of energies to the best
	Time   ratioJSON     `json:"time_ratio"`   // of times to the best
}

// pointJSON is one choice of dims.
type pointJSON struct {
	At string `json:"at"` // the dims that vary, with their sizes
	sideBySide
}

// modelJSON is one of the models.
type modelJSON struct {
	Name     string                `json:"name"`     // "A", "B" …
	File     string                `json:"file"`     // its path as it was given
	Producer string                `json:"producer"` // program that wrote the file, with its version
	Dims     render.Members[int64] `json:"dims"`     // every dim that has a number, by name
	Assumed  []string              `json:"assumed"`  // names of the dims nobody gave
	Items    render.Number         `json:"items"`    // members of the batch of a run; null where no input tells
	Tokens   render.Number         `json:"tokens"`   // in all of them; null where the model has none
	Metrics  report.MetricsJSON    `json:"metrics"`  // of a run of the whole model
	Memory   report.MemoryJSON     `json:"memory"`   // what the run holds
	report.TariffJSON
	Ratios    ratiosJSON `json:"ratios"` // to the first model, by shares of a run where "per" says so
	ratioJSON            // of its energy to that of the first model
	TimeRatio ratioJSON  `json:"time_ratio"` // of its time to that of the first model
	Warnings  []string   `json:"warnings"`   // what to know beside the numbers, for people
}

// rowJSON is one module of each model, as far as it has one; its lists have an element a model, null where there is none.
type rowJSON struct {
	Paths   []*string             `json:"paths"`        // of the calls; "" is the model
	Depth   int                   `json:"depth"`        // levels below the whole
	Matched render.Text           `json:"matched"`      // what the modules were matched by; null where only one model has a module
	Metrics []*report.MetricsJSON `json:"metrics"`      // sums over the subtree
	Ratios  []*ratiosJSON         `json:"ratios"`       // to the first model's module
	Energy  []*ratioJSON          `json:"energy_ratio"` // of energies to the first model's module
	Time    []*ratioJSON          `json:"time_ratio"`   // of times to the first model's module
}

// ratioJSON is a ratio of two predictions, with the interval that decides.
type ratioJSON struct {
	Verdict paired.Verdict `json:"verdict"`    // lower, higher, open (the interval holds 1) or unknown
	Ratio   render.Number  `json:"ratio"`      // null where one of both is not known
	Low     render.Number  `json:"ratio_low"`  // 90 % interval; null where nothing bounds it
	High    render.Number  `json:"ratio_high"` // 90 % interval; null where nothing bounds it
}

// ratiosJSON are the numbers of a module over those of the first model's; null where one is not known, in part too, or divides by zero.
type ratiosJSON struct {
	Energy    render.Number `json:"energy_j"`  // ratio of energies
	Time      render.Number `json:"time_s"`    // ratio of times
	FLOPs     render.Number `json:"flops"`     // ratio of floating-point operations
	MACs      render.Number `json:"macs"`      // ratio of multiply-accumulates
	Bytes     render.Number `json:"bytes"`     // ratio of bytes read and written
	Params    render.Number `json:"params"`    // ratio of parameters
	Operators render.Number `json:"operators"` // ratio of numbers of operators
}

// partsJSON takes two models apart, the biggest differences first.
type partsJSON struct {
	Metric string      `json:"metric"` // what the values are
	Models [2]int      `json:"models"` // places in the list of models
	Parts  []pieceJSON `json:"parts" lines:"each"`
}

// pieceJSON is one of the disjoint parts whose differences add up to that of two models.
type pieceJSON struct {
	Path   string           `json:"path"`          // in the first of the models that has it
	Beside render.Text      `json:"beside"`        // path in the other model; null where it is the same or there is none
	Own    bool             `json:"own_operators"` // only the operators that sit directly there
	Count  int              `json:"count"`         // equal places that are one part
	Values [2]render.Number `json:"values"`        // of both models; null where one has no such part or it is not known
}

func writeJSON(w io.Writer, c *Comparison) error {
	out := Output{
		Schema: report.Schema, Version: c.Version, Basis: c.Points[0].Reports[0].Basis(), sideBySide: c.sideBySide(0), Per: c.Per, overallJSON: c.overallJSON(),
		Crossings: c.Crossings, Differences: c.partsJSON(), RatioRule: ratioRule, Notes: c.Notes,
	}
	for p := range c.Points {
		if len(c.Points) > 1 {
			out.Points = append(out.Points, pointJSON{c.Points[p].Label, c.sideBySide(p)})
		}
	}
	return render.WriteJSON(w, &out)
}

// overallJSON is the verdict on two models, at the first point.
func (c *Comparison) overallJSON() overallJSON {
	nan := render.Number(math.NaN())
	if c.ranked() {
		return overallJSON{Ratio: nan, Low: nan, High: nan}
	}
	r := c.ratioJSON(report.FindMetric("energy"), c.Root, 0, 1)
	return overallJSON{render.Text(r.Verdict), r.Ratio, r.Low, r.High}
}

func (c *Comparison) sideBySide(point int) sideBySide {
	var out sideBySide
	reports := c.Points[point].Reports
	energy, time := report.FindMetric("energy"), report.FindMetric("time")
	for k, r := range reports {
		m := &r.Tree.Metrics
		out.Models = append(out.Models, modelJSON{
			Name: c.Names[k], File: r.Model.File, Producer: r.Model.Producer, Dims: report.DimsJSON(r.Dims), Assumed: r.Assumed,
			Items: countJSON(r, report.PerItem), Tokens: countJSON(r, report.PerToken), Metrics: m.JSON(), Memory: r.MemoryJSON(), TariffJSON: r.TariffJSON(),
			Ratios: *c.ratiosJSON(c.Root, point, k), ratioJSON: *c.ratioJSON(energy, c.Root, point, k), TimeRatio: *c.ratioJSON(time, c.Root, point, k), Warnings: r.Warnings,
		})
	}
	out.Ranking = c.ranking(point).json()
	c.eachRow(func(r *Row, depth int) { out.Rows = append(out.Rows, c.rowJSON(r, point, depth)) })
	return out
}

func countJSON(r *report.Report, per report.Per) render.Number {
	n, ok := r.Work.Count(per)
	if !ok {
		n = math.NaN()
	}
	return render.Number(n)
}

// json is how standings stand in documents.
func (r *ranking) json() []standingJSON {
	var out []standingJSON
	for _, s := range r.list {
		j := standingJSON{Model: render.Index(s.place), Rank: render.Index(s.rank), Front: s.front, Ratio: render.Number(math.NaN()), Energy: newRatioJSON(s.energy), Time: newRatioJSON(s.time)}
		if s.rank == 0 {
			j.Rank = -1
		}
		if best := r.best(); best != nil {
			j.Ratio = render.Number(best.amount(r.metric).ratio(s.amount(r.metric)))
		}
		out = append(out, j)
	}
	return out
}

// eachRow visits the rows of the view, parents first.
func (c *Comparison) eachRow(visit func(r *Row, depth int)) {
	var down func(*Row, int)
	down = func(r *Row, depth int) {
		if c.View.Depth >= 0 && depth > c.View.Depth {
			return
		}
		visit(r, depth)
		for _, x := range r.Children {
			down(x, depth+1)
		}
	}
	if c.View.Modules == nil {
		down(c.Root, 0)
	}
	for _, r := range c.View.Modules {
		visit(r, 0)
	}
}

func (c *Comparison) rowJSON(r *Row, point, depth int) rowJSON {
	n := len(c.Names)
	out := rowJSON{
		Paths: make([]*string, n), Depth: depth, Matched: render.Text(r.Reason),
		Metrics: make([]*report.MetricsJSON, n), Ratios: make([]*ratiosJSON, n), Energy: make([]*ratioJSON, n), Time: make([]*ratioJSON, n),
	}
	a := r.Metrics(point, 0)
	for k := range n {
		if p, ok := r.Path(k); ok {
			out.Paths[k] = &p
		}
		b := r.Metrics(point, k)
		if b != nil {
			out.Metrics[k] = new(b.JSON())
		}
		if a != nil && b != nil {
			out.Ratios[k] = c.ratiosJSON(r, point, k)
			out.Energy[k], out.Time[k] = c.ratioJSON(report.FindMetric("energy"), r, point, k), c.ratioJSON(report.FindMetric("time"), r, point, k)
		}
	}
	return out
}

func (c *Comparison) ratiosJSON(r *Row, point, k int) *ratiosJSON {
	of := func(name string) render.Number {
		x := report.FindMetric(name)
		return render.Number(c.amount(x, point, 0, r.Metrics(point, 0)).ratio(c.amount(x, point, k, r.Metrics(point, k))))
	}
	return &ratiosJSON{of("energy"), of("time"), of("flops"), of("macs"), of("bytes"), of("params"), of("operators")}
}

func (c *Comparison) ratioJSON(x *report.Metric, r *Row, point, k int) *ratioJSON {
	ratio, _ := c.ratio(x, r, point, 0, k)
	return new(newRatioJSON(ratio))
}

func newRatioJSON(r paired.Ratio) ratioJSON {
	return ratioJSON{r.Verdict(), render.Number(r.Value), render.Number(r.Low), render.Number(r.High)}
}

// partsJSON takes the model that the others are held against and each other one apart.
func (c *Comparison) partsJSON() []partsJSON {
	x, base := c.shown()[0], c.Base()
	var out []partsJSON
	for k := range c.Names {
		if k == base {
			continue
		}
		parts := partsJSON{Metric: x.Key, Models: [2]int{base, k}}
		for _, p := range c.pieces(x, 0, base, k) {
			parts.Parts = append(parts.Parts, pieceJSON{p.path, render.Text(p.beside), p.own, p.count, [2]render.Number{p.a.json(), p.b.json()}})
		}
		out = append(out, parts)
	}
	return out
}

func (a amount) json() render.Number {
	if a.some && a.known {
		return render.Number(a.value)
	}
	return render.Number(math.NaN())
}
