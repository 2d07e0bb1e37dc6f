package coefficients_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/bounded"
	. "github.com/irene-onnx/irene/internal/onnxtest"
)

const minimal = `{"schema":1,"device":"gtx-1070","scope":"wall","runtime":"eager","power_w":{"low":100,"high":300},"classes":[` +
	`{"class":"gemm","dtype":"float32","energy_j":{"flops":4e-11,"bytes":1e-9,"launches":2e-3},"time_s":{"flops":1e-13,"bytes":3e-12,"launches":2e-5},"equations":7}]}`

func TestLoad(t *testing.T) {
	c, err := coefficients.Load(strings.NewReader(minimal), "c.json")
	if err != nil {
		t.Fatal(err)
	}
	k := c.Find(coefficients.Key{Class: "gemm", DType: graph.Float32})
	if c.Device != "gtx-1070" || c.Profile != "eager" || c.Power.High != 300 || k == nil || k.Energy[coefficients.FLOPs] != 4e-11 || k.Time[coefficients.Launches] != 2e-5 || k.Energy[coefficients.WavesL] != 0 {
		t.Errorf("%+v", *c)
	}
	first := energytest.Written(t, c)
	again, err := coefficients.Load(bytes.NewReader(first), "c.json")
	if err != nil || !bytes.Equal(energytest.Written(t, again), first) {
		t.Errorf("other bytes when written, read and written again (%v)", err)
	}
}

func TestLoadErrors(t *testing.T) {
	with := func(old, changed string) string { return strings.Replace(minimal, old, changed, 1) }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "not a coefficient file"},
		{"not JSON", "gemm,float32", "not a coefficient file"},
		{"a list", "[]", "not a coefficient file"},
		{"cut short", minimal[:100], "not a coefficient file"},
		{"another version", with(`"schema":1`, `"schema":2`), "version 2"},
		{"without version", with(`"schema":1,`, ""), "version 0"},
		{"no device", with(`"device":"gtx-1070",`, ""), "no device"},
		{"no classes", `{"schema":1,"device":"gtx-1070","classes":[]}`, "no classes"},
		{"a negative coefficient of energy", with("1e-9", "-1e-9"), `"bytes" is -1e-09`},
		{"a negative coefficient of time", with("2e-5", "-2e-5"), `"launches" is -2e-05`},
		{"an infinite coefficient", with("4e-11", "4e999"), "not a coefficient file"},
		{"an unknown term", with(`"flops":4e-11`, `"flop":4e-11`), `unknown term "flop"`},
		{"no class", with(`"class":"gemm",`, ""), "entry 0 of classes"},
		{"no element type", with(`"dtype":"float32",`, ""), "entry 0 of classes"},
		{"an unknown element type", with(`"dtype":"float32"`, `"dtype":"real"`), `unknown element type "real"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := coefficients.Load(strings.NewReader(c.text), "some/c.json")
			if err == nil || !strings.HasPrefix(err.Error(), "some/c.json: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzLoadCoefficients: whatever the bytes, loading ends with an error that names the file or with coefficients that can
// be written, read again, and predicted with.
func FuzzLoadCoefficients(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte(strings.Replace(minimal, "gemm", "norm", 1)))
	f.Add([]byte(strings.Replace(minimal, "float32", "float16", 1)))
	f.Add([]byte(strings.Replace(minimal, "gtx-1070", "h200", 1)))
	f.Add([]byte(`{"schema":1,"device":"x","classes":[{"class":"","dtype":"int4"}],"residuals":{}}`))
	f.Add([]byte(`{"schema":1,"device":"gtx-1070","classes":[` + strings.Repeat(`{"class":"gemm","dtype":"float32"},`, 2000) + `{"class":"gemm","dtype":"float32"}]}`))
	f.Add([]byte(`{"schema":` + strings.Repeat("[", 20000)))
	a := energytest.Analyzed(f, energytest.Built(f, energytest.FloatIn("x", 4, 8), energytest.FloatWeight("w", 8, 8), Node("MatMul", "x w", "a"), Node("Softmax", "a", "y"), Out("y", graph.Float32, 4, 8)), nil)
	dev := energytest.Device(f, "gtx-1070")
	f.Fuzz(func(t *testing.T, data []byte) {
		var c *coefficients.Coefficients
		var err error
		bounded.Run(t, "loading", func() { c, err = coefficients.Load(bytes.NewReader(data), "fuzz.json") })
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.json: ") {
				t.Errorf("error %q does not name the file", err)
			}
			return
		}
		if _, err := coefficients.Load(bytes.NewReader(energytest.Written(t, c)), "fuzz.json"); err != nil {
			t.Errorf("what was read and written cannot be read: %v", err)
		}
		r, err := predict.Target{Coefficients: c, Device: dev, Options: predict.Options{Profile: "eager"}}.Run(a)
		if err == nil && len(r.Modules) != 1 {
			t.Errorf("%d modules, want the root", len(r.Modules))
		}
	})
}
