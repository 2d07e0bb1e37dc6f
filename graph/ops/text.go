package ops

func textOps() []Op { return nil }
