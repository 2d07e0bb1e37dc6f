package coefficients

import (
	"math"
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/graph"
)

// card is a made-up card of compute capability 6.1 that follows the physics of a chip: its clock is the highest one, up to
// its boost clock, at which it keeps its limit.
type card struct {
	energy.Device
	dynamic float64 // joules of an operation at 1 GHz
}

// run says how long n operations take on a card that does one per multiprocessor and clock, and what the board takes.
func (c *card) run(n float64) (seconds, joules float64) {
	draws := func(clock float64) float64 { // in watts
		return float64(c.Idle) + c.joules(clock)*clock*float64(c.SMs)
	}
	low, clock := 0.0, float64(c.BoostClock)
	if high := clock; draws(clock) > float64(c.TDP) {
		for range 100 {
			if clock = (low + high) / 2; draws(clock) > float64(c.TDP) {
				high = clock
			} else {
				low = clock
			}
		}
	}
	seconds = n / clock / float64(c.SMs)
	return seconds, draws(clock) * seconds
}

func (c *card) joules(clock float64) float64 { return c.dynamic * math.Pow(clock/1e9, 1.5) }

// A card with more multiprocessors than the one measured is predicted from it, whether its limit leaves it its boost clock or not.
func TestSiblings(t *testing.T) {
	const host, factor, n = 60.0, 1.1, 1e12
	measured := card{energy.Device{ID: "one", SMs: 10, BoostClock: 1.5e9, Bandwidth: 200e9, TDP: 200, Idle: 20, ComputeCapability: "6.1"}, 5e-9}
	seconds, joules := measured.run(n)
	c := &Coefficients{
		Schema: CoefficientSchema, Device: "one", DeviceRow: &measured.Device, Boundary: energy.BoundaryWall, Host: &HostPower{Watts: host, Factor: factor},
		Provenance: Provenance{Clock: 1.5e9}, Power: PowerRange{Low: 100, High: 300},
		Classes: []ClassCoefficients{{Key: Key{Class: "gemm", DType: graph.Float32}}},
	}
	cc := &c.Classes[0]
	cc.Time[FLOPs], cc.Energy[FLOPs] = seconds/n, (host*seconds+factor*joules)/n
	cc.Time[Bytes], cc.Energy[Bytes] = 5e-12, 5e-12*(host+factor*(20+30)) // 30 W beyond those at rest
	cc.Time[Launches], cc.Energy[Launches] = 1e-5, 1e-5*(host+factor*20)
	for name, limit := range map[string]energy.Watts{"its boost clock": 1000, "a limit": 120} {
		t.Run(name, func(t *testing.T) {
			other := card{energy.Device{ID: "other", SMs: 30, BoostClock: 1.2e9, Bandwidth: 500e9, TDP: limit, Idle: 25, ComputeCapability: "6.1"}, 5e-9}
			moved, err := c.Transferred(other.Device)
			if err != nil {
				t.Fatal(err)
			}
			got := &moved.Classes[0]
			seconds, joules := other.run(n)
			near(t, "seconds of operations", got.Time[FLOPs]*n, seconds)
			near(t, "joules of operations", got.Energy[FLOPs]*n, host*seconds+factor*joules)
			near(t, "seconds of a byte", got.Time[Bytes], 2e-12)
			dynamic := 5e-12 * 30 * math.Pow(1.2/1.5, 1.5)
			near(t, "joules of a byte", got.Energy[Bytes], 2e-12*(host+factor*25)+factor*dynamic)
			near(t, "seconds of a launch", got.Time[Launches], 1e-5)
			near(t, "joules of a launch", got.Energy[Launches], 1e-5*(host+factor*25))
			for term, s := range got.Time {
				if w := got.Energy[term] / s; s > 0 && (w < float64(moved.Power.Low)*(1-1e-9) || w > host+factor*float64(limit)*(1+1e-9)) {
					t.Errorf("%v at %g W", Term(term), w)
				}
			}
		})
	}
}

// Where the measured clock is not known, or the architecture is another, watts are carried as between any two devices.
func TestNoSiblings(t *testing.T) {
	for _, x := range []struct {
		clock energy.Hertz
		to    string
		want  bool
	}{{1.9e9, "gtx-1080-ti", true}, {1.9e9, "p4", true}, {0, "gtx-1080-ti", false}, {1.9e9, "p100-pcie-16gb", false}, {1.9e9, "t4", false}} {
		c := &Coefficients{Provenance: Provenance{Clock: x.clock}}
		if got := newTransfer(c, device(t, "gtx-1070"), device(t, x.to), nil).siblings(); got != x.want {
			t.Errorf("%s from %v: siblings %v", x.to, x.clock, got)
		}
	}
}

// The coefficients that come with the program keep every Pascal card within its limit.
func TestSiblingsKeepTheirLimit(t *testing.T) {
	c, err := OfTrees()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"gtx-1080", "gtx-1080-ti", "p4", "p40"} {
		dev := device(t, id)
		moved, err := c.Transferred(dev)
		if err != nil {
			t.Fatal(err)
		}
		most := float64(c.Host.Watts) + c.Host.Factor*float64(dev.TDP)
		for i := range moved.Classes {
			k := &moved.Classes[i]
			for term, s := range k.Time {
				if s > 0 && k.Energy[term]/s > most*(1+1e-9) {
					t.Errorf("%s: %v of %s at %.1f W, of %.1f", id, Term(term), k.Class, k.Energy[term]/s, most)
				}
			}
		}
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*want {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}
