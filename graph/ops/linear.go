package ops

func linearOps() []Op { return nil }
