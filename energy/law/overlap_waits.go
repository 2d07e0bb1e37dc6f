package law

import "math"

// What a kernel waits for at the same time.
const (
	waitArithmetic = iota
	waitLoad       // operands on their way to a multiprocessor
	waitLatency    // of its pipeline
	waitMemory
	numWaits
)

// waits is what a kernel waits for at boost clock, and what it moves.
type waits struct {
	floor   float64           // s of launches and of empty kernels, in which the device idles
	before  float64           // s of kernels that prepare the work: a quantiser, a rotation
	overlap [numWaits]float64 // s
	p       float64           // exponent of overlap: 1 is a sum, infinity the longest
	split   float64           // s of a second pass
	flops   float64           // of products
	joules  float64           // per FLOP, as a share of those of bfloat16
	scores  float64           // of attention
	traffic float64           // bytes from and to memory
	busy    float64           // share of the multiprocessors that have work
	vector  bool              // without tensor cores
	capped  bool              // the times hold what the limit of the boards costs that they were fitted on
	tile    [2]float64
}

// time overlaps the waits at a share of the boost clock.
func (x *waits) time(clock float64) float64 {
	o := x.overlap
	for i := range o {
		if i != waitMemory {
			o[i] /= clock
		}
	}
	return x.floor + x.before + norm(x.p, o[:]...) + x.split
}

// norm is (Σ v^p)^(1/p) for v ≥ 0.
func norm(p float64, v ...float64) float64 {
	top := 0.0
	for _, x := range v {
		top = math.Max(top, x)
	}
	if top == 0 {
		return 0
	}
	sum := 0.0
	for _, x := range v {
		if r := x / top; r == 1 {
			sum++
		} else if r > negligible {
			sum += math.Exp(p * math.Log(r))
		}
	}
	if sum == 1 {
		return top
	}
	return top * math.Exp(math.Log(sum)/p)
}

// negligible is the share of the longest wait below which another is left out: to the power of 2 that is 10⁻⁴.
const negligible = 0.01

func clamp(x float64) float64 { return math.Min(1, math.Max(0, x)) }

// beyond is the share of x bytes that y bytes of cache do not hold.
func beyond(x, y float64) float64 { return clamp(x/y - 1) }

// follow puts another kernel behind this one.
func (x *waits) follow(y waits) {
	x.floor, x.before, x.split = x.floor+y.floor, x.before+y.before, x.split+y.split
	for i := range x.overlap {
		x.overlap[i] += y.overlap[i]
	}
	x.flops, x.scores, x.traffic = x.flops+y.flops, x.scores+y.scores, x.traffic+y.traffic
}
