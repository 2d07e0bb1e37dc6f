package ops

func reduceOps() []Op { return nil }
