package fit

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
)

// What Plan takes for granted of a row's logarithm about its class's factor, beside what adapting does.
const (
	planLength = 2.08 // rows whose sizes differ by a factor of e to this err with a correlation of 0.6
	planNoise  = 0.03 // of measuring
	planLaunch = 0.5  // of the part that is launches: it says little about the class's work
	planPeers  = 1024 // most candidates of a class; of more, every n-th
)

// Plan chooses the operators to measure on a device so that coefficients adapted with them are expected to miss least, all
// classes counting alike: an A-optimal design for what Adapt does, grown one operator at a time. It returns the indices
// of count rows, or of all distinct ones where there are fewer, in the order of what they add. Rows need no
// measurements. The same rows give the same choice.
func Plan(base *coefficients.Coefficients, dev energy.Device, rows []operator.Operator, count int) ([]int, error) {
	if count < 1 {
		return nil, fmt.Errorf("a plan of %d operators: want at least 1", count)
	}
	c, err := base.Transferred(dev)
	if err != nil {
		return nil, err
	}
	d, err := newDesign(c, dev, rows)
	if err != nil {
		return nil, err
	}
	for range min(count, len(d.candidates)) {
		d.addBest()
	}
	var out []int
	for _, i := range d.chosen {
		out = append(out, d.candidates[i].index)
	}
	return out, nil
}

// design is the candidates, those chosen, and the covariances of the chosen ones' logarithms.
type design struct {
	prior      float64 // variance of the factors of classes, and of their group's
	candidates []candidate
	keys       []coefficients.Key // of the candidates, sorted
	chosen     []int
	cov        [][]float64
}

// candidate is a candidate: what is uncertain of the logarithm of its measured over its predicted value.
type candidate struct {
	index      int // in the rows given
	key        coefficients.Key
	at         [3]float64 // logarithms of bytes, operations and depth
	noise      float64    // variance that no other row shares
	meanShared float64    // mean covariance with the rows of its class, about the class's factor
}

func newDesign(c *coefficients.Coefficients, dev energy.Device, ops []operator.Operator) (*design, error) {
	d := &design{prior: spreadOf(c) * spreadOf(c)}
	l, err := law.NewAdditive(c, dev, law.Options{Alone: true})
	if err != nil {
		return nil, err
	}
	m := law.NewMachine(dev)
	byClass := map[coefficients.Key][]candidate{}
	done := map[string]bool{}
	for i := range ops {
		k, err := ops[i].Kernel(dev)
		if err != nil {
			return nil, &energy.SyntaxError{File: ops[i].File, Line: ops[i].Line, Msg: err.Error()}
		}
		if name := ops[i].String(); !done[name] {
			done[name] = true
			f := m.Features(&k)
			r := newCandidate(l.Kernel(&k).Causes, &f, i)
			byClass[r.key] = append(byClass[r.key], r)
		}
	}
	d.keys = slices.SortedFunc(maps.Keys(byClass), coefficients.CompareKeys)
	for _, k := range d.keys {
		d.candidates = append(d.candidates, peers(byClass[k])...)
	}
	return d, nil
}

func newCandidate(causes law.Causes, f *law.Features, index int) candidate {
	total := causes.Total()
	launches := 0.0
	if total.Time > 0 {
		launches = float64((causes[law.Launch].Time + causes[law.Host].Time) / total.Time)
	} else if total.Energy > 0 {
		launches = float64((causes[law.Launch].Energy + causes[law.Host].Energy) / total.Energy)
	}
	launches *= planLaunch
	return candidate{
		index: index, key: f.Key, noise: planNoise*planNoise + launches*launches,
		at: [3]float64{math.Log(f.X[coefficients.Bytes] + 1), math.Log(f.X[coefficients.FLOPs] + 1), math.Log(f.Depth + 1)},
	}
}

// peers thins the rows of a class and compares each with all others.
func peers(rows []candidate) []candidate {
	step := (len(rows) + planPeers - 1) / planPeers
	var out []candidate
	for i := 0; i < len(rows); i += step {
		out = append(out, rows[i])
	}
	for i := range out {
		for j := range out {
			out[i].meanShared += sharedBySize(&out[i], &out[j]) / float64(len(out))
		}
	}
	return out
}

// sharedBySize is the covariance of two rows of a class about the class's factor, without noise: the closer their sizes, the
// more alike they err.
func sharedBySize(a, b *candidate) float64 {
	squares := 0.0
	for i := range a.at {
		squares += (a.at[i] - b.at[i]) * (a.at[i] - b.at[i])
	}
	return spreadIn(a.key.Class) * spreadIn(a.key.Class) * math.Exp(-squares/(2*planLength*planLength))
}

// covariance is that of two rows' logarithms. Rows share their group's factor, their class's, and what depends on size.
func (d *design) covariance(i, j int) float64 {
	a, b := &d.candidates[i], &d.candidates[j]
	if coefficients.ClassOf(a.key.Class).Multiplies() != coefficients.ClassOf(b.key.Class).Multiplies() {
		return 0
	}
	v := d.prior
	if a.key == b.key {
		v += d.prior + sharedBySize(a, b)
	}
	if i == j {
		v += a.noise
	}
	return v
}

// addBest chooses the row that lowers the risk the most.
func (d *design) addBest() {
	before := map[bool]float64{}
	for _, products := range []bool{false, true} {
		before[products] = d.risk(d.chosen, d.cov, products)
	}
	best, most := -1, math.Inf(-1)
	for i := range d.candidates {
		if slices.Contains(d.chosen, i) {
			continue
		}
		products := coefficients.ClassOf(d.candidates[i].key.Class).Multiplies()
		chosen, cov := d.extended(i)
		if gain := before[products] - d.risk(chosen, cov, products); gain > most {
			best, most = i, gain
		}
	}
	d.chosen, d.cov = d.extended(best)
}

// extended is the design with one row more.
func (d *design) extended(i int) (chosen []int, cov [][]float64) {
	chosen = append(slices.Clip(d.chosen), i)
	row := make([]float64, len(chosen))
	for x, j := range chosen {
		row[x] = d.covariance(i, j)
	}
	return chosen, append(slices.Clip(d.cov), row) // lower triangle
}

// risk is the expected squared error of the logarithms of a group's rows, summed over classes, adapted with the chosen.
func (d *design) risk(chosen []int, cov [][]float64, products bool) float64 {
	total := 0.0
	for _, k := range d.keys {
		if coefficients.ClassOf(k.Class).Multiplies() != products {
			continue
		}
		total += 2 * d.prior
		by := d.estimator(k, chosen)
		for x, i := range chosen {
			if by[x] == 0 {
				continue
			}
			shared := d.prior
			if d.candidates[i].key == k {
				shared += d.prior + d.candidates[i].meanShared
			}
			total += by[x] * (by[x]*cov[x][x] - 2*shared)
			for y := range x {
				total += 2 * by[x] * by[y] * cov[x][y]
			}
		}
	}
	return total
}

// estimator is the weight that each chosen row's logarithm has in the factor of a class: adaptation.factor, before the
// rows' scatter is known.
func (d *design) estimator(k coefficients.Key, chosen []int) []float64 {
	out := make([]float64, len(chosen))
	count := map[coefficients.Key]float64{}
	for _, i := range chosen {
		count[d.candidates[i].key]++
	}
	products := coefficients.ClassOf(k.Class).Multiplies()
	spread := spreadIn(k.Class) * spreadIn(k.Class)
	sum := 1 / d.prior
	for x, i := range chosen {
		if r := &d.candidates[i]; coefficients.ClassOf(r.key.Class).Multiplies() == products {
			n := count[r.key]
			out[x] = 1 / (n*d.prior + spread)
			sum += out[x]
		}
	}
	own := count[k]
	shrink := 1.0
	if own > 0 {
		shrink = spread / d.prior / (own + spread/d.prior)
	}
	for x, i := range chosen {
		out[x] *= shrink / sum
		if d.candidates[i].key == k {
			out[x] += (1 - shrink) / own
		}
	}
	return out
}
