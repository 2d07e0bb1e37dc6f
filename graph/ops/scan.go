package ops

import "github.com/irene-onnx/irene/graph"

// scan: the body runs once per element of the scan inputs along their axes; outputs are the states after the last
// round, then what the body puts out in each round, stacked along the output axes. States keep their shapes.
// https://onnx.ai/onnx/operators/onnx__Scan.html
func scan(c *Context) error {
	it, states, err := c.iteration(0)
	if err != nil {
		return err
	}
	for i := range it.first {
		it.first[i] = *c.In(i)
	}
	axes, _ := c.Node.Ints("scan_input_axes")
	trips, elems := graph.Dim{}, make([]Fact, c.NumIn()-states)
	for i := range elems {
		in := c.In(states + i)
		elems[i] = Fact{Kind: in.Kind, DType: in.DType}
		if in.Shape == nil {
			continue
		}
		a, err := c.Axis(at(axes, i, 0), len(in.Shape))
		if err != nil {
			return err
		}
		if trips, err = c.Unify(trips, in.Shape[a]); err != nil {
			return err
		}
		elems[i].Shape = chain(in.Shape[:a], in.Shape[a+1:])
	}
	if err := it.run(nil, elems, 0); err != nil {
		return err
	}
	trips = c.setTrips(it.body, trips)
	outAxes, _ := c.Node.Ints("scan_output_axes")
	for i := range c.Node.Outputs {
		switch {
		case i < states:
			c.SetFact(i, it.settled(i))
		case i < len(it.out):
			if err := it.stacked(i, &it.out[i], at(outAxes, i-states, 0), trips); err != nil {
				return err
			}
		}
	}
	return nil
}

// iteration opens a scan, whose states are the first inputs from a slot on; the others are scanned.
func (c *Context) iteration(slot int) (it iteration, states int, err error) {
	b := c.body("body")
	scanned := int(min(max(c.Node.Int("num_scan_inputs", 0), -1), 1<<20))
	inputs := c.NumIn() - slot
	states = inputs - scanned
	if b == nil || scanned < 1 || states < 0 || len(b.Inputs) != inputs || len(b.Outputs) < states {
		return it, 0, c.Errorf("%d inputs, %d of them scanned, do not fit the body", inputs, scanned)
	}
	return iteration{c: c, body: b, first: make([]Fact, states)}, states, nil
}

// settled is state k of a scan after its last round: its type and shape are those it had before the first.
func (it *iteration) settled(k int) Fact {
	f := it.first[k].typeOnly()
	f.Shape = it.first[k].Shape
	f = complete(f, it.out[k].typeOnly())
	if f.Shape == nil {
		f.Shape = it.out[k].Shape
	}
	return f
}

// scan8 is the scan of opset 8: every input and output has a batch axis in front, which the body does not see, and the
// scanned axis is the second one.
func scan8(c *Context) error {
	it, states, err := c.iteration(1) // slot 0 holds the lengths of the sequences
	if err != nil {
		return err
	}
	batch, length := graph.Dim{}, graph.Dim{}
	elems := make([]Fact, c.NumIn()-1)
	for i := range elems {
		in, drop := c.In(1+i), 1
		elems[i] = Fact{Kind: in.Kind, DType: in.DType}
		if i >= states {
			drop = 2
		}
		if in.Shape == nil {
			continue
		}
		if len(in.Shape) < drop {
			return c.Errorf("input %d has rank %d, want at least %d", 1+i, len(in.Shape), drop)
		}
		if batch, err = c.Unify(batch, in.Shape[0]); err != nil {
			return err
		}
		if drop == 2 {
			if length, err = c.Unify(length, in.Shape[1]); err != nil {
				return err
			}
		}
		elems[i].Shape = in.Shape[drop:]
	}
	copy(it.first, elems)
	if err := it.run(nil, elems[states:], 0); err != nil {
		return err
	}
	c.s.out.Trips[it.body] = batch.Mul(length)
	for i := range min(c.NumOut(), len(it.out)) {
		f, front := it.out[i], graph.Shape{batch, length}
		if i < states {
			f, front = it.settled(i), front[:1]
		}
		if f.Shape != nil {
			f.Shape = append(front, f.Shape...)
		}
		c.Set(i, f.DType, f.Shape)
	}
	return nil
}
