package fit

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/stats"
)

// How much is taken for granted of a device before any of its rows is seen, as standard deviations of logarithms. A
// group's factors and constants are as uncertain as the law was off, in the middle, on devices that were left out of it;
// within these bounds, and at the upper one where nothing was left out.
const (
	leastOwnSpread = 0.05
	mostOwnSpread  = 0.3
	awakeSpread    = 0.2    // of the watts of a chip that does nothing
	middleOfNormal = 0.6745 // median of a normal distribution's absolute values, in standard deviations
)

// mostOwnRows bounds the measurements of a class and level that constants are fitted to: they are few, and shapes are many.
const mostOwnRows = 400

// probeGain is the relative gain of a round of changes of single constants below which the search ends.
const probeGain = 1e-3

// ownFit finds what is a device's own in the law of overlapping kernels: by the constants that all devices share, unless
// its rows say otherwise. Of few rows little more than a factor for each group of kernels remains, of many whatever
// constants they decide.
type ownFit struct {
	search
	overlap *coefficients.Overlap // that the device is to be added to
	device  energy.Device
	law     *law.Overlap
	kernels []*law.Kernel // distinct ones
	speaks  [][]bool      // by slot and kernel
	took    [][2]float64  // seconds and joules of each kernel, with the constants as they were last evaluated whole
	rows    []ownRow
	launch  energy.Seconds // of the host
	tf32    *bool          // nil: nobody says
}

// ownRow is a time or an energy that was measured.
type ownRow struct {
	parts    []ownPart
	of       int     // timeOf or energyOf
	measured float64 // s or J
}

// ownPart is a kernel as often as it ran.
type ownPart struct {
	kernel int
	count  float64
}

// newOwnFit lists what items of one device ran and took.
func newOwnFit(base *coefficients.Overlap, dev energy.Device, items []*Item, o *Options) (*ownFit, error) {
	limit := usualLimit(items)
	l, err := law.OverlapUnder(base, dev, law.Options{PowerLimit: limit, Alone: len(items) > 0 && alone(items[0])})
	if err != nil {
		return nil, err
	}
	f := &ownFit{overlap: base, device: dev, law: l, launch: hostLaunch(items), tf32: mostRounded(items)}
	at := map[string]int{}
	for _, it := range thinnedItems(items) {
		if hostBound(it) || limitOf(it) != limit {
			continue
		}
		var parts []ownPart
		it.Work.All(func(k *Kernel) {
			key := fmt.Sprintf("%+v", kernelIdentity(&k.Kernel))
			i, ok := at[key]
			if !ok {
				i = len(f.kernels)
				at[key] = i
				f.kernels = append(f.kernels, &k.Kernel)
			}
			parts = append(parts, ownPart{i, k.Count})
		})
		for of, measured := range [2]float64{timeOf: float64(it.Time), energyOf: float64(it.Energy)} {
			if measured > 0 && len(parts) > 0 {
				f.rows = append(f.rows, ownRow{parts, of, measured})
				f.weight = append(f.weight, cmp.Or(o.LevelWeights[it.Level], 1))
			}
		}
	}
	f.prepare()
	return f, nil
}

// prepare lists the constants, which kernels decide them, and how firmly they are held.
func (f *ownFit) prepare() {
	f.slots = f.law.OwnSlots(f.kernels)
	groups := make([]string, len(f.kernels))
	own := make([]string, len(f.kernels))
	shared := map[string]string{} // group of constants by the device's own
	for i, k := range f.kernels {
		groups[i], own[i] = f.law.Group(k), f.law.OwnGroup(k)
		shared[own[i]] = groups[i]
	}
	for i := range f.slots {
		s := &f.slots[i]
		speaks := make([]bool, len(f.kernels))
		for j, k := range f.kernels {
			speaks[j] = s.Of == own[j] || s.Group == "" && s.Of == "" || s.Group == groups[j] && f.law.Speaks(k, s.Of)
		}
		f.speaks = append(f.speaks, speaks)
	}
	f.pull = func(s *law.Slot) float64 {
		spread := awakeSpread
		if s.Group != "" || s.Of != "" {
			spread = ownSpread(f.overlap, f.device.ID, cmp.Or(s.Group, shared[s.Of]), s)
		}
		return lossScale * lossScale / (spread * spread)
	}
	f.residuals = f.evaluate
}

// ownSpread is the spread of a constant from device to device.
func ownSpread(o *coefficients.Overlap, device, group string, s *law.Slot) float64 {
	g, ok := knownGroup(o, device, s.Of, group)
	if !ok {
		return mostOwnSpread
	}
	band := g.Time
	if law.OfEnergy(s) && g.Energy.N > 0 {
		band = g.Energy
	}
	if band.N == 0 {
		return mostOwnSpread
	}
	return min(mostOwnSpread, max(leastOwnSpread, band.P50/middleOfNormal))
}

// kernelIdentity is a kernel without pointers, which tells kernels apart.
func kernelIdentity(k *law.Kernel) any {
	flat := *k
	flat.Attention, flat.Experts = nil, nil
	var a law.Attention
	var e law.Experts
	if k.Attention != nil {
		a = *k.Attention
	}
	if k.Experts != nil {
		e = *k.Experts
	}
	return struct {
		law.Kernel
		a law.Attention
		e law.Experts
	}{flat, a, e}
}

// thinnedItems takes some of the items where there are many of a class and level, evenly over their order.
func thinnedItems(items []*Item) []*Item {
	type bucket struct {
		level energy.Level
		class string
	}
	count, seen := map[bucket]int{}, map[bucket]int{}
	of := func(it *Item) bucket { return bucket{it.Level, it.Class} }
	for _, it := range items {
		count[of(it)]++
	}
	var out []*Item
	for _, it := range items {
		b := of(it)
		every := (count[b] + mostOwnRows - 1) / mostOwnRows
		if seen[b]%every == 0 {
			out = append(out, it)
		}
		seen[b]++
	}
	return out
}

// hostBound says that a module or model waited for the host: what it took is not its kernels'.
func hostBound(it *Item) bool {
	return it.Record != nil && slices.Contains(it.Record.Flags, energy.FlagHostBound)
}

// alone says that an item is a kernel given by shape, with its launch in what it took. Records are of a steady load, in which
// the host launches ahead, as within a model.
func alone(it *Item) bool { return it.Record == nil }

// limitOf is the power limit that an item was measured under; 0 where it is the board's own, or nobody says.
func limitOf(it *Item) energy.Watts {
	if it.Record == nil || it.Record.Device.PowerLimit == nil {
		return 0
	}
	if w := *it.Record.Device.PowerLimit; w < it.Device.TDP {
		return w
	}
	return 0
}

// usualLimit is the power limit that most items were measured under, of equals the highest.
func usualLimit(items []*Item) (limit energy.Watts) {
	count := map[energy.Watts]int{}
	for _, it := range items {
		count[limitOf(it)]++
	}
	most := 0
	for _, w := range slices.Sorted(maps.Keys(count)) {
		if count[w] >= most {
			limit, most = w, count[w]
		}
	}
	return limit
}

// hostLaunch is what a launch takes the host, by what waited for it; 0 where nothing did.
func hostLaunch(items []*Item) energy.Seconds {
	var list []float64
	for _, it := range items {
		if launches := it.Work.launches(); hostBound(it) && it.Time > 0 && launches > 0 {
			list = append(list, float64(it.Time)/launches)
		}
	}
	if len(list) == 0 {
		return 0
	}
	return energy.Seconds(stats.Median(list))
}

// mostRounded says whether most of the items that tell rounded products of float32 to TF32; nil where none tells.
func mostRounded(items []*Item) *bool {
	votes, n := 0, 0
	for _, it := range items {
		if it.Record == nil {
			continue
		}
		if rounds, err := strconv.ParseBool(it.Record.Runtime.Options[optionTF32]); err == nil {
			n++
			if rounds {
				votes++
			}
		}
	}
	if n == 0 {
		return nil
	}
	return new(2*votes > n)
}

// evaluate are the residuals of all rows; where one constant has changed, of the kernels that it decides.
func (f *ownFit) evaluate(base []float64, slot int) []float64 {
	took := make([][2]float64, len(f.kernels))
	copy(took, f.took)
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(f.kernels); i += workers {
				if slot < 0 || f.speaks[slot][i] {
					took[i][timeOf], took[i][energyOf] = f.law.TimeAndEnergy(f.kernels[i])
				}
			}
		})
	}
	group.Wait()
	if slot < 0 {
		f.took = took
	}
	out := make([]float64, len(f.rows))
	for i := range f.rows {
		r := &f.rows[i]
		sum := 0.0
		for _, p := range r.parts {
			sum += p.count * took[p.kernel][r.of]
		}
		out[i] = math.Log(sum / r.measured)
	}
	return out
}

// probes are the changes of a logarithm that find tries where derivatives lead no further.
func probes() []float64 { return []float64{0.4, -0.4, 0.1, -0.1, 0.03, -0.03} }

// find searches, and where steps gain nothing, changes one constant at a time: a kernel at the power limit, or between two
// tiles, takes a turn there that derivatives do not see. It returns the residuals.
func (f *ownFit) find() []float64 {
	r := f.search.solve()
	for range iterations {
		before := f.cost(r)
		for i := range f.slots {
			s := &f.slots[i]
			for _, by := range probes() {
				was := *s.Value
				move(s, by)
				if next := f.residuals(nil, i); f.cost(next) < f.cost(r) {
					r = f.residuals(nil, -1)
				} else {
					*s.Value = was
				}
			}
		}
		if before-f.cost(r) < probeGain*before {
			break
		}
		r = f.search.solve()
	}
	return r
}

// solve fits, and notes how uncertain the constants are.
func (f *ownFit) solve() error {
	if len(f.rows) == 0 {
		return nil
	}
	r := f.find()
	// The pull is in units of the loss's scale, and so is the curvature: a row is taken to scatter by no less.
	return f.uncertainty(r, max(f.variance(r), lossScale*lossScale), priorSpread)
}

// own is what was fitted, with the groups of kernels that rows are of and nothing said of their errors.
func (f *ownFit) own(data string) coefficients.Own {
	own := coefficients.Own{Device: f.device.ID, Constants: f.constants(data), Launch: f.launch, TF32: f.tf32}
	names := map[string]bool{}
	for _, k := range f.kernels {
		names[f.law.OwnGroup(k)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		own.Groups = append(own.Groups, coefficients.Group{Name: name, Devices: []string{f.device.ID}})
	}
	return own
}

// constants are what was fitted, as files keep it.
func (f *ownFit) constants(data string) []coefficients.Constant {
	var out []coefficients.Constant
	for i, s := range f.slots {
		c := coefficients.Constant{Name: s.Name, Of: s.Of, Value: *s.Value, Unit: s.Unit, Data: data}
		for j := range f.rows {
			if slices.ContainsFunc(f.rows[j].parts, func(p ownPart) bool { return f.speaks[i][p.kernel] }) {
				c.Rows++
			}
		}
		if f.spread != nil {
			c.Low, c.High = c.Value*math.Exp(-normal90*f.spread[i]), c.Value*math.Exp(normal90*f.spread[i])
		}
		out = append(out, c)
	}
	return out
}
