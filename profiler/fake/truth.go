package fake

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/irene-onnx/irene/energy"
)

// What the device is made of.
const (
	units       = 80
	cacheBytes  = 40 << 20
	memoryBytes = 16 << 30

	bandwidth  = 1.4e12 // B/s, of large transfers
	cacheGain  = 3.5    // by how much the cache is faster
	halfBytes  = 600e3  // transfers of that size reach half of it
	vectorRate = 15e12  // FLOP/s without matrix units

	launchTime  = 4.5e-6 // of the host, per kernel
	replayTime  = 0.7e-6 // between two kernels of a recording
	kernelTime  = 1.6e-6 // from the start of a kernel to its first result
	kernelJoule = 60e-6  // per kernel

	idlePower   = 65.  // W, context open
	staticPower = 95.  // W, while anything runs
	powerLimit  = 300. // W
	lowestClock = 0.3  // of the highest
	smClock     = 1.7e9
	memoryClock = 1.2e9
)

// conditions are those under which a workload runs.
type conditions struct {
	hot   bool // operands are the same each time
	graph bool // launches are replayed

	noise float64 // of each kernel
	seed  uint64
}

// cost is what one run of a list of kernels takes.
type cost struct {
	time, power float64 // s, W
	busy        float64 // share of the time in which kernels run
	capped      bool    // the power limit holds
}

// runCost is what the kernels take, run one after the other.
func runCost(work []energy.Work, c conditions) cost {
	hit := 0.
	if c.hot {
		hit = cacheHit(work)
	}
	off := make([]noise, len(work))
	for i := range work {
		off[i] = noiseOf(work[i], c)
	}
	atClock := func(clock float64) cost { return atClock(work, off, c.graph, hit, clock) }
	out := atClock(1)
	if out.power <= powerLimit {
		return out
	}
	low, high := lowestClock, 1.
	for range 50 {
		if clock := (low + high) / 2; atClock(clock).power > powerLimit {
			high = clock
		} else {
			low = clock
		}
	}
	out = atClock(low)
	out.capped = true
	return out
}

// atClock is the cost at a share of the highest clock. Dynamic energy of the multiprocessors goes with the square of
// the voltage, which goes with the clock.
func atClock(work []energy.Work, off []noise, graph bool, hit, clock float64) cost {
	kernels, launches, joules := 0., 0., 0.
	for i := range work {
		w := &work[i]
		n := float64(w.Count)
		arithmetic, moving := arithmeticTime(w)/clock, trafficTime(w, hit)
		kernels += n * (max(arithmetic, moving) + kernelTime/clock) * off[i].time
		launches += n
		joules += n * off[i].joules * ((2*float64(w.MACs)*flopJoules(w)+kernelJoule)*clock*clock + traffic(w)*(20e-12*hit+70e-12*(1-hit)))
	}
	total := max(kernels, launches*launchTime)
	if graph {
		total = kernels + launches*replayTime
	}
	return cost{time: total, power: joules/total + staticPower, busy: kernels / total}
}

// noise is how far a kernel is off the truth, as factors.
type noise struct{ time, joules float64 }

// noiseOf is the noise of a kernel, which is the same however often it runs and whatever runs beside it.
func noiseOf(w energy.Work, c conditions) noise {
	h := fnv.New64a()
	h.Write([]byte(w.Identity()))
	r := rand.New(rand.NewPCG(c.seed, h.Sum64()))
	return noise{time: factor(r, c.noise), joules: factor(r, c.noise)}
}

// arithmeticTime is how long one kernel's multiplications take at the highest clock.
func arithmeticTime(w *energy.Work) float64 {
	if len(w.Products) == 0 {
		return 2 * float64(w.MACs) / (0.6 * vectorRate)
	}
	total := 0.
	for _, p := range w.Products {
		flops := 2 * float64(p.Batch) * float64(p.M) * float64(p.N) * float64(p.K)
		total += flops / (matrixRate(w.DType) * efficiency(p))
	}
	return total
}

// matrixRate is the peak of the matrix units in FLOP/s.
func matrixRate(dtype string) float64 {
	switch dtype {
	case "float16", "bfloat16":
		return 125e12
	case "int8", "uint8":
		return 250e12
	case "float64":
		return vectorRate / 2
	}
	return vectorRate
}

// efficiency is the share of the peak that a product reaches: tiles that stand over the edges, waves that do not fill
// the device, and the way to the first result cost some of it.
func efficiency(p energy.Product) float64 {
	edge := func(size int64, tile float64) float64 {
		x := float64(size) / tile
		return 0.4 + 0.6*x/math.Ceil(x)
	}
	tiles := float64(p.Batch) * math.Ceil(float64(p.M)/64) * math.Ceil(float64(p.N)/64)
	waves := tiles / units
	depth := float64(p.K)
	return 0.93 * edge(p.M, 64) * edge(p.N, 64) * waves / (waves + 0.4) * depth / (depth + 80)
}

// traffic is the bytes that one kernel reads and writes.
func traffic(w *energy.Work) float64 { return float64(w.Read) + float64(w.Written) }

// trafficTime is how long one kernel's bytes take, a share of which the cache holds.
func trafficTime(w *energy.Work, hit float64) float64 {
	bytes := traffic(w)
	if bytes == 0 {
		return 0
	}
	rate := bandwidth * bytes / (bytes + halfBytes)
	return bytes * (hit/cacheGain + 1 - hit) / rate
}

// cacheHit is which share of the traffic the cache holds when the same operands come again and again: all of it up to
// half the cache, none from the whole cache on.
func cacheHit(work []energy.Work) float64 {
	total := 0.
	for i := range work {
		total += float64(work[i].Count) * traffic(&work[i])
	}
	return min(1, max(0, 2-2*total/cacheBytes))
}

// flopJoules is the energy of one floating-point operation at the highest clock.
func flopJoules(w *energy.Work) float64 {
	switch {
	case len(w.Products) == 0:
		return 9e-12
	case w.DType == "float16" || w.DType == "bfloat16":
		return 2.1e-12
	case w.DType == "int8" || w.DType == "uint8":
		return 1.1e-12
	}
	return 8e-12
}
