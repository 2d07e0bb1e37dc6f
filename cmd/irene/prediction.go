package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// predictionRequest says for which device, by which coefficients and under which runtime profile to predict.
type predictionRequest struct {
	device       *energy.Device // nil: that of the coefficients
	fallback     *energy.Device // of rows that name none
	chosen       bool           // somebody said which device
	coefficients string         // file; "" for the embedded ones
	settings     predict.Options
	none         bool   // nothing is to be predicted
	measured     string // file of measurements of this model on the device; "" for none
	mode         predict.Mode
}

// noDevice is the --device that predicts nothing.
const noDevice = "none"

// predictionFlags are what parsePrediction reads: the command's own --device, and what a prediction rests on beside it.
func predictionFlags(device cli.Flag, measured ...cli.Flag) []cli.Flag {
	return append(append(basisFlags(device), measured...), settingFlags(false)...)
}

// basisFlags are the command's own --device, and what says how to predict for it.
func basisFlags(device cli.Flag) []cli.Flag {
	return []cli.Flag{device, coefficientsFlag(), runtimeFlag("which nodes run as one kernel, by `PROFILE`")}
}

// Variables of the environment that say what flags do not.
const (
	deviceVariable  = "IRENE_DEVICE"
	runtimeVariable = "IRENE_RUNTIME"
)

// autoDevice is the --device that stands for the machine's own GPU.
const autoDevice = "auto"

// deviceFlag is --device of the commands that predict for one; more is what else they take for it.
func deviceFlag(more string) cli.Flag {
	return &cli.StringFlag{Name: "device", DefaultText: defaultDeviceText, Usage: "predict for this GPU, by `ID` (irene devices lists them), auto for the machine's own" + more}
}

// devicesFlag is --device of the commands that predict for several.
func devicesFlag(usage string) cli.Flag {
	return &cli.StringSliceFlag{Name: "device", DefaultText: defaultDeviceText, Usage: usage}
}

const defaultDeviceText = "$" + deviceVariable + ", else " + energy.DefaultDevice

// orNone is what deviceFlag says of noDevice.
const orNone = "; none predicts nothing"

func coefficientsFlag() cli.Flag {
	return &cli.StringFlag{Name: "coefficients", TakesFile: true, Usage: "predict with the coefficients in `FILE` (irene train writes them)"}
}

// runtimeFlag is --runtime where the coefficients have a profile of their own.
func runtimeFlag(usage string) cli.Flag {
	return oneOfFlag(cli.StringFlag{Name: "runtime", DefaultText: "$" + runtimeVariable + ", else by what the file is", Usage: usage + ": WORDS"}, profiles())
}

// profiles lists the runtime profiles, the default first.
func profiles() []string {
	names, _ := kernel.Profiles()
	return names
}

// measuredFlags are what a prediction may rest on beside the file.
func measuredFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "measured", TakesFile: true, Usage: "measurements of this model on the device in `FILE`: records, IrEne's trees, or a trace of ONNX Runtime, trtexec or torch.profiler"},
		oneOfFlag(cli.StringFlag{Name: "mode", DefaultText: "spec; runtime with --measured", Usage: "what numbers rest on, `MODE`: WORDS"}, spelled(predict.Modes())),
	}
}

func parsePrediction(ctx *cli.Context) (predictionRequest, error) {
	q, err := parseBasis(ctx)
	if err != nil {
		return q, err
	}
	id := ctx.String("device")
	if id == noDevice {
		q.none = true
		return q, nil
	}
	return q, q.choose(id)
}

// parseDevices reads what predictions rest on, for each of a list of devices that may also be given in parts; for the default
// one where none is given. None of them stands alone.
func parseDevices(ctx *cli.Context) ([]predictionRequest, error) {
	one, err := parseBasis(ctx)
	if err != nil {
		return nil, err
	}
	var out []predictionRequest
	for _, list := range ctx.StringSlice("device") {
		for _, id := range strings.Split(list, ",") {
			p := one
			if id = strings.TrimSpace(id); id == noDevice {
				p.none = true
			} else if err := p.choose(id); err != nil {
				return nil, err
			}
			for _, o := range out {
				if p.none || o.none {
					return nil, usagef("--device %s: none stands alone", list)
				}
				if o.device.ID == p.device.ID {
					return nil, usagef("--device %s: given twice", id)
				}
			}
			out = append(out, p)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	err = one.choose("")
	return []predictionRequest{one}, err
}

// choose finds the device that an id stands for; that of the environment or the default where it is "" and no coefficients
// bring their own.
func (q *predictionRequest) choose(id string) error {
	q.chosen = id != "" || q.coefficients != ""
	if id == "" && q.coefficients == "" {
		if id = os.Getenv(deviceVariable); id == "" {
			id = energy.DefaultDevice
		}
		q.chosen = os.Getenv(deviceVariable) != ""
	}
	if id == "" {
		return nil
	}
	d, err := findDevice(id, q.coefficients)
	if err != nil {
		return err
	}
	q.device = &d
	return nil
}

// parseBasis reads what a prediction rests on, but for the device.
func parseBasis(ctx *cli.Context) (predictionRequest, error) {
	q := predictionRequest{coefficients: ctx.String("coefficients")}
	if err := q.parseMeasured(ctx); err != nil {
		return q, err
	}
	var err error
	if q.settings, err = parseSettings(ctx); err != nil {
		return q, err
	}
	if q.settings.Profile = ctx.String("runtime"); q.settings.Profile == "" {
		q.settings.Profile = os.Getenv(runtimeVariable)
		if p := q.settings.Profile; p != "" && !slices.Contains(profiles(), p) {
			return q, usagef("%s=%s: want one of %s", runtimeVariable, p, strings.Join(profiles(), ", "))
		}
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
	if id == autoDevice {
		name, err := ownGPU()
		if err != nil {
			return energy.Device{}, fmt.Errorf("--device auto: %w", err)
		}
		id = name
	}
	d, unknown := energy.LookupDevice(id)
	if unknown == nil {
		return d, nil
	}
	if coefficients != "" && coefficients != "-" {
		if c, err := loadCoefficients(&environment{}, coefficients); err == nil && c.DeviceRow != nil && c.DeviceRow.Is(id) {
			return *c.DeviceRow, nil
		}
	}
	return d, noSuchDevice(id, unknown)
}

// byDefault reports whether nobody chose the device.
func (q *predictionRequest) byDefault() bool { return !q.chosen }

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
	if name, err := ownGPU(); err == nil && q.byDefault() {
		r.Warnf("this machine has the GPU %s: --device auto predicts for it", name)
	}
	return r, applyMeasured(env, a, r, t.Coefficients, *q)
}

// target is the device to predict for, with the coefficients and options to do it with.
func (q *predictionRequest) target(env *environment) (t predict.Target, err error) {
	t.Options = q.settings
	if t.Coefficients, err = q.load(env); err != nil {
		return t, err
	}
	if q.device != nil {
		t.Device = *q.device
	} else if t.Device, err = t.Coefficients.Row(); err != nil {
		return t, fmt.Errorf("%s: %w", q.coefficients, err)
	}
	_, err = t.Law()
	if refused := (*law.SettingError)(nil); errors.As(err, &refused) {
		return t, usagef("%v", err)
	}
	return t, nil // what else is wrong is the model's to say
}

// load takes the coefficients of the file, or the embedded ones of the device.
func (q *predictionRequest) load(env *environment) (*coefficients.Coefficients, error) {
	if q.coefficients != "" {
		return loadCoefficients(env, q.coefficients)
	}
	return coefficients.OfDevice(*q.device)
}

func loadCoefficients(env *environment, path string) (*coefficients.Coefficients, error) {
	return readInput(env, path, coefficients.Load, ofCoefficients)
}
