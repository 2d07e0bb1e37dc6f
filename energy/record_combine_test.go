package energy

import (
	"math"
	"reflect"
	"testing"
	"time"
)

func TestCombine(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 3, 1, 12, minute, 0, 0, time.UTC) }
	make := func(signature, session string, j Joules, s Seconds, minute int, flags ...string) Record {
		r := Record{
			Schema: RecordSchema, Device: RecordDevice{ID: "t4"}, Method: MethodCounter, Boundary: BoundaryBoard, Level: LevelOperator,
			Signature: signature, Session: session, Energy: &j, Time: &s, Timestamp: at(minute), Flags: flags,
		}
		if j == 0 {
			r.Energy = nil
		}
		return r
	}
	anchor := make("a", "1", 2, 0.2, 1)
	anchor.Anchor, anchor.Idle, anchor.Drift = true, new(Watts(30)), new(1.01)
	in := []Record{
		make("b", "1", 0, 7, 9, FlagPowerCap),
		anchor,
		make("a", "1", 4, 0.3, 5, FlagPowerCap),
		make("a", "1", 100, 100, 6, FlagCV),
		anchor,
		make("a", "2", 3, 0.5, 4, FlagHostBound, FlagPowerCap),
	}
	before := in[1]
	got, unusable := Combine(in)
	if unusable != 1 || len(got) != 2 {
		t.Fatalf("%d records, %d unusable; want 2, 1", len(got), unusable)
	}
	if !reflect.DeepEqual(got[0], in[0]) {
		t.Errorf("the only record of its key became %+v", got[0])
	}
	a := got[1]
	// Of 2, 4 and 3 J the median is 3 and the standard deviation 1; times are 0.2, 0.3 and 0.5 s. The equal line counts once.
	if *a.Energy != 3 || *a.Time != 0.3 || *a.Idle != 30 || a.NetEnergy != nil || a.Drift != nil || a.Anchor || a.Session != "" || !a.Timestamp.Equal(at(5)) {
		t.Errorf("combined: %+v", a)
	}
	if math.Abs(*a.Spread.CV-1.0/3) > 1e-12 || !reflect.DeepEqual(a.Spread.Windows, []Joules{2, 4, 3}) || !reflect.DeepEqual(a.Spread.Times, []Seconds{0.2, 0.3, 0.5}) {
		t.Errorf("spread: %+v", a.Spread)
	}
	if !reflect.DeepEqual(a.Flags, []string{FlagHostBound, FlagPowerCap}) {
		t.Errorf("flags %v", a.Flags)
	}
	if !reflect.DeepEqual(in[1], before) {
		t.Error("the input was changed")
	}
}

// TestCombineTimes: an even number of records without energies.
func TestCombineTimes(t *testing.T) {
	var in []Record
	for _, s := range []Seconds{1, 2, 6, 3} {
		in = append(in, Record{Device: RecordDevice{ID: "t4"}, Level: LevelModel, Method: MethodCounter, Time: &s})
	}
	got, _ := Combine(in)
	// The median is 2.5 s, the mean 3 s, the sum of squares 4+1+9+0 = 14.
	if len(got) != 1 || *got[0].Time != 2.5 || math.Abs(*got[0].Spread.CV-math.Sqrt(14.0/3)/3) > 1e-12 || got[0].Spread.Windows != nil {
		t.Errorf("%+v", got)
	}
	if out, n := Combine(nil); out != nil || n != 0 {
		t.Errorf("of nothing: %v, %d", out, n)
	}
}
