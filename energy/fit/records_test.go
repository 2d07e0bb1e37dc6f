package fit

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/internal/predicttest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
)

// trainRecords fits coefficients to records.
func trainRecords(in Records) (*coefficients.Coefficients, *Report, error) {
	d, err := FromRecords(in)
	if err != nil {
		return nil, nil, err
	}
	return Fit(d, OptionsFor(d.Kind))
}

func trained(t testing.TB, in Records) (*coefficients.Coefficients, *Report) {
	t.Helper()
	c, report, err := trainRecords(in)
	if err != nil {
		t.Fatal(err)
	}
	return c, report
}

// TestRecordsLinear: what follows a law that is linear in the terms is found again, but for what the fit holds to the data
// sheet, which weighs more beside times than beside energies; and it predicts sizes nobody measured.
func TestRecordsLinear(t *testing.T) {
	records := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	c, report := trained(t, Records{Records: records, Files: []string{"/somewhere/r.jsonl"}})
	if c.Device != "gtx-1070" || c.DeviceRow != nil || c.Boundary != energy.BoundaryBoard || c.Profile != "eager" {
		t.Errorf("coefficients of %q (row %v), %s, %s", c.Device, c.DeviceRow, c.Boundary, c.Profile)
	}
	if p := c.Provenance; !slices.Equal(p.Models, []string{"a", "b"}) || !slices.Equal(p.Data, []string{"r.jsonl"}) || p.Batch != [2]int64{1, 32} || p.Sequence != [2]int64{16, 256} || p.Equations != report.Used {
		t.Errorf("provenance %+v, %d used", p, report.Used)
	}
	if report.LeftOut != "model" || len(report.Groups) != 3 {
		t.Fatalf("left out %q, levels %+v", report.LeftOut, report.Groups)
	}
	for _, l := range report.Groups {
		for name, e := range map[string]FitErrors{"energy": l.Energy, "time": l.Time} {
			most := map[string]float64{"energy": 0.01, "time": 0.03}[name]
			if !(e.Fitted.MAPE < most) || !(e.HeldOut.MAPE < 0.04) || e.Fitted.N != l.N {
				t.Errorf("%s, %s: fitted %.3g of %d, held out %.3g", l.Level, name, e.Fitted.MAPE, e.Fitted.N, e.HeldOut.MAPE)
			}
		}
	}
	// an operator of a size between those measured, against the law itself
	w := energy.Work{Class: "gemm", DType: "float32", Count: 1, MACs: 300 * 1024 * 1024, Read: 4 * (300*1024 + 1024*1024), Written: 4 * 300 * 1024, Products: []energy.Product{{Batch: 1, M: 300, N: 1024, K: 1024, Weight: true}}}
	k, _ := kernelOf(&w)
	l, err := law.New(c, energytest.Device(t, "gtx-1070"), law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := l.Kernel(&k)
	seconds, joules := energytest.LinearLaw(&w)
	if energytest.Relative(float64(got.Time), float64(seconds)) > 0.02 || energytest.Relative(float64(got.Energy), float64(joules)) > 0.02 {
		t.Errorf("predicted %v in %v, want %v in %v", got.Energy, got.Time, joules, seconds)
	}
	energytest.CheckPower(t, c, 1e-9)
	if text := report.String(); !strings.Contains(text, "gemm          float32") || !strings.Contains(text, "model held out") {
		t.Errorf("report:\n%s", text)
	}
}

// TestRecordsRoofline: a law with a maximum in it is not linear, and is met within the errors that a sum in the place of
// a maximum makes: at most twice, a fifth on average.
func TestRecordsRoofline(t *testing.T) {
	c, report := trained(t, Records{Records: energytest.MeasuredRecords(t, energytest.NewLab(energytest.Rooflined))})
	for _, l := range report.Groups {
		if !(l.Energy.Fitted.MAPE < 0.2) || !(l.Time.Fitted.MAPE < 0.2) || !(l.Time.Fitted.Max < 1) {
			t.Errorf("%s: energy %.3g, time %.3g (at most %.3g)", l.Level, l.Energy.Fitted.MAPE, l.Time.Fitted.MAPE, l.Time.Fitted.Max)
		}
	}
	if len(c.Residuals.Levels) != 3 {
		t.Errorf("residuals of %v", c.Residuals.Levels)
	}
}

// TestRecordsTimeOnly: times alone give times alone, of models too, and energies are unknown wherever they are asked for.
func TestRecordsTimeOnly(t *testing.T) {
	records := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	for i := range records {
		records[i].Energy, records[i].Boundary, records[i].Method = nil, "", energy.MethodTime
	}
	c, report := trained(t, Records{Records: records})
	if c.HasEnergy() || c.Boundary != "" || c.Power != (coefficients.PowerRange{}) || report.TimeOnly != report.Used {
		t.Errorf("energies %v, scope %q, power %v, %d of %d time only", c.HasEnergy(), c.Boundary, c.Power, report.TimeOnly, report.Used)
	}
	for _, l := range report.Groups {
		if l.Energy.Fitted.N != 0 || !(l.Time.Fitted.MAPE < 0.01) || !(l.Time.HeldOut.MAPE < 0.03) {
			t.Errorf("%s: %+v", l.Level, l)
		}
	}
	again, err := coefficients.Load(bytes.NewReader(energytest.Written(t, c)), "c.json")
	if err != nil {
		t.Fatal(err)
	}
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 5, "sequence": 100})
	for _, id := range []string{"gtx-1070", "t4"} {
		r := predicttest.Predicted(t, a, again, energytest.Device(t, id))
		sum := r.Modules[a.Tree.Root]
		if !r.NoEnergy || sum.Energy != 0 || !(sum.Time > 0) || !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "energy is not known") }) {
			t.Errorf("%s: no energy %v, %v in %v, warnings %q", id, r.NoEnergy, sum.Energy, sum.Time, r.Warnings)
		}
	}
	// the whole model's time, against the law
	want := energytest.NewLab(energytest.LinearLaw)
	want.Model(t, "a", a)
	r := predicttest.Predicted(t, a, again, energytest.Device(t, "gtx-1070"))
	for _, record := range want.Records {
		if record.Level == energy.LevelModel && energytest.Relative(float64(r.Modules[a.Tree.Root].Time), float64(*record.Time)) > 0.02 {
			t.Errorf("%v, want %v", r.Modules[a.Tree.Root].Time, *record.Time)
		}
	}
	m := &measured.Overlay{Modules: map[*graph.Module]measured.Measurement{a.Tree.Root: {Time: 1, Energy: 5}}, Boundary: energy.BoundaryBoard}
	for _, mode := range []predict.Mode{predict.ModeTimes, predict.ModeMetered} {
		r := predicttest.Predicted(t, a, again, energytest.Device(t, "gtx-1070"))
		if err := measured.Apply(r, a, m, mode, again); err != nil {
			t.Fatal(err)
		}
		if mode == predict.ModeMetered && energytest.Relative(float64(r.Modules[a.Tree.Root].Time), 1) > 1e-9 {
			t.Errorf("measured: %v, want 1 s", r.Modules[a.Tree.Root].Time)
		}
	}
}

// TestRecordsMixed: records without energy among others count for their times, and no less.
func TestRecordsMixed(t *testing.T) {
	records := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	dropped := 0
	for i := range records {
		if records[i].Class == "softmax" || i%4 == 0 {
			records[i].Energy = nil
			dropped++
		}
	}
	c, report := trained(t, Records{Records: records})
	if report.TimeOnly != dropped || !c.HasEnergy() {
		t.Errorf("%d time only, want %d", report.TimeOnly, dropped)
	}
	for _, l := range report.Groups {
		if !(l.Energy.Fitted.MAPE < 0.01) || !(l.Time.Fitted.MAPE < 0.03) || l.Time.Fitted.N != l.N || l.Energy.Fitted.N >= l.N {
			t.Errorf("%s: energy %.3g of %d, time %.3g of %d", l.Level, l.Energy.Fitted.MAPE, l.Energy.Fitted.N, l.Time.Fitted.MAPE, l.Time.Fitted.N)
		}
	}
}

// TestRecordsPassedOver: each reason not to take a record is counted, and the fit does not see the record.
func TestRecordsPassedOver(t *testing.T) {
	clean := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	want := energytest.Written(t, first(trained(t, Records{Records: clean})))
	spoil := func(change func(*energy.Record)) energy.Record {
		r := clean[0]
		j, s := *r.Energy*7, *r.Time*9
		r.Energy, r.Time = &j, &s
		change(&r)
		return r
	}
	records := append(slices.Clone(clean),
		spoil(func(r *energy.Record) { r.Flags = []string{energy.FlagCV} }),
		spoil(func(r *energy.Record) { r.Flags = []string{energy.FlagHostBound} }),
		spoil(func(r *energy.Record) { r.Context = energy.ContextModel }),
		spoil(func(r *energy.Record) { r.Work = nil; r.Signature = "x" }),
		spoil(func(r *energy.Record) { r.Model = "c" }),
		spoil(func(r *energy.Record) {
			r.Signature = "y"
			r.Work = []energy.Work{{Class: "gemm", DType: "float5", Count: 1}}
		}),
	)
	if clean[0].Level != energy.LevelOperator {
		t.Fatalf("the first record is a %s", clean[0].Level)
	}
	c, report := trained(t, Records{Records: records, Exclude: []string{"c"}})
	for _, reason := range []string{energy.FlagCV, energy.FlagHostBound, measured.ReasonContext, passedWork, passedModel, passedDType} {
		if report.Passed[reason] != 1 {
			t.Errorf("%s: %d passed over, want 1", reason, report.Passed[reason])
		}
	}
	if !bytes.Equal(energytest.Written(t, c), want) {
		t.Error("the fit is another one")
	}
	if text := report.String(); !strings.Contains(text, "1 "+energy.FlagHostBound) {
		t.Errorf("report:\n%s", text)
	}
}

func first[T, U any](v T, _ U) T { return v }

// TestRecordsRepeated: measurements of one thing count once, with their median; anchors are no more than others.
func TestRecordsRepeated(t *testing.T) {
	clean := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	want := energytest.Written(t, first(trained(t, Records{Records: clean})))
	records := slices.Clone(clean)
	for i, by := range []float64{0.5, 1.01, 1.02, 1.7} { // with the clean one: median 1.01
		r := clean[0]
		j, s := *r.Energy*energy.Joules(by/1.01), *r.Time*energy.Seconds(by/1.01)
		r.Energy, r.Time, r.Anchor = &j, &s, true
		r.Timestamp = time.Unix(int64(1000+i), 0)
		records = append(records, r)
	}
	c, report := trained(t, Records{Records: records})
	if report.Repeated != 4 || report.Used != len(clean) {
		t.Errorf("%d repeated, %d used of %d", report.Repeated, report.Used, len(clean))
	}
	again, err := coefficients.Load(bytes.NewReader(energytest.Written(t, c)), "")
	if err != nil {
		t.Fatal(err)
	}
	same, _ := coefficients.Load(bytes.NewReader(want), "")
	for i := range again.Classes {
		if x, y := again.Classes[i].Time[coefficients.Bytes], same.Classes[i].Time[coefficients.Bytes]; math.Abs(x-y) > 1e-6*y {
			t.Errorf("%s: %g a byte, without repetitions %g", again.Classes[i].Class, x, y)
		}
	}
}

// TestRecordsMixesRefused: several devices, boundaries and profiles are an error that names them, and a choice resolves it.
func TestRecordsMixesRefused(t *testing.T) {
	clean := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	other := func(change func(*energytest.Lab)) []energy.Record {
		l := energytest.NewLab(energytest.LinearLaw)
		change(l)
		l.Products("")
		return append(slices.Clone(clean), l.Records...)
	}
	for name, c := range map[string]struct {
		records []energy.Record
		want    []string
		choose  Records
	}{
		"devices":  {other(func(l *energytest.Lab) { l.Device = energy.RecordDevice{ID: "t4"} }), []string{"gtx-1070", "t4", "--device"}, Records{Device: "T4"}},
		"scopes":   {other(func(l *energytest.Lab) { l.Boundary = energy.BoundaryPackage }), []string{"board", "package", "--scope"}, Records{Boundary: energy.BoundaryPackage}},
		"profiles": {other(func(l *energytest.Lab) { l.Profile = "ort-basic" }), []string{"eager", "ort-basic", "--runtime"}, Records{Profile: "ort-basic"}},
	} {
		_, _, err := trainRecords(Records{Records: c.records})
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q in it", name, err, want)
			}
		}
		in := c.choose
		in.Records = c.records
		if _, _, err := trainRecords(in); err != nil {
			t.Errorf("%s, chosen: %v", name, err)
		}
	}
	for name, in := range map[string]Records{
		"a device that is not there": {Records: clean, Device: "h100-sxm"},
		"a scope that is not there":  {Records: clean, Boundary: energy.BoundaryWall},
		"nothing":                    {},
		"nothing usable":             {Records: clean, Exclude: []string{"a", "b", ""}},
	} {
		if _, _, err := trainRecords(in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRecordsWall: energies at the plug are taken where they are asked for, and tell what of them is the host's.
func TestRecordsWall(t *testing.T) {
	records := energytest.MeasuredRecords(t, energytest.NewLab(energytest.LinearLaw))
	for i := range records {
		wall := 1.1**records[i].Energy + energy.Joules(30*float64(*records[i].Time))
		records[i].WallEnergy = &wall
	}
	board, _ := trained(t, Records{Records: records})
	wall, report := trained(t, Records{Records: records, Boundary: energy.BoundaryWall})
	if board.Boundary != energy.BoundaryBoard || wall.Boundary != energy.BoundaryWall || report.TimeOnly != 0 {
		t.Errorf("scopes %s, %s; %d time only", board.Boundary, wall.Boundary, report.TimeOnly)
	}
	if h := wall.Host; h == nil || energytest.Relative(float64(h.Watts), 30) > 1e-6 || energytest.Relative(h.Factor, 1.1) > 1e-6 {
		t.Errorf("host %+v, want 30 W and 1.1", h)
	}
}

// TestRecordsUnlisted: a device that the table does not have comes with the file, with numbers that the records tell.
func TestRecordsUnlisted(t *testing.T) {
	l := energytest.NewLab(energytest.LinearLaw)
	limit := energy.Watts(200)
	l.Device = energy.RecordDevice{Name: "Made-Up(R) CPU  X1", Kind: "cpu", Units: 8, CacheBytes: 4 << 20, MemoryBytes: 16 << 30, PowerLimit: &limit}
	l.Boundary = energy.BoundaryPackage
	c, report := trained(t, Records{Records: energytest.MeasuredRecords(t, l)})
	again, err := coefficients.Load(bytes.NewReader(energytest.Written(t, c)), "c.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := again.Row()
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != "made-up-r-cpu-x1" || again.Device != d.ID || !report.Unlisted || d.SMs != 8 || d.L2Bytes != 4<<20 || d.MemoryBytes != 16<<30 || d.TDP != 200 || !d.Estimated(energy.EstimatePeaks) {
		t.Errorf("row %+v", d)
	}
	// the best product of the sizes above: the time per operation is 3e-13 s, less what bytes and launches take
	best := 0.0
	for _, r := range l.Records {
		if r.Class == "gemm" && r.Level == energy.LevelOperator {
			best = max(best, 2*float64(r.Work[0].MACs)/float64(*r.Time))
		}
	}
	if p, ok := d.PeakMatrix("float32"); !ok || energytest.Relative(float64(p), 1.05*best) > 1e-9 {
		t.Errorf("peak %v, want %.4g", p, 1.05*best)
	}
	// bytes take 5e-12 or 6e-12 s each, so that nothing streams faster than 2e11 bytes a second
	if b := float64(d.Bandwidth); b < 1.2e11 || b > 2e11 {
		t.Errorf("bandwidth %v", d.Bandwidth)
	}
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 5, "sequence": 100})
	r := predicttest.Predicted(t, a, again, d)
	if r.Origin != predict.OriginFitted || !(r.Modules[a.Tree.Root].Energy > 0) {
		t.Errorf("origin %s, %v", r.Origin, r.Modules[a.Tree.Root].Energy)
	}
	scaled := predicttest.Predicted(t, a, again, energytest.Device(t, "gtx-1070"))
	if scaled.Origin != predict.OriginEstimated || !(scaled.Modules[a.Tree.Root].Energy > 0) {
		t.Errorf("scaled: %s, %v", scaled.Origin, scaled.Modules[a.Tree.Root].Energy)
	}
	if !bytes.Equal(energytest.Written(t, again), energytest.Written(t, c)) {
		t.Error("other bytes when written, read and written again")
	}
}

// TestRecordsBareDevice: a device of which nothing is known but its name, measured by the clock alone, has a row with
// what there is.
func TestRecordsBareDevice(t *testing.T) {
	l := energytest.NewLab(energytest.LinearLaw)
	l.Device = energy.RecordDevice{Name: "x"}
	records := energytest.MeasuredRecords(t, l)
	for i := range records {
		records[i].Energy, records[i].Boundary = nil, ""
	}
	c, _ := trained(t, Records{Records: records})
	d, err := c.Row()
	if err != nil || d.ID != "x" || d.SMs != 0 || d.TDP != 0 || d.L2Bytes != 0 {
		t.Errorf("row %+v, %v", d, err)
	}
	a := energytest.Analyzed(t, energytest.Encoder(t), map[string]int64{"batch": 5, "sequence": 100})
	if s := predicttest.Predicted(t, a, c, d).Modules[a.Tree.Root]; !(s.Time > 0) || s.Energy != 0 {
		t.Errorf("%v in %v", s.Energy, s.Time)
	}
}
