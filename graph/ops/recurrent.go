package ops

import "github.com/irene-onnx/irene/graph"

// recurrentOps run along the positions of a sequence, each from the state that the one before left.
// https://onnx.ai/onnx/operators/onnx__RNN.html
func recurrentOps() []Op {
	recurrent := ofRank("input", recurrent, 3)
	return []Op{
		row("RNN", 1, "recurrent", recurrent, recurrentCost, 1, 2, 3),
		row("GRU", 1, "recurrent", recurrent, recurrentCost, 1, 2, 3),
		row("LSTM", 1, "recurrent", recurrent, recurrentCost, 1, 2, 3, 7),
		contrib("DynamicQuantizeLSTM", "recurrent", recurrent, recurrentCost, 1, 2, 3, 7),
		row("LinearAttention", 27, "recurrent", ofRank("query", linearAttention, 3), linearAttentionCost),
		contrib("LinearAttention", "recurrent", ofRank("query", linearAttention, 3), linearAttentionCost),
		contrib("GatedDeltaNet", "recurrent", ofRank("query", gatedDeltaNet, 3, 4), gatedDeltaNetCost, 7, 8),
		contrib("LinearAttentionGate", "activation", like(0, 3), linearAttentionGateCost, 1, 2),
	}
}

// gates is the number of gates of a cell.
func gates(op string) int64 {
	switch op {
	case "RNN":
		return 1
	case "GRU":
		return 3
	}
	return 4
}

// cell is the geometry of a recurrent layer.
type cell struct{ positions, batch, width, hidden, directions graph.Dim }

// batchFirst reports whether the batch is the first axis of the layer's tensors.
func (c *Context) batchFirst() bool { return c.isSet("layout") }

func (c *Context) cell() cell {
	x := c.Shape(0)
	g := cell{positions: dimOf(x, 0), batch: dimOf(x, 1), width: dimOf(x, 2), directions: graph.Const(1)}
	if c.batchFirst() {
		g.positions, g.batch = g.batch, g.positions
	}
	if c.Node.Str("direction", "forward") == "bidirectional" {
		g.directions = graph.Const(2)
	}
	r := c.Shape(2)
	g.hidden = dimOf(r, 2)
	if c.Node.Op == "DynamicQuantizeLSTM" {
		g.hidden = dimOf(r, 1)
	}
	g.hidden = either(c.attr("hidden_size"), g.hidden)
	return g
}

// recurrent: outputs are the hidden states of all positions, the last one and, of LSTM, the last cell state.
func recurrent(c *Context) error {
	if w := c.Shape(1); len(w) == 3 && c.Node.Op != "DynamicQuantizeLSTM" {
		if _, err := c.Unify(dimOf(c.Shape(0), 2), w[2]); err != nil {
			return err
		}
	}
	g := c.cell()
	all := graph.Shape{g.positions, g.directions, g.batch, g.hidden}
	last := graph.Shape{g.directions, g.batch, g.hidden}
	if c.batchFirst() {
		all = graph.Shape{g.batch, g.positions, g.directions, g.hidden}
		last = graph.Shape{g.batch, g.directions, g.hidden}
	}
	c.Set(0, c.DType(0), all)
	c.Set(1, c.DType(0), last)
	c.Set(2, c.DType(0), last)
	return nil
}

// recurrentCost describes the product of all inputs by the input weights, and one product per position by the recurrent
// weights. A cell adds the two per gate, applies an activation to each gate, and combines them.
// The equations are those of https://onnx.ai/onnx/operators/onnx__LSTM.html
func recurrentCost(c *Context) graph.Cost {
	g, n := c.cell(), gates(c.Node.Op)
	transB := c.Node.Op != "DynamicQuantizeLSTM"
	width := g.hidden.MulInt(n)
	in := graph.Product{
		Batch: g.directions, M: g.positions.Mul(g.batch), N: width, K: g.width, Weight: c.constant(1), TransB: transB,
	}
	step := graph.Product{
		Batch: g.directions.Mul(g.positions), M: g.batch, N: width, K: g.hidden, Weight: c.constant(2), TransB: transB,
	}
	each := 2 * n // sum, activation
	switch c.Node.Op {
	case "GRU":
		each += 5 // reset, complement, two products, sum
	case "LSTM", "DynamicQuantizeLSTM":
		each += 5 // two products and a sum for the cell, its activation, output gate
		if c.Has(7) {
			each += 6 // peepholes of three gates
		}
	}
	if c.Has(3) {
		each += 2 * n
	}
	states := g.directions.Mul(g.positions).Mul(g.batch).Mul(g.hidden)
	return c.products(states.MulInt(each), in, step)
}
