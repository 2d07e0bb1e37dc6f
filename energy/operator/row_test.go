package operator

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/bounded"
)

func TestRowKernels(t *testing.T) {
	a100 := energytest.Device(t, "a100-pcie-40gb")
	for _, c := range []struct {
		row          string
		class        string
		dtype        graph.DType
		flops, bytes float64
	}{
		{`{"op":"linear","B":4,"M":8,"N":16,"K":32}`, "gemm", graph.Float32, 2 * 4 * 8 * 16 * 32, 4 * (4*8*32 + 32*16 + 4*8*16)},
		{`{"op":"linear","m":8,"n":16,"k":32,"dtype":"torch.float16"}`, "gemm", graph.Float16, 2 * 8 * 16 * 32, 2 * (8*32 + 32*16 + 8*16)},
		{`{"op":"bmm","B":4,"M":8,"N":16,"K":32}`, "bmm", graph.Float32, 2 * 4 * 8 * 16 * 32, 4 * 4 * (8*32 + 32*16 + 8*16)},
		{`{"op":"matmul","M":8,"N":16,"K":32}`, "gemm", graph.Float32, 2 * 8 * 16 * 32, 4 * (8*32 + 32*16 + 8*16)},
		{`{"op":"matmul","B":2,"M":8,"N":16,"K":32}`, "bmm", graph.Float32, 4 * 8 * 16 * 32, 8 * (8*32 + 32*16 + 8*16)},
		{`{"op":"ADD","B":10,"H":100}`, "elementwise", graph.Float32, 0, 3 * 4 * 1000},
		{`{"op":"addu","B":10,"H":100.0,"N":null}`, "elementwise", graph.Float32, 0, 2 * 4 * 1000},
		{`{"op":"gelu","B":10,"H":100,"dtype":"bf16"}`, "activation", graph.BFloat16, 0, 2 * 2 * 1000},
		{`{"op":"softmax","B":10,"H":100}`, "softmax", graph.Float32, 0, 2 * 4 * 1000},
		{`{"op":"ln","B":10,"H":100}`, "norm", graph.Float32, 0, 2 * 4 * 1000},
		{`{"op":"add_rmsnorm","B":10,"H":100,"dtype":"fp16"}`, "norm", graph.Float16, 0, 4 * 2 * 1000},
		{`{"op":"silu_and_mul","B":10,"H":100,"dtype":"fp16"}`, "activation", graph.Float16, 0, 3 * 2 * 1000},
		{`{"op":"attention","B":2,"heads":8,"kv_heads":2,"head_dim":64,"S_q":1,"S_kv":100,"dtype":"bf16","kv_dtype":"fp8"}`, "attention", graph.BFloat16, 4 * 2 * 8 * 64 * 100, 2*2*(2*8*64) + 2*2*2*100*64},
		{`{"op":"moe","tokens":4,"hidden":64,"inter":32,"topk":2,"experts":8,"tp":2,"dtype":"nvfp4"}`, "moe", graph.BFloat16, 6 * 4 * 2 * 64 * 16, 2 * 2 * 4 * 64},
		{`{"op":"embedding","B":10,"H":100}`, "gather", graph.Float32, 0, 2*4*1000 + 8*10},
	} {
		row, err := parseRow([]byte(c.row))
		if err != nil {
			t.Errorf("%s: %v", c.row, err)
			continue
		}
		k, err := row.Kernel(a100)
		if err != nil || !k.Known {
			t.Errorf("%s: %v, known %v", c.row, err, k.Known)
		}
		if k.Class != c.class || k.DType != c.dtype || 2*k.MACs != c.flops || k.Bytes != c.bytes {
			t.Errorf("%s: %s %v, %g FLOPs, %g bytes; want %s %v, %g, %g", c.row, k.Class, k.DType, 2*k.MACs, k.Bytes, c.class, c.dtype, c.flops, c.bytes)
		}
	}
}

func TestRowsRefused(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{`[1]`, "not a JSON object"},
		{`{"op":"add","B":1,"H":NaN}`, "not a JSON object: invalid character 'N'"},
		{`{"op":"add","B":1,"H":2`, "not a JSON object"},
		{`{"op":"add","B":1,"H":2} {}`, "more than one JSON object"},
		{`{"B":1,"H":2}`, "no op"},
		{`{"op":"add","B":0,"H":1}`, "B is 0: sizes are integers of at least 1"},
		{`{"op":"add","B":1,"H":-3}`, "H is -3"},
		{`{"op":"add","B":1,"H":1.5}`, "H is 1.5"},
		{`{"op":"add","B":1,"H":"2"}`, `H is "2"`},
		{`{"op":"add","B":1,"b":1,"H":2}`, "b is given twice"},
		{`{"op":"bmm","B":1000000,"M":1000000,"N":1000000,"K":1000000}`, "more than any device runs"},
		{`{"op":"linear","M":-8,"N":1,"K":1,"quant":"fp8"}`, "M is -8: sizes are integers of at least 1"},
		{`{"op":"linear","M":NaN,"N":1,"K":1}`, "not a JSON object: invalid character 'N'"},
		{`{"op":"softmax","B":1,"H":2,"quant":"fp8"}`, "softmax: quant fp8 is for linear and moe"},
		{`{"op":"attention","phase":"decode","B":1,"heads":8,"kv_heads":3,"head_dim":64,"S_q":1,"S_kv":9}`, "8 heads do not share 3"},
		{`{"op":"attention","phase":"decode","B":1,"heads":8,"kv_heads":4,"head_dim":64,"S_q":2,"S_kv":9}`, "S_q is 2: decoding has one token a sequence"},
		{`{"op":"attention","phase":"fill","B":1,"heads":8,"kv_heads":4,"head_dim":64,"S_q":2,"S_kv":9}`, `phase "fill": want prefill, decode or encoder`},
		{`{"op":"attention","B":1,"heads":8,"kv_heads":4,"head_dim":64,"S_q":2,"S_kv":9,"causal":3}`, "causal is 3: want true or false"},
		{`{"op":"attention","B":1,"heads":8,"kv_heads":-4,"head_dim":64,"S_q":2,"S_kv":9}`, "kv_heads is -4"},
		{`{"op":"moe","tokens":1,"hidden":64,"inter":64,"topk":9,"experts":8}`, "topk is 9: there are 8 experts"},
		{`{"op":"moe","tokens":1,"hidden":64,"inter":64,"topk":2,"experts":8,"ep":16}`, "ep is 16: there are 8 experts"},
		{`{"op":"moe","tokens":1,"hidden":64,"inter":64,"topk":2,"experts":8,"tp":128}`, "tp is 128: experts are 64 wide"},
		{`{"op":"add","B":1,"H":2,"dtype":"flot"}`, `unknown element type "flot"`},
		{`{"op":"add","B":1,"H":2,"dtype":"string"}`, "no width"},
		{`{"op":"add","B":1,"H":2,"dtype":3}`, "dtype is 3: want a string"},
		{`{"op":"add","B":1,"H":2,"latency_ms":-1}`, "latency_ms is -1: measured values are finite and positive"},
		{`{"op":"add","B":1,"H":2,"latency_ms":0}`, "latency_ms is 0"},
		{`{"op":"add","B":1,"H":2,"energy_j":1e999}`, "energy_j is 1e999"},
		{`{"op":"add","B":1,"H":2,"energy_j":"1"}`, `energy_j is "1"`},
	} {
		_, err := parseRow([]byte(c.row))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.row, err, c.want)
		}
	}
}

// TestRowsUnknown: what a row leaves open is no error, and what it says beside the operator is passed over.
func TestRowsUnknown(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{`{"op":"sofmax","B":1,"H":2}`, `unknown op "sofmax"; did you mean softmax?`},
		{`{"op":"bmm","M":1,"N":2,"K":3}`, "bmm needs B, M, N, K: B is missing"},
		{`{"op":"linear","M":1,"N":2,"K":null}`, "linear needs B, M, N, K: K is missing"},
		{`{"op":"add","B":1}`, "add needs B, H: H is missing"},
		{`{"op":"attention","B":1,"heads":8,"head_dim":64,"S_q":2,"S_kv":9}`, "kv_heads is missing"},
		{`{"op":"linear","M":1,"N":2,"K":3,"quant":"fp6"}`, `linear: unknown quantisation "fp6" (known: fp8, `},
		{`{"op":"add","B":1,"H":2,"colour":"red","stride":-3}`, ""},
	} {
		row, err := parseRow([]byte(c.row))
		if err != nil || !strings.Contains(row.Unknown, c.want) || (row.Unknown == "") != (c.want == "") {
			t.Errorf("%s: %q, %v; want %q", c.row, row.Unknown, err, c.want)
		}
	}
}

func TestReadRows(t *testing.T) {
	text := "\n{\"x\":1,\"op\":\"add\",\"B\":1,\"H\":2}\r\n\n{\"op\":\"add\",\"B\":0}\n"
	var lines []int
	var keys []string
	err := ReadRows(strings.NewReader(text), "rows.jsonl", func(r Row) error {
		lines = append(lines, r.Line)
		for _, m := range r.Members {
			keys = append(keys, m.Key)
		}
		return nil
	})
	if err == nil || err.Error() != "rows.jsonl:4: B is 0: sizes are integers of at least 1" {
		t.Error(err)
	}
	if len(lines) != 1 || lines[0] != 2 || strings.Join(keys, " ") != "x op B H" {
		t.Error(lines, keys)
	}
	long := `{"op":"add","B":1,"H":2,"x":"` + strings.Repeat("x", maxRow) + `"}`
	if err := ReadRows(strings.NewReader(long), "f", func(Row) error { return nil }); err == nil || !strings.HasPrefix(err.Error(), "f:1: longer than ") {
		t.Error(err)
	}
}

func FuzzParseRow(f *testing.F) {
	f.Add([]byte(`{"op":"linear","B":4,"M":8,"N":16,"K":32,"dtype":"float16","device":"t4","latency_ms":0.1,"energy_j":2}`))
	f.Add([]byte(`{"op":"softmax","B":4,"H":9e3}`))
	f.Add([]byte(`{"op":"linear","M":8,"N":16,"K":32,"dtype":"float8e4m3fn","quant":"fp8_block","steady":true,"power_w":300}`))
	f.Add([]byte(`{"op":"attention","phase":"prefill","B":2,"heads":32,"kv_heads":8,"head_dim":128,"S_q":64,"S_kv":64,"causal":true,"dtype":"bfloat16","kv_dtype":"fp8","attn_dtype":"fp8","window":16}`))
	f.Add([]byte(`{"op":"moe","tokens":16,"hidden":2048,"inter":768,"topk":8,"experts":128,"tp":2,"ep":4,"distribution":"power_law_1.2","dtype":"fp8_block"}`))
	f.Add([]byte(`{"op":"add_rmsnorm","B":4,"H":4096,"dtype":"bf16","runtime":"vllm"}`))
	f.Add([]byte(`{"op":"linear",` + strings.Repeat(`"B":4,`, 5000) + `"B":4}`))
	f.Add([]byte(`{"op":` + strings.Repeat("[", 20000)))
	dev, err := energy.LookupDevice("t4")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var row Row
		var err error
		bounded.Run(t, "parsing", func() { row, err = parseRow(text) })
		if err != nil || row.Unknown != "" {
			return
		}
		k, err := row.Kernel(dev)
		if err != nil || !k.Known || k.MACs < 0 || k.Bytes <= 0 {
			t.Fatalf("%s: %v, %+v", text, err, k)
		}
	})
}
