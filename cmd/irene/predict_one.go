package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
)

// one predicts the operator that flags describe.
func (t *rowPredictor) one(ctx *cli.Context) error {
	op := operator.Operator{Op: ctx.String("op"), Quant: ctx.String("quant")}
	if op.Op == "attention" || op.Op == "moe" {
		return usagef("--op %s: it has more sizes than there are flags; give it as a row of a file (irene predict --help)", op.Op)
	}
	var ok bool
	if op.DType, ok = operator.ParseDType(ctx.String("dtype")); !ok {
		return usagef("--dtype %s: no such element type", ctx.String("dtype"))
	}
	sizes := []*int64{&op.B, &op.M, &op.N, &op.K, &op.H}
	members := []operator.Member{{Key: "op", Value: quoted(op.Op)}}
	for i, flag := range sizeFlags() {
		if !ctx.IsSet(flag) {
			continue
		}
		if *sizes[i] = int64(*ctx.Generic(flag).(*sizeFlag)); *sizes[i] < 1 {
			return usagef("--%s %d: sizes are at least 1", flag, *sizes[i])
		}
		members = append(members, operator.Member{Key: strings.ToUpper(flag), Value: strconv.AppendInt(nil, *sizes[i], 10)})
	}
	if err := op.Check(); err != nil {
		return usagef("--op %v", err)
	}
	o, err := t.on("")
	if err != nil {
		return err
	}
	pr, err := o.Predict(&op)
	if err != nil {
		return err
	}
	dev := o.Device
	members = append(members, operator.Member{Key: "dtype", Value: quoted(op.DType.String())})
	if op.Quant != "" {
		members = append(members, operator.Member{Key: "quant", Value: quoted(op.Quant)})
	}
	members = append(members, operator.Member{Key: "device", Value: quoted(dev.ID)})
	text := appendRow(members, &pr)
	if ctx.String("format") == "text" {
		text = []byte(oneText(&op, dev, &pr))
		if o.Warning != "" {
			fmt.Fprintf(t.env.stderr, "irene: %s\n", o.Warning)
		}
	}
	return writeOutput(t.env, ctx.String("output"), text)
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string has no way to fail
	return b
}

// oneText is a prediction for people.
func oneText(op *operator.Operator, dev energy.Device, pr *law.Prediction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v on %s\n", op, dev.ID)
	if pr.Time != 0 {
		fmt.Fprintf(&b, "time    %v\n", pr.Time)
	} else {
		b.WriteString("time    unknown: the coefficients were trained on energies alone\n")
	}
	if pr.Energy != 0 {
		fmt.Fprintf(&b, "energy  %v\n", pr.Energy)
	} else {
		b.WriteString("energy  unknown: the coefficients were trained on times alone\n")
	}
	if pr.Time != 0 && pr.Energy != 0 {
		fmt.Fprintf(&b, "power   %v\n", energy.Watts(float64(pr.Energy)/float64(pr.Time)))
	}
	if pr.Origin != "" {
		fmt.Fprintf(&b, "origin  %s\n", pr.Origin)
	}
	if pr.Why != "" {
		fmt.Fprintf(&b, "note    %s\n", pr.Why)
	}
	return b.String()
}
