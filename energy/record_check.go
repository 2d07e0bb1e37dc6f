package energy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Check reports the first thing that keeps r from being a usable record: an unknown word, a number that is negative,
// not finite or beyond what any machine gives, an energy or a time of zero (a meter that did not tick measured nothing),
// or neither energy nor time.
func (r *Record) Check() error {
	if r.Schema != RecordSchema {
		return fmt.Errorf("schema %d, want %d", r.Schema, RecordSchema)
	}
	if r.Device.ID == "" && r.Device.Name == "" {
		return errors.New("device has neither id nor name")
	}
	if err := r.checkWords(); err != nil {
		return err
	}
	if r.Energy == nil && r.Time == nil {
		return errors.New("neither energy_j nor time_s")
	}
	for i := range r.Work {
		if err := r.Work[i].check(); err != nil {
			return fmt.Errorf("work[%d]: %w", i, err)
		}
	}
	if year := r.Timestamp.UTC().Year(); year < 0 || year > 9999 {
		return fmt.Errorf("timestamp: year %d", year)
	}
	for _, n := range r.numbers() {
		if err := n.check(); err != nil {
			return err
		}
	}
	return nil
}

// check refuses work that cannot be.
func (w *Work) check() error {
	if w.Class == "" || w.DType == "" || w.Count < 1 || w.MACs < 0 || w.Read < 0 || w.Written < 0 {
		return errors.New("want a class, a dtype, a count of at least 1, and no negative number")
	}
	for _, p := range w.Products {
		if p.Batch < 0 || p.M < 0 || p.N < 0 || p.K < 0 {
			return errors.New("a product of negative size")
		}
	}
	if w.Elements < 0 {
		return errors.New("a negative number of elements")
	}
	if a := w.Attention; a != nil && min(a.Batch, a.Heads, a.KVHeads, a.HeadDim, a.Query, a.Context, a.Window) < 0 {
		return errors.New("an attention of negative size")
	}
	if e := w.Experts; e != nil && min(e.Tokens, e.Hidden, e.Inter, e.TopK, e.Experts) < 0 {
		return errors.New("a layer of experts of negative size")
	}
	return nil
}

// checkWords reports a word outside its vocabulary.
func (r *Record) checkWords() error {
	if !slices.Contains([]Method{MethodCounter, MethodIntegral, MethodPowerTime, MethodTime, MethodPublished}, r.Method) {
		return fmt.Errorf("method %q, want counter, integral, power-x-time, time or published", r.Method)
	}
	timeOnly := r.Boundary == "" && r.Energy == nil && r.NetEnergy == nil
	if !timeOnly && !slices.Contains([]Boundary{BoundaryBoard, BoundaryModule, BoundaryPackage, BoundaryWall}, r.Boundary) {
		return fmt.Errorf("scope %q, want board, module, package or wall", r.Boundary)
	}
	if !slices.Contains([]Level{LevelOperator, LevelModule, LevelModel}, r.Level) {
		return fmt.Errorf("level %q, want operator, module or model", r.Level)
	}
	if !slices.Contains([]string{"", "hot", "rotated"}, r.Buffers) {
		return fmt.Errorf("buffers %q, want hot or rotated", r.Buffers)
	}
	if !slices.Contains([]string{ContextAlone, ContextModel}, r.Context) {
		return fmt.Errorf("context %q, want %s or none", r.Context, ContextModel)
	}
	return nil
}

// What no measurement is beyond, of any machine: rates, sums and ratios of what is within stay numbers.
const (
	leastPositive = 1e-15 // of times and energies: light passes an atom in that many seconds
	mostSeconds   = 1e9   // thirty years
	mostJoules    = 1e15  // those at a megawatt
	mostWatts     = 1e7
	mostHertz     = 1e12
	mostNumber    = 1e30 // of what has no unit
)

// number is one number of a record with its name in the file.
type number struct {
	name     string
	value    float64
	positive bool    // zero is refused too
	signed   bool    // negative is allowed
	most     float64 // 0: mostNumber
}

func (n number) check() error {
	most := cmp.Or(n.most, mostNumber)
	switch {
	case math.IsNaN(n.value) || math.IsInf(n.value, 0):
		return fmt.Errorf("%s is not finite", n.name)
	case n.value < 0 && !n.signed:
		return fmt.Errorf("%s is negative: %g", n.name, n.value)
	case n.value == 0 && n.positive:
		return fmt.Errorf("%s is zero; leave out what was not measured", n.name)
	case n.positive && n.value < leastPositive:
		return fmt.Errorf("%s is %g, less than anything that is measured", n.name, n.value)
	case math.Abs(n.value) > most:
		return fmt.Errorf("%s is %g, more than anything that is measured: want at most %g", n.name, n.value, most)
	}
	return nil
}

// numbers lists every number of r that is present, in the order of the file.
func (r *Record) numbers() []number {
	var out []number
	out = append(out, number{name: "device.units", value: float64(r.Device.Units)}, number{name: "device.cache_bytes", value: float64(r.Device.CacheBytes)}, number{name: "device.memory_bytes", value: float64(r.Device.MemoryBytes)})
	out = appendNumber(out, "device.power_limit_w", r.Device.PowerLimit, number{positive: true, most: mostWatts})
	if c := r.Clocks; c != nil {
		out = appendNumber(out, "clocks.sm_before_hz", c.SMBefore, number{most: mostHertz})
		out = appendNumber(out, "clocks.sm_after_hz", c.SMAfter, number{most: mostHertz})
		out = appendNumber(out, "clocks.memory_before_hz", c.MemoryBefore, number{most: mostHertz})
		out = appendNumber(out, "clocks.memory_after_hz", c.MemoryAfter, number{most: mostHertz})
		out = appendNumber(out, "clocks.temperature_before_c", c.TempBefore, number{signed: true})
		out = appendNumber(out, "clocks.temperature_after_c", c.TempAfter, number{signed: true})
	}
	out = appendMap(out, "dims", r.Dims)
	out = appendMap(out, "features", r.Features)
	out = appendNumber(out, "energy_j", r.Energy, number{positive: true, most: mostJoules})
	out = appendNumber(out, "net_energy_j", r.NetEnergy, number{most: mostJoules})
	out = appendNumber(out, "wall_energy_j", r.WallEnergy, number{positive: true, most: mostJoules})
	out = appendNumber(out, "time_s", r.Time, number{positive: true, most: mostSeconds})
	out = appendNumber(out, "kernel_time_s", r.KernelTime, number{positive: true, most: mostSeconds})
	out = appendNumber(out, "idle_w", r.Idle, number{most: mostWatts})
	out = appendNumber(out, "busy", r.Busy, number{})
	out = appendNumber(out, "drift", r.Drift, number{positive: true})
	out = appendNumber(out, "counter_over_power", r.Counter, number{})
	if s := r.Spread; s != nil {
		out = append(out, s.numbers()...)
	}
	return appendMap(out, "utilisation", r.Utilisation)
}

func (s *Spread) numbers() []number {
	out := appendNumber(nil, "spread.cv", s.CV, number{})
	for i := range s.Windows {
		out = appendNumber(out, fmt.Sprintf("spread.windows_j[%d]", i), &s.Windows[i], number{most: mostJoules})
	}
	for i := range s.Times {
		out = appendNumber(out, fmt.Sprintf("spread.times_s[%d]", i), &s.Times[i], number{most: mostSeconds})
	}
	out = appendNumber(out, "spread.window_s", s.Window, number{positive: true, most: mostSeconds})
	out = append(out, number{name: "spread.iterations", value: float64(s.Iterations)})
	return appendNumber(out, "spread.counter_period_s", s.CounterPeriod, number{positive: true, most: mostSeconds})
}

// appendNumber adds the number at v under a name, with the rule's bounds, unless v is nil.
func appendNumber[T ~float64](list []number, name string, v *T, rule number) []number {
	if v == nil {
		return list
	}
	rule.name, rule.value = name, float64(*v)
	return append(list, rule)
}

// appendMap adds the numbers of a map, sorted by key.
func appendMap[T ~float64 | ~int64](list []number, name string, m map[string]T) []number {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, number{name: name + "." + k, value: float64(m[k])})
	}
	return list
}
