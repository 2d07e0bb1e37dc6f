package ops

func expertOps() []Op { return nil }
