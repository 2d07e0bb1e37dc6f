package fake

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// Shapes of what happens over time.
const (
	longestStep  = 50 * time.Millisecond // in which power and speed stay what they are
	warming      = 600.                  // s, until the device has drifted by 63 %
	unsteadyTime = 7 * time.Second
	changedClock = 0.9
	hotClock     = 0.8
)

// machine is the device in virtual time: what runs on it, what it has spent.
type machine struct {
	mu   sync.Mutex
	opts Options

	now       time.Duration
	spent     float64 // J
	published float64 // J, what the counter says
	counted   float64 // J, what it counts up to the next update
	busy      float64 // s

	job    *job    // nil: idle
	locked float64 // share of the highest clock; 0: not locked
	random *rand.Rand
	wander [2]float64 // factors on time and power of these seven seconds
}

// job is what runs.
type job struct {
	cost cost
	runs float64        // the fraction belongs to the run that has begun
	done int64          // whole ones
	end  energy.Seconds // when the last of them had ended
}

func newMachine(opts Options) *machine {
	opts.CounterPeriod = cmp.Or(opts.CounterPeriod, 100*time.Millisecond)
	opts.CounterRate, opts.MemoryBytes = cmp.Or(opts.CounterRate, 1), cmp.Or(opts.MemoryBytes, memoryBytes)
	m := &machine{opts: opts, random: rand.New(rand.NewPCG(opts.Seed, 1))}
	m.drawWander()
	return m
}

// advance lets time pass.
func (m *machine) advance(d time.Duration) {
	for end := m.now + max(d, 0); m.now < end; {
		next := min(end, nextMultiple(m.now, longestStep), nextMultiple(m.now, m.opts.CounterPeriod), nextMultiple(m.now, unsteadyTime))
		if reset := m.opts.CounterReset; reset > m.now {
			next = min(next, reset)
		}
		m.step(next - m.now)
	}
}

// step lets time pass in which nothing changes.
func (m *machine) step(d time.Duration) {
	power, slower := m.state()
	m.spent += power * d.Seconds()
	m.counted += power * d.Seconds() * m.opts.CounterRate
	if m.job != nil {
		m.busy += d.Seconds() * m.job.cost.busy
	}
	m.now += d
	if m.job != nil {
		m.job.progress(d.Seconds(), m.job.cost.time*slower, m.now)
	}
	if m.now == m.opts.CounterReset {
		m.counted, m.published = 0, 0
	}
	if m.now%m.opts.CounterPeriod == 0 && !m.opts.Stuck {
		m.published = math.Floor(m.counted*1000) / 1000
	}
	if m.now%unsteadyTime == 0 {
		m.drawWander()
	}
}

// progress carries a job on for d seconds, at so many seconds a run.
func (j *job) progress(d, perRun float64, now time.Duration) {
	j.runs += d / perRun
	if whole := math.Floor(j.runs + 1e-9); int64(whole) > j.done {
		j.done = int64(whole)
		j.end = energy.Seconds(now.Seconds() - max(0, j.runs-whole)*perRun)
	}
}

// state is the power, and by which factor what runs is slower than its cost says.
func (m *machine) state() (power, slower float64) {
	if m.job == nil {
		return idlePower, 1
	}
	warm := m.opts.Drift * m.warmth()
	power, slower = m.job.cost.power*(1+warm/4), 1+warm
	power, slower = power*m.wander[1], slower*m.wander[0]
	clock := m.clock()
	dynamic := power - staticPower
	return staticPower + dynamic*math.Pow(clock, 2), slower / clock
}

// clock is the share of the highest clock to which others than the power limit hold the device.
func (m *machine) clock() float64 {
	clock := 1.
	if m.opts.ClockChange > 0 && m.now >= m.opts.ClockChange {
		clock = changedClock
	}
	if m.opts.Throttled.contains(m.now) {
		clock = min(clock, hotClock)
	}
	if m.locked > 0 {
		clock = min(clock, m.locked)
	}
	return clock
}

// warmth goes from 0 to 1 as the session goes on.
func (m *machine) warmth() float64 { return 1 - math.Exp(-m.now.Seconds()/warming) }

func (m *machine) drawWander() {
	m.wander = [2]float64{factor(m.random, m.opts.Unsteady), factor(m.random, m.opts.Unsteady)}
}

// alive is an error once the device is gone.
func (m *machine) alive() error {
	if m.opts.Gone > 0 && m.now >= m.opts.Gone {
		return fmt.Errorf("fake device: fell off the bus: %w", profiler.ErrDevice)
	}
	return nil
}

// perturbed is a cost that is off by random factors.
func (c cost) perturbed(r *rand.Rand, deviation float64) cost {
	c.time *= factor(r, deviation)
	c.power *= factor(r, deviation)
	return c
}

// factor is log-normal about 1.
func factor(r *rand.Rand, deviation float64) float64 { return math.Exp(deviation * r.NormFloat64()) }

// nextMultiple is the least multiple of a step that is above t.
func nextMultiple(t, step time.Duration) time.Duration { return t - t%step + step }
