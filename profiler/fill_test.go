package profiler_test

import (
	"reflect"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// described is an executor and a meter that only describe themselves.
type described struct {
	profiler.Executor
	x profiler.Description
}

func (d described) Describe() profiler.Description { return d.x }

type describedMeter struct {
	profiler.Meter
	m profiler.MeterDescription
}

func (d describedMeter) Describe() profiler.MeterDescription { return d.m }

// TestFill holds who is believed: the task before the meter, the meter before the executor.
func TestFill(t *testing.T) {
	env := profiler.Environment{
		Session: "s",
		Executor: described{x: profiler.Description{
			Runtime: energy.Runtime{Name: "onnxruntime", Version: "1.24", Options: map[string]string{"provider": "cuda", "tf32": "0"}},
			Device:  energy.RecordDevice{Name: "GPU 0", Kind: "gpu", Units: 132, CacheBytes: 50 << 20},
		}},
		Meter: describedMeter{m: profiler.MeterDescription{
			Method: energy.MethodCounter, Boundary: energy.BoundaryBoard, Driver: "580.65",
			Device: energy.RecordDevice{Name: "NVIDIA H100", UUID: "GPU-1", PowerLimit: new(energy.Watts(700)), MemoryBytes: 80 << 30},
		}},
	}
	got := env.Fill(energy.Record{
		Level: energy.LevelOperator, Op: "MatMul", Device: energy.RecordDevice{ID: "h100-sxm"},
		Runtime: energy.Runtime{Profile: "ort-basic", Options: map[string]string{"tf32": "1"}},
	})
	want := energy.Record{
		Schema: energy.RecordSchema, Level: energy.LevelOperator, Op: "MatMul", Session: "s", Driver: "580.65",
		Method: energy.MethodCounter, Boundary: energy.BoundaryBoard,
		Device: energy.RecordDevice{
			ID: "h100-sxm", Name: "NVIDIA H100", UUID: "GPU-1", PowerLimit: new(energy.Watts(700)), Kind: "gpu",
			Units: 132, CacheBytes: 50 << 20, MemoryBytes: 80 << 30,
		},
		Runtime: energy.Runtime{Name: "onnxruntime", Version: "1.24", Profile: "ort-basic", Options: map[string]string{"provider": "cuda", "tf32": "1"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	env.Meter = nil
	if r := env.Fill(energy.Record{}); r.Method != energy.MethodTime || r.Boundary != "" || r.Device.Name != "GPU 0" {
		t.Errorf("without a meter: %+v", r)
	}
}
