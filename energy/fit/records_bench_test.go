package fit

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/internal/energytest"
)

// session is a long session on one board: n operators of as many sizes, an anchor after every tenth.
func session(n int) []energy.Record {
	lab := energytest.NewLab(energytest.LinearLaw)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	out := make([]energy.Record, 0, n)
	for i := range n {
		m := int64(16 + i)
		anchor := i%10 == 9
		if anchor {
			m = 16
		}
		r := lab.Record(energy.LevelOperator, fmt.Sprint("model ", i%7), map[string]int64{"batch": 1 + int64(i%50)}, energy.Work{
			Class: "gemm", DType: "float32", Count: 1, MACs: m * 768 * 768, Read: 4 * (m*768 + 768*768), Written: 4 * m * 768,
			Products: []energy.Product{{Batch: 1, M: m, N: 768, K: 768, Weight: true}},
		})
		r.Op, r.Class, r.Signature = "MatMul", "gemm", fmt.Sprint("MatMul ", m)
		r.Session, r.Timestamp, r.Anchor = "s", start.Add(time.Duration(i)*time.Second), anchor
		out = append(out, r)
	}
	return out
}

func BenchmarkFromRecords(b *testing.B) {
	for _, n := range []int{3000, 27000} {
		records := session(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := FromRecords(Records{Records: records}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTrainRecords(b *testing.B) {
	records := session(27000)
	for b.Loop() {
		if _, _, err := trainRecords(Records{Records: records}); err != nil {
			b.Fatal(err)
		}
	}
}

// What reading allocates grows as the records do, and is little for each.
func TestFromRecordsIsLinear(t *testing.T) {
	bytes := func(n int) float64 {
		records := session(n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := FromRecords(Records{Records: records}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	}
	few, many := bytes(2000), bytes(16000)
	if few > 16e3 || many > 1.5*few {
		t.Errorf("%.0f B a record of 2000, %.0f of 16000", few, many)
	}
}
