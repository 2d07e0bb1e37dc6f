package report_test

import (
	"strings"
	"testing"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/internal/onnxtest"
	"github.com/irene-onnx/irene/onnx"
)

// explained explains a product of batch×64 by 64×n on 15 multiprocessors with coefficients that hold seconds per FLOP of
// tiles, per byte and per launch.
func explained(t *testing.T, batch, n int64, waves, perByte, launch float64) *report.ExplainedModule {
	t.Helper()
	g, err := onnx.DecodeBytes(onnxtest.Model(
		onnxtest.In("x", graph.Float32, "batch", 64), onnxtest.Weight("w", graph.Float32, 64, n),
		onnxtest.Node("MatMul", "x w", "y"), onnxtest.Out("y", graph.Float32, "batch", int(n)),
	).Bytes(), "test", "", onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open, err := analysis.Run(g, analysis.Options{Symbolic: true})
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Run(g, analysis.Options{Dims: map[string]int64{"batch": batch}})
	if err != nil {
		t.Fatal(err)
	}
	cc := coefficients.ClassCoefficients{Key: coefficients.Key{Class: "gemm", DType: graph.Float32}}
	cc.Time[coefficients.WavesL], cc.Time[coefficients.Bytes], cc.Time[coefficients.Launches] = waves, perByte, launch
	for i, s := range cc.Time {
		cc.Energy[i] = 100 * s
	}
	c := &coefficients.Coefficients{Schema: 1, Device: "gtx-1070", Boundary: energy.BoundaryBoard, Profile: "eager", Classes: []coefficients.ClassCoefficients{cc}}
	dev, err := energy.LookupDevice("gtx-1070")
	if err != nil {
		t.Fatal(err)
	}
	p, err := predict.Target{Coefficients: c, Device: dev}.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	r := report.Build(a, p, report.Options{Convention: graph.TwoMAC})
	return report.BuildExplanation(r, p, open, []*report.Module{r.Tree}).Modules[0]
}

// TestAdvice holds bounds and remedies of a product against what follows by hand from its tiles of 128×128.
func TestAdvice(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		batch, n               int64
		waves, perByte, launch float64
		bound, advice, summary string
	}{
		{"few tiles", 128, 768, 1, 0, 0, "compute", "tiles of 128×128 40 % full, 6 on 15 multiprocessors: batch (128) as a multiple of 640 fills them", "waves: 60.0 % of the time"},
		{"cut tiles", 64, 1920, 1, 0, 0, "compute", "tiles of 128×128 50 % full: batch (64) as a multiple of 128 fills them", "waves: 50.0 % of the time"},
		{"full", 640, 768, 1, 0, 0, "compute", "computes: fewer FLOPs, or a type with a higher peak", "compute-bound: 100.0 % of the time, 1 kernel: 1 FLOP/s"},
		{"few rows", 4, 768, 0, 1, 0, "memory", "reads its weights for few rows: a larger batch shares them, narrower types are fewer bytes", "memory-bound: 100.0 % of the time, 1 kernel: 1 B/s"},
		{"many rows", 6400, 768, 0, 1, 0, "memory", "moves bytes: fuse it with its neighbours, or use a narrower type", "memory-bound: 100.0 % of the time"},
		{"launch", 1, 768, 0, 0, 1, "launch", "less work than a launch: fuse it, or give it a larger batch", "launch-bound: 100.0 % of the time, 1 kernel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := explained(t, tt.batch, tt.n, tt.waves, tt.perByte, tt.launch)
			all := strings.Join(m.Advice, "\n")
			if len(m.Operators) != 1 {
				t.Fatalf("%d operators", len(m.Operators))
			}
			p := m.Operators[0]
			if p.Bound() != tt.bound || p.Advice != tt.advice || !strings.Contains(all, tt.summary) {
				t.Errorf("bound by %q: %q\n%s\nwant %q: %q\n%s", p.Bound(), p.Advice, all, tt.bound, tt.advice, tt.summary)
			}
			flops, bytes := float64(2*tt.batch*64*tt.n), float64(4*(tt.batch*64+64*tt.n+tt.batch*tt.n))
			if p.FLOPs != flops || p.Intensity() != flops/bytes || p.Ridge < 25 || p.Ridge > 26 {
				t.Errorf("%v FLOPs, %v per byte, ridge %v", p.FLOPs, p.Intensity(), p.Ridge)
			}
		})
	}
}
