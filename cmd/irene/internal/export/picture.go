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
