package validate

import (
	"encoding/json"
	"strings"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/stats"
)

// Schema is the version of the JSON form of a Validation.
const Schema = 1

// Validation is how far predictions are off, split by split and method by method, and what records say of each other:
// operators within their models and alone, and sums of operators beside what they are parts of.
type Validation struct {
	Schema     int             `json:"schema"`
	Kind       measured.Kind   `json:"-"`                // of the data
	Target     Target          `json:"target,omitempty"` // "" where both are predicted
	Profile    string          `json:"runtime"`
	Data       []DataSummary   `json:"data,omitempty"` // one for each device
	Splits     []SplitResult   `json:"splits"`
	Context    []ContextRatio  `json:"in_context,omitempty"`
	Additivity []AdditiveRatio `json:"additivity,omitempty"`
	Warnings   []string        `json:"warnings,omitempty"`
}

// DataSummary says what was measured on a device.
type DataSummary struct {
	Device   string          `json:"device"`
	Boundary energy.Boundary `json:"scope"` // of the energies; "" where none was measured
	Trees    int             `json:"trees"`
	Rows     int             `json:"rows"`     // measurements that are compared
	Distinct int             `json:"distinct"` // measurements behind them: equal layers share one
	Models   []string        `json:"models"`
	Shapes   []string        `json:"-"`
	Families [][]string      `json:"families"`
	Batch    [2]int64        `json:"batch"`
	Sequence [2]int64        `json:"sequence"`
	Records  int             `json:"-"` // read
	Passed   map[string]int  `json:"-"` // records that were passed over, by the reason
}

// SplitResult is one way of leaving data out on one device.
type SplitResult struct {
	Split   string         `json:"split"` // family, model, shape, small-to-large, large-to-small, device, operators
	Device  string         `json:"device,omitempty"`
	Parts   []SplitPart    `json:"parts"`
	Methods []MethodResult `json:"methods"`
}

// SplitPart is one part that was left out.
type SplitPart struct {
	Left  []string `json:"left_out"`
	From  string   `json:"from"`  // device that was trained on
	Train int      `json:"train"` // trees or records
	Test  int      `json:"test"`
}

// MethodResult is what one method made of the parts of a split.
type MethodResult struct {
	Method   string     `json:"method"`
	Told     bool       `json:"measured"`          // the method is told measurements of the left-out model's run
	Missing  string     `json:"missing,omitempty"` // why there are no figures
	Levels   []Group    `json:"levels,omitempty"`
	Classes  []Group    `json:"classes,omitempty"` // of records, of operators alone
	Models   []Group    `json:"models,omitempty"`  // by model and level
	Residues []Residue  `json:"residues,omitempty"`
	Decision *Decision  `json:"decision,omitempty"`
	Coverage []Coverage `json:"coverage,omitempty"`
	Points   []Point    `json:"-"`
}

// Group is the errors of the items of one label.
type Group struct {
	Label
	Errors map[Target]Errors
}

// Label names items of one level, class or model.
type Label struct {
	Level string `json:"level"` // model, module, ml, ml-np; operator for records
	Class string `json:"class,omitempty"`
	Model string `json:"model,omitempty"`
}

// Errors are those of one quantity.
type Errors struct {
	Distinct Figures `json:"distinct"` // every measurement once
	Rows     Figures `json:"rows"`     // every node once: layers that share a measurement count each
}

// Figures are relative errors, as shares of what was measured. Of the absolute errors mean, median and 90th percentile;
// Bias is the mean of the signed ones, positive where predictions are too high.
type Figures struct {
	N      int          `json:"n"`
	Mean   stats.Number `json:"mean"`
	Median stats.Number `json:"median"`
	P90    stats.Number `json:"p90"`
	Bias   stats.Number `json:"bias"`
}

// MarshalJSON writes the errors of the one target, or of records those of both, of which every one is distinct.
func (g Group) MarshalJSON() ([]byte, error) {
	if len(g.Errors) == 1 {
		for _, e := range g.Errors {
			return json.Marshal(struct {
				Label
				Errors
			}{g.Label, e})
		}
	}
	return json.Marshal(struct {
		Label
		Energy Figures `json:"energy"`
		Time   Figures `json:"time"`
	}{g.Label, g.Errors[TargetEnergy].Distinct, g.Errors[TargetTime].Distinct})
}

// MarshalJSON writes a validation on records with their one device in the place of a list.
func (v *Validation) MarshalJSON() ([]byte, error) {
	type plain Validation
	if v.Kind != measured.KindRecords {
		return json.Marshal((*plain)(v))
	}
	type part struct {
		Left  string `json:"left_out"`
		Train int    `json:"train"`
		Test  int    `json:"test"`
	}
	type result struct {
		Method  string  `json:"method"`
		Missing string  `json:"missing,omitempty"`
		Levels  []Group `json:"levels,omitempty"`
		Classes []Group `json:"classes,omitempty"`
	}
	type split struct {
		Split   string   `json:"split"`
		Parts   []part   `json:"parts"`
		Methods []result `json:"methods"`
	}
	var splits []split
	for _, s := range v.Splits {
		out := split{Split: s.Split}
		for _, p := range s.Parts {
			out.Parts = append(out.Parts, part{strings.Join(p.Left, "; "), p.Train, p.Test})
		}
		for _, m := range s.Methods {
			out.Methods = append(out.Methods, result{m.Method, m.Missing, m.Levels, m.Classes})
		}
		splits = append(splits, out)
	}
	d := &v.Data[0]
	return json.Marshal(struct {
		*plain
		Data     []DataSummary   `json:"data,omitempty"` // hides that of plain
		Device   string          `json:"device"`
		Boundary energy.Boundary `json:"scope,omitempty"`
		Records  int             `json:"records"`
		Used     int             `json:"used"`
		Passed   map[string]int  `json:"passed_over,omitempty"`
		Models   []string        `json:"models"`
		Shapes   []string        `json:"shapes"`
		Splits   []split         `json:"splits"`
	}{(*plain)(v), nil, d.Device, d.Boundary, d.Records, d.Distinct, d.Passed, d.Models, d.Shapes, splits})
}

// Coverage is how often intervals held what was measured, of distinct measurements.
type Coverage struct {
	Level   string       `json:"level"`
	N       int          `json:"n"`
	Half    stats.Number `json:"within_50"`
	Ninety  stats.Number `json:"within_90"`
	Width50 stats.Number `json:"width_50"` // median of half the interval's width over the prediction
	Width90 stats.Number `json:"width_90"`
}

// Residue is a class of nodes of a model that is off by much.
type Residue struct {
	Model string       `json:"model"`
	Level string       `json:"level"`
	Class string       `json:"class"`
	Share stats.Number `json:"share"` // of the model's measured total
	Bias  stats.Number `json:"bias"`
}

// Point is one measurement and its prediction.
type Point struct {
	Model, Level        string
	Measured, Predicted float64
}
