package ops

func convOps() []Op { return nil }
