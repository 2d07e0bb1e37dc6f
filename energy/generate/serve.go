package generate

import (
	"fmt"
	"math"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/law"
)

// Request is the lengths of one request, and how often it comes.
type Request struct {
	Prompt, Tokens int64
	Count          float64
}

// Serving is what requests take on average where every step runs with the generator's batch.
type Serving struct {
	Requests       float64
	Prompt, Tokens float64       // means
	Energy         energy.Joules // of a request
	Time           energy.Seconds
	PerToken       energy.Joules // generated
	Idle           energy.Watts  // while there is nothing to do
	Rate           float64       // requests per second
	Devices        int           // that the rate takes
	Busy           float64       // share of their time
	Power          energy.Watts  // mean power of them all
	Month          energy.Joules // of them all in 30 days
}

// month is the length of a month in seconds.
const month = 30 * 24 * 3600

// Serve averages requests. A request takes the batch's part of its prompt and of its steps.
func (g *Generator) Serve(requests []Request, rate float64) (*Serving, error) {
	if g.in.Decoder.Source != "" {
		return nil, fmt.Errorf("%s: requests of several lengths are for decoders without an encoder", g.in.Decoder.Graph.File)
	}
	longest := int64(0)
	for _, r := range requests {
		longest = max(longest, r.Prompt+r.Tokens)
	}
	sums, err := g.steps(longest)
	if err != nil {
		return nil, err
	}
	prompts := map[int64]law.Share{}
	out := &Serving{Idle: g.program().Idle, Rate: rate}
	var energySum, timeSum float64
	for _, r := range requests {
		p, ok := prompts[r.Prompt]
		if !ok {
			if p, err = g.Prefill(r.Prompt); err != nil {
				return nil, err
			}
			prompts[r.Prompt] = p
		}
		end, begin := sums[r.Prompt+r.Tokens], sums[r.Prompt]
		energySum += r.Count * float64(p.Energy+end.Energy-begin.Energy) / float64(g.in.Batch)
		timeSum += r.Count * float64(p.Time+end.Time-begin.Time) / float64(g.in.Batch)
		out.Requests += r.Count
		out.Prompt += r.Count * float64(r.Prompt)
		out.Tokens += r.Count * float64(r.Tokens)
	}
	out.PerToken = energy.Joules(energySum / out.Tokens)
	out.Energy, out.Time = energy.Joules(energySum/out.Requests), energy.Seconds(timeSum/out.Requests)
	out.Prompt, out.Tokens = out.Prompt/out.Requests, out.Tokens/out.Requests
	if rate > 0 {
		load := rate * float64(out.Time)
		out.Devices = max(1, int(math.Ceil(load)))
		out.Busy = load / float64(out.Devices)
		out.Power = energy.Watts(rate*float64(out.Energy)) + energy.Watts(float64(out.Devices)*(1-out.Busy))*out.Idle
		out.Month = out.Power.Times(month)
	}
	return out, nil
}

// steps are the sums of the decode steps with fewer than that many tokens in the cache.
func (g *Generator) steps(longest int64) ([]law.Share, error) {
	if g.Step.Direct != "" {
		return nil, fmt.Errorf("requests of several lengths need closed forms: %s", g.Step.Direct)
	}
	out := make([]law.Share, longest+1)
	var sum, lost law.Share
	for past := range longest {
		s, err := g.At(past, 0)
		if err != nil {
			return nil, err
		}
		addExactly(&sum, &lost, s)
		out[past+1] = sum
	}
	return out, nil
}
