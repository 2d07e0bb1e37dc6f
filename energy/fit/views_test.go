package fit

import (
	"bytes"
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
)

// TestViewsAgree: what the equations say of an item is what the law says of its kernels, one by one, and of the item as a
// whole.
func TestViewsAgree(t *testing.T) {
	in, _ := synthetic(t)
	d, err := FromTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	truth := energytest.Truth()
	whole, err := d.Predictor(truth)
	if err != nil {
		t.Fatal(err)
	}
	l, err := law.New(truth, d.Device, law.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.equations() {
		var joules, seconds float64
		e.Work.All(func(k *Kernel) {
			p := l.Kernel(&k.Kernel)
			if k.IsCall() {
				p = l.Call(k.Bytes)
			}
			joules, seconds = joules+float64(p.Energy), seconds+float64(p.Time)
		})
		j, s := e.sums.of(truth)
		p := whole.Predict(e.Work)
		for name, v := range map[string][3]float64{"energy": {float64(j), joules, float64(p.Energy)}, "time": {float64(s), seconds, float64(p.Time)}} {
			if energytest.Relative(v[0], v[1]) > 1e-9 || energytest.Relative(v[2], v[1]) > 1e-9 {
				t.Fatalf("%s of %s: equation %g, kernels %g, item %g", name, e.Kind, v[0], v[1], v[2])
			}
		}
	}
}

// TestReadersAgree: an operator is the same datum whether a line gives its shape or a record its kernel.
func TestReadersAgree(t *testing.T) {
	lines := rowsOf(t, "t4", 30, 1, 40)
	records := make([]energy.Record, len(lines))
	for i := range lines {
		records[i] = recordOf(t, &lines[i])
	}
	fromRecords, err := FromRecords(Records{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	fromLines := operatorData(t, lines, energytest.Device(t, "t4"))
	if len(fromRecords.Items) != len(lines) || len(fromLines.Items) != len(lines) {
		t.Fatalf("%d items of records, %d of lines, want %d", len(fromRecords.Items), len(fromLines.Items), len(lines))
	}
	o := Options{}
	var coefs [2]*coefficients.Coefficients
	for i, d := range []*Data{fromRecords, fromLines} {
		if coefs[i], _, err = Fit(d, o); err != nil {
			t.Fatal(err)
		}
	}
	for i := range coefs[0].Classes {
		a, b := &coefs[0].Classes[i], &coefs[1].Classes[i]
		for term := range a.Time {
			if math.Abs(a.Time[term]-b.Time[term]) > 1e-9*b.Time[term] || math.Abs(a.Energy[term]-b.Energy[term]) > 1e-9*b.Energy[term] {
				t.Errorf("%v: records %v in %v, lines %v in %v", a.Key, a.Energy, a.Time, b.Energy, b.Time)
				break
			}
		}
		for name, r := range a.Range {
			if r != b.Range[name] {
				t.Errorf("%v: %s of records %v, of lines %v", a.Key, name, r, b.Range[name])
			}
		}
	}
}

// recordOf is a record of an operator measured alone.
func recordOf(t *testing.T, o *operator.Operator) energy.Record {
	t.Helper()
	w := energy.Work{Class: "gemm", DType: "float32", Count: 1, MACs: o.M * o.N * o.K, Read: 4 * (o.M*o.K + o.K*o.N), Written: 4 * o.M * o.N}
	w.Products = []energy.Product{{Batch: 1, M: o.M, N: o.N, K: o.K, Weight: true}}
	if o.Op == "add" {
		w = energy.Work{Class: "elementwise", DType: "float32", Count: 1, Read: 2 * 4 * o.B * o.H, Written: 4 * o.B * o.H}
	}
	return energy.Record{
		Device: energy.RecordDevice{ID: "t4"}, Level: energy.LevelOperator, Boundary: energy.BoundaryBoard, Signature: o.String(),
		Op: o.Op, Class: w.Class, Work: []energy.Work{w}, Energy: &o.Energy, Time: &o.Time,
	}
}

// TestSelect: a selection of everything is the data, and parts of it are what they are alone.
func TestSelect(t *testing.T) {
	in, _ := synthetic(t)
	d, err := FromTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Exclude = []string{"b"}
	alone, err := FromTrees(in)
	if err != nil {
		t.Fatal(err)
	}
	fitted := func(d *Data) []byte {
		c, _, err := Fit(d, OptionsFor(d.Kind))
		if err != nil {
			t.Fatal(err)
		}
		return energytest.Written(t, c)
	}
	if all := d.Select(func(*Item) bool { return true }); !bytes.Equal(fitted(all), fitted(d)) {
		t.Error("a selection of everything is fitted otherwise")
	}
	if a := d.Select(func(it *Item) bool { return it.Model == "a" }); !bytes.Equal(fitted(a), fitted(alone)) {
		t.Error("a selected model is fitted otherwise than the model read alone")
	}
}
