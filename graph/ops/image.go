package ops

import "github.com/irene-onnx/irene/graph"

// imageOps are the operators on images and other grids: pooling, resizing, sampling, boxes.
// https://onnx.ai/onnx/operators/onnx__AveragePool.html
// https://onnx.ai/onnx/operators/onnx__Resize.html
func imageOps() []Op {
	var rows []Op
	row := func(class, name string, since int64, shape ShapeRule, cost CostRule) {
		rows = append(rows, Op{Name: name, Since: since, Class: class, Shape: shape, Cost: cost})
	}
	row("pool", "MaxPool", 1, pool, poolCost(1))     // Indices from 8, dilations and ceil_mode from 10 on
	row("pool", "AveragePool", 1, pool, poolCost(1)) // ceil_mode from 10, dilations from 19 on
	row("pool", "LpPool", 1, pool, poolCost(2))      // ceil_mode and dilations from 18 on
	row("pool", "GlobalMaxPool", 1, shaped(globalPool), perInput(1))
	row("pool", "GlobalAveragePool", 1, shaped(globalPool), perInput(1))
	row("pool", "GlobalLpPool", 1, shaped(globalPool), perInput(2))
	row("pool", "MaxRoiPool", 1, maxRoiPool, uncounted)
	row("pool", "RoiAlign", 10, roiAlign, roiAlignCost) // coordinate_transformation_mode from 16 on
	row("move", "MaxUnpool", 9, shaped(maxUnpool), movesCost)
	row("move", "Col2Im", 18, col2Im, perInput(1))
	row("resize", "Upsample", 1, shaped(upsample), resizeCost) // height_scale and width_scale
	row("resize", "Upsample", 7, shaped(upsample), resizeCost) // scales are an attribute
	row("resize", "Upsample", 9, shaped(upsample), resizeCost) // an input
	row("resize", "Resize", 10, shaped(upsample), resizeCost)  // scales alone
	row("resize", "Resize", 11, shaped(resize), resizeCost)    // roi and sizes
	row("resize", "Resize", 18, shaped(resize), resizeCost)    // axes and keep_aspect_ratio_policy
	row("resize", "GridSample", 16, gridSample, gridSampleCost)
	row("resize", "AffineGrid", 20, affineGrid, affineGridCost)
	row("elementwise", "NonMaxSuppression", 10, nonMaxSuppression, uncounted)
	row("move", "ImageDecoder", 20, imageDecoder, uncounted)
	ms := func(op Op) { rows = append(rows, microsoft(op)) }
	ms(Op{Name: "GridSample", Since: 1, Class: "resize", Shape: gridSample, Cost: gridSampleCost})
	ms(Op{Name: "CropAndResize", Since: 1, Class: "resize", Shape: cropAndResize, Cost: cropAndResizeCost})
	ms(Op{Name: "MaxpoolWithMask", Since: 1, Class: "pool", Shape: pool, Cost: poolCost(1)})
	ms(Op{Name: "NhwcMaxPool", Since: 1, Class: "pool", Shape: pool, Cost: poolCost(1)})
	return rows
}

// uncounted is the rule of operators whose arithmetic only the data decides: their traffic is known, their operations
// are not.
func uncounted(c *Context) graph.Cost { return c.cost(graph.Dim{}) }

// nonMaxSuppression: the (batch, class, box) index of each box that is kept (NonMaxSuppression).
func nonMaxSuppression(c *Context) error {
	c.Set(0, graph.Int64, graph.Shape{c.Fresh(0, 0), graph.Const(3)})
	return nil
}

// imageDecoder: an image of 3 channels, 1 where pixel_format is Grayscale; its size is in the data (ImageDecoder).
func imageDecoder(c *Context) error {
	channels := int64(3)
	if c.Node.Str("pixel_format", "RGB") == "Grayscale" {
		channels = 1
	}
	c.Set(0, graph.Uint8, graph.Shape{c.Fresh(0, 0), c.Fresh(0, 1), graph.Const(channels)})
	return nil
}

// col2Im: columns of blocks, of shape (batch, channels · block, columns), laid out as images of the size of input 1;
// input 2 is the size of a block (Col2Im).
func col2Im(c *Context) error {
	in := c.Shape(0)
	size, n, _ := c.list("", 1)
	block, m, _ := c.list("", 2)
	if in != nil && len(in) != 3 {
		return c.Errorf("rank %d, want 3", len(in))
	}
	if n < 0 {
		n = m
	}
	if n < 0 {
		c.Set(0, c.DType(0), nil)
		return nil
	}
	out := make(graph.Shape, 2+n)
	for i := range n {
		out[2+i] = elem(size, i)
	}
	if in != nil {
		out[0] = in[0]
		if block != nil {
			per := graph.Shape(block).Elements()
			x, ok := in[1].Const()
			y, ok2 := per.Const()
			if ok && ok2 && (y < 1 || x%y != 0) {
				return c.Errorf("%d rows do not divide into blocks of %d", x, y)
			}
			out[1] = in[1].FloorDiv(per)
		}
	}
	c.Set(0, c.DType(0), out)
	return nil
}
