package ops

import "github.com/irene-onnx/irene/graph"

// imageOps are the operators on images and other grids: pooling, resizing, sampling, boxes.
// https://onnx.ai/onnx/operators/onnx__AveragePool.html
// https://onnx.ai/onnx/operators/onnx__Resize.html
func imageOps() []Op {
	return []Op{
		row("MaxPool", 1, "pool", pool, poolCost(1)),     // Indices from 8, dilations and ceil_mode from 10 on
		row("AveragePool", 1, "pool", pool, poolCost(1)), // ceil_mode from 10, dilations from 19 on
		row("LpPool", 1, "pool", pool, poolCost(2)),      // ceil_mode and dilations from 18 on
		row("GlobalMaxPool", 1, "pool", shaped(globalPool), perInput(1)),
		row("GlobalAveragePool", 1, "pool", shaped(globalPool), perInput(1)),
		row("GlobalLpPool", 1, "pool", shaped(globalPool), perInput(2)),
		row("MaxRoiPool", 1, "pool", maxRoiPool, uncounted),
		row("RoiAlign", 10, "pool", roiAlign, roiAlignCost), // coordinate_transformation_mode from 16 on
		row("MaxUnpool", 9, "move", shaped(maxUnpool), movesCost),
		row("Col2Im", 18, "move", col2Im, perInput(1)),
		row("Upsample", 1, "resize", shaped(upsample), resizeCost), // height_scale and width_scale
		row("Upsample", 7, "resize", shaped(upsample), resizeCost), // scales are an attribute
		row("Upsample", 9, "resize", shaped(upsample), resizeCost), // an input
		row("Resize", 10, "resize", shaped(upsample), resizeCost),  // scales alone
		row("Resize", 11, "resize", shaped(resize), resizeCost),    // roi and sizes
		row("Resize", 18, "resize", shaped(resize), resizeCost),    // axes and keep_aspect_ratio_policy
		row("GridSample", 16, "resize", gridSample, gridSampleCost),
		row("AffineGrid", 20, "resize", affineGrid, affineGridCost),
		row("NonMaxSuppression", 10, "elementwise", nonMaxSuppression, uncounted),
		row("ImageDecoder", 20, "move", imageDecoder, uncounted),
		contrib("GridSample", "resize", gridSample, gridSampleCost),
		contrib("CropAndResize", "resize", cropAndResize, cropAndResizeCost),
		contrib("MaxpoolWithMask", "pool", pool, poolCost(1)),
		contrib("NhwcMaxPool", "pool", pool, poolCost(1)),
	}
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
