package ops

func dataOps() []Op { return nil }
