package export

import (
	"slices"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/graph"
)

// pictureOf is the graph as it is drawn: boxes that stand for operators, modules, inputs and outputs, and what flows
// between them.
type picture struct {
	r       *report.Report
	root    *report.Module // the focus, or the whole tree
	depth   int            // levels of modules below the root that are opened
	compact bool           // operators that cost nothing, and those that run in another's kernel, have no box
	hidden  int            // operators of the focus without a box

	boxes    []*box
	flows    []*flow
	at       []int  // by operator: its box, or nowhere
	index    []int  // by Node.ID: its operator, or nowhere
	constant []bool // by operator: it computes from stored tensors alone, and costs nothing
	above    map[*report.Module]bool
	opened   []*report.Module // tree order
	parent   map[*report.Module]*report.Module
	memo     map[*graph.Value][]origin
}

const nowhere = -1

// box is one thing that is drawn; exactly one of operator, module, values and constants is set.
type box struct {
	id        int
	operator  *report.Operator
	module    *report.Module // closed: it stands for everything in it
	values    []*graph.Value // inputs or outputs of the graph
	output    bool
	constants []*graph.Value // that one operator reads
	in        *report.Module // the opened module around it
	number    int            // of its operator, or of that which reads it, or of its module in tree order
	share     float64
}

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

// roomy is the number of boxes that fill a page.
const roomy = 48

// pictureOf lays out what the view asks for. Where it names no depth, modules are opened as long as a page has room.
func pictureOf(r *report.Report) *picture {
	if r.View.Depth >= 0 {
		p := newPicture(r, r.View.Depth, false)
		p.connect()
		return p
	}
	p := newPicture(r, 1, true)
	for depth := 2; depth < 64; depth++ {
		next := newPicture(r, depth, true)
		if next.crowd() > roomy || slices.Equal(next.opened, p.opened) {
			break
		}
		p = next
	}
	p.connect()
	return p
}

// crowd counts the boxes in the focus.
func (p *picture) crowd() int {
	n := 0
	for _, b := range p.boxes {
		if p.inFocus(b) {
			n++
		}
	}
	return n
}

func newPicture(r *report.Report, depth int, compact bool) *picture {
	p := &picture{
		r: r, root: r.Tree, depth: depth, compact: compact, at: make([]int, len(r.Operators)),
		index: make([]int, len(r.Graph.Nodes)), above: map[*report.Module]bool{}, parent: map[*report.Module]*report.Module{}, memo: map[*graph.Value][]origin{},
	}
	for i := range p.index {
		p.index[i] = nowhere
	}
	for i := range r.Operators {
		p.index[r.Operators[i].Node.ID] = i
		p.at[i] = nowhere
	}
	r.Tree.Walk(func(m *report.Module) {
		for _, c := range m.Children {
			p.parent[c] = m
		}
	})
	if r.View.Focus != nil {
		p.root = r.View.Focus
	}
	for m := p.parent[p.root]; m != nil; m = p.parent[m] {
		p.above[m] = true
	}
	p.findConstants()
	number := 0
	p.place(r.Tree, nil, nowhere, &number)
	p.merge()
	return p
}

// place makes the boxes of a module and everything below; level counts from the root of the picture, and is nowhere
// outside of it.
func (p *picture) place(m, in *report.Module, level int, number *int) {
	if m == p.root {
		level = 0
	}
	mine := *number
	*number++
	if !p.above[m] && (level == nowhere || level >= p.depth || p.compact && m != p.root && p.single(m)) {
		b := p.add(&box{module: m, in: in, number: mine, share: m.Metrics.Share})
		all := p.onlyConstants(m)
		m.Walk(func(c *report.Module) {
			for _, i := range c.Operators {
				if all || !p.constant[i] {
					p.at[i] = b.id
				}
			}
			*number++
		})
		*number--
		return
	}
	p.opened = append(p.opened, m)
	for _, i := range m.Operators {
		op := &p.r.Operators[i]
		if p.compact && (idle(op) || p.inside(op, m)) {
			if level != nowhere {
				p.hidden++
			}
			continue
		}
		if p.constant[i] {
			continue
		}
		p.at[i] = p.add(&box{operator: op, in: m, number: i, share: op.Metrics.Share}).id
	}
	for _, c := range m.Children {
		below := level
		if level != nowhere {
			below++
		}
		p.place(c, m, below, number)
	}
}

// single reports whether opening a module shows one box, which says less than the module.
func (p *picture) single(m *report.Module) bool {
	n := 0
	for _, i := range m.Operators {
		if op := &p.r.Operators[i]; !idle(op) && !p.inside(op, m) {
			n++
		}
	}
	return len(m.Children) == 0 && n <= 1
}

// inside reports whether an operator runs in the kernel of another one of its module.
func (p *picture) inside(op *report.Operator, m *report.Module) bool {
	return op.Kernel != nil && p.index[op.Kernel.ID] != nowhere && slices.Contains(m.Operators, p.index[op.Kernel.ID])
}

func (p *picture) add(b *box) *box {
	b.id = len(p.boxes)
	p.boxes = append(p.boxes, b)
	return b
}

// idle reports whether an operator costs nothing itself.
func idle(op *report.Operator) bool {
	m := op.Metrics
	if m.Unknown > 0 || !m.Predicted {
		return !m.Costs()
	}
	return m.Energy == 0 && m.Time == 0
}

// merge puts operators without a box into the box of the kernel they run in, with what they stand for.
func (p *picture) merge() {
	for i := range p.r.Operators {
		k := p.r.Operators[i].Kernel
		if p.at[i] != nowhere || k == nil || p.index[k.ID] == nowhere {
			continue
		}
		p.at[i] = p.at[p.index[k.ID]]
		if b := p.boxes[p.at[i]]; b.operator != nil {
			whole := *b.operator
			whole.Metrics = new(*whole.Metrics)
			whole.Metrics.Add(p.r.Operators[i].Metrics)
			whole.Metrics.Operators = b.operator.Metrics.Operators
			b.operator, b.share = &whole, b.share+p.r.Operators[i].Metrics.Share
		}
	}
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

// near leaves the boxes that are in the focus or at most the view's radius away from it.
func (p *picture) near() {
	if p.root == p.r.Tree {
		return
	}
	distance := map[*box]int{}
	var queue []*box
	for _, b := range p.boxes {
		if p.inFocus(b) {
			distance[b] = 0
			queue = append(queue, b)
		}
	}
	beside := map[*box][]*box{}
	for _, f := range p.flows {
		beside[f.from] = append(beside[f.from], f.to)
		beside[f.to] = append(beside[f.to], f.from)
	}
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		if distance[b] == p.r.View.Radius {
			continue
		}
		for _, o := range beside[b] {
			if _, seen := distance[o]; !seen {
				distance[o] = distance[b] + 1
				queue = append(queue, o)
			}
		}
	}
	kept := func(b *box) bool { _, ok := distance[b]; return ok }
	p.flows = slices.DeleteFunc(p.flows, func(f *flow) bool { return !kept(f.from) || !kept(f.to) })
	p.boxes = slices.DeleteFunc(p.boxes, func(b *box) bool { return !kept(b) })
}

// inFocus reports whether a box is the root of the picture, or in it.
func (p *picture) inFocus(b *box) bool {
	if b.module == p.root {
		return true
	}
	for m := b.in; m != nil; m = p.parent[m] {
		if m == p.root {
			return true
		}
	}
	return false
}

// hottest is the largest share of a box in the focus.
func (p *picture) hottest() float64 {
	most := 0.0
	for _, b := range p.boxes {
		if p.inFocus(b) && b.share > most {
			most = b.share
		}
	}
	return most
}

// bytes is what the tensors of a flow hold; false where a size is not known.
func (p *picture) bytes(values []*graph.Value) (int64, bool) {
	total := int64(0)
	for _, v := range values {
		fact := &p.r.Facts[v.ID]
		n, ok := fact.Shape.Elements().Const()
		if !ok || fact.DType.Bits() == 0 || n > 1<<56 {
			return 0, false
		}
		total += fact.DType.Size(n)
	}
	return total, true
}
