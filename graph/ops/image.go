package ops

func imageOps() []Op { return nil }
