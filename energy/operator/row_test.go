package operator

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/graph"
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
		{`{"op":"sofmax","B":1,"H":2}`, `unknown op "sofmax"; did you mean softmax?`},
		{`{"op":"bmm","M":1,"N":2,"K":3}`, "bmm needs B, M, N, K: B is missing"},
		{`{"op":"linear","M":1,"N":2}`, "linear needs B, M, N, K: K is missing"},
		{`{"op":"add","B":1}`, "H is missing"},
		{`{"op":"add","B":0,"H":1}`, "B is 0: sizes are integers of at least 1"},
		{`{"op":"add","B":1,"H":-3}`, "H is -3"},
		{`{"op":"add","B":1,"H":1.5}`, "H is 1.5"},
		{`{"op":"add","B":1,"H":"2"}`, `H is "2"`},
		{`{"op":"add","B":1,"b":1,"H":2}`, "b is given twice"},
		{`{"op":"bmm","B":1000000,"M":1000000,"N":1000000,"K":1000000}`, "more than any device runs"},
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

func TestReadRows(t *testing.T) {
	text := "\n{\"x\":1,\"op\":\"add\",\"B\":1,\"H\":2}\r\n\n{\"op\":\"add\",\"B\":1}\n"
	var lines []int
	var keys []string
	err := ReadRows(strings.NewReader(text), "rows.jsonl", func(r Row) error {
		lines = append(lines, r.Line)
		for _, m := range r.Members {
			keys = append(keys, m.Key)
		}
		return nil
	})
	if err == nil || err.Error() != "rows.jsonl:4: add needs B, H: H is missing" {
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
	dev, err := energy.LookupDevice("t4")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		row, err := parseRow(text)
		if err != nil {
			return
		}
		k, err := row.Kernel(dev)
		if err != nil || !k.Known || k.MACs < 0 || k.Bytes <= 0 {
			t.Fatalf("%s: %v, %+v", text, err, k)
		}
	})
}
