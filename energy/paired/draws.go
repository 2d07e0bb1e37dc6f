package paired

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/graph"
)

// draws is how many times errors are drawn.
const draws = 400

// Draws are draws of the errors of laws, applied to kernels. They belong to one goroutine; laws and kernels of one name
// err alike in all of them, whoever draws.
type Draws struct {
	sources map[string]*source
	places  map[string]int
	kernels []kernel
	normal  [draws]float64 // quantiles of the normal distribution
}

// source is a law whose errors are drawn.
type source struct {
	*law.Variation
	law       law.Law
	resampled [draws]int // the law of each draw among Drawn
	groups    map[group]*[draws]float64
}

// group is a group of kernels that share an error.
type group struct {
	name  string
	dtype graph.DType
}

// kernel is a kernel, and the factors that draws of its errors multiply its amounts by, once they are asked for.
type kernel struct {
	of      *source
	work    law.Kernel
	outcome law.Outcome
	factors *[quantities][draws]float64
	refits  []Amounts // factors by the laws of resampled measurements, once they are asked for
}

func (k *kernel) group() group { return group{k.outcome.Group, k.outcome.DType} }

// NewDraws makes room for draws.
func NewDraws() *Draws {
	d := &Draws{sources: map[string]*source{}, places: map[string]int{}}
	copy(d.normal[:], Normals())
	return d
}

// Normals are the quantiles of the normal distribution that variables are drawn from, one a draw.
func Normals() []float64 {
	out := make([]float64, draws)
	for i := range out {
		out[i] = math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/draws-1)
	}
	return out
}

// source is the law of a variation.
func (d *Draws) source(v *law.Variation, l law.Law) *source {
	s := d.sources[v.Of]
	if s != nil {
		return s
	}
	s = &source{Variation: v, law: l, groups: map[group]*[draws]float64{}}
	if n := len(v.Drawn); n > 0 {
		for i, at := range generator(v.Of).Perm(draws) {
			s.resampled[i] = at % n
		}
	}
	d.sources[v.Of] = s
	return s
}

// place is where a kernel is kept.
func (d *Draws) place(of *source, k *law.Kernel, o *law.Outcome) int {
	name := of.Of + "|" + k.Identity()
	i, ok := d.places[name]
	if !ok {
		i = len(d.kernels)
		d.places[name] = i
		d.kernels = append(d.kernels, kernel{of: of, work: *k, outcome: *o})
	}
	return i
}

// generator is that of what a name names.
func generator(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), draws))
}

// normals draws a normal variable: its quantiles in an order that goes by the name, so that few draws hold both tails.
func (d *Draws) normals(name string) *[draws]float64 {
	v := d.normal
	generator(name).Shuffle(draws, func(i, j int) { v[i], v[j] = v[j], v[i] })
	return &v
}

// factors are what the draws multiply the amounts of the i-th kernel by.
func (d *Draws) factors(i int) *[quantities][draws]float64 {
	k := &d.kernels[i]
	if k.factors != nil {
		return k.factors
	}
	g := k.group()
	shared := k.of.groups[g]
	if shared == nil {
		shared = d.normals(k.of.Of + "|group " + g.name + " " + g.dtype.String())
		k.of.groups[g] = shared
	}
	own := d.normals(k.of.Of + "|kernel " + k.work.Identity())
	spread := k.of.Spread(&k.outcome)
	k.factors = &[quantities][draws]float64{}
	refits := k.resampled()
	for q, s := range [quantities]coefficients.Spread{Energy: spread.Energy, Time: spread.Time} {
		for i := range draws {
			f := math.Exp(s.Group*shared[i] + s.Kernel*own[i])
			if refits != nil {
				f *= refits[k.of.resampled[i]][q]
			}
			k.factors[q][i] = f
		}
	}
	return k.factors
}

// resampled are the factors between what the law says of a kernel and what the laws of resampled measurements do; nil
// where there are none.
func (k *kernel) resampled() []Amounts {
	if k.outcome.Class == law.View || len(k.of.Drawn) == 0 || k.refits != nil {
		return k.refits
	}
	p := k.of.law.Kernel(&k.work)
	k.refits = make([]Amounts, len(k.of.Drawn))
	for i, l := range k.of.Drawn {
		x := l.Kernel(&k.work)
		k.refits[i] = Amounts{quotient(float64(x.Energy), float64(p.Energy)), quotient(float64(x.Time), float64(p.Time))}
	}
	return k.refits
}

// quotient is a/b; 1 where b is nothing.
func quotient(a, b float64) float64 {
	if !(b > 0) {
		return 1
	}
	return a / b
}
