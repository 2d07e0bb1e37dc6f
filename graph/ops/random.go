package ops

func randomOps() []Op { return nil }
