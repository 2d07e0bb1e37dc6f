package energy

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// How far the anchors of a session may move.
const (
	driftNoise = 0.01 // up to this share, nothing is corrected: anchors are measured no better
	driftLimit = 0.05 // beyond it, a straight line between anchors is no longer to be believed
)

// DriftReport says what CorrectDrift found, session by session, sorted by name.
type DriftReport struct {
	Sessions []SessionDrift
}

// SessionDrift is the drift of one session that has anchors.
type SessionDrift struct {
	Session string
	Anchors int // different ones
	Rounds  int // how often they were measured; after one round, nobody knows about drift

	// Time and Energy are the ratios of the round that is farthest from the median; nil where the anchors have no time
	// or no energy.
	Time, Energy *float64

	Corrected, Flagged, Untouched int // records beside the anchors
}

// CorrectDrift takes out of a file of records how a machine got slower or hungrier while it was measured. What it
// changes is copied first.
//
// Anchors are measured again and again through a session. The ratio of an anchor's time, or energy, to the median of
// that anchor in the session says how far the machine had moved. Different anchors measured one after the other are a
// round, and the median of their ratios is that of the round. Between rounds the ratio follows a straight line
// over time; before the first and after the last it is theirs.
//
// Where neither ratio is more than 1 % from 1, a record stays as it is. Up to 5 %, its times are divided by the ratio of
// times, which Drift then holds, and its energies by that of energies; where the anchors have no energy, energies stay.
// WallEnergy and the windows of the spread stay as they were read. Beyond, the record is flagged with FlagDrift and
// nothing is divided. Anchors themselves, records of sessions without anchors, records without a time stamp, and records
// that have a Drift already are left alone.
func CorrectDrift(records []Record) ([]Record, DriftReport) {
	out := slices.Clone(records)
	sessions := map[string][]int{}
	for i := range out {
		if r := &out[i]; r.Session != "" && !r.Timestamp.IsZero() {
			sessions[r.Session] = append(sessions[r.Session], i)
		}
	}
	var report DriftReport
	for name, members := range sessions {
		slices.SortStableFunc(members, func(a, b int) int { return out[a].Timestamp.Compare(out[b].Timestamp) })
		rounds, anchors := driftRounds(out, members)
		if len(rounds) == 0 {
			continue
		}
		s := SessionDrift{Session: name, Anchors: anchors, Rounds: len(rounds)}
		for _, r := range rounds {
			s.Time, s.Energy = farther(s.Time, r.time), farther(s.Energy, r.energy)
		}
		times := driftLineOf(rounds, func(r driftRound) *float64 { return r.time })
		energies := driftLineOf(rounds, func(r driftRound) *float64 { return r.energy })
		for _, i := range members {
			if r := &out[i]; !r.Anchor {
				s.apply(r, times, energies)
			}
		}
		report.Sessions = append(report.Sessions, s)
	}
	slices.SortFunc(report.Sessions, func(a, b SessionDrift) int { return cmp.Compare(a.Session, b.Session) })
	return out, report
}

// driftRound is what one round of anchors says of the machine at its time. Ratios are nil where no anchor has one.
type driftRound struct {
	at           time.Time
	time, energy *float64
}

// driftRounds finds the rounds among the records of a session, which are in the order of time: anchors that follow each
// other without another record between them, each once. It also counts the different anchors.
func driftRounds(records []Record, members []int) (rounds []driftRound, anchors int) {
	byKey := map[string][]*Record{}
	keys := map[int]string{}
	for _, i := range members {
		if r := &records[i]; r.Anchor && r.Usable() {
			keys[i] = r.Key()
			byKey[keys[i]] = append(byKey[keys[i]], r)
		}
	}
	usual := map[string]*anchorMedian{}
	for key, list := range byKey {
		usual[key] = &anchorMedian{
			time:   medianOf(list, func(r *Record) *Seconds { return r.Time }),
			energy: medianOf(list, func(r *Record) *Joules { return r.Energy }),
		}
	}
	var open []int
	inRound := map[string]bool{}
	end := func() {
		if len(open) > 0 {
			rounds = append(rounds, newRound(records, open, func(i int) *anchorMedian { return usual[keys[i]] }))
		}
		open, inRound = nil, map[string]bool{}
	}
	for _, i := range members {
		key, isAnchor := keys[i]
		if !isAnchor || inRound[key] {
			end()
		}
		if isAnchor {
			open, inRound[key] = append(open, i), true
		}
	}
	end()
	return rounds, len(byKey)
}

// anchorMedian is what an anchor takes in the middle of a session; nil where no record of it says.
type anchorMedian struct {
	time   *Seconds
	energy *Joules
}

// newRound is the middle of the anchors of a round, each over the median of all records of that anchor.
func newRound(records []Record, members []int, usual func(int) *anchorMedian) driftRound {
	var times, energies []float64
	var since time.Duration
	first := records[members[0]].Timestamp
	for _, i := range members {
		r := &records[i]
		since += r.Timestamp.Sub(first)
		if r.Time != nil {
			times = append(times, float64(*r.Time / *usual(i).time))
		}
		if r.Energy != nil {
			energies = append(energies, float64(*r.Energy / *usual(i).energy))
		}
	}
	return driftRound{at: first.Add(since / time.Duration(len(members))), time: middle(times), energy: middle(energies)}
}

// apply corrects or flags a record of the session, and counts it.
func (s *SessionDrift) apply(r *Record, times, energies driftLine) {
	byTime, byEnergy := times.at(r.Timestamp), energies.at(r.Timestamp)
	off := max(math.Abs(byTime-1), math.Abs(byEnergy-1))
	switch {
	case r.Drift != nil || off <= driftNoise:
		s.Untouched++
	case off > driftLimit:
		if !slices.Contains(r.Flags, FlagDrift) {
			r.Flags = append(slices.Clone(r.Flags), FlagDrift)
		}
		s.Flagged++
	default:
		r.Time, r.KernelTime = divided(r.Time, byTime), divided(r.KernelTime, byTime)
		r.Energy, r.NetEnergy = divided(r.Energy, byEnergy), divided(r.NetEnergy, byEnergy)
		r.Drift = &byTime
		s.Corrected++
	}
}

// driftLine is a ratio from round to round, in the order of time.
type driftLine []driftPoint

type driftPoint struct {
	at    time.Time
	ratio float64
}

// driftLineOf is the line through the rounds that have a ratio.
func driftLineOf(rounds []driftRound, ratio func(driftRound) *float64) (out driftLine) {
	for _, r := range rounds {
		if v := ratio(r); v != nil {
			out = append(out, driftPoint{r.at, *v})
		}
	}
	return out
}

// at is the ratio at a time, on straight lines between the rounds; 1 where there are none.
func (l driftLine) at(at time.Time) float64 {
	i, _ := slices.BinarySearchFunc(l, at, func(p driftPoint, at time.Time) int { return p.at.Compare(at) })
	switch {
	case len(l) == 0:
		return 1
	case i == 0:
		return l[0].ratio
	case i == len(l):
		return l[i-1].ratio
	}
	a, b := l[i-1], l[i]
	return a.ratio + at.Sub(a.at).Seconds()/b.at.Sub(a.at).Seconds()*(b.ratio-a.ratio)
}

// divided is a new number, v over by; nil where v is.
func divided[T ~float64](v *T, by float64) *T {
	if v == nil {
		return nil
	}
	return new(T(float64(*v) / by))
}

// farther is that of two ratios which is farther from 1.
func farther(a, b *float64) *float64 {
	if a == nil || b != nil && math.Abs(*b-1) > math.Abs(*a-1) {
		return b
	}
	return a
}

// middle is the median of ratios, which one anchor that went its own way does not move; of two, their geometric mean. Nil
// of nothing.
func middle(ratios []float64) *float64 {
	n := len(ratios)
	if n == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(ratios))
	return new(math.Sqrt(sorted[(n-1)/2] * sorted[n/2]))
}
