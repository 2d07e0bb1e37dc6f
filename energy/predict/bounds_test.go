package predict

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/internal/energytest"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
	"github.com/irene-onnx/irene/graph/kernel"
)

// boundedModel is a model and sizes of it, of which later ones are never smaller in all dims than an earlier one.
type boundedModel struct {
	name    string
	symbols []string
	points  [][]int64
}

// boundedModels are an encoder, a vision encoder and a decoder with its cache, the latter small where the corpus is not at
// hand, which alone has the vision encoder.
func boundedModels(t *testing.T) []boundedModel {
	decoder, cache := "llama-3.1-8b-decode", []string{"batch", "past_sequence"}
	if !slices.Contains(fixtures.EveryModel(t), decoder) {
		decoder = "qwen2-3layers-decode"
	}
	all := []boundedModel{
		{"bert-base", []string{"batch", "sequence"}, [][]int64{{1, 1}, {1, 128}, {2, 64}, {8, 128}, {32, 512}}},
		{"vit-base", []string{"batch"}, [][]int64{{1}, {8}, {64}}},
		{decoder, cache, [][]int64{{1, 128}, {1, 2048}, {64, 128}, {256, 128}, {256, 2048}}},
	}
	return slices.DeleteFunc(all, func(m boundedModel) bool { return !slices.Contains(fixtures.EveryModel(t), m.name) })
}

// setting is how a device is held back: shares of its power limit and of its boost clock.
type setting struct{ limit, clock float64 }

// settings are the device's own, then ever lower limits, then ever lower clocks.
var settings = []setting{{1, 1}, {0.7, 1}, {0.5, 1}, {1, 0.7}, {1, 0.5}}

// TestPossible holds what no device can break, on every GPU of the table: a pass draws no more than the limit and no less
// than the device awake, takes no less time than its arithmetic at the peak and its bytes at the bandwidth, no less with
// more to do, under a lower limit or at a lower clock, and no more than on a device that is worse in every figure of its row.
func TestPossible(t *testing.T) {
	profiles, _ := kernel.Profiles()
	for _, m := range boundedModels(t) {
		g := energytest.Shared(t, m.name)
		for _, as := range append([]string{""}, analysis.PrecisionNames()...) {
			t.Run(m.name+" "+as, func(t *testing.T) {
				t.Parallel()
				a, err := analysis.Run(g, analysis.Options{Symbolic: true, As: as})
				if err != nil {
					t.Fatal(err)
				}
				for _, profile := range profiles {
					if quantised := as != "" && as != "float16"; quantised && profile != "vllm" {
						continue
					}
					newPossible(t, a, &m, profile, as).check()
				}
			})
		}
	}
}

// possible is one model under one profile.
type possible struct {
	*testing.T
	a       *analysis.Analysis
	m       *boundedModel
	profile string
	as      string
	program Program
	calls   []Call
}

func newPossible(t *testing.T, a *analysis.Analysis, m *boundedModel, profile, as string) *possible {
	t.Helper()
	plan, err := NewPlan(a, profile, kernel.Functions)
	if err != nil {
		t.Fatal(err)
	}
	p := &possible{T: t, a: a, m: m, profile: profile, as: as, program: Program{Plan: plan}}
	p.calls = p.program.Calls()
	return p
}

// check runs every device, under every setting at the first and the last profile, at all points.
func (p *possible) check() {
	times := map[string][]float64{} // by device, at the points
	for _, dev := range energy.Devices() {
		c, err := coefficients.OfDevice(dev)
		if err != nil {
			p.Fatal(err)
		}
		if c.Overlap == nil {
			continue
		}
		var own, before []float64
		for i, s := range settings {
			if i > 0 && p.as != "float16" && p.profile != "eager" {
				break
			}
			l, err := law.New(c, dev, law.Options{Runtime: p.profile, PowerLimit: energy.Watts(s.limit) * dev.TDP, Clock: energy.Hertz(s.clock) * dev.BoostClock})
			if err != nil {
				continue // the limit does not keep the clocks up
			}
			at := p.at(l, &dev, s)
			switch {
			case i == 0:
				own, before = at, at
			case settings[i-1].limit < s.limit: // from limits on to clocks
				before = own
			}
			for j, seconds := range at {
				if seconds < before[j]*(1-1e-9) {
					p.Errorf("%s: %.6g s, %.6g held back less", p.what(&dev, s, j), seconds, before[j])
				}
			}
			before = at
		}
		times[dev.ID] = own
	}
	p.compare(times)
}

// at is what a pass takes at the points, under a law.
func (p *possible) at(l law.Law, dev *energy.Device, s setting) (out []float64) {
	p.program.law = l
	for j, point := range p.m.points {
		eval := p.eval(point)
		pass := p.program.pass(p.calls, eval)
		seconds, joules := float64(pass.Time), float64(pass.Energy)
		limit, idle := s.limit*float64(dev.TDP), float64(l.Idle())
		arithmetic, memory := p.floors(dev, eval)
		switch {
		case !(seconds > 0 && joules > 0) || math.IsInf(seconds+joules, 0):
			p.Errorf("%s: %v s, %v J", p.what(dev, s, j), seconds, joules)
		case joules > limit*seconds*(1+1e-9) || joules < idle*seconds*(1-1e-9):
			p.Errorf("%s: %.5g W, want %.5g to %.5g", p.what(dev, s, j), joules/seconds, idle, limit)
		case seconds < max(arithmetic, memory):
			p.Errorf("%s: %.5g s, %.5g at the peaks and %.5g at the bandwidth", p.what(dev, s, j), seconds, arithmetic, memory)
		}
		for i, fewer := range p.m.points[:j] {
			if !below(fewer, point) {
				continue
			}
			if seconds < out[i]*(1-1e-9) {
				p.Errorf("%s: %.6g s, %.6g at %v", p.what(dev, s, j), seconds, out[i], fewer)
			}
		}
		out = append(out, seconds)
	}
	return out
}

func (p *possible) what(dev *energy.Device, s setting, point int) string {
	return fmt.Sprintf("%s at %v of limit and clock, %s, %v", dev.ID, s, p.profile, p.m.points[point])
}

func (p *possible) eval(point []int64) func(graph.Dim) (int64, bool) {
	return func(d graph.Dim) (int64, bool) {
		return d.Eval(func(symbol string) (int64, bool) {
			i := slices.Index(p.m.symbols, symbol)
			if i < 0 {
				return 0, false
			}
			return point[i], true
		})
	}
}

// below says that no dim of a point is above the other's.
func below(a, b []int64) bool {
	for i := range a {
		if a[i] > b[i] {
			return false
		}
	}
	return true
}

// floors are the seconds that a pass's products take at the peak of the type that they are computed in, and those that its
// weights, its inputs with the cache, and its outputs without it take at the bandwidth.
func (p *possible) floors(dev *energy.Device, eval func(graph.Dim) (int64, bool)) (arithmetic, memory float64) {
	for _, c := range p.calls {
		k := p.program.at(c, eval)
		if k.MACs > 0 {
			arithmetic += float64(len(c.Steps)) * 2 * k.MACs / p.peak(dev, &k)
		}
	}
	bytes := float64(p.a.Memory.WeightBytes)
	for _, v := range slices.Concat(p.a.Graph.Main.Inputs, p.a.Graph.Main.Outputs) {
		if v.Init != nil || strings.HasPrefix(v.Name, "present") {
			continue
		}
		n, ok := eval(p.a.Inference.Facts[v.ID].Bytes())
		if !ok {
			p.Fatalf("%s has no size", v.Name)
		}
		bytes += float64(n)
	}
	return arithmetic, bytes / float64(dev.Bandwidth)
}

// peak is the rate of the type that a kernel's products are computed in, FLOP/s: TF32 counts where float32 may be rounded,
// 16 bit where a device has no instruction for a narrower type.
func (p *possible) peak(dev *energy.Device, k *law.Kernel) float64 {
	name := map[string]string{"": k.DType.String(), "fp8": energy.Float8, "nvfp4": energy.Float4, "sq": "int8", "int4_wo": "float16"}[k.Quant]
	if _, ok := dev.PeakMatrix(name); !ok && k.Quant != "" {
		name = "float16"
	}
	if tf32, ok := dev.PeakMatrix(energy.TF32); ok && name == "float32" && (strings.HasPrefix(p.profile, "ort") || k.Class == "conv") {
		return float64(tf32)
	}
	rate, ok := dev.MatrixRate(name)
	if !ok {
		p.Fatalf("%s has no rate of %s", dev.ID, name)
	}
	return float64(rate)
}

// slack is for kernels that only one of two devices has: to quantise the activations of one token takes 0.03 % of a pass more
// than products with them save.
const slack = 1e-3

// compare holds that no device is slower than one that is worse in every figure of its row.
func (p *possible) compare(times map[string][]float64) {
	for _, good := range energy.Devices() {
		for _, bad := range energy.Devices() {
			if good.ID == bad.ID || times[good.ID] == nil || times[bad.ID] == nil || !noWorse(&good, &bad) {
				continue
			}
			for j, seconds := range times[good.ID] {
				if worse := times[bad.ID][j]; seconds > worse*(1+slack) {
					p.Errorf("%s, %v: %.6g s on %s, %.6g on %s", p.profile, p.m.points[j], seconds, good.ID, worse, bad.ID)
				}
			}
		}
	}
}

// noWorse says that no figure of a device's row is worse than another's. What it draws awake is one of them: it comes off
// what the limit leaves for work. The generation of multiprocessors is none.
func noWorse(a, b *energy.Device) bool {
	figures := func(d *energy.Device) []float64 {
		return []float64{float64(d.SMs), float64(d.CoresPerSM), float64(d.BoostClock), float64(d.Bandwidth), float64(d.L2Bytes), float64(d.MemoryBytes), float64(d.TDP)}
	}
	for i, f := range figures(b) {
		if figures(a)[i] < f {
			return false
		}
	}
	for _, peak := range b.Peaks {
		if rate, ok := a.PeakMatrix(peak.DType); !ok || rate < peak.Rate {
			return false
		}
	}
	return a.Awake == 0 || b.Awake == 0 || a.Awake <= b.Awake
}

// TestPossibleModules: under the law of overlapping kernels, too, modules are the sums of their operators, intervals hold
// their values, and a pass in open dims takes what it takes at the sizes.
func TestPossibleModules(t *testing.T) {
	profiles, _ := kernel.Profiles()
	for _, m := range boundedModels(t) {
		g := energytest.Shared(t, m.name)
		point, dims := m.points[1], map[string]int64{}
		for i, symbol := range m.symbols {
			dims[symbol] = point[i]
		}
		bound := energytest.Analyzed(t, g, dims)
		open, err := analysis.Run(g, analysis.Options{Symbolic: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range []string{"p100-pcie-16gb", "t4", "a100-pcie-40gb", "h100-sxm", "b200-sxm", "rtx-4090"} {
			dev := energytest.Device(t, id)
			c, err := coefficients.OfDevice(dev)
			if err != nil {
				t.Fatal(err)
			}
			target := Target{Coefficients: c, Device: dev, Options: Options{Profile: profiles[i%len(profiles)]}}
			r, err := target.Run(bound)
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, bound, r)
			checkIntervals(t, bound, r)
			program, err := target.Bind(open)
			if err != nil {
				t.Fatal(err)
			}
			pass, err := program.Compile(m.symbols)
			if err != nil {
				t.Fatal(err)
			}
			got, want := pass(point), r.Modules[bound.Tree.Root]
			if !near(float64(got.Energy), float64(want.Energy), 1e-9) || !near(float64(got.Time), float64(want.Time), 1e-9) {
				t.Errorf("%s on %s: %v in open dims, want %v in %v", m.name, id, got, want.Energy, want.Time)
			}
		}
	}
}
