package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// predictionRequest says for which device, by which coefficients and under which runtime profile to predict.
type predictionRequest struct {
	device       *energy.Device // nil: that of the coefficients
	coefficients string         // file; "" for the embedded ones
	profile      string         // "": that of the coefficients
	none         bool           // nothing is to be predicted
	measured     string         // file of measurements of this model on the device; "" for none
	mode         predict.Mode
	host         *energy.Watts // of the host, for devices nobody measured
}

// noDevice is the --device that predicts nothing.
const noDevice = "none"

// predictionFlags are what parsePrediction reads: the command's own --device, and what a prediction rests on beside it.
func predictionFlags(device cli.Flag, measured ...cli.Flag) []cli.Flag {
	out := append([]cli.Flag{device, coefficientsFlag(), runtimeFlag("which nodes run as one kernel, by `PROFILE`")}, measured...)
	return append(out, &cli.Float64Flag{Name: "host-watts", DefaultText: "that of the host measured", Usage: "power of the host without the board, `W`, where a device was not measured"})
}

// deviceFlag is --device of the commands that predict for one; more is what else they take for it.
func deviceFlag(more string) cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: "predict for this GPU, by `ID` (irene devices lists them)" + more}
}

// orNone is what deviceFlag says of noDevice.
const orNone = "; none predicts nothing"

func coefficientsFlag() cli.Flag {
	return &cli.StringFlag{Name: "coefficients", Usage: "predict with the coefficients in `FILE` (irene train writes them)"}
}

// runtimeFlag is --runtime where the coefficients have a profile of their own.
func runtimeFlag(usage string) cli.Flag {
	return oneOfFlag(cli.StringFlag{Name: "runtime", DefaultText: "that of the coefficients", Usage: usage + ": WORDS"}, profiles())
}

// profiles lists the runtime profiles, the default first.
func profiles() []string {
	names, _ := kernel.Profiles()
	return names
}

// measuredFlags are what a prediction may rest on beside the file.
func measuredFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "measured", Usage: "measurements of this model on the device in `FILE`: records, IrEne's trees, or a trace of ONNX Runtime, trtexec or torch.profiler"},
		oneOfFlag(cli.StringFlag{Name: "mode", DefaultText: "spec; runtime with --measured", Usage: "what numbers rest on: WORDS"}, spelled(predict.Modes())),
	}
}

func parsePrediction(ctx *cli.Context) (predictionRequest, error) {
	q, err := parseBasis(ctx)
	if err != nil {
		return q, err
	}
	switch id := ctx.String("device"); {
	case id == noDevice:
		q.none = true
	case ctx.IsSet("device"):
		d, err := findDevice(id, q.coefficients)
		if err != nil {
			return q, err
		}
		q.device = &d
	}
	return q, nil
}

// parseBasis reads what a prediction rests on, but for the device.
func parseBasis(ctx *cli.Context) (predictionRequest, error) {
	q := predictionRequest{coefficients: ctx.String("coefficients"), profile: ctx.String("runtime")}
	if err := q.parseMeasured(ctx); err != nil {
		return q, err
	}
	if ctx.IsSet("host-watts") {
		w := energy.Watts(ctx.Float64("host-watts"))
		if !(w >= 0 && w <= 1e5) { // NaN neither
			return q, usagef("--host-watts %v: want a power between 0 and 100000 W", float64(w))
		}
		q.host = &w
	}
	return q, nil
}

// parseMeasured reads the measurements, and how they are used.
func (q *predictionRequest) parseMeasured(ctx *cli.Context) error {
	q.measured, q.mode = ctx.String("measured"), predict.ModeSpec
	if q.measured != "" {
		q.mode = predict.ModeTimes
	}
	if m := ctx.String("mode"); m != "" {
		q.mode = predict.Mode(m)
	}
	if (q.mode == predict.ModeSpec) != (q.measured == "") {
		return usagef("--mode %s: the modes runtime and measured need --measured FILE, the mode spec takes none", q.mode)
	}
	return nil
}

// refuseNone is a usage error of a command that cannot do without a device.
func refuseNone(ctx *cli.Context) error {
	return usagef("--device none: %s speaks of predictions; irene devices lists devices", ctx.Command.Name)
}

// findDevice finds a device in the table, or else as the one that a file of coefficients has the row of.
func findDevice(id, coefficients string) (energy.Device, error) {
	d, unknown := energy.LookupDevice(id)
	if unknown == nil {
		return d, nil
	}
	if coefficients != "" && coefficients != "-" {
		if c, err := loadCoefficients(&environment{}, coefficients); err == nil && c.DeviceRow != nil && c.DeviceRow.Is(id) {
			return *c.DeviceRow, nil
		}
	}
	return d, usagef("%v", unknown)
}

// byDefault reports whether nobody chose the device.
func (q *predictionRequest) byDefault() bool { return q.device == nil && q.coefficients == "" }

// predict predicts every operator and module; nil where the analysis is symbolic or nothing is to be predicted.
func (q *predictionRequest) predict(env *environment, a *analysis.Analysis) (*predict.Result, error) {
	if q.none {
		return nil, nil
	}
	t, err := q.target(env)
	if err != nil || a.Symbolic {
		return nil, err
	}
	r, err := t.Run(a)
	if err != nil {
		return nil, err
	}
	return r, applyMeasured(env, a, r, t.Coefficients, *q)
}

// target is the device to predict for, with the coefficients and options to do it with.
func (q *predictionRequest) target(env *environment) (t predict.Target, err error) {
	t.Options = predict.Options{Profile: q.profile, HostWatts: q.host}
	if t.Coefficients, err = q.choose(env); err != nil {
		return t, err
	}
	if q.device != nil {
		t.Device = *q.device
		return t, nil
	}
	if t.Device, err = t.Coefficients.Row(); err != nil {
		err = fmt.Errorf("%s: %w", q.coefficients, err)
	}
	return t, err
}

// choose takes the coefficients of the file, or the embedded ones of the device.
func (q *predictionRequest) choose(env *environment) (*coefficients.Coefficients, error) {
	switch {
	case q.coefficients != "":
		return loadCoefficients(env, q.coefficients)
	case q.device != nil:
		return coefficients.ForModel(*q.device)
	}
	return coefficients.ForProfile("", q.profile)
}

// chooseForOperators loads the coefficients that single kernels are predicted with. A profile never changes a kernel.
func (q *predictionRequest) chooseForOperators(env *environment) (*coefficients.Coefficients, error) {
	if q.coefficients != "" || q.device == nil {
		return q.choose(env)
	}
	return coefficients.ForOperators(*q.device)
}

func loadCoefficients(env *environment, path string) (*coefficients.Coefficients, error) {
	return readInput(env, path, coefficients.Load)
}
