package compare

import (
	"bytes"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// TestRanking: stacks of 3, 1, 2 and 1 layers by FLOPs. Those of one layer are both first; what one layer more takes is all
// that the others differ in.
func TestRanking(t *testing.T) {
	c := layered(t, 3, 1, 2, 1)
	var order, ranks []string
	for _, s := range c.ranking(0).list {
		order, ranks = append(order, c.Names[s.place]), append(ranks, string(rune('0'+s.rank)))
	}
	if got := strings.Join(order, "") + " " + strings.Join(ranks, ""); got != "BDCA 1134" {
		t.Errorf("order and ranks %s, want BDCA 1134", got)
	}
	if v := c.verdicts()[0].Text; v != "B takes the fewest FLOPs (72 FLOP), the same as D" {
		t.Errorf("verdict %q", v)
	}
	var b bytes.Buffer
	for _, f := range Formats() {
		if f.Name == "csv" {
			if err := f.Write(&b, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, name := range rows[0] {
		if name == "flops" && (rows[1][i] != "72" || rows[2][i] != "72" || rows[3][i] != "144" || rows[4][i] != "216") {
			t.Errorf("FLOPs %v", [4]string{rows[1][i], rows[2][i], rows[3][i], rows[4][i]})
		}
	}
}

// choice is a device that takes so much of a run.
func choice(device string, e energy.Joules, s energy.Seconds, memory int64, unknown int) Choice {
	r := &report.Report{
		Device: &report.Device{}, Work: report.Work{Items: 2, Tokens: 20},
		Tree: &report.Module{Module: &graph.Module{}, Metrics: report.Metrics{Predicted: true, Unknown: unknown, Estimate: law.Estimate{Energy: e, Time: s}}},
	}
	r.Device.ID, r.Device.MemoryBytes = device, 100
	r.Memory.Known, r.Memory.WeightBytes = true, memory
	return Choice{Device: device, Report: r, Size: 2}
}

// TestDevices: who runs the model is ranked by the energy of a token, and the others say why they do not run it.
func TestDevices(t *testing.T) {
	d := &Devices{
		Deadline: 1, Per: report.PerToken, Metrics: []string{"energy"},
		Choices: []Choice{
			choice("hungry", 40, 0.1, 100, 0), choice("slow", 1, 2, 10, 0), choice("small", 1, 0.1, 101, 0),
			choice("frugal", 20, 0.5, 10, 0), choice("odd", 10, 0.2, 10, 3), choice("worse", 41, 0.6, 10, 0),
			{Device: "refused", Refused: "no such limit"},
		},
	}
	d.Rank()
	for i, want := range []Status{Runs, TooLate, DoesNotFit, Runs, Runs, Runs, NotAsked} {
		if got := d.Status(&d.Choices[i]); got != want {
			t.Errorf("%s: %s, want %s", d.Choices[i].Device, got, want)
		}
	}
	var order []string
	front := ""
	for _, s := range d.ranking.list {
		order = append(order, d.Choices[s.place].Device)
		if s.front {
			front += " " + d.Choices[s.place].Device
		}
	}
	if got := strings.Join(order, " "); got != "frugal hungry worse odd" {
		t.Errorf("order %q: what has operators of unknown cost has no rank", got)
	}
	if front != " frugal hungry" {
		t.Errorf("on the front:%s", front)
	}
	if e := d.ranking.list[0].each("energy"); e != 1 {
		t.Errorf("20 J of 20 tokens are %v J a token", e)
	}
	if v := d.verdicts(); !strings.HasPrefix(v[0], "of those known in full, frugal takes the least energy per token (1.00 J)") || !strings.Contains(v[0], "known in part only: odd") || !strings.HasPrefix(v[1], "hungry takes the least time per token (5.00 ms)") {
		t.Errorf("verdicts %q", v)
	}
	for i, want := range map[int]string{1: "misses the deadline at batch 2: 2.00 s", 2: "does not fit at batch 2: 101 B of 100 B", 6: "no such limit"} {
		if got := d.why(&d.Choices[i]); got != want {
			t.Errorf("%s: %q, want %q", d.Choices[i].Device, got, want)
		}
	}
}

// TestCheapest: an hour of the hungry device costs a tenth of one of the frugal one, which has no price in the second case.
func TestCheapest(t *testing.T) {
	for _, hours := range []map[string]float64{{"frugal": 36, "hungry": 3.6}, {"hungry": 3.6}} {
		d := &Devices{Per: report.PerRun, Metrics: []string{"energy"}, Choices: []Choice{choice("hungry", 40, 1, 1, 0), choice("frugal", 20, 2, 1, 0)}}
		for i := range d.Choices {
			d.Choices[i].Report.Tariff = report.Tariff{Price: &report.Price{PerHour: hours, Currency: "EUR"}}
		}
		d.Rank()
		if got, want := d.verdicts()[len(d.verdicts())-1], "hungry costs the least (1e+03 EUR a million runs)"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if cost := d.Choices[1].Report.Tariff.Cost(d.Choices[1].Report.Use(report.PerRun)); len(hours) == 1 && !math.IsNaN(cost) {
			t.Errorf("a device without a price costs %v", cost)
		}
	}
}
