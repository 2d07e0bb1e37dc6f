package ops

import (
	"cmp"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// equation is a parsed einsum equation. Labels are letters; those below 'A' stand for the dimensions of the ellipsis,
// counted from its last one.
// https://onnx.ai/onnx/operators/onnx__Einsum.html
type equation struct {
	terms  [][]byte
	output []byte
}

// maxEllipsis bounds the dimensions of an ellipsis, so that their labels stay below the letters.
const maxEllipsis = 'A' - 1

// parseEquation reads an equation for operands of the given ranks. ok is false where it is malformed or a rank that it
// needs is not known (negative).
func parseEquation(text string, ranks []int) (eq equation, ok bool) {
	text = strings.ReplaceAll(text, " ", "")
	left, right, explicit := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(ranks) {
		return eq, false
	}
	ellipsis, wide := 0, false
	for i, t := range terms {
		letters := strings.ReplaceAll(t, "...", "")
		if !isLetters(letters) || len(t)-len(letters) > 3 {
			return eq, false
		}
		if len(t) == len(letters) {
			if ranks[i] >= 0 && ranks[i] != len(letters) {
				return eq, false
			}
			continue
		}
		if ranks[i] < len(letters) || ranks[i]-len(letters) > maxEllipsis {
			return eq, false
		}
		ellipsis, wide = max(ellipsis, ranks[i]-len(letters)), true
	}
	for i, t := range terms {
		eq.terms = append(eq.terms, termLabels(t, ranks[i]-len(t)+3))
	}
	if explicit {
		letters := strings.ReplaceAll(right, "...", "")
		if !isLetters(letters) || len(right)-len(letters) > 3 || len(right) != len(letters) && !wide {
			return eq, false
		}
		eq.output = termLabels(right, ellipsis)
		return eq, true
	}
	eq.output = implicitOutput(eq.terms, ellipsis)
	return eq, true
}

func isLetters(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// termLabels spells a term with an ellipsis of n dimensions as one label per dimension.
func termLabels(term string, n int) []byte {
	head, tail, ok := strings.Cut(term, "...")
	out := []byte(head)
	if ok {
		for i := n; i > 0; i-- {
			out = append(out, byte(i))
		}
	}
	return append(out, tail...)
}

// implicitOutput is the ellipsis, then every letter that occurs once, sorted.
func implicitOutput(terms [][]byte, ellipsis int) []byte {
	var count [256]int
	for _, t := range terms {
		for _, l := range t {
			count[l]++
		}
	}
	out := termLabels("...", ellipsis)
	for l := 'A'; l <= 'z'; l++ {
		if count[l] == 1 {
			out = append(out, byte(l))
		}
	}
	return out
}

// equation parses the node's equation for its inputs.
func (c *Context) equation() (equation, bool) {
	ranks := make([]int, c.NumIn())
	for i := range ranks {
		ranks[i] = -1
		if s := c.Shape(i); s != nil {
			ranks[i] = len(s)
		}
	}
	return parseEquation(c.Node.Str("equation", ""), ranks)
}

// einsum: the output's dimensions are those of the labels on the right of the equation.
func einsum(c *Context) error {
	eq, ok := c.equation()
	if !ok {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	dims := map[byte]graph.Dim{}
	for i, term := range eq.terms {
		for k, l := range term {
			d, known := dims[l]
			if !known {
				d = graph.Const(1)
			}
			s, err := c.s.broadcastDim(c.Node, d, dimOf(c.Shape(i), k))
			if err != nil {
				return err
			}
			dims[l] = s
		}
	}
	out := make(graph.Shape, len(eq.output))
	for i, l := range eq.output {
		d, known := dims[l]
		if !known {
			return c.Errorf("equation %q: an output label stands in no operand", c.Node.Str("equation", ""))
		}
		out[i] = d
	}
	c.Set(0, c.DType(0), out)
	return nil
}

// labelled is an operand of a contraction: a dimension per label, in their order.
type labelled []axis

type axis struct {
	label byte
	dim   graph.Dim
}

func (t labelled) elements() graph.Dim {
	n := graph.Const(1)
	for _, x := range t {
		n = n.Mul(x.dim)
	}
	return n
}

func (t labelled) has(label byte) bool {
	return slices.ContainsFunc(t, func(x axis) bool { return x.label == label })
}

// set gives a label its dimension, in the place of an earlier one.
func (t labelled) set(label byte, d graph.Dim) labelled {
	at, found := slices.BinarySearchFunc(t, label, func(x axis, l byte) int { return cmp.Compare(x.label, l) })
	if found {
		t[at].dim = d
		return t
	}
	return slices.Insert(t, at, axis{label, d})
}

// labelled returns the operands of the equation. A dimension of 1 that is broadcast is left out of the operand that has
// it.
func (c *Context) labelled(eq equation) []labelled {
	var wide [256]bool
	for i, term := range eq.terms {
		for k, l := range term {
			wide[l] = wide[l] || !dimOf(c.Shape(i), k).Is(1)
		}
	}
	out := make([]labelled, len(eq.terms))
	for i, term := range eq.terms {
		for k, l := range term {
			if d := dimOf(c.Shape(i), k); !d.Is(1) || !wide[l] {
				out[i] = out[i].set(l, d)
			}
		}
	}
	return out
}

// einsumCost contracts the operands from the left, two at a time. Labels that only one operand has and nothing later
// needs are summed before; a pair that contracts over no label is multiplied element by element. One that contracts over an
// extent of 1 counts as a product like any other, as for MatMul, so that what a symbolic extent says holds for every number.
// (torch.einsum multiplies element by element there, which its FLOP counter does not see.)
func einsumCost(c *Context) graph.Cost {
	eq, ok := c.equation()
	if !ok {
		cost := c.cost(graph.Dim{})
		cost.MACs = graph.Dim{}
		return cost
	}
	operands, last := c.labelled(eq), eq.lastUses()
	var products []graph.Product
	work := graph.Const(0)
	acc, constant := operands[0], c.constant(0)
	for i := 1; i < len(operands); i++ {
		wa, wb := constant, c.constant(i)
		p := contract(acc, operands[i], func(label byte) bool { return last[label] > i })
		work = work.Add(p.summed)
		if p.contracts {
			if wa && !wb {
				p.M, p.N = p.N, p.M
			}
			p.Weight = wa || wb
			products = append(products, p.Product)
		} else {
			work = work.Add(p.left.elements())
		}
		acc, constant = p.left, wa && wb
	}
	if slices.ContainsFunc(acc, func(x axis) bool { return last[x.label] < len(operands) }) {
		work = work.Add(acc.elements())
	}
	cost := c.products(work, products...)
	cost.Class = "elementwise"
	if len(products) > 0 {
		cost.Class = productClass(products[0])
	}
	return cost
}

// lastUses is, for each label, the last operand that has it, or their number where the output has it.
func (eq equation) lastUses() (last [256]int) {
	for i, term := range eq.terms {
		for _, l := range term {
			last[l] = i
		}
	}
	for _, l := range eq.output {
		last[l] = len(eq.terms)
	}
	return last
}

// contraction is the product of two operands.
type contraction struct {
	graph.Product
	contracts bool      // it sums over a label that both have
	left      labelled  // the operand that it makes
	summed    graph.Dim // work of summing labels that only one of the two has
}

// contract describes the product of two operands of which only some labels are needed later.
func contract(a, b labelled, needed func(label byte) bool) contraction {
	one := graph.Const(1)
	p := contraction{Product: graph.Product{Batch: one, M: one, N: one, K: one}, summed: graph.Const(0)}
	for _, x := range a {
		both, wanted := b.has(x.label), needed(x.label)
		switch {
		case both && !wanted:
			p.K, p.contracts = p.K.Mul(x.dim), true
		case both:
			p.Batch = p.Batch.Mul(x.dim)
		case wanted:
			p.M = p.M.Mul(x.dim)
		}
		if wanted {
			p.left = append(p.left, x)
		}
	}
	for _, x := range b {
		if !a.has(x.label) && needed(x.label) {
			p.N, p.left = p.N.Mul(x.dim), p.left.set(x.label, x.dim)
		}
	}
	for _, pair := range [][2]labelled{{a, b}, {b, a}} {
		if slices.ContainsFunc(pair[0], func(x axis) bool { return !pair[1].has(x.label) && !needed(x.label) }) {
			p.summed = p.summed.Add(pair[0].elements())
		}
	}
	return p
}
