package ops

// families concatenates the rows of all operator families, with their fold rules.
func families() []Op {
	var rows []Op
	for _, family := range [][]Op{
		elementwiseOps(), // arithmetic, comparison, activation, type conversion
		reduceOps(),      // reductions, softmax, cumulative operations, sorting
		viewOps(),        // views, constants, shape arithmetic
		dataOps(),        // operators that move elements
		imageOps(),       // resizing, pooling, sampling
		linearOps(),      // matrix products
		convOps(),        // convolutions
		normOps(),        // normalizations
		attentionOps(),   // attention and what surrounds it
		quantOps(),       // quantization and quantized products
		expertOps(),      // mixtures of experts
		recurrentOps(),   // RNN, GRU, LSTM and linear recurrences
		controlOps(),     // If, Loop, Scan
		sequenceOps(),    // sequences, optionals, maps
		randomOps(),      // random generators
		signalOps(),      // DFT, STFT, windows
		textOps(),        // strings
		lossOps(),        // losses and optimizers
		mlOps(),          // ai.onnx.ml
		layoutOps(),      // images in the layouts that ONNX Runtime saves them in
	} {
		rows = append(rows, family...)
	}
	fold := folds()
	for i := range rows {
		rows[i].Fold = fold[rows[i].Name]
	}
	return rows
}
