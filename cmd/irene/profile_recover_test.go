package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/irene-onnx/irene/fixtures"
)

// TestProfileRecovers measures four models on the made-up device and predicts each from the other three. What the device
// takes is not of the form that is fitted: the longer of arithmetic and traffic, a cache, launches that the host holds up,
// a power limit that lowers clocks, a drift of 3 %, 5 % of noise from kernel to kernel, a counter updated every 100 ms.
// BERT and DistilBERT share operators: what is left out with the one stays with the other.
func TestProfileRecovers(t *testing.T) {
	dir := t.TempDir()
	records := filepath.Join(dir, "r.jsonl")
	args := []string{"profile", "--executor", "fake", "-o", records, "--dim", "batch=1,4,16,32", "--dim", "sequence=32,128,512", "--dim", "past_sequence=128,512"}
	for _, name := range []string{"bert-base", "distilbert-base", "gpt2-past", "qwen2-3layers-decode"} {
		path := filepath.Join(dir, name+".onnx")
		if err := os.WriteFile(path, fixtures.Model(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	var out, err bytes.Buffer
	if status := run(args, nil, &out, &err); status != exitDone {
		t.Fatalf("exit status %d: %s", status, &err)
	}
	out.Reset()
	if status := run([]string{"validate", "--data", records, "--split", "model", "--method", "additive", "--format", "json"}, nil, &out, &err); status != exitDone {
		t.Fatalf("exit status %d: %s", status, &err)
	}
	var v struct {
		Splits []struct {
			Methods []struct {
				Levels []struct {
					Level        string
					Energy, Time struct {
						N    int
						Mean float64
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	limits := map[string]float64{"model": 0.04, "operator": 0.08}
	for _, l := range v.Splits[0].Methods[0].Levels {
		t.Logf("%s: %d, energy %.2f %%, time %.2f %%", l.Level, l.Energy.N, 100*l.Energy.Mean, 100*l.Time.Mean)
		limit, ok := limits[l.Level]
		if ok && (l.Energy.N < 50 || l.Energy.Mean > limit) {
			t.Errorf("%s: energies of %d are off by %.2f %%, want at most %.0f %%", l.Level, l.Energy.N, 100*l.Energy.Mean, 100*limit)
		}
		delete(limits, l.Level)
	}
	if len(limits) > 0 {
		t.Errorf("nothing is said of %v", limits)
	}
}
