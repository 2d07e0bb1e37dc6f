package law

import (
	"math"

	"github.com/irene-onnx/irene/energy"
)

// atLimit is the share of the power limit that boards under it draw in the mean.
const atLimit = 0.98

// PowerConstants are those of power.
type PowerConstants struct {
	FLOP   [numProcesses]float64         // J per FLOP of bfloat16 products, at boost
	Byte   [numMemoryGenerations]float64 // J per byte from memory
	Data   float64                       // factor on what is drawn above idle in a model's pass, whose numbers turn more bits over than those of tables
	Vector float64                       // factor on vectorJoules
	Score  float64                       // J per attention score: its exponential and what is around
	// Voltage falls with the clock, f being its share of boost: v² = max(f^Slope, Least·√f).
	Slope float64
	Least [numProcesses]float64
}

// process is the silicon process of a chip and the generation of its multiprocessors, as far as joules go by them.
type process int

// The processes.
const (
	nm7         process = iota // N7: compute capability 8.0
	nm8                        // 8N: 8.6
	adaN4                      // 4N graphics chips: 8.9
	hopperN4                   // 4N: 9.0
	blackwellN4                // 4NP: 10.0
	ultraN4                    // 4NP: 10.3
	graphicsN4                 // 4N: 12.0
	numProcesses
)

var processNames = [numProcesses]string{"7 nm (8.0)", "8 nm (8.6)", "4 nm (8.9)", "4 nm (9.0)", "4 nm (10.0)", "4 nm (10.3)", "4 nm (12.0)"}

// silicon is the process and the compute capability of each, as rows of devices have them.
var silicon = [numProcesses][2]string{
	{"TSMC N7", "8.0"}, {"Samsung 8N", "8.6"}, {"TSMC 4N", "8.9"}, {"TSMC 4N", "9.0"}, {"TSMC 4NP", "10.0"}, {"TSMC 4NP", "10.3"}, {"TSMC 4N", "12.0"},
}

// processOf is the process of a device's chip: that of its row and generation, else of its row, else of its generation.
// Chips older than all of them go by the oldest of their kind of multiprocessor.
func processOf(d *energy.Device) process {
	best, fit := nm7, 0
	if smKindOf(d) == graphics {
		best = nm8
	}
	for p, s := range silicon {
		score := 0
		if d.Process == s[0] {
			score = 2
		}
		if d.ComputeCapability == s[1] {
			score++
		}
		if score > fit {
			best, fit = process(p), score
		}
	}
	return best
}

// awake is what a chip draws with its clocks up and nothing running, and above that while every multiprocessor issues
// instructions; both belong to the chip, whatever the board's limit. Where nobody measured them, they are shares of the
// power limit, as on the boards where somebody did; Pascal's and Volta's busy watts are in the joules of their operations.
func awake(d *energy.Device) (idle, busy float64) {
	limit := float64(d.TDP)
	switch {
	case older(d) && smKindOf(d) == graphics:
		return float64(d.Idle), 0.3 * limit
	case older(d):
		return float64(d.Idle), 0
	case d.Awake > 0:
		return float64(d.Awake), float64(d.Busy)
	case processOf(d) == nm7:
		return 0.18 * limit, 0.05 * limit
	}
	return 0.18 * limit, 0.3 * limit
}

// older says that a chip is of a process before all that energies were measured on.
func older(d *energy.Device) bool { return d.Process == "TSMC 16FF" || d.Process == "TSMC 12FFN" }

// vectorBusy is the share of the busy watts that the joules of operations without tensor cores do not hold.
func (m *machine) vectorBusy() float64 {
	if older(&m.dev) {
		return 0
	}
	return 1
}

// ran is how a kernel ran: its clock under the power limit, its time and its power.
type ran struct {
	clock float64 // share of boost
	time  float64 // s
	power float64 // W, at most the limit
	joule [numDraws]float64
}

// What draws power.
const (
	drawIdle = iota
	drawBusy
	drawArithmetic
	drawMemory
	numDraws
)

// run finds the clock at which a kernel meets the power limit. Power goes by f·v²; time by 1/f, but for the memory's. What
// the kernel draws above idle is draw times what the constants say.
func (m *machine) run(x *waits, c *PowerConstants, draw float64) ran {
	t := x.time(1)
	p := processOf(&m.dev)
	var j [numDraws]float64
	j[drawBusy] = m.busy * x.busy * (t - x.floor)
	j[drawArithmetic] = c.perFLOP(m, x)*x.flops + c.Score*x.scores
	j[drawMemory] = c.Byte[m.generation] * x.traffic
	for i := drawBusy; i < numDraws; i++ {
		j[i] *= draw
	}
	j[drawIdle] = m.idle * t
	dynamic := (j[drawBusy] + j[drawArithmetic] + j[drawMemory]) / t
	if x.capped { // the times were fitted under a limit, which is in them
		j, dynamic = m.throttled(j, dynamic, t)
	}
	r := ran{clock: m.most, time: t, power: m.idle + dynamic*c.drawn(p, m.most, x.vector)}
	if r.power > m.limit*atLimit*(1+1e-9) {
		r.clock = c.clock(p, math.Max(0.01, (m.limit*atLimit-m.idle)/dynamic), x.vector)
		r.power = m.limit * atLimit
	}
	if r.clock < 1 {
		r.time = x.time(r.clock)
		j[drawIdle] = m.idle * r.time
		scale := (r.power - m.idle) * r.time / (dynamic * t)
		for i := drawBusy; i < numDraws; i++ {
			j[i] *= scale
		}
	}
	r.joule = j
	return r
}

// drawn is what a share of the boost clock leaves of the power above idle: f·v².
func (c *PowerConstants) drawn(p process, f float64, vector bool) float64 {
	switch {
	case f >= 1:
		return 1
	case vector: // of older boards, whose voltage falls with the clock all the way
		return f * f
	}
	return f * math.Max(math.Pow(f, c.Slope), c.Least[p]*math.Sqrt(f))
}

// clock is the share of the boost clock at which no more than a share of the power above idle is drawn: drawn, solved for f.
func (c *PowerConstants) clock(p process, share float64, vector bool) float64 {
	if vector {
		return math.Sqrt(share)
	}
	return math.Min(1, math.Min(math.Pow(share, 1/(1+c.Slope)), math.Pow(share/c.Least[p], 1/1.5)))
}

// perFLOP is the joules of an operation at boost.
func (c *PowerConstants) perFLOP(m *machine, x *waits) float64 {
	if x.vector { // voltage falls with the clock: joules grow with it
		return c.Vector * vectorJoules(&m.dev) * m.clock / 1.5e9
	}
	return c.FLOP[processOf(&m.dev)] * x.joules
}

// throttled scales what a kernel draws to what the board lets through that its kind's times were fitted on.
func (m *machine) throttled(j [numDraws]float64, dynamic, t float64) ([numDraws]float64, float64) {
	most := m.fittedDynamic()
	if dynamic <= most {
		return j, dynamic
	}
	for i := drawBusy; i < numDraws; i++ {
		j[i] *= most / dynamic
	}
	return j, most
}

// fittedDynamic is the power above idle that such a board lets through.
func (m *machine) fittedDynamic() float64 { return max(m.board, m.fittedLimit())*atLimit - m.idle }

// fittedLimit is the power limit of a board with as many multiprocessors among those that times were fitted on: A100-SXM,
// H100-SXM, B200, L40S.
func (m *machine) fittedLimit() float64 {
	return m.sms * [numSMKinds]float64{400. / 108, 700. / 132, 1000. / 148, 350. / 142}[m.kind]
}

// causes shares time and energy out over what a kernel waited for: overlapping waits by their p-th powers, which add up to
// that of their time.
func (r *ran) causes(x *waits) (out Causes) {
	seconds := func(c Cause, s float64) { out[c].Time += energy.Seconds(s) }
	rest := r.time - x.floor - x.before - x.split
	seconds(Launch, x.floor)
	seconds(Memory, x.before)
	seconds(Waves, x.split)
	var powers [len(x.overlap)]float64
	sum := 0.0
	for i, v := range x.overlap {
		if i != waitMemory {
			v /= r.clock
		}
		powers[i] = math.Pow(v/math.Max(rest, 1e-300), x.p)
		sum += powers[i]
	}
	if sum == 0 {
		powers[waitMemory], sum = 1, 1
	}
	for i, c := range [...]Cause{waitArithmetic: Arithmetic, waitLoad: Waves, waitLatency: Waves, waitMemory: Memory} {
		seconds(c, rest*powers[i]/sum)
	}
	joules := func(c Cause, j float64) { out[c].Energy += energy.Joules(j) }
	joules(Arithmetic, r.joule[drawArithmetic])
	joules(Memory, r.joule[drawMemory])
	still := r.joule[drawIdle] + r.joule[drawBusy]
	for c := range out {
		joules(Cause(c), still*float64(out[c].Time)/r.time)
	}
	return out
}
