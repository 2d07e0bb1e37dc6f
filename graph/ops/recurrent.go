package ops

func recurrentOps() []Op { return nil }
