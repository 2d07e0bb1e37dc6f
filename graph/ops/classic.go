package ops

func classicOps() []Op { return nil }
