package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph/ops"
)

func operatorsCommand() command {
	return command{
		name:    "operators",
		summary: "the operators that irene knows",
		args:    "[WORD]",
		max:     1,
		details: `WORD keeps the operators whose domain, name or class contains it. A row holds from its opset version on, up to
   the next row of the same operator.

     irene operators attention
     irene operators gelu --format json`,
		flags: func() []cli.Flag { return []cli.Flag{tableFormatFlag("")} },
		run:   runOperators,
	}
}

func runOperators(env *environment, ctx *cli.Context) error {
	word := strings.ToLower(ctx.Args().First())
	var list []ops.Op
	var names []string
	for _, op := range ops.All() {
		names = append(names, op.Name)
		if strings.Contains(strings.ToLower(op.Domain+":"+op.Name), word) || strings.Contains(op.Class, word) {
			list = append(list, op)
		}
	}
	if file := ctx.Args().First(); len(list) == 0 && strings.Contains(word, ".onnx") {
		return usagef("%s is a model, operators takes a word; irene analyze %s --strict fails where an operator of it is not known", file, file)
	}
	if len(list) == 0 {
		return usagef("no operator matches %q%s", ctx.Args().First(), meant(word, names))
	}
	if ctx.String("format") == "json" {
		return writeOutput(env, "", operatorsJSON(list))
	}
	return writeOutput(env, "", []byte(operatorsText(env.screen, list)))
}

func operatorsText(s render.Screen, list []ops.Op) string {
	t := &render.Table{Screen: s, Columns: []render.Column{
		{Title: "operator", Room: 24}, {Title: "since", Right: true}, {Title: "class"}, {Title: "cost"}, {Title: "weights", Room: 16},
	}}
	different := map[string]bool{}
	for _, op := range list {
		t.Row(operatorName(op), strconv.FormatInt(op.Since, 10), op.Class, operatorCost(op), slotText(op.Weights))
		different[operatorName(op)] = true
	}
	return t.String() + fmt.Sprintf("\n%s, %s\n", render.Plural(len(different), "operator"), render.Plural(len(list), "row"))
}

func operatorName(op ops.Op) string {
	if op.Domain == "" {
		return op.Name
	}
	return op.Domain + ":" + op.Name
}

// operatorCost says what is known of an operator's cost: "free" is nothing to pay, "unknown" a missing rule.
func operatorCost(op ops.Op) string {
	switch {
	case op.Cost == nil:
		return "unknown"
	case reflect.ValueOf(op.Cost).Pointer() == freeRule():
		return "free"
	}
	return "known"
}

// freeRule is the cost rule of operators that never cost anything, such as Identity.
func freeRule() uintptr {
	op, _ := ops.Lookup("", "Identity", 1)
	return reflect.ValueOf(op.Cost).Pointer()
}

// slotText lists the input slots that hold weights: "1,2".
func slotText(s ops.Slots) string {
	var list []string
	for _, i := range slotList(s) {
		list = append(list, strconv.Itoa(i))
	}
	if len(list) == 64 {
		return "all"
	}
	return strings.Join(list, ",")
}

func slotList(s ops.Slots) []int {
	var list []int
	for i := range 64 {
		if s.Has(i) {
			list = append(list, i)
		}
	}
	return slices.Clip(list)
}

// operatorsOutput is what irene operators --format json writes, a line per row of the table.
type operatorsOutput struct {
	Schema    int           `json:"schema"` // version of the format
	Operators []operatorRow `json:"operators" lines:"each"`
}

// operatorRow is a row of the table of operators.
type operatorRow struct {
	Domain  string `json:"domain"`  // "" is ai.onnx
	Name    string `json:"name"`    // operator type
	Class   string `json:"class"`   // of the energy model
	Cost    string `json:"cost"`    // "known", "free" or "unknown"
	Since   int64  `json:"since"`   // opset version from which on the row holds
	Weights []int  `json:"weights"` // input slots that hold weights
}

func operatorsJSON(list []ops.Op) []byte {
	out := operatorsOutput{Schema: report.Schema}
	for _, op := range list {
		out.Operators = append(out.Operators, operatorRow{op.Domain, op.Name, op.Class, operatorCost(op), op.Since, slotList(op.Weights)})
	}
	return render.JSON(&out)
}
