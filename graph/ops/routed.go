package ops

import "github.com/irene-onnx/irene/graph"

// A mixture of experts that is spelled out picks, for each expert, the tokens that the router sends to it: how many that
// are, the data decides. They are counted as spread evenly, since every expert is as likely as any other.
// Jiang et al., Mixtral of Experts: https://arxiv.org/abs/2401.04088

// routing is what a value says of a router's choices.
type routing struct {
	choices graph.Dim // of all tokens
	perRow  graph.Dim // of one token
	experts int64
	expert  int64 // whose choices the value is about
	one     bool  // it is about one expert
	marks   bool  // it marks choices, as one-hot vectors or comparisons do
	joined  bool  // it is about tokens, whose choices are joined
}

// routed is how many places of a value that a router decides are not zero: of one expert's, the even share of all choices,
// where earlier experts take what is left over; of all experts', the number of choices. False for other values.
func (s *state) routed(v *graph.Value) (graph.Dim, bool) {
	r, ok := s.routing(v)
	if !ok {
		return graph.Dim{}, false
	}
	n := s.facts[v.ID].Shape.Elements()
	if r.joined {
		n = n.Mul(r.perRow)
	}
	switch {
	case r.one && n.Equal(r.choices):
		s.out.Routed = true
		return r.choices.AddInt(r.experts - 1 - r.expert).FloorDiv(graph.Const(r.experts)), true
	case !r.one && !r.joined && n.Equal(r.choices.MulInt(r.experts)):
		return r.choices, true
	}
	return graph.Dim{}, false
}

// routing goes back from a value to the experts that a router chooses.
func (s *state) routing(v *graph.Value) (r routing, ok bool) {
	for range 16 {
		if v == nil || v.Producer == nil || v.Producer.Domain != "" {
			return r, false
		}
		n := v.Producer
		next := n.Input(0)
		pick := int64(-1)
		switch n.Op {
		case "TopK":
			return s.router(n, v, r)
		case "Cast", "Identity", "Transpose", "Squeeze", "Unsqueeze", "Reshape", "Expand", "Greater":
		case "ReduceMax", "ReduceSum":
			r.joined = true
		case "OneHot":
			r.marks = true
		case "Equal":
			r.marks = true
			with := n.Input(1)
			if next == nil || next.Producer == nil || s.facts[next.ID].Tensor != nil {
				next, with = with, next
			}
			if x, found := s.number(with); found {
				pick = x
			}
		case "Gather", "Slice":
			if x, found := s.number(n.Input(1)); found {
				pick = x
			}
		case "Split":
			for i, o := range n.Outputs {
				if o == v {
					pick = int64(i)
				}
			}
		default:
			return r, false
		}
		if pick >= 0 && !r.one {
			r.expert, r.one = pick, true
		}
		v = next
	}
	return r, false
}

// router completes what is known of choices with the node that makes them: TopK of a score for each expert.
func (s *state) router(n *graph.Node, v *graph.Value, r routing) (routing, bool) {
	scores, chosen := n.Input(0), n.Output(1)
	if v != chosen || scores == nil {
		return r, false
	}
	from, to := s.facts[scores.ID].Shape, s.facts[chosen.ID].Shape
	experts, ok := dimOf(from, -1).Const()
	if !ok || len(to) == 0 || experts < 2 || r.expert >= experts {
		return r, false
	}
	r.choices, r.perRow, r.experts = to.Elements(), to[len(to)-1], experts
	return r, r.marks && !r.choices.IsUnknown()
}

// number is the only element of a value.
func (s *state) number(v *graph.Value) (int64, bool) {
	if v == nil {
		return 0, false
	}
	d, ok := s.data(&s.facts[v.ID])
	if !ok || len(d) != 1 {
		return 0, false
	}
	return d[0].Const()
}
