package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/operator"
	"github.com/irene-onnx/irene/graph"
)

// trainOperators fits what single operators tell: the law of overlapping kernels to those that it speaks of, additive
// coefficients to the others.
func trainOperators(env *environment, ctx *cli.Context) error {
	files := ctx.StringSlice("operators")
	ops, err := readOperators(env, files)
	if err != nil {
		return err
	}
	var given *energy.Device
	if ctx.IsSet("device") {
		dev, err := lookupDevice(ctx.String("device"))
		if err != nil {
			return err
		}
		given = &dev
	}
	if ops, err = withoutDevices(ops, ctx.StringSlice("exclude")); err != nil {
		return err
	}
	ref, err := fit.ReferenceDevice(ops, given)
	if err != nil {
		return err
	}
	additive, overlapping, err := partOperators(ops, ref)
	if err != nil {
		return err
	}
	c := &coefficients.Coefficients{Schema: coefficients.CoefficientSchema, Device: ref.ID, Boundary: energy.BoundaryBoard, Profile: "eager"}
	if len(additive) > 0 {
		d, err := fit.FromOperators(additive, ref, ctx.String("runtime"), files)
		if err != nil {
			return err
		}
		var report *fit.Report
		if c, report, err = fit.Fit(d, fit.OptionsFor(measured.KindOperators)); err != nil {
			return err
		}
		fmt.Fprint(env.stderr, report)
	}
	if len(overlapping) > 0 {
		if err := trainOverlap(env, c, overlapping, ref, files); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	return writeOutput(env, ctx.String("output"), b.Bytes())
}

// thinProducts is of how many products a fit of the law takes one: its constants are few, and shapes are many.
const thinProducts = 3

// trainOverlap fits the law of overlapping kernels and says how far it is off on devices left out.
func trainOverlap(env *environment, c *coefficients.Coefficients, ops []operator.Operator, ref energy.Device, files []string) error {
	shapes, passed, err := fit.Shapes(ops, ref)
	if err != nil {
		return err
	}
	p := startProgress(env, "train", 0)
	c.Overlap, err = fit.NewOverlap(shapes, files, thinProducts, p.set)
	p.stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stderr, "%d shapes of %d rows", len(shapes), len(ops))
	if text := measured.Reasons(passed); text != "" {
		fmt.Fprintf(env.stderr, "; passed over: %s", text)
	}
	fmt.Fprintln(env.stderr)
	for _, g := range c.Overlap.Groups {
		c.Provenance.Devices = append(c.Provenance.Devices, g.Devices...)
		if g.Time.N > 0 {
			fmt.Fprintf(env.stderr, "%-28s n %5d  time of devices left out: half within %5.1f %%, 90 %% within %5.1f %%\n", g.Name, g.Time.N, 100*g.Time.P50, 100*g.Time.P90)
		}
	}
	slices.Sort(c.Provenance.Devices)
	c.Provenance.Devices = slices.Compact(c.Provenance.Devices)
	return nil
}

// partOperators parts operators by the law that speaks of them. Of float32 products both do: models are predicted by
// additive coefficients.
func partOperators(ops []operator.Operator, ref energy.Device) (additive, overlapping []operator.Operator, err error) {
	devices, err := operator.DevicesOf(ops, ref)
	if err != nil {
		return nil, nil, err
	}
	for i := range ops {
		k, err := ops[i].Kernel(devices[i])
		if err != nil {
			return nil, nil, &energy.SyntaxError{File: ops[i].File, Line: ops[i].Line, Msg: err.Error()}
		}
		if law.Covers(&k) {
			overlapping = append(overlapping, ops[i])
		}
		if !law.Covers(&k) || k.DType == graph.Float32 && k.Quant == "" && k.Attention == nil && k.Experts == nil {
			additive = append(additive, ops[i])
		}
	}
	return additive, overlapping, nil
}

// withoutDevices leaves out operators of the devices named.
func withoutDevices(ops []operator.Operator, names []string) ([]operator.Operator, error) {
	var out []energy.Device
	for _, name := range names {
		d, err := lookupDevice(name)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return slices.DeleteFunc(ops, func(o operator.Operator) bool {
		return slices.ContainsFunc(out, func(d energy.Device) bool { return d.Is(o.Device) })
	}), nil
}
