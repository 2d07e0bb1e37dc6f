package predict

import (
	"os"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/onnx"
)

func TestZZ(t *testing.T) {
	f, _ := os.Open("/work/shared/irene/irene_device_1.jsonl.gz")
	t0 := time.Now()
	trees, _ := irene.Read(f, "x")
	t.Log("read", time.Since(t0), len(trees))
	in := TrainInput{Trees: trees, Models: map[string]*graph.Graph{}, Runtime: "eager"}
	in.Device, _ = energy.LookupDevice("gtx-1070")
	t0 = time.Now()
	for k, v := range map[string]string{"bert-base-uncased": "bert-base", "distilbert-base-uncased": "distilbert-base", "roberta-base": "roberta-base", "gpt2": "gpt2", "distilgpt2": "distilgpt2", "openai-gpt": "openai-gpt"} {
		g, err := onnx.Decode("/work/shared/models/"+v+".onnx.gz", onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		in.Models[k] = g
	}
	t.Log("decode", time.Since(t0))
	t0 = time.Now()
	eqs, _, err := collect(&in, ranges{})
	t.Log("collect", time.Since(t0), len(eqs), err)
	t0 = time.Now()
	fit(eqs, &in)
	t.Log("fit", time.Since(t0))
	t0 = time.Now()
	residuals(eqs, &in)
	t.Log("resid", time.Since(t0))
	t0 = time.Now()
	cols := newColumns(eqs)
	t.Log(cols.n(), len(cols.keys))
}
