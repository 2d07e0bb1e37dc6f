package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
)

func devicesCommand() command {
	return command{
		name:    "devices",
		summary: "the GPUs that irene knows, and where their numbers come from",
		args:    "[NAME]",
		max:     1,
		details: `NAME keeps the devices whose id, name or architecture contains it. Numbers marked ~ are estimates of this
   project, not published ones. A device with measured coefficients is predicted from its own measurements, others
   from those of the nearest one, scaled by their peaks.

     irene devices
     irene devices hopper --format json`,
		flags: func() []cli.Flag {
			return []cli.Flag{tableFormatFlag("")}
		},
		run: runDevices,
	}
}

// tableFormatFlag is --format of the commands that print one table; of says of which outputs.
func tableFormatFlag(of string) cli.Flag {
	return oneOfFlag(cli.StringFlag{Name: "format", Value: "text", Usage: of + "WORDS"}, []string{"text", "json"})
}

func runDevices(env *environment, ctx *cli.Context) error {
	measured := measuredDevices()
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
	if ctx.String("format") == "json" {
		return writeOutput(env, "", devicesJSON(list, measured))
	}
	return writeOutput(env, "", []byte(devicesText(list, measured)))
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

func devicesText(list []energy.Device, measured map[string]string) string {
	t := &render.Table{Right: []bool{false, false, true, true, true, true, true, true, true}}
	t.Head("id", "architecture", "SMs", "fp32", "fp16", "bandwidth", "memory", "TDP", "idle", "coefficients", "source")
	for _, d := range list {
		t.Row(d.ID, d.Architecture, strconv.Itoa(d.SMs), peak(d, "float32"), peak(d, "float16"), d.Bandwidth.String(),
			energy.FormatBinaryBytes(float64(d.MemoryBytes)),
			estimate(d, energy.EstimateTDP)+d.TDP.String(), estimate(d, energy.EstimateIdle)+d.Idle.String(),
			measured[d.ID], d.Source)
	}
	return t.String()
}

// peak is a device's peak of matrix products on an element type, marked where it is an estimate.
func peak(d energy.Device, dtype string) string {
	rate, ok := d.PeakMatrix(dtype)
	if !ok {
		return "–"
	}
	if vector, _ := d.PeakVector(dtype); dtype != "float32" && vector == rate {
		return estimate(d, energy.EstimatePeaks) + rate.String()
	}
	return rate.String()
}

// estimate marks a number that is this project's estimate.
func estimate(d energy.Device, number string) string {
	if d.Estimated(number) {
		return "~"
	}
	return ""
}

func devicesJSON(list []energy.Device, measured map[string]string) []byte {
	j := &render.JSON{}
	j.Open('{')
	j.Key("schema")
	j.Int(report.Schema)
	j.Key("devices")
	j.Open('[')
	for _, d := range list {
		j.Line()
		deviceJSON(j, d, measured[d.ID])
	}
	j.Close(']')
	j.Close('}')
	j.End()
	return j.Bytes()
}

func deviceJSON(j *render.JSON, d energy.Device, coefficients string) {
	j.Open('{')
	for _, x := range []struct{ key, text string }{
		{"id", d.ID},
		{"name", d.Name},
		{"architecture", d.Architecture},
		{"compute_capability", d.ComputeCapability},
	} {
		j.Key(x.key)
		j.Str(x.text)
	}
	j.Key("aliases")
	j.Strs(d.Aliases)
	for _, x := range []struct {
		key string
		n   int64
	}{{"sms", int64(d.SMs)}, {"cores_per_sm", int64(d.CoresPerSM)}, {"memory_bytes", d.MemoryBytes}, {"l2_bytes", d.L2Bytes}} {
		j.Key(x.key)
		j.Int(x.n)
	}
	for _, x := range []struct {
		key string
		v   float64
	}{
		{"boost_clock_hz", float64(d.BoostClock)},
		{"bandwidth_bytes_per_s", float64(d.Bandwidth)},
		{"tdp_w", float64(d.TDP)},
		{"idle_w", float64(d.Idle)},
	} {
		j.Key(x.key)
		j.Float(published(x.v))
	}
	j.Key("peaks")
	j.Open('[')
	for _, p := range d.Peaks {
		j.Open('{')
		j.Key("dtype")
		j.Str(p.DType)
		j.Key("tensor_cores")
		j.Bool(p.TensorCores)
		j.Key("flops_per_s")
		j.Float(published(float64(p.Rate)))
		j.Close('}')
	}
	j.Close(']')
	j.Key("coefficients")
	if coefficients == "" {
		j.Null()
	} else {
		j.Str(coefficients)
	}
	j.Key("estimates")
	j.Strs(d.Estimates)
	j.Key("source")
	j.Str(d.Source)
	j.Close('}')
}

// published rounds a number that a scale factor has blurred to the digits that data sheets give.
func published(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// measuredDevices says of which devices there are coefficients of their own.
func measuredDevices() map[string]string {
	out := map[string]string{}
	for _, id := range coefficients.Embedded() {
		out[id] = predict.OriginFitted
	}
	return out
}
