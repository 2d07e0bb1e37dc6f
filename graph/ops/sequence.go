package ops

import (
	"slices"

	"github.com/irene-onnx/irene/graph"
)

// sequenceOps are the operators on sequences and optionals. They pass references around; only splitting a tensor and
// joining tensors moves elements.
// https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html
// https://onnx.ai/onnx/operators/onnx__Optional.html
func sequenceOps() []Op {
	return []Op{
		row("SequenceEmpty", 11, "sequence", sequenceEmpty, freeCost),
		row("SequenceConstruct", 11, "sequence", sequenceConstruct, freeCost),
		row("SequenceInsert", 11, "sequence", sequenceInsert, freeCost),
		row("SequenceErase", 11, "sequence", sequenceErase, freeCost),
		row("SequenceAt", 11, "sequence", sequenceAt, freeCost),
		row("SequenceLength", 11, "sequence", sequenceLength, freeCost),
		row("SplitToSequence", 11, "sequence", splitToSequence, splitCost),
		row("ConcatFromSequence", 11, "sequence", concatFromSequence, concatCost),
		row("SequenceMap", 17, "sequence", sequenceMap, freeCost),
		row("Optional", 15, "sequence", optional, freeCost),
		row("OptionalGetElement", 15, "sequence", optionalGet, freeCost),
		row("OptionalHasElement", 15, "sequence", optionalHas, freeCost),
	}
}

// Items is what is known of the elements of a sequence, or of the one an optional may hold, as a list.
type Items struct {
	Len  graph.Dim // how many there are
	List []Fact    // each of them, where the sequence is short and built in sight; nil otherwise
}

// maxItems bounds the elements that are known one by one.
const maxItems = 64

// items is the list of elements that are all known.
func items(list []Fact) *Items {
	it := &Items{Len: graph.Const(int64(len(list)))}
	if len(list) <= maxItems {
		it.List = list
	}
	return it
}

func (it *Items) empty() bool { return it != nil && it.Len.Is(0) }

// listed reports whether each element is known.
func (it *Items) listed() bool { return it != nil && (it.List != nil || it.Len.Is(0)) }

func (it *Items) same(o *Items) bool {
	if it == nil || o == nil {
		return it == o
	}
	return sameDim(it.Len, o.Len) && slices.EqualFunc(it.List, o.List, func(a, b Fact) bool { return sameFact(&a, &b) })
}

// lengthAxis stands for the axis of a dim where that is how many elements a list has.
const lengthAxis = -1

// joinItems is what two lists have in common: their length.
func joinItems(a, b *Items, open func(axis int) graph.Dim) *Items {
	switch {
	case a == nil || b == nil:
		return nil
	case a.same(b):
		return a
	case !a.Len.Equal(b.Len):
		if n := open(lengthAxis); !n.IsUnknown() {
			return &Items{Len: n}
		}
		return nil
	}
	return &Items{Len: a.Len}
}

// sequenceOf is a sequence of the given elements.
func (c *Context) sequenceOf(list []Fact) Fact {
	f := Fact{Kind: graph.KindSequence, Items: items(list)}
	for i, e := range list {
		if f.Elem != nil {
			e = c.s.join(f.Elem, &list[i], unknownDim)
		}
		f.Elem = &e
	}
	return f
}

// sequenceEmpty: a sequence without elements, of the type the attribute names.
func sequenceEmpty(c *Context) error {
	elem := Fact{Kind: graph.KindTensor, DType: c.attrType("dtype", graph.Float32)}
	c.SetFact(0, Fact{Kind: graph.KindSequence, Elem: &elem, Items: items(nil)})
	return nil
}

func sequenceConstruct(c *Context) error {
	list := make([]Fact, c.NumIn())
	for i := range list {
		list[i] = *c.In(i)
	}
	c.SetFact(0, c.sequenceOf(list))
	return nil
}

// position is the place that input i names in a list of n elements, counted from the front; def where the input is
// absent, and false where it is not known.
func (c *Context) position(i, n, def int) (int, bool, error) {
	if !c.Has(i) {
		return def, def >= 0, nil
	}
	p, ok := c.Int(i)
	if !ok {
		return 0, false, nil
	}
	if p < int64(-n) || p > int64(n) {
		return 0, false, c.Errorf("position %d in a sequence of %d elements", p, n)
	}
	if p < 0 {
		p += int64(n)
	}
	return int(p), true, nil
}

func sequenceInsert(c *Context) error {
	seq, added := c.In(0), *c.In(1)
	elem := added
	switch {
	case seq.Items.empty():
	case seq.Elem == nil:
		elem = added.typeOnly()
	default:
		elem = c.s.join(seq.Elem, &added, unknownDim)
	}
	out := Fact{Kind: graph.KindSequence, Elem: &elem}
	if seq.Items != nil {
		out.Items = &Items{Len: seq.Items.Len.AddInt(1)}
	}
	if seq.Items.listed() {
		n := len(seq.Items.List)
		p, ok, err := c.position(2, n, n)
		if err != nil {
			return err
		}
		if ok {
			out.Items = items(slices.Insert(slices.Clone(seq.Items.List), p, added))
		}
	}
	c.SetFact(0, out)
	return nil
}

func sequenceErase(c *Context) error {
	out := *c.In(0)
	out.Kind = graph.KindSequence
	if it := out.Items; it != nil {
		if it.empty() {
			return c.Errorf("nothing to erase from an empty sequence")
		}
		out.Items = &Items{Len: it.Len.AddInt(-1)}
		if it.listed() {
			n := len(it.List)
			p, ok, err := c.position(1, n, n-1)
			if err != nil {
				return err
			}
			if ok && p < n {
				out.Items = items(slices.Delete(slices.Clone(it.List), p, p+1))
			}
		}
	}
	c.SetFact(0, out)
	return nil
}

func sequenceAt(c *Context) error {
	seq := c.In(0)
	if seq.Items.listed() {
		n := len(seq.Items.List)
		p, ok, err := c.position(1, n, -1)
		if err != nil {
			return err
		}
		if ok && p >= n {
			return c.Errorf("position %d in a sequence of %d elements", p, n)
		}
		if ok {
			c.SetFact(0, seq.Items.List[p])
			return nil
		}
	}
	if seq.Elem != nil {
		c.SetFact(0, *seq.Elem)
	}
	return nil
}

func sequenceLength(c *Context) error {
	c.Set(0, graph.Int64, graph.Shape{})
	if it := c.In(0).Items; it != nil && !it.Len.IsUnknown() {
		c.SetData(0, []graph.Dim{it.Len})
	}
	return nil
}

// optional: holds the input, or nothing where there is none; the attribute names the type it could hold.
func optional(c *Context) error {
	out := Fact{Kind: graph.KindOptional, Items: items(nil)}
	if c.Has(0) {
		e := *c.In(0)
		out.Elem, out.Items = &e, items([]Fact{e})
	} else if a, ok := c.Node.Attr("type"); ok && a.TypeVal != nil {
		e := fromType(a.TypeVal)
		out.Elem = &e
	}
	c.SetFact(0, out)
	return nil
}

// optionalGet: what the optional holds; other values are passed on.
func optionalGet(c *Context) error {
	in := c.In(0)
	switch {
	case in.Kind != graph.KindOptional:
		c.SetFact(0, *in)
	case in.Items.empty():
		return c.Errorf("the optional holds nothing")
	case in.Items.listed():
		c.SetFact(0, in.Items.List[0])
	case in.Elem != nil:
		c.SetFact(0, *in.Elem)
	}
	return nil
}

// optionalHas: a boolean, known where the optional was made in sight.
func optionalHas(c *Context) error {
	in := c.In(0)
	c.Set(0, graph.Bool, graph.Shape{})
	switch {
	case !c.Has(0) || (in.Kind == graph.KindOptional && in.Items.empty()):
		c.SetData(0, []graph.Dim{graph.Const(0)})
	case in.Kind == graph.KindTensor || in.Kind == graph.KindSequence || (in.Kind == graph.KindOptional && in.Items.listed()):
		c.SetData(0, []graph.Dim{graph.Const(1)})
	}
	return nil
}

// sequenceMap: the body runs on each element of the first input; the elements of other sequences go with it, tensors
// are the same every time.
func sequenceMap(c *Context) error {
	b := c.body("body")
	if b == nil || len(b.Inputs) != c.NumIn() {
		return c.Errorf("the body does not take the %d inputs", c.NumIn())
	}
	trips := graph.Dim{}
	inputs := make([]Fact, c.NumIn())
	for i := range inputs {
		f := c.In(i)
		if f.Kind != graph.KindSequence {
			inputs[i] = *f
			continue
		}
		if f.Elem != nil {
			inputs[i] = *f.Elem
		}
		if f.Items != nil {
			var err error
			if trips, err = c.Unify(trips, f.Items.Len); err != nil {
				return err
			}
		}
	}
	t, err := c.s.try(b, inputs)
	if err != nil {
		return err
	}
	c.s.out.Conflicts = append(c.s.out.Conflicts, t.conflicts...)
	trips = c.setTrips(b, trips)
	for i := range t.out {
		e := t.out[i].typeOnly()
		e.Shape = t.out[i].Shape
		c.SetFact(i, Fact{Kind: graph.KindSequence, Elem: &e, Items: &Items{Len: trips}})
	}
	return nil
}
