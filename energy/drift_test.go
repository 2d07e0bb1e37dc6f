package energy

import (
	"math"
	"reflect"
	"testing"
	"time"
)

// timed is a record of one second and ten joules, taken so many minutes into a session.
func timed(session, signature string, minute float64) Record {
	return Record{
		Device: RecordDevice{ID: "t4"}, Method: MethodCounter, Boundary: BoundaryBoard, Level: LevelOperator, Session: session, Signature: signature,
		Time: new(Seconds(1)), KernelTime: new(Seconds(0.5)), Energy: new(Joules(10)), NetEnergy: new(Joules(4)), WallEnergy: new(Joules(20)),
		Timestamp: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minute * float64(time.Minute))),
	}
}

// anchorOf is an anchor that took t times one second and e times ten joules.
func anchorOf(session, signature string, minute, t, e float64) Record {
	r := timed(session, signature, minute)
	r.Anchor, r.Time, r.Energy = true, new(Seconds(t)), new(Joules(10*e))
	return r
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12*math.Abs(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestCorrectDrift: one anchor whose median is 1 s, 10 J. At minute 0 it is there, at 10 its time is 4 % higher and its
// energy 2 % lower, at 20 back again.
func TestCorrectDrift(t *testing.T) {
	in := []Record{
		timed("s", "late", 25), // after the last round: as then
		anchorOf("s", "a", 0, 1, 1), anchorOf("s", "a", 10, 1.04, 0.98), anchorOf("s", "a", 20, 1, 1),
		timed("s", "half", 5),   // halfway: 1.02, 0.99
		timed("s", "little", 1), // a tenth: 1.004, 0.998
		timed("other", "x", 5),
	}
	kept := timed("s", "half", 5)
	out, report := CorrectDrift(in)
	if !reflect.DeepEqual(in[4], kept) {
		t.Error("the input was changed")
	}
	for _, i := range []int{0, 1, 2, 3, 5, 6} {
		if !reflect.DeepEqual(out[i], in[i]) {
			t.Errorf("record %d was changed to %+v", i, out[i])
		}
	}
	half := out[4]
	near(t, "time", float64(*half.Time), 1/1.02)
	near(t, "kernel time", float64(*half.KernelTime), 0.5/1.02)
	near(t, "energy", float64(*half.Energy), 10/0.99)
	near(t, "net energy", float64(*half.NetEnergy), 4/0.99)
	near(t, "wall energy", float64(*half.WallEnergy), 20)
	near(t, "drift", *half.Drift, 1.02)
	if len(report.Sessions) != 1 {
		t.Fatalf("%+v", report)
	}
	s := report.Sessions[0]
	if s.Session != "s" || s.Anchors != 1 || s.Rounds != 3 || s.Corrected != 1 || s.Flagged != 0 || s.Untouched != 2 {
		t.Errorf("%+v", s)
	}
	near(t, "largest time", *s.Time, 1.04)
	near(t, "largest energy", *s.Energy, 0.98)
	again, report := CorrectDrift(out)
	if !reflect.DeepEqual(again, out) || report.Sessions[0].Corrected != 0 {
		t.Error("corrected twice")
	}
}

// TestCorrectDriftFlags: energy that moved by 8 % is beyond what is corrected, though the time did not move.
func TestCorrectDriftFlags(t *testing.T) {
	moved := timed("s", "x", 10)
	moved.Flags = []string{FlagPowerCap}
	in := []Record{
		anchorOf("s", "a", 0, 1, 1), anchorOf("s", "a", 5, 1, 1), timed("s", "w", 6), // a fifth of the way: 1.016
		anchorOf("s", "a", 10, 1, 1.08), moved,
	}
	out, report := CorrectDrift(in)
	if !reflect.DeepEqual(out[4].Flags, []string{FlagPowerCap, FlagDrift}) || *out[4].Energy != 10 || out[4].Drift != nil || len(in[4].Flags) != 1 {
		t.Errorf("flagged: %+v", out[4])
	}
	near(t, "energy", float64(*out[2].Energy), 10/1.016)
	near(t, "time", float64(*out[2].Time), 1)
	if s := report.Sessions[0]; s.Corrected != 1 || s.Flagged != 1 || s.Untouched != 0 {
		t.Errorf("%+v", s)
	}
}

// TestCorrectDriftRounds: two anchors of different sizes make one round; what they say is averaged.
func TestCorrectDriftRounds(t *testing.T) {
	small := func(minute, ratio float64) Record { return anchorOf("s", "small", minute, 0.001*ratio, 0.002*ratio) }
	in := []Record{
		anchorOf("s", "a", 0, 1, 1), small(1, 1), // a round at 0.5
		timed("s", "first", 1.5),
		anchorOf("s", "a", 2, 1, 1), small(3, 1), // at 2.5
		anchorOf("s", "a", 10, 1.0404, 1.0404), small(11, 1), // at 10.5: geometric mean 1.02
		timed("s", "last", 12),
	}
	bad := anchorOf("s", "a", 11.5, 3, 3)
	bad.Flags = []string{FlagForeign} // an anchor that cannot be used says nothing
	in = append(in, bad)
	out, report := CorrectDrift(in)
	if s := report.Sessions[0]; s.Anchors != 2 || s.Rounds != 3 || s.Corrected != 1 || s.Untouched != 1 {
		t.Errorf("%+v", s)
	}
	near(t, "drift", *out[7].Drift, 1.02)
	near(t, "time", float64(*out[7].Time), 1/1.02)
	near(t, "energy", float64(*out[7].Energy), 10/1.02)
}

// TestCorrectDriftOutlier: of three anchors, the one that went its own way by a quarter moves nothing; the other two say 2 %.
func TestCorrectDriftOutlier(t *testing.T) {
	round := func(minute, a, b, c float64) []Record {
		return []Record{anchorOf("s", "a", minute, a, a), anchorOf("s", "b", minute+0.1, b, b), anchorOf("s", "c", minute+0.2, c, c)}
	}
	in := append(round(0, 1, 1, 1), round(5, 1, 1, 1)...)
	in = append(in, round(10, 1.02, 1.25, 1.01)...)
	in = append(in, timed("s", "x", 12))
	out, report := CorrectDrift(in)
	last := out[len(out)-1]
	if s := report.Sessions[0]; s.Corrected != 1 || s.Flagged != 0 || last.Drift == nil {
		t.Fatalf("%+v", s)
	}
	near(t, "drift", *last.Drift, 1.02)
	near(t, "time", float64(*last.Time), 1/1.02)
}

// TestCorrectDriftTimesOnly: anchors without energies leave energies alone.
func TestCorrectDriftTimesOnly(t *testing.T) {
	in := []Record{anchorOf("s", "a", 0, 1, 1), anchorOf("s", "a", 5, 1, 1), anchorOf("s", "a", 10, 1.03, 1), timed("s", "x", 20), timed("", "y", 20)}
	for i := range 3 {
		in[i].Energy = nil
	}
	in[4].Timestamp = time.Time{}
	out, report := CorrectDrift(in)
	near(t, "time", float64(*out[3].Time), 1/1.03)
	near(t, "energy", float64(*out[3].Energy), 10)
	if s := report.Sessions[0]; s.Energy != nil || s.Corrected != 1 {
		t.Errorf("%+v", s)
	}
	if !reflect.DeepEqual(out[4], in[4]) {
		t.Error("a record without session and time was changed")
	}
	if _, report := CorrectDrift([]Record{timed("s", "x", 1)}); len(report.Sessions) != 0 {
		t.Errorf("a session without anchors: %+v", report)
	}
}
