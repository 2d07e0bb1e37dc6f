package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
)

func devicesCommand() command {
	return command{
		name:    "devices",
		summary: "the GPUs that irene knows, and where their numbers come from",
		args:    "[NAME]",
		max:     1,
		details: `NAME keeps the devices whose id, name or architecture contains it. Numbers marked ~ are estimates of this
   project, not published ones. Predictions on a device are fitted to measurements of it, or estimated from its row and
   what was fitted to others; left out is the error of predictions while nothing of the device was in the fit. Of a
   single device, that is listed by kind.

     irene devices
     irene devices hopper --format json`,
		flags: func() []cli.Flag {
			return []cli.Flag{verboseFlag("show all that irene knows of each: architecture, fp32, idle power, what was fitted, source"), tableFormatFlag("")}
		},
		run: runDevices,
	}
}

func runDevices(env *environment, ctx *cli.Context) error {
	s, err := newStandings()
	if err != nil {
		return err
	}
	var list []energy.Device
	for _, d := range energy.Devices() {
		if deviceMatches(d, ctx.Args().First()) {
			list = append(list, d)
		}
	}
	if len(list) == 0 { // a spelling that only the lookup forgives
		d, err := energy.LookupDevice(ctx.Args().First())
		if err != nil {
			return usagef("%v", err)
		}
		list = append(list, d)
	}
	stands := make([][]standingJSON, len(list))
	for i, d := range list {
		if stands[i], err = s.of(d); err != nil {
			return err
		}
	}
	if ctx.String("format") == "json" {
		return writeOutput(env, "", devicesJSON(list, stands))
	}
	text := devicesText(env.screen, list, stands, ctx.Bool("verbose"))
	if len(list) == 1 {
		text += "\n" + standingsText(env.screen, stands[0])
	}
	return writeOutput(env, "", []byte(text))
}

// deviceMatches reports whether a device is one the user asks for.
func deviceMatches(d energy.Device, word string) bool {
	word = strings.ToLower(word)
	for _, s := range append([]string{d.ID, d.Name, d.Architecture}, d.Aliases...) {
		if strings.Contains(strings.ToLower(s), word) {
			return true
		}
	}
	return false
}

// devicesText is a row a device: what its predictions follow from, and whether they are fitted to it; all of the table where it is
// wanted.
func devicesText(s render.Screen, list []energy.Device, stands [][]standingJSON, all bool) string {
	columns := []struct {
		render.Column
		more bool // of the whole table
		text func(d *energy.Device, stands []standingJSON) string
	}{
		{render.Column{Title: "id"}, false, func(d *energy.Device, _ []standingJSON) string { return d.ID }},
		{render.Column{Title: "architecture"}, true, func(d *energy.Device, _ []standingJSON) string { return d.Architecture }},
		{render.Column{Title: "SMs", Right: true}, false, func(d *energy.Device, _ []standingJSON) string { return strconv.Itoa(d.SMs) }},
		{render.Column{Title: "fp32", Right: true}, true, func(d *energy.Device, _ []standingJSON) string { return peak(d, "float32") }},
		{render.Column{Title: "fp16 TFLOP/s", Right: true}, false, func(d *energy.Device, _ []standingJSON) string { return peak(d, "float16") }},
		{render.Column{Title: "GB/s", Right: true}, false, func(d *energy.Device, _ []standingJSON) string { return fmt.Sprintf("%.0f", float64(d.Bandwidth)/1e9) }},
		{render.Column{Title: "GiB", Right: true}, false, func(d *energy.Device, _ []standingJSON) string {
			return fmt.Sprintf("%.0f", float64(d.MemoryBytes)/(1<<30))
		}},
		{render.Column{Title: "limit W", Right: true}, false, func(d *energy.Device, _ []standingJSON) string { return watts(d, energy.EstimateTDP, d.TDP) }},
		{render.Column{Title: "idle W", Right: true}, true, func(d *energy.Device, _ []standingJSON) string { return watts(d, energy.EstimateIdle, d.Idle) }},
		{render.Column{Title: "origin"}, false, func(_ *energy.Device, stands []standingJSON) string {
			origin, _ := standsOn(stands)
			if !all {
				origin, _, _ = strings.Cut(origin, ":")
			}
			return origin
		}},
		{render.Column{Title: "left out"}, true, func(_ *energy.Device, stands []standingJSON) string { _, left := standsOn(stands); return left }},
		{render.Column{Title: "source", Room: 24, Wrap: true}, true, func(d *energy.Device, _ []standingJSON) string { return d.Source }},
	}
	t := &render.Table{Screen: s}
	for _, c := range columns {
		if all || !c.more {
			t.Columns = append(t.Columns, c.Column)
		}
	}
	for i := range list {
		var row []string
		for _, c := range columns {
			if all || !c.more {
				row = append(row, c.text(&list[i], stands[i]))
			}
		}
		t.Row(row...)
	}
	return t.String()
}

// peak is a device's peak of matrix products on an element type in TFLOP/s, marked where it is an estimate.
func peak(d *energy.Device, dtype string) string {
	rate, ok := d.PeakMatrix(dtype)
	if !ok {
		return "–"
	}
	text := fmt.Sprintf("%.1f", float64(rate)/1e12)
	if vector, _ := d.PeakVector(dtype); dtype != "float32" && vector == rate {
		return estimate(d, energy.EstimatePeaks) + text
	}
	return text
}

// watts is a power of a device, marked where it is an estimate.
func watts(d *energy.Device, name string, w energy.Watts) string {
	return fmt.Sprintf("%s%.0f", estimate(d, name), float64(w))
}

// estimate marks a number that is this project's estimate.
func estimate(d *energy.Device, number string) string {
	if d.Estimated(number) {
		return "~"
	}
	return ""
}

// devicesOutput is what irene devices --format json writes, a line per device.
type devicesOutput struct {
	Schema  int          `json:"schema"` // version of the format
	Devices []deviceJSON `json:"devices" lines:"each"`
}

// deviceJSON is a device of the table. Numbers are 0 where no data sheet has them.
type deviceJSON struct {
	ID                string         `json:"id"`                    // what --device takes
	Name              string         `json:"name"`                  // as the vendor calls it
	Architecture      string         `json:"architecture"`          // of the chip
	ComputeCapability string         `json:"compute_capability"`    // of CUDA
	Aliases           []string       `json:"aliases"`               // other names that --device takes
	SMs               int            `json:"sms"`                   // multiprocessors
	CoresPerSM        int            `json:"cores_per_sm"`          // FP32 units of a multiprocessor
	MemoryBytes       int64          `json:"memory_bytes"`          // bytes of memory
	L2Bytes           int64          `json:"l2_bytes"`              // bytes of the last level of cache
	BoostClock        float64        `json:"boost_clock_hz"`        // hertz
	Bandwidth         float64        `json:"bandwidth_bytes_per_s"` // bytes per second of the memory
	TDP               float64        `json:"tdp_w"`                 // watts that the board may draw
	Idle              float64        `json:"idle_w"`                // watts without work
	Awake             float64        `json:"awake_w"`               // watts with clocks up and nothing running
	Busy              float64        `json:"busy_w"`                // watts above those while every multiprocessor issues instructions
	BaseClock         render.Number  `json:"base_clock_hz"`         // hertz; null where none is published
	Process           string         `json:"process"`               // of the silicon
	MemoryKind        string         `json:"memory_kind"`           // such as HBM3e
	Peaks             []peakJSON     `json:"peaks"`
	Coefficients      render.Text    `json:"coefficients"` // what was measured on the device, in words; null where nothing was
	Standing          []standingJSON `json:"standing"`     // what stands behind predictions, by kind
	Estimates         []string       `json:"estimates"`    // names of the numbers that this project estimates
	Source            string         `json:"source"`       // of the other numbers
	Address           string         `json:"address"`      // of the source
}

// peakJSON is the peak rate of an element type.
type peakJSON struct {
	DType       string  `json:"dtype"`        // element type
	TensorCores bool    `json:"tensor_cores"` // of matrix units; else of ordinary arithmetic
	Rate        float64 `json:"flops_per_s"`  // floating-point operations per second
}

func devicesJSON(list []energy.Device, stands [][]standingJSON) []byte {
	out := devicesOutput{Schema: report.Schema}
	for i, d := range list {
		origin, _ := standsOn(stands[i])
		row := deviceJSON{
			ID: d.ID, Name: d.Name, Architecture: d.Architecture, ComputeCapability: d.ComputeCapability, Aliases: d.Aliases,
			SMs: d.SMs, CoresPerSM: d.CoresPerSM, MemoryBytes: d.MemoryBytes, L2Bytes: d.L2Bytes,
			BoostClock: published(float64(d.BoostClock)), Bandwidth: published(float64(d.Bandwidth)), TDP: published(float64(d.TDP)), Idle: published(float64(d.Idle)),
			Awake: published(float64(d.Awake)), Busy: published(float64(d.Busy)), BaseClock: nineDigits(0), Process: d.Process, MemoryKind: d.MemoryKind,
			Standing: stands[i], Estimates: d.Estimates, Source: d.Source, Address: d.Address,
		}
		if origin != string(law.OriginEstimated) {
			row.Coefficients = render.Text(origin)
		}
		if d.BaseClock != nil {
			row.BaseClock = nineDigits(float64(*d.BaseClock))
		}
		for _, p := range d.Peaks {
			row.Peaks = append(row.Peaks, peakJSON{p.DType, p.TensorCores, published(float64(p.Rate))})
		}
		out.Devices = append(out.Devices, row)
	}
	return render.JSON(&out)
}

// published rounds a number that a scale factor has blurred to the digits that data sheets give.
func published(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64)
	if err != nil {
		return v
	}
	return r
}
