package validate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/fit"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/stats"
)

// TestValidateRecords: where a module takes what its operators take, sums are additive, models are predicted from
// operators, and an operator that takes twice as much within its model is said to.
func TestValidateRecords(t *testing.T) {
	records := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	in := 0
	for _, r := range records {
		if r.Level == energy.LevelOperator && r.Class == "softmax" {
			s, j := *r.Time*2, *r.Energy*3
			r.Time, r.Energy, r.Context = &s, &j, energy.ContextModel
			records = append(records, r)
			in++
		}
	}
	v, err := Run(Input{Data: recordData(t, records)})
	if err != nil {
		t.Fatal(err)
	}
	var splits []string
	for _, s := range v.Splits {
		splits = append(splits, s.Split)
		if len(s.Methods) != 4 || s.Methods[0].Method != MethodAdditive {
			t.Fatalf("%s: methods %+v", s.Split, s.Methods)
		}
		for _, g := range s.Methods[0].Levels {
			if s.Split == SplitOperators && g.Level == string(energy.LevelOperator) {
				t.Error("operators are both fitted and predicted")
			}
			if most := stats.Number(0.06); s.Split != "small-to-large" && s.Split != "large-to-small" && (!(g.Errors[TargetEnergy].Distinct.Mean < most) || !(g.Errors[TargetTime].Distinct.Mean < most)) {
				t.Errorf("%s, %s: energy %.3g, time %.3g", s.Split, g.Level, g.Errors[TargetEnergy].Distinct.Mean, g.Errors[TargetTime].Distinct.Mean)
			}
		}
		for _, m := range s.Methods[1:] {
			if m.Missing != "" || !(m.Levels[0].Errors[TargetTime].Distinct.Mean > s.Methods[0].Levels[0].Errors[TargetTime].Distinct.Mean) {
				t.Errorf("%s: %s is no worse (%s)", s.Split, m.Method, m.Missing)
			}
		}
	}
	if want := []string{SplitModel, "shape", "small-to-large", "large-to-small", SplitOperators}; !slices.Equal(splits, want) {
		t.Errorf("splits %q, want %q", splits, want)
	}
	if len(v.Context) != 2 || v.Context[1].Class != "softmax" || v.Context[0].Time.N != in || energytest.Relative(float64(v.Context[1].Time.Median), 2) > 1e-9 || energytest.Relative(float64(v.Context[1].Energy.High), 3) > 1e-9 {
		t.Errorf("context %+v, %d measured", v.Context, in)
	}
	for _, a := range v.Additivity {
		if energytest.Relative(float64(a.Covered), 1) > 1e-9 || energytest.Relative(float64(a.Time), 1) > 1e-9 || energytest.Relative(float64(a.Energy), 1) > 1e-9 {
			t.Errorf("%s %s %s: covered %v, energy %v, time %v", a.Level, a.Model, a.Path, a.Covered, a.Energy, a.Time)
		}
	}
	if len(v.Additivity) < 10 {
		t.Errorf("%d sums", len(v.Additivity))
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}

// TestValidateRecordsOneModel: what cannot be left out is said; asked for alone, it is an error.
func TestValidateRecordsOneModel(t *testing.T) {
	l := energytest.NewLab(energytest.LinearLaw)
	l.Products("a")
	for i := range l.Records {
		l.Records[i].Energy, l.Records[i].Boundary = nil, ""
	}
	v, err := Run(Input{Data: recordData(t, l.Records)})
	if err != nil || len(v.Splits) != 0 || len(v.Warnings) != 3 {
		t.Errorf("%v: %d splits, warnings %q", err, len(v.Splits), v.Warnings)
	}
	if _, err := Run(Input{Data: recordData(t, l.Records), Splits: []string{SplitModel}}); err == nil || !strings.Contains(err.Error(), "one model: a") {
		t.Errorf("error %v", err)
	}
}

// recordData is the data of records.
func recordData(t *testing.T, records []energy.Record) []*fit.Data {
	t.Helper()
	d, err := fit.FromRecords(fit.Records{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	return []*fit.Data{d}
}

// TestReportAgrees: the errors that a fit reports of models left out are those of a validation with the same split.
func TestReportAgrees(t *testing.T) {
	d := recordData(t, energytest.MeasuredRecords(t, energytest.NewLab(energytest.Rooflined)))
	_, report, err := fit.Fit(d[0], fit.OptionsFor(d[0].Kind))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Run(Input{Data: d, Splits: []string{SplitModel}, Methods: []string{MethodAdditive}})
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, g := range report.Groups {
		for _, l := range v.Splits[0].Methods[0].Levels {
			if l.Level != string(g.Level) {
				continue
			}
			compared++
			for target, e := range map[Target]fit.FitErrors{TargetEnergy: g.Energy, TargetTime: g.Time} {
				if f := l.Errors[target].Distinct; f.N != e.HeldOut.N || energytest.Relative(float64(f.Mean), e.HeldOut.MAPE) > 1e-9 || energytest.Relative(float64(f.P90), e.HeldOut.P90) > 1e-9 {
					t.Errorf("%s of %ss: %.4g over %d, the fit reports %.4g over %d", target, g.Level, float64(f.Mean), f.N, e.HeldOut.MAPE, e.HeldOut.N)
				}
			}
		}
	}
	if compared != 3 {
		t.Errorf("%d levels compared, want 3", compared)
	}
}
