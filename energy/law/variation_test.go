package law

import (
	"testing"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
)

// TestVariation: on a device that was measured spreads are those of the file; on another, and of stand-ins, wider; laws of
// one file and device have one name, and as many laws of draws as the file.
func TestVariation(t *testing.T) {
	c, err := coefficients.ForDevice("gtx-1070")
	if err != nil {
		t.Fatal(err)
	}
	variation := func(id string) *Variation {
		d, err := energy.LookupDevice(id)
		if err != nil {
			t.Fatal(err)
		}
		l, err := New(c, d, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return l.Variation()
	}
	here, again, there := variation("gtx-1070"), variation("gtx-1070"), variation("h100-sxm")
	if here.Of != again.Of || here.Of == there.Of || len(here.Drawn) != 40 || len(there.Drawn) != 40 {
		t.Errorf("%q, %q and %q, %d draws", here.Of, again.Of, there.Of, len(here.Drawn))
	}
	fitted, standIn := here.Spread(&Outcome{}), here.Spread(&Outcome{StandIn: true})
	if fitted != *c.Spread || here.Energy != c.Spread.Energy.Model {
		t.Errorf("%+v", fitted)
	}
	least := coefficients.LeastStandIn / coefficients.Normal90
	if standIn.Energy.Kernel < least || standIn.Time.Group < least || there.Spread(&Outcome{}) != standIn || there.Energy != coefficients.WiderStandIn*here.Energy {
		t.Errorf("a stand-in %+v, another device %+v", standIn, there.Spread(&Outcome{}))
	}
	if far := here.Spread(&Outcome{Extrapolated: true}); far.Energy.Kernel != coefficients.WiderExtrapolated*fitted.Energy.Kernel {
		t.Errorf("an extrapolation %+v", far)
	}
}

// TestIdentity: kernels of one work at one size are one, of another size or geometry not.
func TestIdentity(t *testing.T) {
	k := func() *Kernel {
		return &Kernel{Class: "attention", MACs: 8, Bytes: 4, Products: []Product{{1, 2, 3, 4}}, Attention: &Attention{Heads: 4}}
	}
	other := k()
	other.Attention.Heads = 8
	size := k()
	size.Products[0].M = 3
	if again := k(); k().Identity() != again.Identity() || k().Identity() == other.Identity() || k().Identity() == size.Identity() {
		t.Errorf("%q, %q, %q", k().Identity(), other.Identity(), size.Identity())
	}
}
