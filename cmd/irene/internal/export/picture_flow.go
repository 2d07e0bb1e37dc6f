package export

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// flow is what one box reads of another: one input slot between operators, else every tensor once.
type flow struct {
	from, to *box
	values   []*graph.Value
}

// origin is a box with the value that leaves it.
type origin struct {
	box   *box
	value *graph.Value
}

// connect draws what flows, and leaves out what is too far from the focus.
func (p *picture) connect() {
	main := p.r.Graph.Main
	for _, v := range main.Inputs {
		if len(v.Consumers) > 0 {
			p.memo[v] = []origin{{p.add(&box{values: []*graph.Value{v}}), v}}
		}
	}
	pair := map[[2]int]*flow{}
	for i := range p.r.Operators {
		if p.at[i] == nowhere {
			continue
		}
		n, to := p.r.Operators[i].Node, p.boxes[p.at[i]]
		for _, v := range n.Inputs {
			p.flow(v, to, pair)
		}
		for _, body := range n.Bodies() {
			for _, v := range body.Outputs {
				p.flow(v, to, pair)
			}
		}
	}
	for _, b := range slices.Clone(p.boxes) {
		p.note(b)
	}
	for _, v := range main.Outputs {
		from := p.origins(v)
		if len(from) == 0 {
			continue
		}
		p.flow(v, p.add(&box{values: []*graph.Value{v}, output: true}), pair)
	}
	p.bundle(false)
	p.bundle(true)
	p.near()
}

// flow connects a box with what makes one value that it reads.
func (p *picture) flow(v *graph.Value, to *box, pair map[[2]int]*flow) {
	if v == nil {
		return
	}
	for _, from := range p.origins(v) {
		if from.box == to {
			continue
		}
		key := [2]int{from.box.id, to.id}
		f := pair[key]
		switch {
		case f == nil || from.box.operator != nil && to.operator != nil:
			f = &flow{from: from.box, to: to, values: []*graph.Value{from.value}}
			p.flows = append(p.flows, f)
			pair[key] = f
		case !slices.Contains(f.values, from.value):
			f.values = append(f.values, from.value)
		}
	}
}

// origins finds the boxes that a value comes from, by way of operators that have none.
func (p *picture) origins(v *graph.Value) []origin {
	if v == nil {
		return nil
	}
	if known, ok := p.memo[v]; ok {
		return known
	}
	p.memo[v] = nil
	maker := v.Producer
	if maker == nil && v.IsInput && v.Body != nil {
		maker = v.Body.Owner
	}
	if maker == nil || p.index[maker.ID] == nowhere {
		return nil
	}
	i := p.index[maker.ID]
	if p.at[i] != nowhere {
		p.memo[v] = []origin{{p.boxes[p.at[i]], v}}
		return p.memo[v]
	}
	var out []origin
	inputs, all := through(maker)
	for _, in := range inputs {
		for _, o := range p.origins(in) {
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
		if len(out) > 0 && !all {
			break
		}
	}
	p.memo[v] = out
	return out
}

// through are the inputs that an operator without cost hands on: all, or the first that comes from a box. What is computed of
// shapes is no flow of data.
func through(n *graph.Node) (inputs []*graph.Value, all bool) {
	switch {
	case readsShape(n):
		return nil, false
	case n.Op == "If":
		for _, b := range n.Bodies() {
			inputs = append(inputs, b.Outputs...)
		}
		return inputs, true
	}
	return n.Inputs, false
}

// readsShape reports whether an operator reads nothing of its inputs but their shapes.
func readsShape(n *graph.Node) bool {
	return slices.Contains([]string{"Shape", "Size", "ConstantOfShape"}, n.Op)
}

// fewEnds is the number of inputs or outputs of a graph that stay apart.
const fewEnds = 8

// bundle draws inputs of one type that go to the same box as one, where there are many; and outputs that come from the same.
func (p *picture) bundle(outputs bool) {
	other := map[*box][]int{}
	var ends []*box
	for _, b := range p.boxes {
		if b.values != nil && b.output == outputs {
			ends = append(ends, b)
		}
	}
	if len(ends) <= fewEnds {
		return
	}
	for _, f := range p.flows {
		if end, there := f.ends(outputs); end.values != nil && end.output == outputs {
			other[end] = append(other[end], there.id)
		}
	}
	type bundle struct {
		box    int
		typeOf string
	}
	first := map[bundle]*box{}
	into := map[*box]*box{}
	for _, b := range ends {
		if len(other[b]) != 1 {
			continue
		}
		k := bundle{other[b][0], typeOf(p.r, b.values[0])}
		if first[k] == nil {
			first[k] = b
			continue
		}
		first[k].values = append(first[k].values, b.values...)
		into[b] = first[k]
	}
	p.flows = slices.DeleteFunc(p.flows, func(f *flow) bool { end, _ := f.ends(outputs); return into[end] != nil })
	p.boxes = slices.DeleteFunc(p.boxes, func(b *box) bool { return into[b] != nil })
}

// ends returns the end of a flow where an output, or an input, of the graph may be, and the other.
func (f *flow) ends(output bool) (end, other *box) {
	if output {
		return f.to, f.from
	}
	return f.from, f.to
}
