package ops

import (
	"slices"
	"strings"

	"github.com/irene-onnx/irene/graph"
)

// equation is a parsed einsum equation. Labels are letters; those below 'A' stand for the dimensions of the ellipsis,
// counted from its last one.
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
		eq.terms = append(eq.terms, labels(t, ranks[i]-len(t)+3))
	}
	if explicit {
		letters := strings.ReplaceAll(right, "...", "")
		if !isLetters(letters) || len(right)-len(letters) > 3 || len(right) != len(letters) && !wide {
			return eq, false
		}
		eq.output = labels(right, ellipsis)
		return eq, true
	}
	eq.output = implicitOutput(eq.terms, ellipsis)
	return eq, true
}

func isLetters(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// labels spells a term with an ellipsis of n dimensions as one label per dimension.
func labels(term string, n int) []byte {
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
	out := labels("...", ellipsis)
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

// labelled is an operand of a contraction: a dimension per label, size 1 left out.
type labelled map[byte]graph.Dim

func (t labelled) elements() graph.Dim {
	n := graph.Const(1)
	for _, l := range t.sorted() {
		n = n.Mul(t[l])
	}
	return n
}

func (t labelled) sorted() []byte {
	out := make([]byte, 0, len(t))
	for l := range t {
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

// einsumCost contracts the operands from the left, two at a time. Labels that only one operand has and nothing later
// needs are summed before; a pair that contracts over no label is multiplied element by element.
func einsumCost(c *Context) graph.Cost {
	eq, ok := c.equation()
	if !ok {
		cost := c.cost(graph.Dim{})
		cost.MACs = graph.Dim{}
		return cost
	}
	operands := make([]labelled, len(eq.terms))
	for i, term := range eq.terms {
		operands[i] = labelled{}
		for k, l := range term {
			if d := dimOf(c.Shape(i), k); !d.Is(1) {
				operands[i][l] = d
			}
		}
	}
	var products []graph.Product
	work := graph.Const(0)
	acc, constant := operands[0], c.constant(0)
	for i := 1; i < len(operands); i++ {
		needed := eq.output
		for _, later := range eq.terms[i+1:] {
			needed = append(slices.Clip(needed), later...)
		}
		wa, wb := constant, c.constant(i)
		p, left, summed := contract(acc, operands[i], needed)
		work = work.Add(summed)
		if p.K.Is(1) {
			work = work.Add(left.elements())
		} else {
			if wa && !wb {
				p.M, p.N = p.N, p.M
			}
			p.Weight = wa || wb
			products = append(products, p)
		}
		acc, constant = left, wa && wb
	}
	if lost := sumOut(acc, eq.output); lost != nil {
		work = work.Add(acc.elements())
	}
	cost := c.products(work, products...)
	cost.Class = "elementwise"
	if len(products) > 0 {
		cost.Class = productClass(products[0])
	}
	return cost
}

// sumOut returns the labels of t that are not needed.
func sumOut(t labelled, needed []byte) (lost []byte) {
	for _, l := range t.sorted() {
		if !slices.Contains(needed, l) {
			lost = append(lost, l)
		}
	}
	return lost
}

// contract describes the product of two operands of which only some labels are needed later, the operand it leaves and
// the work of summing labels that only one of the two has.
func contract(a, b labelled, needed []byte) (p graph.Product, left labelled, summed graph.Dim) {
	p = graph.Product{Batch: graph.Const(1), M: graph.Const(1), N: graph.Const(1), K: graph.Const(1)}
	left, summed = labelled{}, graph.Const(0)
	aAlone, bAlone := false, false
	for _, l := range a.sorted() {
		_, both := b[l]
		switch wanted := slices.Contains(needed, l); {
		case both && wanted:
			p.Batch, left[l] = p.Batch.Mul(a[l]), a[l]
		case both:
			p.K = p.K.Mul(a[l])
		case wanted:
			p.M, left[l] = p.M.Mul(a[l]), a[l]
		default:
			aAlone = true
		}
	}
	for _, l := range b.sorted() {
		if _, both := a[l]; both {
			continue
		}
		if slices.Contains(needed, l) {
			p.N, left[l] = p.N.Mul(b[l]), b[l]
		} else {
			bAlone = true
		}
	}
	if aAlone {
		summed = summed.Add(a.elements())
	}
	if bAlone {
		summed = summed.Add(b.elements())
	}
	return p, left, summed
}
