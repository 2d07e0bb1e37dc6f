package ops

// FoldRule computes the elements of outputs whose types and shapes are set, where those of small inputs are known: they may
// shape something. What it cannot compute it leaves alone.
type FoldRule func(*Context)

// folds are the fold rules of operators that move, pick and compare elements, by name. Rules of shape compute those whose
// elements follow from their shapes.
func folds() map[string]FoldRule {
	return map[string]FoldRule{
		"OneHot":          foldOneHot,
		"GatherElements":  foldGatherElements,
		"GatherND":        foldGatherND,
		"Scatter":         foldScatterElements,
		"ScatterElements": foldScatterElements,
		"ScatterND":       foldScatterND,
		"NonZero":         foldNonZero,
		"Compress":        foldCompress,
		"Unique":          foldUnique,
		"TopK":            foldTopK,
		"ArgMax":          foldArg(1),
		"ArgMin":          foldArg(-1),
		"ReduceMean":      foldMean,
		"Trilu":           foldTrilu,
		"EyeLike":         foldEyeLike,
		"Pad":             foldPad,
		"MatMul":          foldMatMul,
		"Sign":            foldEach(sign),
		"Clip":            foldClip,
		"BitShift":        foldBits,
		"BitwiseAnd":      foldBits,
		"BitwiseOr":       foldBits,
		"BitwiseXor":      foldBits,
		"SplitToSequence": foldSplitToSequence,
	}
}
