package measured

import (
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/graph/analysis"
)

// applyTraced gives the kernels of a trace the time measured of them, spread over their operators as the predictions are.
// Operators that were predicted to run as one kernel stay together: kernels of the trace that meet in one are one.
//
// Operators that were predicted to launch nothing and ran take the mean power of the model: there is none of their own.
func (r overlaid) applyTraced(a *analysis.Analysis, m *Overlay) {
	if len(m.Traced) == 0 {
		return
	}
	power := r.meanPower()
	var idle energy.Seconds
	for _, g := range r.owners(m.Traced) {
		var predicted energy.Seconds
		for _, id := range g.ids {
			r.fixed[id] = true
			predicted += r.Nodes[id].Time
		}
		switch {
		case predicted > 0:
			r.scaleTo(g.ids, Measurement{Time: g.time})
		case len(g.ids) > 0 && g.time > 0:
			r.takeTime(g.ids[0], g.time, power)
			idle += g.time
		}
	}
	r.untraced(a, m.AllRun)
	if share := float64(idle / r.totalTime()); share >= 0.001 {
		r.Warnf("%.1f %% of the time is of operators that were predicted to launch nothing: they take the mean power of the model", 100*share)
	}
}

// untraced says what is of the operators that no kernel of the trace holds: nothing where the trace is whole, since the
// runtime computed them before the run or did without them; else they keep what was predicted.
func (r overlaid) untraced(a *analysis.Analysis, whole bool) {
	var open energy.Seconds
	var ids []int
	total := r.totalTime()
	for _, n := range a.Graph.Nodes {
		if p := &r.Nodes[n.ID]; !r.fixed[n.ID] && p.Known && p.Time > 0 {
			open += p.Time
			ids = append(ids, n.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	if !whole {
		r.Warnf("%s not in the trace: predicted times, %.1f %% of the model's, stand for them", operatorsAre(len(ids)), 100*float64(open/total))
		return
	}
	for _, id := range ids {
		r.Nodes[id] = predict.Operator{Outcome: &law.Outcome{Known: true, Class: r.Nodes[id].Class}}
		r.fixed[id] = true
	}
	r.Warnf("%s not in the trace: the runtime folded or fused them, they take no time", operatorsAre(len(ids)))
}

func operatorsAre(n int) string {
	if n == 1 {
		return "1 operator is"
	}
	return fmt.Sprintf("%d operators are", n)
}

// totalTime is the time of all operators.
func (r overlaid) totalTime() (sum energy.Seconds) {
	for i := range r.Nodes {
		sum += r.Nodes[i].Time
	}
	return sum
}

// meanPower is the predicted energy of the model over its predicted time.
func (r overlaid) meanPower() energy.Watts {
	var j energy.Joules
	var s energy.Seconds
	for i := range r.Nodes {
		if r.Nodes[i].Known {
			j, s = j+r.Nodes[i].Energy, s+r.Nodes[i].Time
		}
	}
	if s <= 0 {
		return 0
	}
	return energy.Watts(float64(j) / float64(s))
}

// takeTime makes an operator that was predicted to launch nothing take a time at a power.
func (r overlaid) takeTime(id int, time energy.Seconds, power energy.Watts) {
	p := &r.Nodes[id]
	p.Time, p.Energy = time, energy.Joules(float64(power)*float64(time))
	p.Surround(energy.Joules(coefficients.LeastStandIn/2)*p.Energy, energy.Joules(coefficients.LeastStandIn)*p.Energy)
	p.StandIn, p.Why = true, fmt.Sprintf("a %s was predicted to launch nothing; the mean power of the model stands for it", p.Class)
}

// owned is a group by the IDs of the nodes that hold its prediction.
type owned struct {
	ids  []int
	time energy.Seconds
}

// owners finds where the predictions of groups are and joins groups that meet there.
func (r overlaid) owners(groups []Kernel) []owned {
	var out []owned
	of, kernels := map[int]int{}, r.kernels() // place in out by node ID
	for _, g := range groups {
		at := len(out)
		out = append(out, owned{time: g.Time})
		for _, n := range g.Nodes {
			for _, id := range kernels.of(n) {
				if r.Nodes[id].Known {
					out = join(out, of, at, id)
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(o owned) bool { return len(o.ids) == 0 })
}

// join puts a node into a group; where another group has it, that group joins too.
func join(out []owned, of map[int]int, at, id int) []owned {
	switch old, ok := of[id]; {
	case !ok:
		of[id] = at
		out[at].ids = append(out[at].ids, id)
	case old != at:
		for _, moved := range out[old].ids {
			of[moved] = at
		}
		out[at].ids = append(out[at].ids, out[old].ids...)
		out[at].time += out[old].time
		out[old] = owned{}
	}
	return out
}

// kernelsOf are the kernels that were predicted, by the IDs of their nodes.
type kernelsOf map[int]*predict.Kernel

func (r overlaid) kernels() kernelsOf {
	out := kernelsOf{}
	for i := range r.Kernels {
		for _, m := range r.Kernels[i].Members {
			out[m.ID] = &r.Kernels[i]
		}
	}
	return out
}

// of lists the IDs of the nodes that run with a node.
func (k kernelsOf) of(n *graph.Node) []int {
	one := k[n.ID]
	if one == nil {
		return []int{n.ID}
	}
	ids := make([]int, len(one.Members))
	for i, m := range one.Members {
		ids[i] = m.ID
	}
	return ids
}
