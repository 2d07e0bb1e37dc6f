package doubts

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
)

// TestKernelCoverage: a module of two equal kernels and another one, whose operators were measured once each.
func TestKernelCoverage(t *testing.T) {
	gemm := energy.Work{Class: "gemm", DType: "float16", Count: 1, MACs: 100, Read: 10, Written: 5}
	norm := energy.Work{Class: "norm", DType: "float16", Count: 1, Read: 7, Written: 7}
	of := func(level energy.Level, name string, joules energy.Joules, work ...energy.Work) *energy.Record {
		return &energy.Record{
			Schema: energy.RecordSchema, Device: energy.RecordDevice{ID: "h200"}, Method: energy.MethodCounter, Boundary: energy.BoundaryBoard, Level: level,
			Signature: name, Path: name, Work: work, Energy: &joules,
		}
	}
	twice := gemm
	twice.Count = 2
	module := of(energy.LevelModule, "layer", 10, twice, norm)
	parts := []*energy.Record{of(energy.LevelOperator, "g", 3, gemm), of(energy.LevelOperator, "no", 2, norm)}
	got := coverage(append(parts, module))
	if len(got) != 1 || got[0].share != 0.8 || got[0].what != "energy" || got[0].parent != 2 {
		t.Errorf("2×3 J and 2 J of 10 J: %+v", got)
	}
	if got := coverage([]*energy.Record{parts[0], module}); got != nil {
		t.Errorf("a kernel that was not measured: %+v", got)
	}
	elsewhere := *parts[1]
	elsewhere.Device.ID = "t4"
	if got := coverage([]*energy.Record{parts[0], &elsewhere, module}); got != nil {
		t.Errorf("a kernel measured on another device: %+v", got)
	}
}

// TestFind: a T4 has 65 TFLOP/s in float16 and 8.1 in float32, 320 GB/s and 70 W.
func TestFind(t *testing.T) {
	of := func(change func(*energy.Record)) *energy.Record {
		seconds, joules, idle := energy.Seconds(1), energy.Joules(50), energy.Watts(10)
		r := &energy.Record{
			Schema: energy.RecordSchema, Device: energy.RecordDevice{ID: "t4"}, Method: energy.MethodCounter, Boundary: energy.BoundaryBoard,
			Level: energy.LevelOperator, Op: "MatMul", DType: "float16", Buffers: "rotated", Time: &seconds, Energy: &joules, Idle: &idle,
			Features: map[string]float64{"flops": 6e13, "bytes": 3e11},
		}
		change(r)
		return r
	}
	for _, tt := range []struct {
		name   string
		change func(*energy.Record)
		want   string // "" for no doubt
	}{
		{"plausible", func(*energy.Record) {}, ""},
		{"faster than the peak", func(r *energy.Record) { r.Features["flops"] = 7e13 }, "the peak of t4 is 65.00 TFLOP/s"},
		{"faster than the peak of its type", func(r *energy.Record) { r.DType = "float32" }, "the peak of t4 is 8.100 TFLOP/s"},
		{"faster than the memory", func(r *energy.Record) { r.Features["bytes"] = 4e11 }, "the memory of t4 gives 320.0 GB/s at most"},
		{"out of the cache", func(r *energy.Record) { r.Level, r.Features["bytes"] = energy.LevelModule, 4e11 }, ""},
		{"above the limit", func(r *energy.Record) { *r.Energy = 80 }, "80.0 W: the power limit is 70.0 W"},
		{"above the limit, at the plug", func(r *energy.Record) { r.Boundary, *r.Energy = energy.BoundaryWall, 80 }, ""},
		{"below a limit of its own", func(r *energy.Record) { limit := energy.Watts(90); r.Device.PowerLimit, *r.Energy = &limit, 80 }, ""},
		{"below the idle power", func(r *energy.Record) { *r.Energy = 9 }, "9.00 W: less than the idle power of 10.0 W"},
		{"a device of no table", func(r *energy.Record) { r.Device.ID, r.Features["flops"] = "mine", 1e18 }, ""},
		{"a time alone", func(r *energy.Record) { r.Energy = nil }, ""},
		{"no time", func(r *energy.Record) { r.Time = nil }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Find([]*energy.Record{of(tt.change)})
			if tt.want == "" && got != nil || tt.want != "" && (len(got) != 1 || got[0].CopyOf != -1 || !strings.HasSuffix(got[0].Why, tt.want)) {
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
	same := func(*energy.Record) {}
	if got := Find([]*energy.Record{of(same), of(func(r *energy.Record) { *r.Energy = 51 }), of(same)}); len(got) != 1 || got[0] != (Doubt{Record: 2, CopyOf: 0}) {
		t.Errorf("a copy: %+v", got)
	}
}
