package ops

func signalOps() []Op { return nil }
