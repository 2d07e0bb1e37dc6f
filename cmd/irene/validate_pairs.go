package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy/validate"
)

// pairsFlag asks for ratios of models.
const pairsFlag = "pairs"

// validatePairs compares the models of measurements two by two, and prints how the ratios hold.
func validatePairs(env *environment, ctx *cli.Context) error {
	for _, flag := range []string{"split", "method", "target", "output"} {
		if ctx.IsSet(flag) {
			return usagef("--%s: ratios of models are predicted with their families left out, and printed of both quantities; no --%s", pairsFlag, flag)
		}
	}
	in, err := validationInput(env, ctx)
	if err != nil {
		return err
	}
	if len(in.Data) > 1 {
		return usagef("--%s: ratios are those of one device's models, the data are of %d devices", pairsFlag, len(in.Data))
	}
	p := startProgress(env, "validate", 0)
	v, err := validate.RunPairs(in.Data[0], p.set)
	p.stop()
	if err != nil {
		return err
	}
	text, err := formatted(env.screen, v, pairsSheet(v), ctx.String("format"))
	if err != nil {
		return err
	}
	return writeOutput(env, "", text)
}

// pairsSheet lays out how ratios hold.
func pairsSheet(v *validate.Pairs) *sheet {
	var families []string
	for _, f := range v.Families {
		families = append(families, strings.Join(f, ", "))
	}
	text := fmt.Sprintf("%d models, each at its sizes, in %d families: %s. Each pair is predicted with the families of both left out. Holds is the share of 90 %% intervals of the ratio that the measured ratio lies in, width the median of theirs over the ratio; decided the share of pairs of which one is named the lower, wrong what part of these the meter contradicts. Apart is the share of pairs whose own 90 %% intervals do not overlap.", v.Models, len(v.Families), strings.Join(families, "; "))
	b := block{depth: 1, title: "Ratios of models on " + v.Device + ", %", text: text, titles: []string{"pairs", "of", "n", "holds", "width", "decided", "wrong", "apart"}, numbers: 2}
	for _, f := range v.Groups {
		b.rows = append(b.rows, []string{
			f.Group, string(f.Target), strconv.Itoa(f.Pairs), percentText(f.Holds, 1), percentText(f.Width, 1), percentText(f.Decided, 1), percentText(f.Wrong, 2), percentText(f.Apart, 1),
		})
	}
	return &sheet{blocks: []block{b}}
}
