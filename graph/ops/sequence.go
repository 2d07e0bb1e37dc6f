package ops

func sequenceOps() []Op { return nil }
